/** Characters shown of one piece of input; the rest is cut, so that no message grows with its input. */
const SHOWN_CHARS_MAX = 80;

/** One character for the eye: `\u{hex}`. */
export const escapeChar = (char: string): string => `\\u{${char.codePointAt(0)!.toString(16)}}`;

/** Text as escapes of JSON, one for each UTF-16 unit, which read back as what they stand for. */
export function jsonEscape(text: string): string {
  let escaped = '';
  for (let index = 0; index < text.length; index++) escaped += `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`;
  return escaped;
}

/**
 * Text that is safe to print on one line: control, format, surrogate and line-separator characters become `\u{hex}`.
 *
 * @param charsMax - code points kept before the escaping; longer text ends in `...`.
 * Thread: any. Pure.
 */
export function printable(text: string, charsMax: number = SHOWN_CHARS_MAX): string {
  // Cut before spreading into code points: the input may be a megabyte. A code point has at most two code units.
  const chars = [...text.slice(0, 2 * charsMax + 2)];
  const kept = chars
    .slice(0, charsMax)
    .join('')
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escapeChar);
  return chars.length > charsMax ? `${kept}...` : kept;
}

/**
 * A name in backticks for a message. Everything outside printable ASCII is escaped, so that a look-alike letter, an
 * invisible character or a backtick is seen for what it is.
 */
export function quote(text: string): string {
  const chars = [...text.slice(0, 2 * SHOWN_CHARS_MAX + 2)];
  const kept = chars
    .slice(0, SHOWN_CHARS_MAX)
    .join('')
    .replace(/[^\x20-\x5f\x61-\x7e]/gu, escapeChar);
  return `\`${kept}${chars.length > SHOWN_CHARS_MAX ? '...' : ''}\``;
}

/** Names as `` `a`, `b` and 3 more ``; `none` for an empty list. */
export function quoteList(names: readonly string[], shownMax = 8): string {
  if (names.length === 0) return 'none';
  const shown = names.slice(0, shownMax).map(quote).join(', ');
  return names.length > shownMax ? `${shown} and ${names.length - shownMax} more` : shown;
}
