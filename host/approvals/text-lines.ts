/** Whole number with its thousands apart: `1,234`. */
export function grouped(value: number | string): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Instant as people read it, in UTC to the second: `2026-11-02 10:15:00Z`. */
export function instantText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? 'an unknown time' : `${date.toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
] as const;

/** Duration in its two largest units, rounded down: `14 min 59 s`, `2 h`; below a second `0 s`. */
export function durationText(ms: number): string {
  const first = UNITS.findIndex(([size]) => ms >= size);
  if (first === -1) return '0 s';
  let rest = ms;
  const parts = UNITS.slice(first, first + 2).map(([size, name]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count === 0 ? '' : `${count} ${name}`;
  });
  return parts.filter((part) => part !== '').join(' ');
}

/**
 * Breaks pieces over lines, so that no terminal breaks them itself and puts text where only the host writes. Each character outside
 * ASCII counts as two columns, the widest that it can be.
 *
 * @param pieces - never broken themselves.
 * @param columns - of a line without its gutter, at least 1.
 */
export function wrapped(pieces: readonly string[], columns: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const piece of pieces) {
    const wide = columnsOf(piece);
    if (used > 0 && used + wide > columns) {
      lines.push(line);
      line = '';
      used = 0;
    }
    line += piece;
    used += wide;
  }
  return [...lines, line];
}

function columnsOf(text: string): number {
  let columns = 0;
  for (const char of text) columns += char <= '\x7f' ? 1 : 2;
  return columns;
}
