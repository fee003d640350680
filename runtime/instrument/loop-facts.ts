import { ACTION, type ChargePlan } from './charge-plan.ts';
import { type FlowTape, MARK } from './flow-tape.ts';
import { flagTable, OP, OPENS } from './opcodes.ts';

/** Labels that a loop may be left for, beyond which no more are kept: then its exits each pay for all that follows. */
const EXITS_MAX = 4;

/** These lead out of all loops of the body; what is thrown may be caught on the way, which pays no more than this. */
const LEAVES_BODY = flagTable([OP.return, OP.returnCall, OP.returnCallIndirect, OP.throw, OP.rethrow, OP.throwRef]);

/** How a loop can be left, other than by its end. */
export interface Exits {
  /** Depths of the labels it is left for, as far as these are inside the next loop around it, or that loop's own. */
  readonly depths: number[];
  /** True when it may also be left for outside that loop, or for too many labels. */
  far: boolean;
}

const NO_EXITS: Exits = { depths: [], far: false };

/** A loop around the current entry, while walking forward. */
interface OpenLoop {
  readonly at: number;
  readonly depth: number;
  touches: boolean;
  /** Depth of the outermost label that it is left for. */
  outermost: number;
}

/**
 * What has to be known of a body's loops before charges are placed backwards: how each is left, and which keep the counter
 * in a local: outermost loops that repeat and in which nothing else reads or writes it.
 */
export class LoopFacts {
  readonly #tape: FlowTape;
  readonly #plan: ChargePlan;
  readonly #touches: (entry: number) => boolean;
  readonly #throwsCount: boolean;
  readonly #exits = new Map<number, Exits>();
  /** Loops in which nothing else reads or writes the counter. */
  readonly #quiet = new Set<number>();
  readonly #loops: OpenLoop[] = [];
  #depth = 0;

  /**
   * @param touches - whether the instruction at an entry may read or write the counter other than by its own charges.
   * @param throwsCount - whether what an exception skips must not be paid for: then each loop that may throw has a far exit.
   */
  constructor(tape: FlowTape, plan: ChargePlan, touches: (entry: number) => boolean, throwsCount: boolean) {
    this.#tape = tape;
    this.#plan = plan;
    this.#touches = touches;
    this.#throwsCount = throwsCount;
  }

  exitsOf(loop: number): Exits {
    return this.#exits.get(loop) ?? NO_EXITS;
  }

  /** Whether nothing in a loop reads or writes the counter but its own charges. */
  isQuiet(loop: number): boolean {
    return this.#quiet.has(loop);
  }

  isLoop(opener: number): boolean {
    return this.#tape.ops[opener] === OP.loop && ((this.#tape.marks[opener] as number) & MARK.branch) !== 0; // an entry
  }

  /** Walks one body, and plans its nests. @returns true if something in it touches the counter, loops aside. */
  walk(from: number, to: number, nests: boolean): boolean {
    this.#exits.clear();
    this.#quiet.clear();
    this.#depth = 1; // the body's own label
    let touched = false;
    for (let at = from; at < to; at += 1) {
      const op = this.#tape.ops[at] as number; // an entry of the tape
      if (OPENS[op] === 1) this.#open(at);
      else if (op === OP.end || op === OP.delegate) this.#close(nests);
      else if (this.#touches(at)) {
        touched = true;
        const inner = this.#loops.at(-1);
        if (inner !== undefined) inner.touches = true;
        if (LEAVES_BODY[op] === 1) this.#leaveFor(this.#depth - 1);
      } else this.#branch(at, op);
    }
    return touched;
  }

  #open(at: number): void {
    if (this.#tape.ops[at] === OP.tryTable) this.#leaveForAll(this.#tape.clauses.get(at) as number); // the decoder noted it
    if (this.isLoop(at)) this.#loops.push({ at, depth: this.#depth, touches: false, outermost: this.#depth });
    this.#depth += 1;
  }

  #close(nests: boolean): void {
    this.#depth -= 1;
    const loop = this.#loops.at(-1);
    if (loop === undefined || loop.depth !== this.#depth) return;
    this.#loops.pop();
    const around = this.#loops.at(-1);
    if (around !== undefined) {
      around.touches ||= loop.touches;
      around.outermost = Math.min(around.outermost, loop.outermost);
      if (loop.outermost < around.depth) this.#noteExits(loop.at).far = true;
    }
    if (loop.touches && this.#throwsCount) this.#noteExits(loop.at).far = true;
    if (loop.touches) return;
    this.#quiet.add(loop.at);
    if (nests) this.#plan.add(loop.at, ACTION.nest); // those inside count for nothing
  }

  #branch(at: number, op: number): void {
    const arg = this.#tape.args[at] as number; // an entry of the tape
    if (op === OP.br || op === OP.brIf) this.#leaveFor(arg);
    else if (op === OP.brTable) this.#leaveForAll(arg);
    else if (LEAVES_BODY[op] === 1) this.#leaveFor(this.#depth - 1);
  }

  #leaveForAll(list: number): void {
    const { lists } = this.#tape;
    const count = lists[list] as number; // the decoder wrote it
    for (let at = list + 1; at <= list + count; at += 1) this.#leaveFor(lists[at] as number); // the same
  }

  /** Notes which loops a branch to a label leaves. */
  #leaveFor(label: number): void {
    const inner = this.#loops.at(-1);
    const target = this.#depth - 1 - label;
    if (inner === undefined || target >= inner.depth) return;
    inner.outermost = Math.min(inner.outermost, target);
    const exits = this.#noteExits(this.#outermostLeft(target).at);
    if (exits.depths.includes(target)) return;
    if (exits.depths.length < EXITS_MAX) exits.depths.push(target);
    else exits.far = true;
  }

  /** The outermost open loop inside a depth; there is one. Binary, since a hostile body may nest thousands. */
  #outermostLeft(depth: number): OpenLoop {
    let low = 0;
    let high = this.#loops.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#loops[middle] as OpenLoop).depth > depth)
        high = middle; // in range, as below
      else low = middle + 1;
    }
    return this.#loops[low] as OpenLoop;
  }

  #noteExits(loop: number): Exits {
    let exits = this.#exits.get(loop);
    if (exits === undefined) {
      exits = { depths: [], far: false };
      this.#exits.set(loop, exits);
    }
    return exits;
  }
}
