import { CodedError } from '../../../runtime/index.ts';
import { quote } from '../quote.ts';
import { DAY_MINUTES, zoneClock } from './zone-clock.ts';

/** Names of days, from Monday on. */
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** `HH:MM` from 00:00 to 23:59, and 24:00 as an end. */
export const TIME_OF_DAY = /^(?:[01][0-9]|2[0-3]):[0-5][0-9]$/;
export const END_OF_WINDOW = /^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)$/;

/**
 * Hours of the week in a time zone. What counts is what clocks on the wall show there: on a day that skips 02:00 to 03:00, a window from 02:30 starts
 * at 03:00; an hour that comes twice is inside, or outside, both times.
 */
export interface WindowSpec {
  /** Days on which it starts; absent: all. At least one, none twice. */
  readonly days?: readonly Weekday[] | undefined;
  /** `HH:MM`; with `to`, or neither: the whole day. */
  readonly from?: string | undefined;
  /** `HH:MM`, exclusive, up to 24:00; before `from`: on the day after, and the window belongs to the day on which it starts. */
  readonly to?: string | undefined;
  /** IANA name, such as `Europe/Berlin`. There is no default: the host's own would be another policy on another host. */
  readonly zone: string;
}

export interface TimeWindow {
  /**
   * @param instantMs - milliseconds since 1970-01-01T00:00Z.
   * @throws CodedError `denied/condition-failed` when the instant is none.
   * Pure, but for a memory of the last minute.
   */
  contains(instantMs: number): boolean;
}

/** @throws CodedError `usage/invalid-argument` for a spec that cannot be used, or that is never or ambiguous (`from` equals `to`). */
export function compileWindow(spec: WindowSpec): TimeWindow {
  const clock = zoneClock(spec.zone);
  const open = openMinutes(spec);
  return Object.freeze({ contains: (instantMs: number): boolean => open[clock(instantMs)] === 1 });
}

/** One byte for each minute of the week: 1 where the window is open. */
function openMinutes({ days = WEEKDAYS, from, to }: WindowSpec): Uint8Array {
  checkDays(days);
  if ((from === undefined) !== (to === undefined)) throw refused('both `from` and `to`, or neither for the whole day');
  return from === undefined || to === undefined ? fill(days, '00:00', '24:00') : fill(days, from, to);
}

function fill(days: readonly Weekday[], from: string, to: string): Uint8Array {
  checkTimes(from, to);
  const start = minuteOf(from);
  const end = minuteOf(to);
  const minutes = end > start ? end - start : end - start + DAY_MINUTES;
  const open = new Uint8Array(7 * DAY_MINUTES);
  for (const day of days) {
    const first = WEEKDAYS.indexOf(day) * DAY_MINUTES + start;
    for (let minute = first; minute < first + minutes; minute++) open[minute % open.length] = 1;
  }
  return open;
}

function checkDays(days: readonly Weekday[]): void {
  const known = days.length > 0 && days.every((day) => WEEKDAYS.includes(day)) && new Set(days).size === days.length;
  if (!known) throw refused(`one or more of ${WEEKDAYS.join(', ')}, each once`);
}

function checkTimes(from: string, to: string): void {
  if (!TIME_OF_DAY.test(from)) throw refused(`a time from \`00:00\` to \`23:59\`, got ${quote(from)}`);
  if (!END_OF_WINDOW.test(to)) throw refused(`a time from \`00:00\` to \`24:00\`, got ${quote(to)}`);
  if (from === to) throw refused(`\`from\` and \`to\` to differ; a whole day has neither, got ${quote(to)} for both`);
}

function refused(what: string): CodedError {
  return new CodedError('usage/invalid-argument', `expected ${what}`);
}

function minuteOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}
