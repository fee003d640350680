import { CodedError } from '../error.ts';

/**
 * Names of instructions that exist in the standard or in proposals and that this runtime does not run, so that a
 * refusal can say which one it met. Only messages depend on this file: an opcode that is missing here is refused too.
 */
const RUNS: readonly (readonly [prefix: number, first: number, mnemonics: string])[] = [
  [0, 0x14, 'call_ref return_call_ref'],
  [0, 0xd3, 'ref.eq ref.as_non_null br_on_null br_on_non_null'],
  [0, 0xe0, 'cont.new cont.bind suspend resume resume_throw resume_throw_ref switch'],
  [0xfb, 0x00, 'struct.new struct.new_default struct.get struct.get_s struct.get_u struct.set array.new array.new_default'],
  [0xfb, 0x08, 'array.new_fixed array.new_data array.new_elem array.get array.get_s array.get_u array.set array.len'],
  [0xfb, 0x10, 'array.fill array.copy array.init_data array.init_elem ref.test ref.test ref.cast ref.cast br_on_cast'],
  [0xfb, 0x19, 'br_on_cast_fail any.convert_extern extern.convert_any ref.i31 i31.get_s i31.get_u'],
  [0xfc, 0x12, 'memory.discard i64.add128 i64.sub128 i64.mul_wide_s i64.mul_wide_u'],
  [0xfd, 0x100, 'i8x16.relaxed_swizzle i32x4.relaxed_trunc_f32x4_s i32x4.relaxed_trunc_f32x4_u'],
  [0xfd, 0x103, 'i32x4.relaxed_trunc_f64x2_s_zero i32x4.relaxed_trunc_f64x2_u_zero f32x4.relaxed_madd f32x4.relaxed_nmadd'],
  [0xfd, 0x107, 'f64x2.relaxed_madd f64x2.relaxed_nmadd i8x16.relaxed_laneselect i16x8.relaxed_laneselect'],
  [0xfd, 0x10b, 'i32x4.relaxed_laneselect i64x2.relaxed_laneselect f32x4.relaxed_min f32x4.relaxed_max'],
  [0xfd, 0x10f, 'f64x2.relaxed_min f64x2.relaxed_max i16x8.relaxed_q15mulr_s i16x8.relaxed_dot_i8x16_i7x16_s'],
  [0xfd, 0x113, 'i32x4.relaxed_dot_i8x16_i7x16_add_s'],
  [0xfe, 0x00, 'memory.atomic.notify memory.atomic.wait32 memory.atomic.wait64 atomic.fence'],
  [0xfe, 0x10, 'i32.atomic.load i64.atomic.load i32.atomic.load8_u i32.atomic.load16_u'],
  [0xfe, 0x14, 'i64.atomic.load8_u i64.atomic.load16_u i64.atomic.load32_u'],
  [0xfe, 0x17, 'i32.atomic.store i64.atomic.store i32.atomic.store8 i32.atomic.store16'],
  [0xfe, 0x1b, 'i64.atomic.store8 i64.atomic.store16 i64.atomic.store32'],
];

/** The order of widths that every atomic read-modify-write operation has, from 0xfe 0x1e on. */
const RMW_WIDTHS = ['i32 rmw', 'i64 rmw', 'i32 rmw8', 'i32 rmw16', 'i64 rmw8', 'i64 rmw16', 'i64 rmw32'];
const RMW_OPERATIONS = ['add', 'sub', 'and', 'or', 'xor', 'xchg', 'cmpxchg'];

/**
 * The error for an instruction that this runtime does not run.
 *
 * @param offset - from the module's start. @param prefix - 0xfb to 0xfe, or 0 for a one-byte opcode.
 * @param code - the number after it, or the opcode itself.
 */
export function refused(offset: number, prefix: number, code: number): CodedError {
  const name = refusedName(prefix, code);
  const opcode = prefix === 0 ? `0x${code.toString(16)}` : `0x${prefix.toString(16)} 0x${code.toString(16)}`;
  return new CodedError(
    'component/unsupported-instruction',
    `core module: the instruction \`${name}\` at byte ${offset} is not supported`,
    { data: { offset, opcode, mnemonic: name } },
  );
}

/** @returns a mnemonic, or `opcode 0x..` where nobody gave it a meaning. */
function refusedName(prefix: number, code: number): string {
  for (const [runPrefix, first, mnemonics] of RUNS) {
    const name = runPrefix === prefix ? mnemonics.split(' ')[code - first] : undefined;
    if (name !== undefined) return name;
  }
  if (prefix === 0xfe && code >= 0x1e && code <= 0x4e) return rmwName(code - 0x1e);
  return prefix === 0 ? `opcode 0x${hex(code)}` : `opcode 0x${hex(prefix)} 0x${hex(code)}`;
}

function rmwName(at: number): string {
  const [type, width] = (RMW_WIDTHS[at % 7] ?? '').split(' ');
  return `${type}.atomic.${width}.${RMW_OPERATIONS[Math.trunc(at / 7)]}${width === 'rmw' ? '' : '_u'}`;
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}
