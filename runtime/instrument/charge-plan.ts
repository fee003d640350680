/** Bits of `ChargePlan.actions`: what rewriting adds at an entry of the tape. */
export const ACTION = {
  /** A charge after the instruction, of `amounts`. */
  charge: 1,
  /** After the instruction, and after its charge if there is one: trap if the fuel is below 0. */
  check: 2,
  /** A charge on the way that `edges` names: the taken branch of `br_if`, before `br`, the missing `else` of an `if`'s `end`. */
  edge: 4,
  /** From this loop to its end, the counter is kept in a local. */
  nest: 8,
  /** The edge's charge is followed by a check. */
  edgeCheck: 16,
} as const;

/** Where the bodies of one module are charged, by entry of the tape and by body. */
export class ChargePlan {
  readonly actions: Uint8Array;
  /** Fuel of the charge after each entry. */
  readonly amounts: Float64Array;
  /** Fuel of the charges on edges. */
  readonly edges: Float64Array;
  /** By body: fuel charged where it begins, 0 for none, and 1 if that is checked. */
  readonly entries: Float64Array;
  readonly entryChecks: Uint8Array;
  /** By body: what is planned for its entries, as one set of actions. */
  readonly planned: Uint8Array;
  /** By body: 1 if running it reads or writes the counter, so that its callers cannot keep it in a local. */
  readonly touches: Uint8Array;

  /** The same of the body being placed. */
  #seen = 0;

  constructor(length: number, bodies: number) {
    this.actions = new Uint8Array(length);
    this.amounts = new Float64Array(length);
    this.edges = new Float64Array(length);
    this.entries = new Float64Array(bodies);
    this.entryChecks = new Uint8Array(bodies);
    this.planned = new Uint8Array(bodies);
    this.touches = new Uint8Array(bodies);
  }

  /** Begins to plan a body. */
  begin(): void {
    this.#seen = 0;
  }

  /** Ends a body: all of its actions are known. */
  finish(body: number): void {
    this.planned[body] = this.#seen;
  }

  add(at: number, action: number): void {
    this.#seen |= action;
    this.actions[at] = (this.actions[at] as number) | action; // an entry of the tape
  }

  charge(at: number, fuel: number, checked: boolean): void {
    this.add(at, checked ? ACTION.charge | ACTION.check : ACTION.charge);
    this.amounts[at] = (this.amounts[at] as number) + fuel; // the same
  }

  chargeEdge(at: number, fuel: number, checked: boolean): void {
    this.add(at, checked ? ACTION.edge | ACTION.edgeCheck : ACTION.edge);
    this.edges[at] = (this.edges[at] as number) + fuel; // an entry of the tape
  }

  /** Forgets what was planned for entries `from` to `to`, less nests. */
  clear(from: number, to: number): void {
    this.#seen &= ACTION.nest;
    for (let at = from; at < to; at += 1) {
      this.actions[at] = (this.actions[at] as number) & ACTION.nest; // as above
      this.amounts[at] = 0;
      this.edges[at] = 0;
    }
  }
}
