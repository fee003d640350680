/**
 * A random generator that always gives the same numbers for the same seed.
 *
 * @returns a function like `Math.random`: each call gives a number from 0 up to, not including, 1.
 */
export function seededRandom(seed: number): () => number;

/**
 * Makes a damaged copy of a wasm binary: one to three changes, each a flip, truncation, length bomb, moved section or
 * the like. The same seed bytes and random numbers give the same copy.
 *
 * @param seed - the binary; not changed. May be empty.
 * @param random - numbers from 0 up to 1, as from `seededRandom`.
 */
export function mutate(seed: Uint8Array, random: () => number): Uint8Array;

/**
 * Like `mutate`, with one change inside of a section whose size is put right again, at any depth of core modules and
 * nested components: such a copy gets past the outermost reader and damages what stands behind it.
 */
export function mutateInside(seed: Uint8Array, random: () => number): Uint8Array;
