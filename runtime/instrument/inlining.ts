/**
 * V8 (Node 22 and newer; `BudgetScaleFactor` in its `inlining-tree.h`) lets functions grow by inlining up to a cap in bytes
 * that depends on the module's share of functions with less than `below` bytes: `low` up to a share of `from`, `high` from
 * `to` on, between them a straight line.
 */
const V8 = { below: 50, from: 0.25, to: 0.5, low: 600, high: 6000 } as const;

/**
 * How much more is to be inlined than without charges, as a factor. Charges make code larger, and what is inlined keeps the
 * counter in a register. Measured on ten programs, Node 26: 1.09 x the plain time with 1, 1.05 with 2, little more with 3.
 */
const MORE = 2;

/** Sizes of a module's functions, as the engine sees them. */
export class BodySizes {
  #count = 0;
  #small = 0;
  #bytes = 0;

  /** @param bytes - of one body, its declarations of locals included. */
  add(bytes: number): void {
    this.#count += 1;
    this.#bytes += bytes;
    if (bytes < V8.below) this.#small += 1;
  }

  /**
   * How many empty functions to append to a module of these sizes, so that the engine inlines as it would in the plain one,
   * and `MORE`. Charges make small functions large, which the engine takes for a sign of code that was inlined already.
   */
  emptyFunctions(plain: BodySizes): number {
    if (plain.#bytes < V8.low) return 0; // the whole module is below the lowest cap
    const grown = this.#bytes / plain.#bytes;
    const share = shareFor(capFor(plain.#small / plain.#count) * grown * MORE);
    return Math.max(0, Math.ceil((share * this.#count - this.#small) / (1 - share)));
  }
}

/** Bytes up to which inlining goes on. */
function capFor(share: number): number {
  const place = Math.min(Math.max((share - V8.from) / (V8.to - V8.from), 0), 1);
  return V8.low + place * (V8.high - V8.low);
}

/** The share of small functions that gives a cap, or the highest. */
function shareFor(cap: number): number {
  return Math.min(V8.from + ((cap - V8.low) / (V8.high - V8.low)) * (V8.to - V8.from), V8.to);
}
