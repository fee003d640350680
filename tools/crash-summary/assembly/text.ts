/** Small questions about lines of text. */

const SPACE: i32 = 0x20;

export function isDigit(unit: i32): bool {
  return unit >= 0x30 && unit <= 0x39;
}

function isSpace(unit: i32): bool {
  return unit == SPACE || unit == 0x09;
}

/** The words of `line`, parted by spaces or tabs; `max` words at most. */
export function words(line: string, max: i32): string[] {
  const found: string[] = [];
  let at = 0;
  while (found.length < max) {
    while (at < line.length && isSpace(line.charCodeAt(at))) at++;
    if (at >= line.length) break;
    const start = at;
    while (at < line.length && !isSpace(line.charCodeAt(at))) at++;
    found.push(line.substring(start, at));
  }
  return found;
}

/** What stands between `open` and the next `close`, or null. */
export function between(line: string, open: string, close: string): string | null {
  const start = line.indexOf(open);
  if (start < 0) return null;
  const end = line.indexOf(close, start + open.length);
  return end < 0 ? null : line.substring(start + open.length, end);
}

/** The whole number at `at`, or -1; numbers past 2^31-1 count as that. */
export function numberAt(line: string, at: i32): i32 {
  let value: i64 = -1;
  for (; at < line.length && isDigit(line.charCodeAt(at)); at++) {
    value = (value < 0 ? 0 : value * 10) + (line.charCodeAt(at) - 0x30);
    if (value > i32.MAX_VALUE) value = i32.MAX_VALUE;
  }
  return <i32>value;
}

/** Seconds of a duration such as `1h2m10s` at `at`; 0 where there is none. */
export function secondsAt(line: string, at: i32): u32 {
  let seconds: u64 = 0;
  while (at < line.length && isDigit(line.charCodeAt(at))) {
    const value = <u64>numberAt(line, at);
    while (at < line.length && isDigit(line.charCodeAt(at))) at++;
    const unit = at < line.length ? line.charCodeAt(at) : 0;
    if (unit == 0x68) seconds += value * 3600;
    else if (unit == 0x6d) seconds += value * 60;
    else if (unit == 0x73) seconds += value;
    else break;
    at++;
  }
  return seconds > u32.MAX_VALUE ? u32.MAX_VALUE : <u32>seconds;
}

/** `text` without white space at its ends, `max` code units at most, never ending in half a character. */
export function cut(text: string, max: i32): string {
  const trimmed = text.trim();
  if (trimmed.length <= max) return trimmed;
  // The Canonical ABI traps on a lone surrogate.
  const half = (trimmed.charCodeAt(max - 1) & 0xfc00) == 0xd800;
  return trimmed.substring(0, half ? max - 1 : max);
}

/** Length of the RFC 3339 time at the start of `line`, or 0. */
export function rfc3339(line: string): i32 {
  if (line.length < 20 || !isDigit(line.charCodeAt(0))) return 0;
  if (line.charAt(4) != '-' || line.charAt(7) != '-' || line.charAt(10) != 'T' || line.charAt(13) != ':') return 0;
  const space = line.indexOf(' ');
  return space < 0 ? line.length : space;
}

/** Length of the time at the start of a journal line such as `Mar 14 02:13:12 node-3 kubelet[1187]: ...`, or 0. */
export function syslogTime(line: string): i32 {
  const shaped = line.length > 15 && line.charAt(3) == ' ' && line.charAt(9) == ':' && line.charAt(12) == ':';
  return shaped && isDigit(line.charCodeAt(14)) ? 15 : 0;
}
