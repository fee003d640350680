import type { FlowTape } from './flow-tape.ts';
import { OP } from './opcodes.ts';

/** The function bodies of one module on a tape. Indices are function indices less the imported functions. */
export interface Bodies {
  readonly count: number;
  /** First entry of each body on the tape, and one past the last of all. */
  readonly firsts: Uint32Array;
  /** Bytes of each body, as it came. */
  readonly sizes: Uint32Array;
}

/** Who calls whom directly, as far as charges need it. */
export interface CallGraph {
  /** Bodies in the order in which to look at them: callees before their callers, except around a cycle. */
  readonly order: Uint32Array;
  /** By body: two bodies have the same number when each can reach the other by direct calls. */
  readonly groups: Uint32Array;
  /**
   * By body: 1 where some cycle of direct calls is closed by a call to it. Every such cycle has one. Bodies whose address is
   * taken come first, since they check where they start whether or not they close a cycle.
   */
  readonly heads: Uint8Array;
  /** By body: 1 where a body other than itself closes such a cycle. */
  readonly headsOfOthers: Uint8Array;
}

/** Bytes up to which a body is small. */
const SMALL_MAX = 64;

const UNSEEN = 0;
const OPEN = 1;
const DONE = 2;

/**
 * Walks the graph of direct calls, tail calls among them.
 *
 * Source: Tarjan, "Depth-first search and linear graph algorithms" (1972), without recursion. Linear in the tape's length.
 *
 * @param imported - number of imported functions, which have no body. @param taken - by function: 1 where its address is taken.
 */
export function walkCalls(tape: FlowTape, bodies: Bodies, imported: number, taken: Uint8Array): CallGraph {
  const { groups } = new Walk(tape, bodies, imported).fromAll();
  // Cycles through what is taken need no other head: without the calls that close them, the rest has its own.
  const { order, heads, headsOfOthers } = new Walk(tape, bodies, imported, { taken, groups }).fromAll();
  return { order, groups, heads, headsOfOthers };
}

/** What was found in the whole graph, for a walk that leaves out calls that close a cycle at what is taken. */
interface Cut {
  readonly taken: Uint8Array;
  readonly groups: Uint32Array;
}

class Walk implements CallGraph {
  readonly order: Uint32Array;
  readonly groups: Uint32Array;
  readonly heads: Uint8Array;
  readonly headsOfOthers: Uint8Array;
  readonly state: Uint8Array;
  readonly #cut: Cut | undefined;
  readonly #tape: FlowTape;
  readonly #firsts: Uint32Array;
  readonly #sizes: Uint32Array;
  readonly #imported: number;
  /** By body: when it was first seen, the earliest body it can reach, and the next entry to look at. */
  readonly #seen: Uint32Array;
  readonly #low: Uint32Array;
  readonly #next: Uint32Array;
  /** The path of open bodies, and those seen whose group is not known yet. */
  readonly #path: Uint32Array;
  readonly #pending: Uint32Array;
  readonly #grouped: Uint8Array;
  /** 1 for bodies whose large callees were all seen: now the small ones are. */
  readonly #isLate: Uint8Array;
  #pendingLength = 0;
  #orderLength = 0;
  #clock = 0;

  constructor(tape: FlowTape, { count, firsts, sizes }: Bodies, imported: number, cut?: Cut) {
    this.#sizes = sizes;
    this.#cut = cut;
    const numbers = (): Uint32Array => new Uint32Array(count);
    const flags = (): Uint8Array => new Uint8Array(count);
    this.order = numbers();
    this.groups = numbers();
    this.#seen = numbers();
    this.#low = numbers();
    this.#path = numbers();
    this.#pending = numbers();
    this.heads = flags();
    this.headsOfOthers = flags();
    this.state = flags();
    this.#grouped = flags();
    this.#isLate = flags();
    this.#next = firsts.slice(0, count);
    this.#tape = tape;
    this.#firsts = firsts;
    this.#imported = imported;
  }

  /** Large bodies first, so that these close the cycles: what a small one does at its start is a large part of it. */
  fromAll(): this {
    for (const smallToo of [false, true]) {
      for (let body = 0; body < this.state.length; body += 1)
        if (this.state[body] === UNSEEN && (smallToo || !this.#isSmall(body))) this.#from(body);
    }
    return this;
  }

  #isSmall(body: number): boolean {
    return (this.#sizes[body] as number) <= SMALL_MAX; // one for each body
  }

  #from(root: number): void {
    let depth = 0;
    this.#enter(root);
    this.#path[0] = root;
    while (depth >= 0) {
      const body = this.#path[depth] as number; // the path is `depth + 1` long
      const callee = this.#nextCallee(body);
      if (callee === undefined) {
        this.#leave(body);
        depth -= 1;
        if (depth >= 0) this.#reach(this.#path[depth] as number, this.#low[body] as number);
      } else if (this.state[callee] === UNSEEN) {
        this.#enter(callee);
        depth += 1;
        this.#path[depth] = callee;
      } else this.#meet(body, callee);
    }
  }

  #enter(body: number): void {
    this.state[body] = OPEN;
    this.#seen[body] = this.#clock;
    this.#low[body] = this.#clock;
    this.#clock += 1;
    this.#pending[this.#pendingLength++] = body;
  }

  #nextCallee(body: number): number | undefined {
    const callee = this.#nextCalleeOf(body);
    if (callee !== undefined || this.#isLate[body] === 1) return callee;
    this.#isLate[body] = 1;
    this.#next[body] = this.#firsts[body] as number;
    return this.#nextCallee(body);
  }

  #nextCalleeOf(body: number): number | undefined {
    const { ops, args } = this.#tape;
    const end = this.#firsts[body + 1] as number; // there is one more than bodies
    for (let at = this.#next[body] as number; at < end; at += 1) {
      const op = ops[at];
      if (op !== OP.call && op !== OP.returnCall) continue;
      const callee = (args[at] as number) - this.#imported;
      if (callee < 0 || (this.#isLate[body] === 0 && this.#isSmall(callee))) continue;
      if (this.#isCut(body, callee)) {
        this.#head(body, callee);
        continue;
      }
      this.#next[body] = at + 1;
      return callee;
    }
    this.#next[body] = end;
    return undefined;
  }

  #isCut(body: number, callee: number): boolean {
    if (this.#cut === undefined) return false;
    const { taken, groups } = this.#cut;
    return taken[callee + this.#imported] === 1 && groups[callee] === groups[body];
  }

  #head(body: number, callee: number): void {
    this.heads[callee] = 1;
    if (callee !== body) this.headsOfOthers[callee] = 1;
  }

  #meet(body: number, callee: number): void {
    if (this.state[callee] === OPEN) this.#head(body, callee);
    if (this.#grouped[callee] === 0) this.#reach(body, this.#seen[callee] as number);
  }

  #reach(body: number, time: number): void {
    if (time < (this.#low[body] as number)) this.#low[body] = time;
  }

  #leave(body: number): void {
    this.state[body] = DONE;
    this.order[this.#orderLength++] = body;
    if (this.#low[body] !== this.#seen[body]) return;
    let member: number;
    do {
      member = this.#pending[--this.#pendingLength] as number; // `body` itself is pending
      this.groups[member] = body;
      this.#grouped[member] = 1;
    } while (member !== body);
  }
}
