import type { Tolerance } from './costs.ts';

/**
 * What lies ahead of a point of a function, on the paths from there to where the next charge pays: the next turn of the
 * loop, the way out of it, or the function's end.
 */
export class PathState {
  /** Cost of the cheapest path that does not end in a trap; Infinity where all do. */
  low = 0;
  /** Cost of the costliest path, less what charges on it pay, each counted `factor` times. */
  high = 0;
  /** What a charge at this point would take, before `settle`. */
  fuel = 0;
  /** Fuel that charges without a check may take, on one path, before the next check. */
  unchecked = 0;
  /** True when some path has a call that may lead back here, with no check before it. */
  cyclic = false;
  /** True when every path to the next turn of the loop has an instruction that reads or writes the counter by itself. */
  touches = false;

  set(other: PathState): this {
    this.low = other.low;
    this.high = other.high;
    this.fuel = other.fuel;
    this.unchecked = other.unchecked;
    this.cyclic = other.cyclic;
    this.touches = other.touches;
    return this;
  }

  /** Nothing lies ahead: all is paid elsewhere. */
  clear(): this {
    this.low = 0;
    this.high = 0;
    this.fuel = 0;
    this.unchecked = 0;
    this.cyclic = false;
    this.touches = true; // no path leads to a next turn from here
    return this;
  }

  /** A trap lies ahead: what it should cost is of no interest. */
  trap(): this {
    this.clear();
    this.low = Number.POSITIVE_INFINITY;
    return this;
  }

  add(cost: number): void {
    this.low += cost;
    this.high += cost;
    this.fuel += cost;
  }

  get traps(): boolean {
    return this.low === Number.POSITIVE_INFINITY;
  }
}

/** Whether one charge can pay for paths that cost from `low` to `high`. */
export function tolerable(low: number, high: number, { factor, slack }: Tolerance): boolean {
  return high <= factor * (factor * low + slack);
}

/** The charge for a state: its own estimate, moved into the bounds. 0 or more. */
export function settle({ low, high, fuel }: PathState, { factor, slack }: Tolerance): number {
  const least = Math.ceil(high / factor);
  return Math.max(least, Math.min(fuel, factor * low + slack));
}
