import { grouped } from '../../host/approvals/text-lines.ts';
import { printable } from '../../host/policy/quote.ts';
import type { FuelTree } from './fuel-tree.ts';

/* A flame graph that needs no script: what calls stands above what it calls, the width is the fuel. */

const WIDTH = 1200;
const MARGIN = 10;
const ROW = 18;
const HEAD = 44;
/** Rows of the picture; what is deeper is in the last one's sum. */
const ROWS_MAX = 120;
/** Width of a character of the font, in pixels. */
const CHAR = 6.7;
/** Characters of one text. */
const TEXT_CHARS_MAX = 2_000;
/** Pixels below which frames of one caller are drawn as one. */
const NARROW = 1;

export interface FlameText {
  /** What was profiled. */
  readonly title: string;
  /** What a unit is. */
  readonly unit: string;
}

interface Frame {
  readonly name: string;
  /** In units from the left. */
  readonly from: number;
  readonly total: number;
  readonly self: number;
  readonly calls: number;
  readonly row: number;
}

/**
 * Draws a tree as a flame graph.
 *
 * @returns one SVG document, equal for equal trees: text that can be searched, a `<title>` for each frame, no script, no font or image from
 * elsewhere. Frames narrower than a pixel are drawn as one, `…`, with their sum.
 */
export function flameGraph(tree: FuelTree, { title, unit }: FlameText): string {
  const scale = (WIDTH - 2 * MARGIN) / Math.max(1, tree.total);
  const frames: Frame[] = [];
  place(tree, 0, 0, scale, frames);
  const rows = frames.reduce((most, { row }) => Math.max(most, row), 0) + 1;
  const height = HEAD + rows * ROW + MARGIN;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="group" aria-labelledby="t d" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="11">
<title id="t">${escaped(title)}</title>
<desc id="d">A flame graph: what calls stands above what it calls, the width is ${escaped(unit)}, ${grouped(String(tree.total))} in all. Most by itself: ${escaped(mostOf(frames, tree.total))}.</desc>
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
<text x="${MARGIN}" y="18" font-size="14" fill="#111111">${escaped(title)}</text>
<text x="${MARGIN}" y="35" fill="#444444">${grouped(String(tree.total))} ${escaped(unit)}; point at a frame for its numbers</text>
${frames.map((frame) => drawn(frame, tree.total, scale)).join('\n')}
</svg>
`;
}

/** Depth first. Children stand in their order, from where their caller begins; what it took itself is the room at the right. */
function place(node: FuelTree, from: number, row: number, scale: number, frames: Frame[]): void {
  const { name, total, self, calls } = node;
  frames.push({ name, from, total, self, calls, row });
  if (row + 1 >= ROWS_MAX) return;
  let at = from;
  const narrow: FuelTree[] = [];
  for (const child of node.children) {
    if (child.total * scale < NARROW) {
      narrow.push(child);
      continue;
    }
    place(child, at, row + 1, scale, frames);
    at += child.total;
  }
  const rest = narrow.reduce((sum, child) => sum + child.total, 0);
  if (rest === 0) return;
  const restCalls = narrow.reduce((sum, child) => sum + child.calls, 0);
  frames.push({ name: `… ${narrow.length} more`, from: at, total: rest, self: rest, calls: restCalls, row: row + 1 });
}

function drawn({ name, from, total, self, calls, row }: Frame, all: number, scale: number): string {
  const x = MARGIN + from * scale;
  const wide = total * scale;
  const y = HEAD + row * ROW;
  const told = `${name}: ${grouped(String(total))} (${percent(total, all)} %), itself ${grouped(String(self))}, calls ${grouped(String(calls))}`;
  const label = fitting(name, Math.floor((wide - 6) / CHAR));
  const text = label === '' ? '' : `<text x="${(x + 3).toFixed(1)}" y="${y + 12}" fill="#111111">${escaped(label)}</text>`;
  return `<g><title>${escaped(told)}</title><rect x="${x.toFixed(2)}" y="${y}" width="${wide.toFixed(2)}" height="${ROW - 1}" fill="${colour(name)}"/>${text}</g>`;
}

/** A name in so many characters: whole, else its last part, else cut; empty where nothing useful fits. */
function fitting(name: string, chars: number): string {
  if (name.length <= chars) return name;
  const last = name.split(/::|\//).at(-1) ?? name;
  if (last.length + 1 <= chars) return `…${last}`;
  return chars < 4 ? '' : `${last.slice(0, chars - 1)}…`;
}

/** Warm colours by name, light enough for dark text; grey for what is not the guest's own. */
function colour(name: string): string {
  if (/^[[…]|^all$/.test(name)) return '#d7d7d7';
  let hash = 0;
  for (let at = 0; at < name.length; at += 1) hash = (hash * 31 + name.charCodeAt(at)) % 1_000_003;
  return `hsl(${10 + (hash % 50)},${70 + (hash % 20)}%,${66 + (hash % 12)}%)`;
}

function mostOf(frames: readonly Frame[], all: number): string {
  const sums = new Map<string, number>();
  for (const { name, self } of frames) sums.set(name, (sums.get(name) ?? 0) + self);
  const most = [...sums].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, 5);
  return most.map(([name, self]) => `${name} ${percent(self, all)} %`).join(', ');
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '0.0' : ((part / whole) * 100).toFixed(1);
}

/** XML has no way to write what has no glyph: it is shown as escapes. */
function escaped(text: string): string {
  return printable(text, TEXT_CHARS_MAX).replace(/[&<>"]/g, (char) => ENTITIES[char] ?? char);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
