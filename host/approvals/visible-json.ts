import { jsonText, type PlainJson } from '../../runtime/index.ts';
import { jsonEscape } from '../policy/quote.ts';

/**
 * What is no ink or moves ink: control, format (bidirectional, zero-width, tags), private and unassigned characters, lone surrogates, every
 * space but the ASCII one, characters that most programs leave out, the empty Braille cell, and what frames are drawn with.
 */
const UNSEEN = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2500-\u259f\u2800]/gu;
/** Marks that sit on a quote or a sign, which they would hide or change, and more than two marks on one letter. */
const STACKED = /\p{M}(?<=(?:[\x20-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]|\p{M}{2})\p{M})/gu;

/** A piece of JSON text that stands for one character of the value: an escape or the character itself. */
const PIECE = /\\u[0-9a-f]{4}|\\.|[^\\]/gu;

/**
 * JSON of a value on one line, in which each character is seen for what it is: what would be invisible, break the line, reorder it or
 * draw on it is a JSON escape. Reading it as JSON gives the same value.
 */
export function visibleJson(value: PlainJson): string {
  const json = jsonText(value);
  return /^[\x20-\x7e]*$/.test(json) ? json : json.replace(UNSEEN, jsonEscape).replace(STACKED, jsonEscape);
}

/** The pieces of a `visibleJson`, none of which may be cut through. */
export function piecesOf(json: string): readonly string[] {
  return json.match(PIECE) ?? [];
}

/** The visible characters outside ASCII by code point, so that a look-alike is noticed; undefined when there are none. */
export function notAscii(text: string, shownMax = 8): string | undefined {
  const points = new Set([...text.replace(/[\x00-\x7f]+/g, '')].map((char) => char.codePointAt(0)!));
  if (points.size === 0) return undefined;
  const shown = [...points].slice(0, shownMax).map((point) => `U+${point.toString(16).toUpperCase().padStart(4, '0')}`);
  const more = points.size > shownMax ? ` and ${points.size - shownMax} others` : '';
  return `not ASCII: ${shown.join(', ')}${more}`;
}
