import { grouped } from '../../host/approvals/text-lines.ts';
import type { FuelProfile, FuelRow } from './profile-call.ts';

/** Rows of a table for people; what is left is one row more. */
export const TABLE_ROWS_MAX = 30;

/** The profile as lines of text for a terminal. */
export function profileTable({ rows, fuel, calls, costModel }: FuelProfile): readonly string[] {
  const shown = rows.slice(0, TABLE_ROWS_MAX);
  const rest = rows.slice(TABLE_ROWS_MAX);
  const cells = shown.map((row) => cellsOf(row, fuel));
  const left = rest.reduce((sum, { self }) => sum + self, 0);
  if (rest.length > 0) cells.push([grouped(String(left)), share(left, fuel), '', '', '', `${rest.length} more`]);
  cells.push([grouped(String(fuel)), share(fuel, fuel), '', '', '', `all, by the cost model ${costModel}${callsText(calls)}`]);
  const table = [HEAD, ...cells];
  const widths = HEAD.map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length)));
  return table.map((row) => line(row, widths));
}

const HEAD = ['self', '%', 'inclusive', '%', 'calls', 'function'];

function cellsOf({ self, inclusive, calls, name }: FuelRow, fuel: number): string[] {
  return [
    grouped(String(self)),
    share(self, fuel),
    grouped(String(inclusive)),
    share(inclusive, fuel),
    grouped(String(calls)),
    name,
  ];
}

/** In percent, rounded down, so that no part is more than it is. */
function share(part: number, whole: number): string {
  return whole === 0 ? '0.0' : (Math.floor((part / whole) * 1000) / 10).toFixed(1);
}

function callsText(calls: number): string {
  return calls === 1 ? '' : `, ${grouped(String(calls))} calls`;
}

/** Numbers to the right, the name to the left. */
function line(cells: readonly string[], widths: readonly number[]): string {
  const last = cells.length - 1;
  return cells.map((cell, at) => (at === last ? cell : cell.padStart(widths[at] ?? 0))).join('  ');
}
