import { CodedError } from '../../runtime/index.ts';
import { quote } from './quote.ts';

/** Bytes in one WebAssembly memory page. */
export const PAGE_BYTES = 65_536;

/** Most fuel one call may have: 2^62, so that sums of two stay inside a signed 64-bit counter. */
export const FUEL_MAX = 1n << 62n;

/** Most milliseconds in a duration: 2^31 - 1. A Node timer that is set later than that fires at once instead. */
export const DURATION_MS_MAX = 2_147_483_647;

// No leading zeros, sign, separators, exponent or fraction: each of them reads differently somewhere.
const COUNT = '[1-9][0-9]*';

/** Whole decimal digits, for fuel. */
export const FUEL_PATTERN = new RegExp(`^${COUNT}$`);
/** Digits and a binary unit, without a space. `MB` and a bare number are refused: both are read in two ways. */
export const SIZE_PATTERN = new RegExp(`^(${COUNT})(B|KiB|MiB|GiB)$`);
/** Digits and a unit, without a space. */
export const DURATION_PATTERN = new RegExp(`^(${COUNT})(ms|s|m)$`);

/** As durations, with hours and days: for what people wait for. */
export const PERIOD_PATTERN = new RegExp(`^(${COUNT})(ms|s|m|h|d)$`);

/** The words that messages use for each form. */
export const FUEL_FORM = 'whole units of fuel from 1 to 2^62, in digits';
export const SIZE_FORM = 'a size such as `64MiB`, in B, KiB, MiB or GiB';
export const DURATION_FORM = 'a duration such as `2s`, in ms, s or m';

export const PERIOD_FORM = 'a period such as `15m`, in ms, s, m, h or d';

const SIZE_UNITS = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;
const DURATION_UNITS = { ms: 1, s: 1000, m: 60_000 } as const;
const PERIOD_UNITS = { ...DURATION_UNITS, h: 3_600_000, d: 86_400_000 } as const;

function refuse(form: string, got: unknown): never {
  const shown = typeof got === 'string' ? quote(got) : typeof got === 'number' ? `${got}` : `a ${typeof got}`;
  throw new CodedError('usage/invalid-argument', `expected ${form}, got ${shown}`);
}

function scaled(text: unknown, pattern: RegExp, units: Readonly<Record<string, number>>, max: number, form: string): number {
  const match = typeof text === 'string' ? pattern.exec(text) : null;
  if (!match) return refuse(form, text);
  const value = Number(match[1]) * units[match[2]!]!;
  // A product of digits that a double cannot hold is above 2^53 and refused here with the rest.
  return value <= max ? value : refuse(`${form}, at most ${max}`, text);
}

/**
 * Reads a size.
 *
 * @param text - whole digits and a binary unit without a space: `512B`, `64KiB`, `64MiB`, `4GiB`. Zero is refused, since
 *   some programs read it as "no limit".
 * @returns bytes, a safe integer, 1 or more.
 * @throws CodedError `usage/invalid-argument`.
 */
export function parseSize(text: string): number {
  return scaled(text, SIZE_PATTERN, SIZE_UNITS, Number.MAX_SAFE_INTEGER, SIZE_FORM);
}

/**
 * Reads a duration.
 *
 * @param text - whole digits and a unit without a space: `250ms`, `2s`, `1m`. Zero is refused.
 * @returns milliseconds, 1 to 2^31 - 1.
 * @throws CodedError `usage/invalid-argument`.
 */
export function parseDuration(text: string): number {
  return scaled(text, DURATION_PATTERN, DURATION_UNITS, DURATION_MS_MAX, DURATION_FORM);
}

/**
 * Reads a period: the time that a budget counts over, or that a question waits.
 *
 * @param text - whole digits and a unit without a space: `250ms`, `30s`, `15m`, `1h`, `7d`. Zero is refused.
 * @returns milliseconds, 1 to 2^31 - 1, which is 24 days: timers know no more.
 * @throws CodedError `usage/invalid-argument`.
 */
export function parsePeriod(text: string): number {
  return scaled(text, PERIOD_PATTERN, PERIOD_UNITS, DURATION_MS_MAX, PERIOD_FORM);
}

/**
 * Reads an amount of fuel.
 *
 * @param value - decimal digits as text, or a whole number; a number past 2^53 - 1 may already have been rounded, so it
 *   is refused and has to be written as text.
 * @returns units of fuel, 1 to 2^62.
 * @throws CodedError `usage/invalid-argument`.
 */
export function parseFuel(value: number | string): bigint {
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return refuse(FUEL_FORM, value);
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER) return refuse(`${FUEL_FORM} and in quotes above 2^53 - 1`, value);
    return value >= 1 ? BigInt(value) : refuse(FUEL_FORM, value);
  }
  // 2^62 has 19 digits: no need to build a bigint out of a megabyte of them.
  if (typeof value !== 'string' || value.length > 19 || !FUEL_PATTERN.test(value)) return refuse(FUEL_FORM, value);
  const fuel = BigInt(value);
  return fuel <= FUEL_MAX ? fuel : refuse(FUEL_FORM, value);
}
