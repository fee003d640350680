/**
 * A text as one line, without white space around it, cut after some characters.
 *
 * @param {string} text
 * @param {number} charsMax
 */
export function oneLine(text, charsMax) {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= charsMax ? line : `${line.slice(0, charsMax - 1)}…`;
}
