import { createHash } from 'node:crypto';
import { MNEMONICS, OPCODES_END } from './opcodes.ts';

/**
 * The cost table: fuel per instruction. One unit is about the time of one simple instruction (0.3 to 0.5 ns).
 * Change any number and `COST_MODEL.version` must change; a test compares the digest.
 */
const DEFAULT_COST = 1;

/** What differs from 1. Measured on V8 of Node 20, rounded to powers of two; see the notes. */
const COSTS: Readonly<Record<string, number>> = {
  // Free: they make no machine code. Every cycle still pays, because a branch or a call is part of it.
  nop: 0,
  block: 0,
  loop: 0,
  else: 0,
  end: 0,
  try: 0,
  try_table: 0,
  catch: 0,
  catch_all: 0,
  delegate: 0,
  br_table: 2,
  call: 3,
  return_call: 3,
  call_indirect: 8,
  return_call_indirect: 8,
  // Throwing captures a stack trace: 2.5 us each.
  throw: 4096,
  rethrow: 4096,
  throw_ref: 4096,
  'table.get': 4,
  'table.set': 64,
  'ref.func': 4,
  // Base of an operation that is charged by its length too; 30 to 40 ns of call into the engine.
  'memory.init': 32,
  'memory.copy': 32,
  'memory.fill': 32,
  'table.init': 64,
  'table.copy': 64,
  'table.fill': 64,
  'data.drop': 8,
  'elem.drop': 8,
  // A grow by 0 takes 0.6 us in the engine and leaves garbage behind.
  'memory.grow': 1024,
  'table.grow': 1024,
  ...each('i32 i64', 'div_s div_u rem_s rem_u', 4),
  ...each('f32 f64 f32x4 f64x2', 'div', 4),
  ...each('f32 f64 f32x4 f64x2', 'sqrt', 8),
};

/** Charges that depend on something other than the opcode. Units of fuel unless the name ends otherwise. */
export const CHARGES = {
  /** Entering a function. */
  functionEntry: 1,
  /** Locals that one unit of a function's entry pays for: they are zeroed on each call. */
  localsPerUnit: 8,
  /** Values that one unit pays for when a branch, call or return carries them. Fewer are free. */
  valuesPerUnit: 8,
  /** A direct call of an imported function, beyond `call`: leaving for JavaScript takes 30 ns. */
  importedCall: 32,
  /** Bytes that one unit of `memory.init`, `copy` and `fill` pays for; rounded up. A power of two. */
  bytesPerUnit: 64,
  /** One element of `table.init`, `copy`, `fill` and `grow`; 25 ns measured. */
  tableElement: 32,
  /** One page that `memory.grow` added: what writing its 64 KiB would cost. */
  memoryPage: 1024,
  /** Start: bytes of code that one unit pays for. */
  codeBytesPerUnit: 64,
  /** Start: one global, or one instruction of a constant expression. */
  constantInstruction: 1,
} as const;

/** Fuel by dense opcode number. */
export const COST_OF: Uint16Array = costTable();

/** Names this cost model in receipts and cache keys; `digest` is `sha256:` and 64 hex digits over the whole table. */
export const COST_MODEL = { name: 'block', version: 1, digest: digestOfTable() } as const;

function each(types: string, operations: string, cost: number): Record<string, number> {
  const names = types.split(' ').flatMap((type) => operations.split(' ').map((operation) => `${type}.${operation}`));
  return Object.fromEntries(names.map((name) => [name, cost]));
}

function costTable(): Uint16Array {
  const table = new Uint16Array(OPCODES_END);
  for (const [opcode, mnemonic] of MNEMONICS) table[opcode] = COSTS[mnemonic] ?? DEFAULT_COST;
  return table;
}

/** One line for each instruction and charge, in the order of the opcodes, so that equal tables have equal text. */
function digestOfTable(): string {
  const lines = [...MNEMONICS].sort(([a], [b]) => a - b).map(([opcode, name]) => `${opcode} ${name} ${COST_OF[opcode]}`);
  for (const [name, value] of Object.entries(CHARGES)) lines.push(`${name} ${value}`);
  return `sha256:${createHash('sha256').update(lines.join('\n')).digest('hex')}`;
}
