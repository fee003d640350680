import type { FlowTape } from './flow-tape.ts';
import { OP } from './opcodes.ts';

/** The function bodies of one module on a tape. Indices are function indices less the imported functions. */
export interface Bodies {
  readonly count: number;
  /** First entry of each body on the tape, and one past the last of all. */
  readonly firsts: Uint32Array;
}

/** Who calls whom directly, as far as charges need it. */
export interface CallGraph {
  /** Bodies in the order in which to look at them: callees before their callers, except around a cycle. */
  readonly order: Uint32Array;
  /** By body: two bodies have the same number when each can reach the other by direct calls. */
  readonly groups: Uint32Array;
  /** By body: 1 where some cycle of direct calls is closed by a call to it. Every such cycle has one. */
  readonly heads: Uint8Array;
  /** By body: 1 where a body other than itself closes such a cycle. */
  readonly headsOfOthers: Uint8Array;
}

const UNSEEN = 0;
const OPEN = 1;
const DONE = 2;

/**
 * Walks the graph of direct calls, tail calls among them.
 *
 * Source: Tarjan, "Depth-first search and linear graph algorithms" (1972), without recursion. Linear in the tape's length.
 *
 * @param imported - number of imported functions, which have no body.
 */
export function walkCalls(tape: FlowTape, bodies: Bodies, imported: number): CallGraph {
  const walk = new Walk(tape, bodies, imported);
  for (let body = 0; body < bodies.count; body += 1) if (walk.state[body] === UNSEEN) walk.from(body);
  return walk;
}

class Walk implements CallGraph {
  readonly order: Uint32Array;
  readonly groups: Uint32Array;
  readonly heads: Uint8Array;
  readonly headsOfOthers: Uint8Array;
  readonly state: Uint8Array;
  readonly #tape: FlowTape;
  readonly #firsts: Uint32Array;
  readonly #imported: number;
  /** By body: when it was first seen, the earliest body it can reach, and the next entry to look at. */
  readonly #seen: Uint32Array;
  readonly #low: Uint32Array;
  readonly #next: Uint32Array;
  /** The path of open bodies, and those seen whose group is not known yet. */
  readonly #path: Uint32Array;
  readonly #pending: Uint32Array;
  readonly #grouped: Uint8Array;
  #pendingLength = 0;
  #orderLength = 0;
  #clock = 0;

  constructor(tape: FlowTape, { count, firsts }: Bodies, imported: number) {
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
    this.#next = firsts.slice(0, count);
    this.#tape = tape;
    this.#firsts = firsts;
    this.#imported = imported;
  }

  from(root: number): void {
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
    const { ops, args } = this.#tape;
    const end = this.#firsts[body + 1] as number; // there is one more than bodies
    for (let at = this.#next[body] as number; at < end; at += 1) {
      const op = ops[at];
      if (op !== OP.call && op !== OP.returnCall) continue;
      const callee = (args[at] as number) - this.#imported;
      if (callee < 0) continue;
      this.#next[body] = at + 1;
      return callee;
    }
    this.#next[body] = end;
    return undefined;
  }

  #meet(body: number, callee: number): void {
    if (this.state[callee] === OPEN) {
      this.heads[callee] = 1;
      if (callee !== body) this.headsOfOthers[callee] = 1;
    }
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
