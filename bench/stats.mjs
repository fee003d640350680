// What a list of samples says: rank percentiles, so that every number shown is one that was measured.

/**
 * The sample below which a share of all samples lies (nearest rank).
 *
 * @param sorted - numbers in ascending order; NaN when there is none.
 * @param share - 0 to 1.
 */
export function percentile(sorted, share) {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))];
}

/** Count, mean and percentiles of samples, in the unit of the samples. */
export function summarise(samples) {
  const sorted = Float64Array.from(samples).sort();
  const sum = sorted.reduce((total, sample) => total + sample, 0);
  return {
    count: sorted.length,
    mean: sorted.length === 0 ? Number.NaN : sum / sorted.length,
    min: percentile(sorted, 0),
    p50: percentile(sorted, 0.5),
    p90: percentile(sorted, 0.9),
    p99: percentile(sorted, 0.99),
    max: percentile(sorted, 1),
  };
}

/** The middle sample. */
export function median(samples) {
  return percentile(Float64Array.from(samples).sort(), 0.5);
}

/** Milliseconds as text with a unit that suits their size; 3 digits. */
export function duration(ms) {
  if (!Number.isFinite(ms)) return '-';
  if (ms === 0) return '0';
  if (ms >= 1000) return `${(ms / 1000).toPrecision(3)} s`;
  return ms >= 1 ? `${Number(ms.toPrecision(3))} ms` : `${Number((ms * 1000).toPrecision(3))} us`;
}

/** How many times as much, as text. */
export function ratio(value, base) {
  return Number.isFinite(value / base) ? `${(value / base).toFixed(2)}x` : '-';
}

/** Numbers rounded to a nanosecond, so that raw data stays readable; the clock is no finer. */
export function rounded(samples) {
  return Array.from(samples, (ms) => Math.round(ms * 1e6) / 1e6);
}

/** A Markdown table: it reads in a terminal and in a README alike. */
export function table(head, rows) {
  const lines = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, at) => Math.max(3, ...lines.map((row) => row[at].length)));
  const text = (row) =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join(' | ')} |`;
  const rule = `|${widths.map((width, at) => `${'-'.repeat(width + 1)}${at === 0 ? '-' : ':'}`).join('|')}|`;
  return [text(lines[0]), rule, ...lines.slice(1).map(text)].join('\n');
}
