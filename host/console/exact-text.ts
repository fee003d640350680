import type { PlainJson } from '../../runtime/index.ts';
import { piecesOf, visibleJson } from '../approvals/visible-json.ts';
import { type Html, html } from './html.ts';

/*
 * Text of others on our pages. It is shown as JSON in which everything invisible or reordering is an escape, the escapes are marked, and its box has
 * a gutter and one direction, so that no text can look like a word of ours or change the place of one.
 */

/** Characters that are shown at once; the rest is folded in below. */
const OPEN_CHARS_MAX = 4000;
/** Characters of one value on a page: more than a question can have. */
const PAGE_CHARS_MAX = 600_000;
const ASCII = /^[\x20-\x7e]*$/;
const ESCAPES = /((?:\\u[0-9a-f]{4}|\\[^u])+)/;

/** A value on its own, in full up to 600,000 characters. A text breaks its lines after `\n`; what is nested is indented. */
export function exactValue(value: PlainJson): Html {
  const pieces = typeof value === 'string' ? brokenLines(piecesOf(visibleJson(value))) : piecesOf(indented(value, ''));
  const open = marked(pieces.slice(0, OPEN_CHARS_MAX).join(''));
  const left = pieces.length - OPEN_CHARS_MAX;
  if (left <= 0) return html`<div class="value">${open}</div>`;
  const rest = pieces.slice(OPEN_CHARS_MAX, PAGE_CHARS_MAX).join('');
  const over = pieces.length - PAGE_CHARS_MAX;
  return html`<div class="value">${open}</div>
<details class="more"><summary>${left.toLocaleString('en')} more characters</summary><div class="value">${marked(rest)}</div>${
    over > 0
      ? html`<p>The last ${over.toLocaleString('en')} characters are not shown: <code>cellblock audit show</code> has them.</p>`
      : ''
  }</details>`;
}

/** A text of others within a line of ours: as it is where it is plain ASCII, else as JSON in quotes; cut. */
export function inlineText(text: string, charsMax = 80): Html {
  const cut = text.slice(0, charsMax);
  const more = text.length > charsMax ? '…' : '';
  return html`<bdi class="name">${ASCII.test(cut) ? cut : marked(visibleJson(cut))}${more}</bdi>`;
}

/** The same without markup, for titles, labels and SVG. */
export function plainText(text: string, charsMax = 80): string {
  const cut = text.slice(0, charsMax);
  return `${ASCII.test(cut) ? cut : visibleJson(cut)}${text.length > charsMax ? '…' : ''}`;
}

/** A function of a tool without its interface, as people speak of it; pages that decide something show the whole name beside it. */
export function callName({ tool, function: name }: { readonly tool: string; readonly function: string }): string {
  return `${tool}.${name.slice(name.lastIndexOf('#') + 1)}`;
}

/** A line that tools of ours wrote, in which texts of others may stand. */
export function lineText(line: string, charsMax = 2000): Html {
  const cut = line.slice(0, charsMax);
  return html`<bdi>${ASCII.test(cut) ? cut : marked(visibleJson(cut).slice(1, -1).replaceAll('\\"', '"'))}${line.length > charsMax ? '…' : ''}</bdi>`;
}

/** JSON text with its escapes marked: they are what a reader must not overlook. */
function marked(json: string): Html {
  const parts = json.split(ESCAPES);
  return html`${parts.map((part, index) => (index % 2 === 0 ? part : html`<span class="esc">${part}</span>`))}`;
}

function brokenLines(pieces: readonly string[]): readonly string[] {
  return pieces.map((piece, index) => (piece === '\\n' && index < pieces.length - 2 ? '\\n\n' : piece));
}

const DEPTH_MAX = 32;

function indented(value: PlainJson, before: string): string {
  if (typeof value !== 'object' || value === null || before.length > DEPTH_MAX * 2) return visibleJson(value);
  const inner = `${before}  `;
  const items = Array.isArray(value)
    ? value.map((item: PlainJson) => indented(item, inner))
    : Object.entries(value).map(([name, item]) => `${visibleJson(name)}: ${indented(item as PlainJson, inner)}`);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const short = items.join(', ');
  if (short.length <= 60 && !short.includes('\n')) return `${open}${short}${close}`;
  return `${open}\n${items.map((item) => `${inner}${item}`).join(',\n')}\n${before}${close}`;
}
