/**
 * Choices of one item from each of several lists, as indexes: first all at their first, then each list's others alone, then the rest in a fixed
 * order that looks random. The same lists give the same choices.
 *
 * @param sizes - lengths of the lists, each 1 or more.
 */
export function* combinations(sizes: readonly number[], countMax: number): Generator<readonly number[], void, void> {
  const first = sizes.map(() => 0);
  let count = 0;
  const total = sizes.reduce((product, size) => Math.min(product * size, Number.MAX_SAFE_INTEGER), 1);
  if (total <= countMax) return yield* all(sizes);
  yield first;
  for (const [at, size] of sizes.entries()) {
    for (let index = 1; index < size && count < countMax / 2; index++, count++)
      yield first.map((zero, place) => (place === at ? index : zero));
  }
  let state = 1;
  for (; count < countMax; count++) {
    yield sizes.map((size) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; // the generator of Numerical Recipes
      return Math.floor((state / 2 ** 32) * size);
    });
  }
}

function* all(sizes: readonly number[]): Generator<readonly number[], void, void> {
  const chosen = sizes.map(() => 0);
  for (;;) {
    yield [...chosen];
    let at = 0;
    while (at < sizes.length && ++chosen[at]! === sizes[at]) chosen[at++] = 0;
    if (at === sizes.length) return;
  }
}
