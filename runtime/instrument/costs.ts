import { createHash } from 'node:crypto';
import { CodedError } from '../error.ts';
import { MNEMONICS, OPCODES_END } from './opcodes.ts';

/** Which of the two cost models a module was instrumented with. */
export type CostModelName = 'region' | 'exact';

/**
 * The cost tables: fuel per instruction. In `region` one unit is about the time of one simple instruction (0.3 to 0.5 ns);
 * `exact` is Wasmtime's count. Change any number and the model's version must change; a test compares the digests.
 */
const DEFAULT_COST = 1;

/** Instructions that make no machine code: free in both models. Every cycle still pays, see `placement.ts`. */
const FREE = each('nop drop unreachable block loop else end return try catch catch_all delegate', 0);

/** What differs from 1 in `region`. Measured on V8 of Node 20, rounded to powers of two; see docs/fuel.md. */
const REGION_COSTS: Readonly<Record<string, number>> = {
  ...FREE,
  try_table: 0,
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
  ...each('i32.div_s i32.div_u i32.rem_s i32.rem_u i64.div_s i64.div_u i64.rem_s i64.rem_u', 4),
  ...each('f32.div f64.div f32x4.div f64x2.div', 4),
  ...each('f32.sqrt f64.sqrt f32x4.sqrt f64x2.sqrt', 8),
};

/** Charges that depend on something other than the opcode. Units of fuel unless the name ends otherwise. */
export interface Charges {
  /** Entering a function. */
  readonly functionEntry: number;
  /** Locals that one unit of a function's entry pays for: they are zeroed on each call. Infinity: free. */
  readonly localsPerUnit: number;
  /** Values that one unit pays for when a branch, call or return carries them. Fewer are free. Infinity: free. */
  readonly valuesPerUnit: number;
  /** A direct call of an imported function, beyond `call`: leaving for JavaScript takes 30 ns. */
  readonly importedCall: number;
  /** Bytes that one unit of `memory.init`, `copy` and `fill` pays for; rounded up. A power of two. */
  readonly bytesPerUnit: number;
  /** One element of `table.init`, `copy` and `fill`; 25 ns measured. */
  readonly tableElement: number;
  /** One element that `table.grow` added. */
  readonly tableElementGrown: number;
  /** One page that `memory.grow` added: 64 KiB to clear, and on Node 20 to 24 often a collection of garbage, of a millisecond. */
  readonly memoryPage: number;
  /** A grow by a constant of at most this pays for it even if it fails; else only what was got is paid for. */
  readonly constantGrow: number;
  /** Start: bytes of code that one unit pays for. */
  readonly codeBytesPerUnit: number;
  /** Start: one global, or one instruction of a constant expression. */
  readonly constantInstruction: number;
  /** Start: one entry of an active or passive element segment. */
  readonly elementEntry: number;
  /** Start: bytes of active data segments that one unit pays for. */
  readonly dataBytesPerUnit: number;
}

const REGION_CHARGES: Charges = {
  functionEntry: 1,
  localsPerUnit: 8,
  valuesPerUnit: 8,
  importedCall: 32,
  bytesPerUnit: 64,
  tableElement: 32,
  tableElementGrown: 32,
  memoryPage: 16_384,
  constantGrow: 0,
  codeBytesPerUnit: 64,
  constantInstruction: 1,
  elementEntry: 32,
  dataBytesPerUnit: 64,
};

/** Source: Wasmtime 50, measured. Starting is priced as in `region`: Wasmtime's count of it is of no use to a host. */
const EXACT_CHARGES: Charges = {
  ...REGION_CHARGES,
  localsPerUnit: Number.POSITIVE_INFINITY,
  valuesPerUnit: Number.POSITIVE_INFINITY,
  importedCall: 0,
  bytesPerUnit: 1,
  tableElement: 1,
  tableElementGrown: 1,
  memoryPage: 1,
  constantGrow: 128,
};

/** How closely `region` follows the exact count; see docs/fuel.md for what each number bounds. */
export interface Tolerance {
  /** A charge is at least the costliest path that it pays for, divided by this. */
  readonly factor: number;
  /** A charge is at most `factor` times the cheapest path that it pays for, and this. */
  readonly slack: number;
  /** Costliest path of a function that may be called indirectly and is not charged: its callers pay for it. */
  readonly freeLeaf: number;
  /** What a caller pays for a function that it calls indirectly. */
  readonly indirectCallee: number;
}

/** One cost model: what each thing costs, and how closely charges follow it. */
export interface CostModel {
  readonly name: CostModelName;
  readonly version: number;
  /** `sha256:` and 64 hex digits over the whole table. */
  readonly digest: string;
  /** Fuel by dense opcode number. */
  readonly costOf: Uint16Array;
  readonly charges: Charges;
  readonly tolerance: Tolerance;
}

/** The published models, by name. */
export const COST_MODELS: Readonly<Record<CostModelName, CostModel>> = {
  region: model('region', 4, REGION_COSTS, REGION_CHARGES, { factor: 4, slack: 128, freeLeaf: 32, indirectCallee: 8 }),
  exact: model('exact', 1, FREE, EXACT_CHARGES, { factor: 1, slack: 0, freeLeaf: 0, indirectCallee: 0 }),
};

/** @throws CodedError `usage/invalid-argument` for anything but the name of a cost model. */
export function checkCostModel(name: unknown): CostModelName {
  const known = Object.keys(COST_MODELS).find((candidate) => candidate === name);
  if (known !== undefined) return known as CostModelName; // a key of the table
  throw new CodedError('usage/invalid-argument', `there is no cost model \`${String(name).slice(0, 40)}\``, {
    help: `known: ${Object.keys(COST_MODELS).join(', ')}`,
  });
}

function each(names: string, cost: number): Record<string, number> {
  return Object.fromEntries(names.split(' ').map((name) => [name, cost]));
}

function model(
  name: CostModelName,
  version: number,
  costs: Readonly<Record<string, number>>,
  charges: Charges,
  tolerance: Tolerance,
): CostModel {
  const costOf = new Uint16Array(OPCODES_END);
  for (const [opcode, mnemonic] of MNEMONICS) costOf[opcode] = costs[mnemonic] ?? DEFAULT_COST;
  return { name, version, digest: digestOf(costOf, { ...charges, ...tolerance }), costOf, charges, tolerance };
}

/** One line for each instruction and charge, in the order of the opcodes, so that equal tables have equal text. */
function digestOf(costOf: Uint16Array, numbers: Readonly<Record<string, number>>): string {
  const lines = [...MNEMONICS].sort(([a], [b]) => a - b).map(([opcode, name]) => `${opcode} ${name} ${costOf[opcode]}`);
  for (const [name, value] of Object.entries(numbers)) lines.push(`${name} ${value}`);
  return `sha256:${createHash('sha256').update(lines.join('\n')).digest('hex')}`;
}
