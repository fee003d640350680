import { CodedError } from '../../../runtime/index.ts';
import { quote } from '../quote.ts';
import { conditionError } from './condition-error.ts';

/** Minutes of one day. */
export const DAY_MINUTES = 1_440;

const MINUTE_MS = 60_000;
/** Largest instant that JavaScript can date. */
const INSTANT_MS_MAX = 8_640_000_000_000_000;
// An IANA name. Offsets such as `+02:00` are none: they know no summer time, which is most often a slip.
const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/;

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/**
 * What clocks on the wall show in a zone: minutes since Monday 00:00, 0 to 10,079. Where they skip an hour, its minutes never come; where they show an
 * hour twice, its minutes come twice.
 *
 * @throws CodedError `denied/condition-failed` when the instant is none.
 */
export type ZoneClock = (instantMs: number) => number;

// One for each zone of the tz database at most, about 600: names that are not there make none.
const clocks = new Map<string, ZoneClock>();

/**
 * The clock of a zone. It remembers its last minute, so that all windows of a zone together ask the tz database once a minute.
 *
 * @param zone - IANA name, such as `Europe/Berlin` or `UTC`; the zone of the host never matters.
 * @throws CodedError `usage/invalid-argument` for a zone that this Node does not know.
 */
export function zoneClock(zone: string): ZoneClock {
  const known = clocks.get(zone.toLowerCase());
  if (known !== undefined) return known;
  const clock = makeClock(formatterOf(zone));
  clocks.set(zone.toLowerCase(), clock);
  return clock;
}

function formatterOf(zone: string): Intl.DateTimeFormat {
  try {
    if (ZONE_NAME.test(zone)) {
      return new Intl.DateTimeFormat('en-US', {
        timeZone: zone,
        calendar: 'gregory',
        numberingSystem: 'latn',
        hourCycle: 'h23',
        weekday: 'short',
        hour: '2-digit',
        minute: '2-digit',
      });
    }
  } catch {
    // A RangeError: no such zone.
  }
  throw new CodedError('usage/invalid-argument', `expected a time zone such as \`Europe/Berlin\` or \`UTC\`, got ${quote(zone)}`);
}

function makeClock(formatter: Intl.DateTimeFormat): ZoneClock {
  let minute = Number.NaN;
  let shown = 0;
  return (instantMs) => {
    const asked = Math.floor(instantMs / MINUTE_MS);
    if (asked !== minute) {
      shown = readClock(formatter, instantMs);
      minute = asked;
    }
    return shown;
  };
}

function readClock(formatter: Intl.DateTimeFormat, instantMs: number): number {
  if (!(Math.abs(instantMs) <= INSTANT_MS_MAX)) throw conditionError('during', 'the instant is none');
  const parts = new Map(formatter.formatToParts(instantMs).map(({ type, value }) => [type, value]));
  const day = WEEKDAYS.indexOf(parts.get('weekday') ?? '');
  const minuteOfDay = Number(parts.get('hour')) * 60 + Number(parts.get('minute'));
  if (day < 0 || !(minuteOfDay >= 0 && minuteOfDay < DAY_MINUTES)) throw conditionError('during', 'the time zone gives no time');
  return day * DAY_MINUTES + minuteOfDay;
}
