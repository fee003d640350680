import type { ChargePlan } from './charge-plan.ts';
import type { Tolerance } from './costs.ts';
import { type PathState, settle, tolerable } from './path-state.ts';

/** Fuel that charges without a check may take on one path, before something checks. */
export const UNCHECKED_MAX = 1024;

/** Costliest entry that callers may pay for. It bounds what a tree of calls can pile up before something pays. */
export const HOISTED_MAX = 400;

/**
 * What happens where paths part: one charge before the fork pays for both ways if that keeps to the tolerance; else the
 * costlier way gets a charge of the difference.
 *
 * INVARIANTS: a charge is at least the costliest path that it pays for, divided by the tolerance's factor: `high` of what
 * remains says so. Charges without a check add up to at most `UNCHECKED_MAX` before the next check.
 */
export class Forks {
  readonly tolerance: Tolerance;
  readonly #plan: ChargePlan;

  constructor(plan: ChargePlan, tolerance: Tolerance) {
    this.#plan = plan;
    this.tolerance = tolerance;
  }

  /** No tolerance: each path pays for itself. */
  get exact(): boolean {
    return this.tolerance.factor === 1;
  }

  /**
   * Joins `state`, what lies ahead when an instruction is passed, with what lies ahead of its other way.
   *
   * @param place - where what is passed is charged. @param otherPlace - where the other way is. @param even - both ways are as likely; else the other is seldom gone.
   */
  join(state: PathState, place: number, other: PathState, otherPlace: number, even: boolean): void {
    const low = Math.min(state.low, other.low);
    const high = Math.max(state.high, other.high);
    const cyclic = state.cyclic || other.cyclic;
    const touches = state.touches && other.touches;
    if (!this.exact && tolerable(low, high, this.tolerance)) {
      if (state.traps) state.fuel = other.fuel;
      else if (even && !other.traps) state.fuel = Math.ceil((state.fuel + other.fuel) / 2);
      state.low = low;
      state.high = high;
      state.unchecked = Math.max(state.unchecked, other.unchecked);
    } else if (isBase(state, other)) this.#chargeCostlier(state, state, other, otherPlace);
    else this.#chargeCostlier(state, other, state, place);
    state.cyclic = cyclic;
    state.touches = touches;
  }

  /** Leaves in `state`, which is one of the two, the cheaper way, with a charge of the difference on the costlier. */
  #chargeCostlier(state: PathState, cheaper: PathState, costlier: PathState, place: number): void {
    const { high, low } = costlier;
    const fuel = this.difference(costlier, cheaper);
    const gift = this.#gift(costlier, cheaper, fuel);
    const unchecked = gift === 0 && fuel > 0 ? this.charge(place, fuel, costlier.unchecked) : costlier.unchecked + gift;
    if (state !== cheaper) state.set(cheaper);
    state.unchecked = Math.max(unchecked, state.unchecked);
    if (this.exact) return;
    state.high = Math.max(state.high, high - this.tolerance.factor * fuel);
    if (fuel === 0) state.low = Math.min(state.low, low);
  }

  /** On the way to a trap `exact` need not be exact: a little is given away, and counts like fuel that nothing checked. */
  #gift(costlier: PathState, base: PathState, fuel: number): number {
    const given = this.exact && costlier.traps && !base.traps;
    return given && fuel + costlier.unchecked <= UNCHECKED_MAX ? fuel : 0;
  }

  /**
   * Where only one way leads to the call that closes a cycle, the check stands there and not at the function's start: the
   * other way, which ends the recursion, then has none.
   */
  sinkCheck(state: PathState, place: number, other: PathState, otherPlace: number): void {
    if (state.cyclic === other.cyclic) return;
    const [deep, flat, deepPlace] = state.cyclic ? [state, other, place] : [other, state, otherPlace];
    if (flat.high > HOISTED_MAX || flat.traps || deep.traps) return;
    const fuel = settle(deep, this.tolerance) - flat.fuel;
    this.put(deepPlace, Math.max(0, fuel), true);
    const high = deep.high - this.tolerance.factor * fuel;
    const { touches } = deep;
    if (fuel >= 0) {
      deep.set(flat);
      deep.high = Math.max(flat.high, high);
    }
    deep.cyclic = false;
    deep.touches = touches;
    deep.unchecked = 0;
  }

  /**
   * The same where what comes before may be free: the way to the call that closes a cycle pays for itself, whatever the other
   * costs. Else the cycle would take nothing.
   */
  sinkCharge(state: PathState, place: number, other: PathState, otherPlace: number): void {
    const [deep, deepPlace] = state.cyclic ? [state, place] : [other, otherPlace];
    if (deep.traps) return;
    this.put(deepPlace, Math.max(1, settle(deep, this.tolerance)), true);
    const { touches } = deep;
    deep.clear();
    deep.touches = touches;
  }

  /** Fuel that a path needs beyond what pays for `base`. */
  difference(ahead: PathState, base: PathState): number {
    const { tolerance } = this;
    if (this.exact) return Math.max(0, ahead.fuel - base.fuel);
    if (ahead.high <= base.high) return 0;
    const least = Math.ceil((ahead.high - base.high) / tolerance.factor);
    const most = Math.max(least, tolerance.factor * ahead.low + tolerance.slack);
    return Math.max(0, least, Math.min(settle(ahead, tolerance) - settle(base, tolerance), most));
  }

  /** Widens a state by another, if one charge can still pay for both. */
  tolerate(base: PathState, other: PathState): void {
    const low = Math.min(base.low, other.low);
    const high = Math.max(base.high, other.high);
    if (this.exact || !tolerable(low, high, this.tolerance)) return;
    base.low = low;
    base.high = high;
  }

  /** Charges all that lies ahead, after an instruction. */
  cut(state: PathState, at: number): void {
    const fuel = settle(state, this.tolerance);
    const { cyclic, touches } = state;
    const unchecked = fuel > 0 ? this.charge(at, fuel, state.unchecked) : state.unchecked;
    state.clear();
    state.unchecked = unchecked;
    state.cyclic = cyclic;
    state.touches = touches;
  }

  /** Charges at a place, with a check if that is due. @param ahead - unchecked fuel after it. @returns the same before it. */
  charge(place: number, fuel: number, ahead: number): number {
    const checked = fuel + ahead > UNCHECKED_MAX;
    this.put(place, fuel, checked);
    return checked ? 0 : fuel + ahead;
  }

  /** Charges at a place. */
  put(place: number, fuel: number, checked: boolean): void {
    if (place < 0) this.#plan.chargeEdge(edgeAt(place), fuel, checked);
    else this.#plan.charge(place, fuel, checked);
  }
}

/** Of the ways at a fork: whether what comes before pays for the first. Of two that trap for the costlier, else for the cheaper. */
function isBase(state: PathState, other: PathState): boolean {
  if (state.traps && other.traps) return state.fuel >= other.fuel;
  return other.traps || (!state.traps && state.fuel <= other.fuel);
}

/** A place for a charge: an entry, after which it stands, or this of an entry, on whose edge it stands. Its own inverse. */
export function edgeAt(entry: number): number {
  return ~entry;
}
