/**
 * Every instruction that may pass, by opcode: its mnemonic and what follows it in the binary. The decoder is an
 * allow-list over this table: what is not here is refused, never copied.
 *
 * Dense numbers: a one-byte opcode is itself; `0xfc n` is `0x100 + n`; `0xfd n` is `0x200 + n`.
 * Source: WebAssembly core specification, appendix "Index of Instructions"; legacy exceptions from
 * WebAssembly/exception-handling `proposals/exception-handling/legacy/Exceptions.md`.
 */

/** What follows an opcode. 0 is kept for "no such instruction". */
export const IMMEDIATE = {
  none: 1,
  blockType: 2,
  label: 3,
  labels: 4,
  func: 5,
  callIndirect: 6,
  index: 7,
  global: 8,
  table: 9,
  memarg: 10,
  memargLane: 11,
  memory: 12,
  i32: 13,
  i64: 14,
  bytes4: 15,
  bytes8: 16,
  bytes16: 17,
  lane: 18,
  indexMemory: 19,
  twoMemories: 20,
  indexTable: 21,
  twoTables: 22,
  refType: 23,
  selectTypes: 24,
  tryTable: 25,
  funcRef: 26,
} as const;

type Immediate = keyof typeof IMMEDIATE;

/** Runs of consecutive opcodes that share a kind of immediate; `_` is an opcode without meaning. */
const RUNS: readonly (readonly [first: number, immediate: Immediate, mnemonics: string])[] = [
  [0x00, 'none', 'unreachable nop'],
  [0x02, 'blockType', 'block loop if'],
  [0x05, 'none', 'else'],
  [0x06, 'blockType', 'try'],
  [0x07, 'index', 'catch throw'],
  [0x09, 'label', 'rethrow'],
  [0x0a, 'none', 'throw_ref end'],
  [0x0c, 'label', 'br br_if'],
  [0x0e, 'labels', 'br_table'],
  [0x0f, 'none', 'return'],
  [0x10, 'func', 'call'],
  [0x11, 'callIndirect', 'call_indirect'],
  [0x12, 'func', 'return_call'],
  [0x13, 'callIndirect', 'return_call_indirect'],
  [0x18, 'label', 'delegate'],
  [0x19, 'none', 'catch_all drop select'],
  [0x1c, 'selectTypes', 'select'],
  [0x1f, 'tryTable', 'try_table'],
  [0x20, 'index', 'local.get local.set local.tee'],
  [0x23, 'global', 'global.get global.set'],
  [0x25, 'table', 'table.get table.set'],
  [0x28, 'memarg', 'i32.load i64.load f32.load f64.load i32.load8_s i32.load8_u i32.load16_s i32.load16_u'],
  [0x30, 'memarg', 'i64.load8_s i64.load8_u i64.load16_s i64.load16_u i64.load32_s i64.load32_u'],
  [0x36, 'memarg', 'i32.store i64.store f32.store f64.store i32.store8 i32.store16 i64.store8 i64.store16 i64.store32'],
  [0x3f, 'memory', 'memory.size memory.grow'],
  [0x41, 'i32', 'i32.const'],
  [0x42, 'i64', 'i64.const'],
  [0x43, 'bytes4', 'f32.const'],
  [0x44, 'bytes8', 'f64.const'],
  [0x45, 'none', 'i32.eqz i32.eq i32.ne i32.lt_s i32.lt_u i32.gt_s i32.gt_u i32.le_s i32.le_u i32.ge_s i32.ge_u'],
  [0x50, 'none', 'i64.eqz i64.eq i64.ne i64.lt_s i64.lt_u i64.gt_s i64.gt_u i64.le_s i64.le_u i64.ge_s i64.ge_u'],
  [0x5b, 'none', 'f32.eq f32.ne f32.lt f32.gt f32.le f32.ge f64.eq f64.ne f64.lt f64.gt f64.le f64.ge'],
  [0x67, 'none', 'i32.clz i32.ctz i32.popcnt i32.add i32.sub i32.mul i32.div_s i32.div_u i32.rem_s i32.rem_u'],
  [0x71, 'none', 'i32.and i32.or i32.xor i32.shl i32.shr_s i32.shr_u i32.rotl i32.rotr'],
  [0x79, 'none', 'i64.clz i64.ctz i64.popcnt i64.add i64.sub i64.mul i64.div_s i64.div_u i64.rem_s i64.rem_u'],
  [0x83, 'none', 'i64.and i64.or i64.xor i64.shl i64.shr_s i64.shr_u i64.rotl i64.rotr'],
  [0x8b, 'none', 'f32.abs f32.neg f32.ceil f32.floor f32.trunc f32.nearest f32.sqrt'],
  [0x92, 'none', 'f32.add f32.sub f32.mul f32.div f32.min f32.max f32.copysign'],
  [0x99, 'none', 'f64.abs f64.neg f64.ceil f64.floor f64.trunc f64.nearest f64.sqrt'],
  [0xa0, 'none', 'f64.add f64.sub f64.mul f64.div f64.min f64.max f64.copysign'],
  [0xa7, 'none', 'i32.wrap_i64 i32.trunc_f32_s i32.trunc_f32_u i32.trunc_f64_s i32.trunc_f64_u'],
  [0xac, 'none', 'i64.extend_i32_s i64.extend_i32_u i64.trunc_f32_s i64.trunc_f32_u i64.trunc_f64_s i64.trunc_f64_u'],
  [0xb2, 'none', 'f32.convert_i32_s f32.convert_i32_u f32.convert_i64_s f32.convert_i64_u f32.demote_f64'],
  [0xb7, 'none', 'f64.convert_i32_s f64.convert_i32_u f64.convert_i64_s f64.convert_i64_u f64.promote_f32'],
  [0xbc, 'none', 'i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64'],
  [0xc0, 'none', 'i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s'],
  [0xd0, 'refType', 'ref.null'],
  [0xd1, 'none', 'ref.is_null'],
  [0xd2, 'funcRef', 'ref.func'],
  [0x100, 'none', 'i32.trunc_sat_f32_s i32.trunc_sat_f32_u i32.trunc_sat_f64_s i32.trunc_sat_f64_u'],
  [0x104, 'none', 'i64.trunc_sat_f32_s i64.trunc_sat_f32_u i64.trunc_sat_f64_s i64.trunc_sat_f64_u'],
  [0x108, 'indexMemory', 'memory.init'],
  [0x109, 'index', 'data.drop'],
  [0x10a, 'twoMemories', 'memory.copy'],
  [0x10b, 'memory', 'memory.fill'],
  [0x10c, 'indexTable', 'table.init'],
  [0x10d, 'index', 'elem.drop'],
  [0x10e, 'twoTables', 'table.copy'],
  [0x10f, 'table', 'table.grow table.size table.fill'],
  [0x200, 'memarg', 'v128.load v128.load8x8_s v128.load8x8_u v128.load16x4_s v128.load16x4_u v128.load32x2_s v128.load32x2_u'],
  [0x207, 'memarg', 'v128.load8_splat v128.load16_splat v128.load32_splat v128.load64_splat v128.store'],
  [0x20c, 'bytes16', 'v128.const i8x16.shuffle'],
  [0x20e, 'none', 'i8x16.swizzle i8x16.splat i16x8.splat i32x4.splat i64x2.splat f32x4.splat f64x2.splat'],
  [0x215, 'lane', 'i8x16.extract_lane_s i8x16.extract_lane_u i8x16.replace_lane'],
  [0x218, 'lane', 'i16x8.extract_lane_s i16x8.extract_lane_u i16x8.replace_lane'],
  [0x21b, 'lane', 'i32x4.extract_lane i32x4.replace_lane i64x2.extract_lane i64x2.replace_lane'],
  [0x21f, 'lane', 'f32x4.extract_lane f32x4.replace_lane f64x2.extract_lane f64x2.replace_lane'],
  [0x223, 'none', 'i8x16.eq i8x16.ne i8x16.lt_s i8x16.lt_u i8x16.gt_s i8x16.gt_u i8x16.le_s i8x16.le_u i8x16.ge_s i8x16.ge_u'],
  [0x22d, 'none', 'i16x8.eq i16x8.ne i16x8.lt_s i16x8.lt_u i16x8.gt_s i16x8.gt_u i16x8.le_s i16x8.le_u i16x8.ge_s i16x8.ge_u'],
  [0x237, 'none', 'i32x4.eq i32x4.ne i32x4.lt_s i32x4.lt_u i32x4.gt_s i32x4.gt_u i32x4.le_s i32x4.le_u i32x4.ge_s i32x4.ge_u'],
  [0x241, 'none', 'f32x4.eq f32x4.ne f32x4.lt f32x4.gt f32x4.le f32x4.ge'],
  [0x247, 'none', 'f64x2.eq f64x2.ne f64x2.lt f64x2.gt f64x2.le f64x2.ge'],
  [0x24d, 'none', 'v128.not v128.and v128.andnot v128.or v128.xor v128.bitselect v128.any_true'],
  [0x254, 'memargLane', 'v128.load8_lane v128.load16_lane v128.load32_lane v128.load64_lane'],
  [0x258, 'memargLane', 'v128.store8_lane v128.store16_lane v128.store32_lane v128.store64_lane'],
  [0x25c, 'memarg', 'v128.load32_zero v128.load64_zero'],
  [0x25e, 'none', 'f32x4.demote_f64x2_zero f64x2.promote_low_f32x4'],
  [0x260, 'none', 'i8x16.abs i8x16.neg i8x16.popcnt i8x16.all_true i8x16.bitmask i8x16.narrow_i16x8_s i8x16.narrow_i16x8_u'],
  [0x267, 'none', 'f32x4.ceil f32x4.floor f32x4.trunc f32x4.nearest i8x16.shl i8x16.shr_s i8x16.shr_u'],
  [0x26e, 'none', 'i8x16.add i8x16.add_sat_s i8x16.add_sat_u i8x16.sub i8x16.sub_sat_s i8x16.sub_sat_u f64x2.ceil f64x2.floor'],
  [0x276, 'none', 'i8x16.min_s i8x16.min_u i8x16.max_s i8x16.max_u f64x2.trunc i8x16.avgr_u'],
  [0x27c, 'none', 'i16x8.extadd_pairwise_i8x16_s i16x8.extadd_pairwise_i8x16_u'],
  [0x27e, 'none', 'i32x4.extadd_pairwise_i16x8_s i32x4.extadd_pairwise_i16x8_u'],
  [
    0x280,
    'none',
    'i16x8.abs i16x8.neg i16x8.q15mulr_sat_s i16x8.all_true i16x8.bitmask i16x8.narrow_i32x4_s i16x8.narrow_i32x4_u',
  ],
  [0x287, 'none', 'i16x8.extend_low_i8x16_s i16x8.extend_high_i8x16_s i16x8.extend_low_i8x16_u i16x8.extend_high_i8x16_u'],
  [0x28b, 'none', 'i16x8.shl i16x8.shr_s i16x8.shr_u i16x8.add i16x8.add_sat_s i16x8.add_sat_u i16x8.sub i16x8.sub_sat_s'],
  [0x293, 'none', 'i16x8.sub_sat_u f64x2.nearest i16x8.mul i16x8.min_s i16x8.min_u i16x8.max_s i16x8.max_u _ i16x8.avgr_u'],
  [0x29c, 'none', 'i16x8.extmul_low_i8x16_s i16x8.extmul_high_i8x16_s i16x8.extmul_low_i8x16_u i16x8.extmul_high_i8x16_u'],
  [0x2a0, 'none', 'i32x4.abs i32x4.neg _ i32x4.all_true i32x4.bitmask _ _'],
  [0x2a7, 'none', 'i32x4.extend_low_i16x8_s i32x4.extend_high_i16x8_s i32x4.extend_low_i16x8_u i32x4.extend_high_i16x8_u'],
  [0x2ab, 'none', 'i32x4.shl i32x4.shr_s i32x4.shr_u i32x4.add _ _ i32x4.sub _ _ _ i32x4.mul i32x4.min_s i32x4.min_u'],
  [0x2b8, 'none', 'i32x4.max_s i32x4.max_u i32x4.dot_i16x8_s _'],
  [0x2bc, 'none', 'i32x4.extmul_low_i16x8_s i32x4.extmul_high_i16x8_s i32x4.extmul_low_i16x8_u i32x4.extmul_high_i16x8_u'],
  [0x2c0, 'none', 'i64x2.abs i64x2.neg _ i64x2.all_true i64x2.bitmask _ _'],
  [0x2c7, 'none', 'i64x2.extend_low_i32x4_s i64x2.extend_high_i32x4_s i64x2.extend_low_i32x4_u i64x2.extend_high_i32x4_u'],
  [0x2cb, 'none', 'i64x2.shl i64x2.shr_s i64x2.shr_u i64x2.add _ _ i64x2.sub _ _ _ i64x2.mul'],
  [0x2d6, 'none', 'i64x2.eq i64x2.ne i64x2.lt_s i64x2.gt_s i64x2.le_s i64x2.ge_s'],
  [0x2dc, 'none', 'i64x2.extmul_low_i32x4_s i64x2.extmul_high_i32x4_s i64x2.extmul_low_i32x4_u i64x2.extmul_high_i32x4_u'],
  [
    0x2e0,
    'none',
    'f32x4.abs f32x4.neg _ f32x4.sqrt f32x4.add f32x4.sub f32x4.mul f32x4.div f32x4.min f32x4.max f32x4.pmin f32x4.pmax',
  ],
  [
    0x2ec,
    'none',
    'f64x2.abs f64x2.neg _ f64x2.sqrt f64x2.add f64x2.sub f64x2.mul f64x2.div f64x2.min f64x2.max f64x2.pmin f64x2.pmax',
  ],
  [0x2f8, 'none', 'i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u f32x4.convert_i32x4_s f32x4.convert_i32x4_u'],
  [
    0x2fc,
    'none',
    'i32x4.trunc_sat_f64x2_s_zero i32x4.trunc_sat_f64x2_u_zero f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u',
  ],
];

/** One more than the largest dense opcode number. */
export const OPCODES_END = 0x300;

/** Kind of immediate by dense opcode (a value of `IMMEDIATE`); 0 where there is no such instruction. */
export const IMMEDIATES = new Uint8Array(OPCODES_END);

/** Mnemonic by dense opcode, as the text format writes it; absent where there is no such instruction. */
export const MNEMONICS: ReadonlyMap<number, string> = fillTable();

function fillTable(): Map<number, string> {
  const names = new Map<number, string>();
  for (const [first, immediate, mnemonics] of RUNS) {
    mnemonics.split(' ').forEach((mnemonic, at) => {
      if (mnemonic === '_') return;
      names.set(first + at, mnemonic);
      IMMEDIATES[first + at] = IMMEDIATE[immediate];
    });
  }
  return names;
}

/** Dense numbers of control flow and calls, by mnemonic. */
export const FLOW_OP = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  try: 0x06,
  catch: 0x07,
  throw: 0x08,
  rethrow: 0x09,
  throwRef: 0x0a,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  delegate: 0x18,
  catchAll: 0x19,
  tryTable: 0x1f,
} as const;

/** Dense numbers that other files reason about, by mnemonic. */
export const OP = {
  ...FLOW_OP,
  nop: 0x01,
  globalGet: 0x23,
  globalSet: 0x24,
  memoryGrow: 0x40,
  i32Const: 0x41,
  memoryInit: 0x108,
  memoryCopy: 0x10a,
  memoryFill: 0x10b,
  tableInit: 0x10c,
  tableCopy: 0x10e,
  tableGrow: 0x10f,
  tableFill: 0x111,
} as const;

/** Work by length on a memory, and on a table. */
export const MEMORY_BULK_OPS: readonly number[] = [OP.memoryInit, OP.memoryCopy, OP.memoryFill];
export const TABLE_BULK_OPS: readonly number[] = [OP.tableInit, OP.tableCopy, OP.tableFill];
export const GROW_OPS: readonly number[] = [OP.memoryGrow, OP.tableGrow];

/** By dense opcode: 1 where it opens a block, which an `end` or `delegate` closes. */
export const OPENS: Uint8Array = flagTable([OP.block, OP.loop, OP.if, OP.try, OP.tryTable]);

/** A table by dense opcode: 1 for those given, 0 for all others. */
export function flagTable(opcodes: readonly number[]): Uint8Array {
  const table = new Uint8Array(OPCODES_END);
  for (const opcode of opcodes) table[opcode] = 1;
  return table;
}
