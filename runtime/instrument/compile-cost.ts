import { BLOCK_TYPE_FIRST, type FlowTape } from './flow-tape.ts';
import { checkCount, MODULE_LIMITS } from './module-limits.ts';
import { FLOW_OP, flagTable, MNEMONICS, OP, OPCODES_END } from './opcodes.ts';
import type { Arity, IndexSpaces } from './spaces.ts';

/** Instructions with one operand and one result, by the part of the mnemonic after the dot. */
const UNARY =
  /^(eqz|clz|ctz|popcnt|abs|neg|not|ceil|floor|trunc|nearest|sqrt|splat|any_true|all_true|bitmask|wrap_|trunc_|extend|extadd_|convert_|demote_|promote_|reinterpret_|extract_lane)/;

/** Opcodes that `#step` looks at: control flow and calls. */
const FLOW = flagTable(Object.values(FLOW_OP));

/** What a call does to the compiler's state, and what leads to one, in copies: 0.5 ns for each value, and 2 ns for growing. */
const CALL_COPIES = 1 / 16;
const BULK = [OP.memoryInit, OP.memoryCopy, OP.memoryFill, OP.tableInit, OP.tableCopy, OP.tableFill];
const STRAIGHT_COPIES = new Map<number, number>([
  ...BULK.map((op) => [op, CALL_COPIES] as const),
  [OP.memoryGrow, 1 / 4],
  [OP.tableGrow, 1 / 4],
]);

/** Weighs the signature of a call: 60 ns for a parameter; for results V8 compares each with each: 6 ms for 1,000. */
export function callCost({ params, results }: Arity): number {
  return 6 * params + 0.6 * results * results;
}

/** How many values each instruction adds to the operand stack, less those it takes; 0 for control flow and calls. */
export const HEIGHTS: Int8Array = heights();

/**
 * Estimates what compiling a module's code costs, in values that the compiler's copies of its state hold.
 *
 * V8's first compiler keeps the place of every local and operand for each block and branch. 50,000 locals and 10,000
 * blocks took it 13 s, 1,000,000 operands and 300 blocks 22 s: at the first call, deaf to fuel and to `terminate`.
 */
export class CompileCost {
  readonly #spaces: IndexSpaces;
  /** Height of the operand stack below each open block, and what its end leaves on it. */
  readonly #bases = new Uint32Array(MODULE_LIMITS.nestingMax + 1);
  readonly #types: Arity[] = [];
  #depth = 0;
  #height = 0;
  #locals = 0;
  #values = 0;

  constructor(spaces: IndexSpaces) {
    this.#spaces = spaces;
  }

  /** Begins a function, or a constant expression. @param locals - its parameters and locals. */
  begin(results: number, locals: number): void {
    this.#depth = 0;
    this.#height = 0;
    this.#locals = locals;
    this.#open({ params: 0, results });
  }

  /** Adds a bulk operation that is on no tape. @param height - change of the operand stack since the newest entry. @throws as `add`. */
  addBulk(height: number): void {
    this.#values += CALL_COPIES * (this.#locals + Math.max(0, this.#height + height));
    if (this.#values > MODULE_LIMITS.compileValuesMax) checkCount('compileValuesMax', this.#values);
  }

  /** Adds the newest entry of the tape. @param moved - values that a branch carries, each of which validation looks at; or `callCost`. @throws CodedError `component/too-large`. */
  add(tape: FlowTape, at: number, moved: number): void {
    this.#values += moved;
    this.#move(tape.heights[at] as number); // an entry of the tape, as below
    const op = tape.ops[at] as number;
    const copies = FLOW[op] === 0 ? (STRAIGHT_COPIES.get(op) ?? 0) : this.#step(tape, at, op);
    this.#values += copies * (this.#locals + this.#height);
    if (this.#values > MODULE_LIMITS.compileValuesMax) checkCount('compileValuesMax', this.#values);
  }

  /** @returns how many copies of the compiler's state the instruction makes, with the check that may follow it. */
  #step(tape: FlowTape, at: number, op: number): number {
    const arg = tape.args[at] as number; // below the tape's length
    switch (op) {
      case OP.block:
      case OP.loop:
      case OP.try:
      case OP.tryTable:
        this.#open(this.#blockType(arg));
        return 2;
      case OP.if:
        this.#move(-1);
        this.#open(this.#blockType(arg));
        return 2;
      case OP.else:
      case OP.catch:
      case OP.catchAll:
        this.#height = this.#base + (op === OP.else ? (this.#types[this.#depth - 1] as Arity).params : 0); // an open block
        return 2;
      case OP.end:
      case OP.delegate:
        this.#close();
        return 1;
      case OP.brIf:
        this.#move(-1);
        return 2;
      case OP.call:
        this.#call(this.#type(this.#spaces.functions[arg] as number)); // the decoder checked the index
        return CALL_COPIES;
      case OP.callIndirect:
        this.#move(-1);
        this.#call(this.#type(arg));
        return CALL_COPIES;
      case OP.brTable:
        this.#move(-1);
        return Math.min(tape.lists[arg] as number, this.#depth); // the decoder wrote it; one copy for each label
      default:
        this.#height = this.#base; // what follows cannot be reached
        return 1;
    }
  }

  get #base(): number {
    return this.#bases[this.#depth - 1] ?? 0;
  }

  /** Below the block's base only code goes that cannot be reached, or that is invalid. */
  #move(by: number): void {
    this.#height = Math.max(this.#base, this.#height + by);
  }

  #open(type: Arity): void {
    this.#bases[this.#depth] = Math.max(this.#base, this.#height - type.params);
    this.#types[this.#depth] = type;
    this.#depth += 1;
  }

  #close(): void {
    this.#depth -= 1;
    this.#height = (this.#bases[this.#depth] as number) + (this.#types[this.#depth] as Arity).results; // was open
  }

  #call({ params, results }: Arity): void {
    this.#move(-params);
    this.#move(results);
  }

  #blockType(arg: number): Arity {
    if (arg < BLOCK_TYPE_FIRST) return { params: 0, results: arg };
    return this.#type(arg - BLOCK_TYPE_FIRST);
  }

  #type(index: number): Arity {
    return this.#spaces.types[index] as Arity; // the decoder checked the index
  }
}

function heights(): Int8Array {
  const table = new Int8Array(OPCODES_END);
  for (const [opcode, mnemonic] of MNEMONICS) if (FLOW[opcode] === 0) table[opcode] = netOf(mnemonic);
  return table;
}

function netOf(mnemonic: string): number {
  const [type = '', operation = ''] = mnemonic.split('.');
  if (/^(const|get|null|func|size)$/.test(operation)) return type === 'table' && operation === 'get' ? 0 : 1;
  if (/^(tee|grow|is_null)$/.test(operation) || mnemonic === 'nop') return mnemonic === 'table.grow' ? -1 : 0;
  if (operation === 'drop') return 0; // of a segment
  if (/^(memory|table)$/.test(type)) return operation === 'set' ? -2 : -3; // init, copy, fill
  if (operation.startsWith('load')) return operation.endsWith('_lane') ? -1 : 0;
  if (operation.startsWith('store') || operation === 'bitselect' || mnemonic === 'select') return -2;
  return UNARY.test(operation) ? 0 : -1;
}
