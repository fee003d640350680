/** The one form of time that is taken. */

/** `d` stands for a digit. */
const FORM: string = 'dddd-dd-ddTdd:dd:ddZ';

/**
 * Whether `text` is a time in UTC, to the second, in the form that kubectl writes: RFC 3339 with `Z`.
 *
 * INVARIANT: what passes here needs no escaping in JSON.
 */
export function isUtcTime(text: string): bool {
  if (text.length != FORM.length) return false;
  for (let at = 0; at < FORM.length; at++) {
    const unit = text.charCodeAt(at);
    const wanted = FORM.charCodeAt(at);
    if (wanted == 0x64 ? unit < 0x30 || unit > 0x39 : unit != wanted) return false;
  }
  const month = pair(text, 5);
  const day = pair(text, 8);
  if (month < 1 || month > 12 || day < 1 || day > daysIn(pair(text, 0) * 100 + pair(text, 2), month)) return false;
  return pair(text, 11) < 24 && pair(text, 14) < 60 && pair(text, 17) < 60;
}

/** The number that the two digits at `at` make. */
function pair(text: string, at: i32): i32 {
  return (text.charCodeAt(at) - 0x30) * 10 + (text.charCodeAt(at + 1) - 0x30);
}

function daysIn(year: i32, month: i32): i32 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}
