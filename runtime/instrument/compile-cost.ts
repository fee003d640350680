import { checkCount, MODULE_LIMITS } from './module-limits.ts';
import { FLOW_OP, flagTable, GROW_OPS, MEMORY_BULK_OPS, MNEMONICS, OPCODES_END, TABLE_BULK_OPS } from './opcodes.ts';
import type { Arity } from './spaces.ts';

/** Instructions with one operand and one result, by the part of the mnemonic after the dot. */
const UNARY =
  /^(eqz|clz|ctz|popcnt|abs|neg|not|ceil|floor|trunc|nearest|sqrt|splat|any_true|all_true|bitmask|wrap_|trunc_|extend|extadd_|convert_|demote_|promote_|reinterpret_|extract_lane)/;

/** What a call does to the compiler's state, and what leads to one, in copies: 0.5 ns for each value, and 2 ns for growing. */
const CALL_COPIES = 1 / 16;
const GROW_COPIES = 1 / 4;
const GROWS = flagTable(GROW_OPS);
const BULK = flagTable([...MEMORY_BULK_OPS, ...TABLE_BULK_OPS]);

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
 *
 * The decoder tells of each instruction that it notes, and by how much the run before it changed the operand stack's height.
 * @throws CodedError `component/too-large` from every method but `begin`.
 */
export class CompileCost {
  /** Height of the operand stack below each open block; what its end leaves on it, and what an `else` finds. */
  readonly #bases = new Uint32Array(MODULE_LIMITS.nestingMax + 2);
  readonly #results = new Uint32Array(MODULE_LIMITS.nestingMax + 2);
  readonly #params = new Uint32Array(MODULE_LIMITS.nestingMax + 2);
  #depth = 0;
  /** That of the innermost open block. */
  #base = 0;
  #height = 0;
  #locals = 0;
  /** Not 0, so that the engine takes it for what it will be, a fraction, before it compiles this. */
  #values = -0;

  /** Begins a function, or a constant expression. @param locals - its parameters and locals. */
  begin(results: number, locals: number): void {
    this.#depth = 0;
    this.#base = 0;
    this.#height = 0;
    this.#locals = locals;
    this.#push(0, results);
  }

  /** A bulk operation that is on no tape. */
  addBulk(run: number): void {
    this.#copy(CALL_COPIES, Math.max(0, this.#height + run));
  }

  /** What is neither control flow nor a call. */
  addStraight(op: number, run: number): void {
    this.#move(run);
    this.#copy(GROWS[op] === 1 ? GROW_COPIES : BULK[op] === 1 ? CALL_COPIES : 0, this.#height);
  }

  /** What opens a block. @param operands - what it takes itself: the condition of an `if`. */
  open(run: number, operands: number, { params, results }: Arity): void {
    this.#move(run - operands);
    this.#push(params, results);
    this.#copy(2, this.#height);
  }

  /** What begins another part of a block. @param keepsParams - whether it finds the block's parameters: an `else`. */
  part(keepsParams: boolean): void {
    this.#height = this.#base + (keepsParams ? (this.#params[this.#depth - 1] as number) : 0); // an open block
    this.#copy(2, this.#height);
  }

  close(): void {
    this.#depth -= 1;
    this.#height = (this.#bases[this.#depth] as number) + (this.#results[this.#depth] as number); // was open
    this.#base = this.#depth === 0 ? 0 : (this.#bases[this.#depth - 1] as number); // is open
    this.#copy(1, this.#height);
  }

  /** @param carried - values, each of which validation looks at. */
  branchIf(run: number, carried: number): void {
    this.#values += carried;
    this.#move(run - 1);
    this.#copy(2, this.#height);
  }

  /** Copies once for each label that can be told from the others. */
  branchTable(run: number, labels: number): void {
    this.#move(run - 1);
    this.#copy(Math.min(labels, this.#depth), this.#height);
  }

  /** What nothing follows. @param moved - values that it carries; or `callCost`. */
  leave(moved: number): void {
    this.#values += moved;
    this.#height = this.#base;
    this.#copy(1, this.#height);
  }

  /** @param operands - what it takes beside the parameters: an index of a table. */
  call(run: number, operands: number, type: Arity): void {
    this.#values += callCost(type);
    this.#move(run - operands - type.params);
    this.#height += type.results;
    this.#copy(CALL_COPIES, this.#height);
  }

  #copy(copies: number, height: number): void {
    this.#values += copies * (this.#locals + height);
    if (this.#values > MODULE_LIMITS.compileValuesMax) checkCount('compileValuesMax', this.#values);
  }

  /** Below the block's base only code goes that cannot be reached, or that is invalid. */
  #move(by: number): void {
    this.#height = Math.max(this.#base, this.#height + by);
  }

  #push(params: number, results: number): void {
    this.#base = Math.max(this.#base, this.#height - params);
    this.#bases[this.#depth] = this.#base;
    this.#params[this.#depth] = params;
    this.#results[this.#depth] = results;
    this.#depth += 1;
  }
}

function heights(): Int8Array {
  const table = new Int8Array(OPCODES_END);
  for (const [opcode, mnemonic] of MNEMONICS) table[opcode] = netOf(mnemonic);
  for (const opcode of Object.values(FLOW_OP)) table[opcode] = 0;
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
