import { BodyWalk } from './body-walk.ts';
import type { Bodies, CallGraph } from './call-graph.ts';
import type { ChargePlan } from './charge-plan.ts';
import type { CostModel } from './costs.ts';
import type { FlowTape } from './flow-tape.ts';
import { Forks, HOISTED_MAX, UNCHECKED_MAX } from './forks.ts';
import type { Optimizations } from './optimizations.ts';
import { PathState, settle } from './path-state.ts';

/** What the module says of a body: how it may be entered. */
export interface Entrances {
  /** By function: 1 where its address is taken, so that callers are unknown. */
  readonly taken: Uint8Array;
  readonly importedFunctions: number;
  /** By body: locals, without parameters. */
  readonly locals: Uint32Array;
  /** A call may leave what follows it undone, since an exception may be caught. */
  readonly handlesExceptions: boolean;
}

/** What placement works on. */
export interface PlacementParts {
  readonly tape: FlowTape;
  readonly bodies: Bodies;
  readonly graph: CallGraph;
  /** Filled by `placeAll`. */
  readonly plan: ChargePlan;
  readonly model: CostModel;
  readonly entrances: Entrances;
  readonly optimizations: Optimizations;
}

/**
 * Decides where one module's bodies are charged, and how much.
 *
 * Each body is walked backward (`BodyWalk`), keeping what lies ahead. Where paths part, one charge pays for all or the costlier
 * way pays the difference (`Forks`). What remains at a function's start is paid by its callers, or by itself if they are
 * unknown, or the sum is large. `exact` is the same with no tolerance. docs/fuel.md argues why no guest runs free.
 */
export class Placement {
  readonly #parts: PlacementParts;
  readonly #forks: Forks;
  readonly #walk: BodyWalk;
  /** By body: what a caller pays for its entry. */
  readonly #ahead: readonly PathState[];

  constructor(parts: PlacementParts) {
    const { plan, model, optimizations, bodies } = parts;
    this.#parts = parts;
    this.#ahead = Array.from({ length: bodies.count }, () => new PathState());
    this.#forks = new Forks(plan, optimizations.regions ? model.tolerance : { ...model.tolerance, factor: 1, slack: 0 });
    this.#walk = new BodyWalk(parts, this.#forks, this.#ahead);
  }

  /** Plans all bodies, callees first. */
  placeAll(): void {
    const { plan, graph, bodies } = this.#parts;
    for (const body of graph.order) {
      const from = bodies.firsts[body] as number; // one for each body, and one more
      const to = bodies.firsts[body + 1] as number;
      plan.begin();
      const touched = this.#walk.look(body, from, to);
      this.#placeBody(body, from, to);
      this.#walk.close();
      plan.finish(body);
      plan.touches[body] = touched || plan.entries[body] !== 0 || plan.planned[body] !== 0 ? 1 : 0;
    }
  }

  /** By body: fuel that its callers pay for its entry. */
  paidByCallers(): Float64Array {
    return Float64Array.from(this.#ahead, ({ fuel }) => fuel);
  }

  #placeBody(body: number, from: number, to: number): void {
    const { plan, graph, entrances, optimizations } = this.#parts;
    const { heads, headsOfOthers } = graph;
    const taken = entrances.taken[body + entrances.importedFunctions] === 1;
    const ahead = (this.#ahead[body] as PathState).clear(); // one for each body
    const sinks = optimizations.sinks && heads[body] === 1 && headsOfOthers[body] === 0 && !taken;
    let state = this.#walk.walk(from, to, sinks ? 'on ways, rest paid' : 'at start');
    if (sinks) {
      if (!state.cyclic && state.fuel <= HOISTED_MAX && this.#sameTwice(ahead.set(state), from, to)) return;
      ahead.clear();
      plan.clear(from, to);
      state = this.#walk.walk(from, to, 'at start');
    }
    const unknown = taken || heads[body] === 1 || !optimizations.callersPay;
    if (unknown && this.#walk.sinkable && optimizations.sinks && optimizations.freeLeaves) {
      // Often only a rare way leads on, as in releasing a reference: then that way pays and checks, and the rest is free.
      plan.clear(from, to);
      state = this.#walk.walk(from, to, 'on ways, rest free');
      if (!this.#isSmall(state)) {
        plan.clear(from, to);
        state = this.#walk.walk(from, to, 'at start');
      }
    }
    this.#payEntry(body, state, unknown);
  }

  /** Whether what remains at a body's start may be left to callers that do not know it. */
  #isSmall(state: PathState): boolean {
    return state.high <= this.#forks.tolerance.freeLeaf && state.unchecked === 0 && !state.cyclic;
  }

  /** Recursion pays its callers' part too: places anew with that known. @returns whether it came out as assumed. */
  #sameTwice(ahead: PathState, from: number, to: number): boolean {
    if (ahead.unchecked > 0) return false;
    this.#parts.plan.clear(from, to);
    const again = this.#walk.walk(from, to, 'on ways, rest paid');
    return (
      again.low === ahead.low && again.high === ahead.high && again.fuel === ahead.fuel && again.unchecked === 0 && !again.cyclic
    );
  }

  /** Decides who pays for a body's entry. @param unknown - whether there are callers that cannot. */
  #payEntry(body: number, state: PathState, unknown: boolean): void {
    const { plan, optimizations } = this.#parts;
    const { tolerance } = this.#forks;
    const ahead = this.#ahead[body] as PathState; // one for each body
    const free = unknown && optimizations.freeLeaves && this.#isSmall(state);
    const pays = (unknown && !free) || state.fuel > HOISTED_MAX || state.unchecked > UNCHECKED_MAX;
    if (!pays) {
      ahead.set(state);
      return;
    }
    const fuel = settle(state, tolerance);
    // Callers that do not know what is taken here cannot bound how often it happens between two checks of theirs.
    const checked = unknown || state.cyclic || fuel + state.unchecked > UNCHECKED_MAX;
    plan.entries[body] = fuel;
    plan.entryChecks[body] = checked ? 1 : 0;
    ahead.clear();
    ahead.unchecked = checked ? 0 : fuel + state.unchecked;
  }
}
