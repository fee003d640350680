import { CodedError } from '../../runtime/index.ts';
import { quote } from '../policy/quote.ts';

/** A date, and a time with a zone where there is one; a date alone is its first moment in UTC. */
const INSTANT = /^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:[Zz]|[+-]\d{2}:\d{2}))?$/;

/**
 * Reads an instant of the command line.
 *
 * @returns milliseconds since 1970.
 * @throws CodedError `usage/invalid-argument`; a time without a zone is one that everybody reads as their own.
 */
export function parseInstant(text: string): number {
  const ms = INSTANT.test(text) ? Date.parse(text.replace(' ', 'T')) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new CodedError('usage/invalid-argument', `expected an instant such as \`2026-01-31T12:00:00Z\`, got ${quote(text)}`);
}
