/** How much more than a charge the path that it pays for may cost; and how much more a charge may be than that path. */
const UNDER = 4n;
const OVER = 68n;
/** Cost of a function that the host may enter and that is too cheap to be charged. */
const FREE_ENTRY = 32n;

/**
 * Sets the fuel that `region` took for a call beside what the call did, by the bounds of docs/fuel.md.
 *
 * @param used - fuel, bigint. @param trace - `{ exact, region, left }`, as from `Tracer.countsOf`.
 * @returns what is out of bounds, as text.
 */
export function regionProblems(used, { exact, region, left }) {
  const problems = [];
  if (exact - left > region) problems.push(`the exact count ${exact} - ${left} is more than the path's price ${region}`);
  if (region > UNDER * used + FREE_ENTRY) problems.push(`fuel ${used} for a path of ${region}`);
  if (used > OVER * region) problems.push(`fuel ${used} for a path of only ${region}`);
  return problems;
}

/** Percentiles of a list of numbers as text. */
export function spreadText(numbers) {
  if (numbers.length === 0) return 'none';
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
  const parts = { least: 0, p1: 0.01, p50: 0.5, p99: 0.99, most: 1 };
  return Object.entries(parts)
    .map(([name, part]) => `${name} ${at(part).toFixed(3)}`)
    .join(', ');
}
