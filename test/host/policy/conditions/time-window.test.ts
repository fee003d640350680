import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { compileWindow, type WindowSpec } from '../../../../host/policy/conditions/index.ts';
import { failureOf } from './support.ts';

const BERLIN = 'Europe/Berlin';
const contains = (spec: WindowSpec, instant: string): boolean => compileWindow(spec).contains(Date.parse(instant));

const OFFICE: WindowSpec = { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '18:00', zone: BERLIN };
/** Belongs to the Friday on which it starts. */
const NIGHT: WindowSpec = { days: ['fri'], from: '23:00', to: '01:00', zone: BERLIN };
const SUNDAY_NIGHT: WindowSpec = { days: ['sun'], from: '23:00', to: '01:00', zone: BERLIN };
const GAP: WindowSpec = { from: '02:30', to: '03:30', zone: BERLIN };
const INSIDE_GAP: WindowSpec = { from: '02:10', to: '02:50', zone: BERLIN };
const LEAP: WindowSpec = { days: ['thu'], zone: BERLIN };

const TABLE: readonly (readonly [name: string, spec: WindowSpec, instant: string, inside: boolean])[] = [
  ['before it starts', OFFICE, '2026-11-26T07:59:59.999+01:00', false],
  ['as it starts', OFFICE, '2026-11-26T08:00:00.000+01:00', true],
  ['before it ends', OFFICE, '2026-11-26T17:59:59.999+01:00', true],
  ['as it ends', OFFICE, '2026-11-26T18:00:00.000+01:00', false],
  ['on a Saturday', OFFICE, '2026-11-28T12:00:00+01:00', false],
  ['in UTC it is still the day before', OFFICE, '2026-07-01T06:30:00Z', true],
  ['in winter the same hour of UTC is too early', OFFICE, '2026-12-01T06:30:00Z', false],
  ['overnight, before', NIGHT, '2026-11-27T22:59:00+01:00', false],
  ['overnight, its evening', NIGHT, '2026-11-27T23:00:00+01:00', true],
  ['overnight, after midnight, on the Saturday', NIGHT, '2026-11-28T00:59:59+01:00', true],
  ['overnight, its end', NIGHT, '2026-11-28T01:00:00+01:00', false],
  ['overnight, the morning of its own Friday', NIGHT, '2026-11-27T00:30:00+01:00', false],
  ['overnight, the evening after', NIGHT, '2026-11-28T23:30:00+01:00', false],
  ['overnight, from Sunday into the next week', SUNDAY_NIGHT, '2026-11-30T00:30:00+01:00', true],
  ['overnight, the Sunday morning', SUNDAY_NIGHT, '2026-11-29T00:30:00+01:00', false],
  // 29 March 2026: 02:00 +01:00 is followed by 03:00 +02:00.
  ['gap, before', GAP, '2026-03-29T01:59:59+01:00', false],
  ['gap, the first minute after', GAP, '2026-03-29T03:00:00+02:00', true],
  ['gap, its end', GAP, '2026-03-29T03:30:00+02:00', false],
  ['gap, a window that the clock skips', INSIDE_GAP, '2026-03-29T03:00:00+02:00', false],
  ['gap, the minute before it', INSIDE_GAP, '2026-03-29T01:59:00+01:00', false],
  ['gap, the day after', INSIDE_GAP, '2026-03-30T02:30:00+02:00', true],
  // 25 October 2026: 02:00 to 03:00 comes twice, first at +02:00.
  ['overlap, the first time', INSIDE_GAP, '2026-10-25T02:30:00+02:00', true],
  ['overlap, between', INSIDE_GAP, '2026-10-25T02:55:00+02:00', false],
  ['overlap, the second time', INSIDE_GAP, '2026-10-25T02:30:00+01:00', true],
  ['overlap, after', INSIDE_GAP, '2026-10-25T02:50:00+01:00', false],
  ['29 Feb 2024 is a Thursday', LEAP, '2024-02-29T12:00:00+01:00', true],
  ['29 Feb 2024, its last minute', LEAP, '2024-02-29T23:59:59+01:00', true],
  ['1 Mar 2024 is not', LEAP, '2024-03-01T00:00:00+01:00', false],
  ['28 Feb 2024 is not', LEAP, '2024-02-28T23:59:59+01:00', false],
  ['to 24:00, its last minute', { from: '22:00', to: '24:00', zone: 'UTC' }, '2026-01-01T23:59:59Z', true],
  ['to 24:00, midnight', { from: '22:00', to: '24:00', zone: 'UTC' }, '2026-01-02T00:00:00Z', false],
  ['to 00:00, its last minute', { from: '22:00', to: '00:00', zone: 'UTC' }, '2026-01-01T23:59:59Z', true],
  ['to 00:00, midnight', { from: '22:00', to: '00:00', zone: 'UTC' }, '2026-01-02T00:00:00Z', false],
  ['all day, always', { zone: 'UTC' }, '2026-01-02T00:00:00Z', true],
  ['a zone of half an hour', { from: '05:30', to: '05:31', zone: 'Asia/Kolkata' }, '2026-01-01T00:00:30Z', true],
  ['a zone of three quarters', { from: '05:45', to: '05:46', zone: 'Asia/Kathmandu' }, '2026-01-01T00:00:30Z', true],
  ['a zone that is a day ahead', { days: ['fri'], zone: 'Pacific/Kiritimati' }, '2026-01-01T12:00:00Z', true],
  ['before 1970', { days: ['wed'], from: '23:59', to: '24:00', zone: 'UTC' }, '1969-12-31T23:59:59.999Z', true],
];

const hostZone = process.env.TZ;
afterEach(() => {
  if (hostZone === undefined) delete process.env.TZ;
  else process.env.TZ = hostZone;
});

describe('compileWindow', () => {
  test.each(TABLE)('%s', (_, spec, instant, inside) => {
    expect(contains(spec, instant)).toBe(inside);
  });

  test.each(['America/New_York', 'Asia/Tokyo', 'Pacific/Apia', 'UTC'])('says the same when the host is in %s', (zone) => {
    process.env.TZ = zone;
    expect(TABLE.map(([, spec, instant]) => contains(spec, instant))).toEqual(TABLE.map(([, , , inside]) => inside));
  });

  test('answers right after any other instant', () => {
    const windows = TABLE.map(([, spec]) => compileWindow(spec));
    fc.assert(
      fc.property(fc.array(fc.nat(TABLE.length - 1), { maxLength: 20 }), (order) => {
        for (const index of order) expect(windows[index]!.contains(Date.parse(TABLE[index]![2]))).toBe(TABLE[index]![3]);
      }),
    );
  });

  test.each<[spec: WindowSpec, message: string]>([
    [{ zone: 'Mars/Base' }, 'expected a time zone such as `Europe/Berlin` or `UTC`, got `Mars/Base`'],
    [{ zone: '' }, 'expected a time zone such as `Europe/Berlin` or `UTC`, got ``'],
    [{ zone: '+02:00' }, 'expected a time zone such as `Europe/Berlin` or `UTC`, got `+02:00`'],
    [{ zone: 'Europe/Berlin ' }, 'expected a time zone such as `Europe/Berlin` or `UTC`, got `Europe/Berlin `'],
    [
      { from: '08:00', to: '08:00', zone: 'UTC' },
      'expected `from` and `to` to differ; a whole day has neither, got `08:00` for both',
    ],
    [{ from: '08:00', zone: 'UTC' }, 'expected both `from` and `to`, or neither for the whole day'],
    [{ to: '08:00', zone: 'UTC' }, 'expected both `from` and `to`, or neither for the whole day'],
    [{ from: '8:00', to: '09:00', zone: 'UTC' }, 'expected a time from `00:00` to `23:59`, got `8:00`'],
    [{ from: '24:00', to: '09:00', zone: 'UTC' }, 'expected a time from `00:00` to `23:59`, got `24:00`'],
    [{ from: '08:00', to: '24:01', zone: 'UTC' }, 'expected a time from `00:00` to `24:00`, got `24:01`'],
    [{ from: '08:00', to: '08:60', zone: 'UTC' }, 'expected a time from `00:00` to `24:00`, got `08:60`'],
    [{ from: '08:00', to: '09:00\n', zone: 'UTC' }, 'expected a time from `00:00` to `24:00`, got `09:00\\u{a}`'],
    [{ days: [], zone: 'UTC' }, 'expected one or more of mon, tue, wed, thu, fri, sat, sun, each once'],
    [{ days: ['mon', 'mon'], zone: 'UTC' }, 'expected one or more of mon, tue, wed, thu, fri, sat, sun, each once'],
    [{ days: ['Mon' as 'mon'], zone: 'UTC' }, 'expected one or more of mon, tue, wed, thu, fri, sat, sun, each once'],
  ])('refuses %j', (spec, message) => {
    expect(failureOf(() => compileWindow(spec))).toEqual(['usage/invalid-argument', message]);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 8.64e15 + 60_000])(
    'has no answer for the instant %d',
    (instantMs) => {
      const window = compileWindow({ zone: 'UTC' });
      expect(window.contains(0)).toBe(true);
      expect(failureOf(() => window.contains(instantMs))).toEqual([
        'denied/condition-failed',
        'condition `during` cannot be evaluated: the instant is none',
      ]);
      expect(window.contains(0)).toBe(true);
    },
  );

  test('agrees with a naive reading of the local time', () => {
    const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
    const time = fc
      .integer({ min: 0, max: 95 })
      .map((quarter) => `${String(quarter >> 2).padStart(2, '0')}:${String((quarter % 4) * 15).padStart(2, '0')}`);
    const zone = fc.constantFrom(BERLIN, 'America/New_York', 'Australia/Lord_Howe', 'UTC', 'Africa/Casablanca');
    const instant = fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2030, 0) });
    fc.assert(
      fc.property(fc.subarray([...days], { minLength: 1 }), time, time, zone, instant, (open, from, to, where, at) => {
        if (from === to) return;
        const local = new Date(at).toLocaleString('sv-SE', { timeZone: where }); // 2026-11-26 08:00:00
        const day = (new Date(`${local.slice(0, 10)}T00:00:00Z`).getUTCDay() + 6) % 7;
        const clock = local.slice(11, 16);
        const today = open.includes(days[day]!);
        const yesterday = open.includes(days[(day + 6) % 7]!);
        const inside = from < to ? today && from <= clock && clock < to : (today && from <= clock) || (yesterday && clock < to);
        expect(compileWindow({ days: open, from, to, zone: where }).contains(at)).toBe(inside);
      }),
      { numRuns: 1_000 },
    );
  });
});
