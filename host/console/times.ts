import { durationText, grouped, instantText } from '../approvals/text-lines.ts';
import { type Html, html } from './html.ts';

export { durationText, grouped, instantText };

/** An instant, in UTC to the second, that programs can read too. */
export function instant(ms: number): Html {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return html`an unknown time`;
  return html`<time datetime="${date.toISOString()}">${instantText(ms)}</time>`;
}

/** The time of the day where the day is the same as now. */
export function shortInstant(ms: number, nowMs: number): Html {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return html`an unknown time`;
  const [iso, now] = [date.toISOString(), new Date(nowMs).toISOString()];
  const text = iso.slice(0, 10) === now.slice(0, 10) ? `${iso.slice(11, 19)}Z` : instantText(ms);
  return html`<time datetime="${iso}">${text}</time>`;
}

export function ago(ms: number, nowMs: number): string {
  return nowMs - ms < 1000 ? 'just now' : `${durationText(nowMs - ms)} ago`;
}

/** Milliseconds for a table: `0.4 ms`, `12 ms`, `1.2 s`. */
export function wallText(ms: number): string {
  if (ms < 10) return `${Math.round(ms * 10) / 10} ms`;
  return ms < 10_000 ? `${grouped(Math.round(ms))} ms` : `${Math.round(ms / 100) / 10} s`;
}

const BIG = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;

/** A count in three digits: `1.2 M`. */
export function bigText(count: number): string {
  const [size, unit] = BIG.find(([least]) => count >= least) ?? [1, ''];
  const scaled = count / size;
  const text = scaled >= 100 || size === 1 ? String(Math.round(scaled)) : scaled.toPrecision(3).replace(/\.?0+$/, '');
  return unit === '' ? text : `${text} ${unit}`;
}
