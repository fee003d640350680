/**
 * What makes charges cheap, each with a switch so that a benchmark can show what it buys. Each keeps the soundness of
 * metering, and all but `inlining` change the fuel of a call: leave them as they are for numbers that others can compare. See
 * docs/fuel.md.
 */
export interface Optimizations {
  /** One charge pays for paths that differ within the model's tolerance; else each way of a fork pays for itself. */
  readonly regions: boolean;
  /** The counter lives in a local inside loop nests in which nothing else can read or write it. */
  readonly locals: boolean;
  /** Loops of which only some turns call something keep the counter in a local too, and put it back around such calls. */
  readonly spills: boolean;
  /** A turn of a loop is paid for by the branch that begins it, the first one by the way to the loop. */
  readonly turns: boolean;
  /** Callers pay for a function's entry where all callers are known. */
  readonly callersPay: boolean;
  /** Small functions that may be called indirectly are not charged; indirect calls pay a fixed price for them. */
  readonly freeLeaves: boolean;
  /** A recursive function checks on the way to its recursive calls, and not where it starts. */
  readonly sinks: boolean;
  /** Empty functions make up for those that charges made large, by whose share V8 inlines. Changes no fuel. */
  readonly inlining: boolean;
}

export const ALL_OPTIMIZATIONS: Optimizations = {
  regions: true,
  locals: true,
  spills: true,
  turns: true,
  callersPay: true,
  freeLeaves: true,
  sinks: true,
  inlining: true,
};
