import { escapeChar } from '../policy/quote.ts';

/** Control, format, unassigned, line-separating and invisible characters: what a reader would not see for what it is. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u;

/**
 * Text from outside as one visible line whose rendered length has a maximum: hidden characters become `\u{hex}`, and what is cut is said.
 *
 * @param charsMax - UTF-16 units of the answer without the words about the cut.
 * @param replace - what else is replaced, character by character; for example quotes.
 * Thread: any. Pure. Takes time for what is shown, not for what is cut.
 */
export function visibleText(text: string, charsMax: number, replace: (char: string) => string = (char) => char): string {
  let shown = '';
  let used = 0;
  for (const char of text) {
    const piece = HIDDEN.test(char) ? escapeChar(char) : replace(char);
    if (shown.length + piece.length > charsMax) return `${shown}... [cut: ${used} of ${text.length} characters shown]`;
    shown += piece;
    used += char.length;
  }
  return shown;
}

/** The same between double quotes that the text cannot end. */
export function quotedText(text: string, charsMax: number): string {
  return `"${visibleText(text, charsMax, (char) => (char === '"' || char === '\\' ? `\\${char}` : char))}"`;
}
