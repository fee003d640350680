import { OP } from './opcodes.ts';

/**
 * What matters for placing charges, of all function bodies of one module: the instructions that steer control flow or that
 * rewriting has to change, and what the straight runs between them cost. Everything else is copied unread.
 *
 * Kept in arrays by entry number, so that decoding allocates nothing per instruction.
 */
export class FlowTape {
  /** Number of entries. */
  length = 0;
  /** Dense opcode. */
  ops: Uint16Array = new Uint16Array(INITIAL);
  /** Offset of the instruction from the module's start, and of what follows it. */
  starts: Uint32Array = new Uint32Array(INITIAL);
  ends: Uint32Array = new Uint32Array(INITIAL);
  /** Fuel of the straight run before the instruction, and of itself; see `RUN_COST_MAX`. */
  costs: Int32Array = new Int32Array(INITIAL);
  /**
   * Immediate: label, function, type, memory, table or global; for blocks the block type; for `br_table` where its labels
   * begin in `lists`; for `else`, `catch` and `end` the entry that opened the block, or `BODY`.
   */
  args: Uint32Array = new Uint32Array(INITIAL);
  /** What else is known of an entry; see `MARK`. */
  marks: Uint8Array = new Uint8Array(INITIAL);
  /** Lists of labels: their number, then each. */
  lists: Uint32Array = new Uint32Array(INITIAL);
  listsLength = 0;
  /** By entry of a `try_table`: where its labels begin in `lists`. */
  readonly clauses = new Map<number, number>();

  /** Makes room for so many entries in all: copying them as they grow in number takes time. */
  reserve(entries: number): void {
    if (entries > this.ops.length) this.#resize(entries);
  }

  /** @returns the new entry's number. */
  push(op: number, start: number, end: number, cost: number, arg: number): number {
    const at = this.length++;
    if (at === this.ops.length) this.#resize(at * 2);
    this.ops[at] = op;
    this.starts[at] = start;
    this.ends[at] = end;
    this.costs[at] = cost;
    this.args[at] = arg;
    this.marks[at] = 0;
    return at;
  }

  /** Puts the most part of a costly run on the tape, as instructions that do nothing. @returns the rest. */
  pushRun(at: number, cost: number): number {
    let rest = cost;
    for (; rest > RUN_COST_MAX; rest -= RUN_COST_MAX) this.push(OP.nop, at, at, RUN_COST_MAX, 0);
    return rest;
  }

  pushList(value: number): void {
    if (this.listsLength === this.lists.length) this.lists = grown(new Uint32Array(this.lists.length * 2), this.lists);
    this.lists[this.listsLength++] = value;
  }

  #resize(size: number): void {
    this.ops = grown(new Uint16Array(size), this.ops);
    this.starts = grown(new Uint32Array(size), this.starts);
    this.ends = grown(new Uint32Array(size), this.ends);
    this.costs = grown(new Int32Array(size), this.costs);
    this.args = grown(new Uint32Array(size), this.args);
    this.marks = grown(new Uint8Array(size), this.marks);
  }
}

const INITIAL = 4096;

/**
 * Costliest run that one entry stands for: with what its own instruction costs it stays below 2^31. A body of 7.6 MB of
 * `memory.fill` by constants comes to 5 * 10^9 in `exact`.
 */
export const RUN_COST_MAX: number = 2 ** 30;

/** Bits of `FlowTape.marks`: of an entry that opens a block, and of one that grows something. */
export const MARK = {
  /** Some branch leads to it: a loop with this mark repeats. */
  branch: 1,
  /** A `br_table` leads to it, or a clause of a `try_table`: such an edge has no place for a charge. */
  bareEdge: 2,
  /** What it grows by is a constant, and was paid for with the code around it. */
  paid: 4,
  /** A clause of a `try_table` leads to it. */
  handler: 8,
} as const;

/** How a block type stands on the tape: 0 is empty, 1 is one result, 2 + n is type n. */
export const BLOCK_TYPE_FIRST = 2;

/** Stands for the opening of a function's body, which no instruction opens. */
export const BODY = 0xffff_ffff;

function grown<T extends Uint8Array | Uint16Array | Uint32Array | Int32Array>(larger: T, old: T): T {
  larger.set(old);
  return larger;
}
