/** Characters without a shape, other than those that emoji and some scripts need: joiners between visible characters stay. */
const SHAPELESS =
  /[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]|\u034f|[\u{e0000}-\u{e0fff}]|\u200c{2,}|\u200d{2,}/gu;

/** Runs shorter than this are hyphenation and the like, and are not told apart. */
const RUN_MIN = 8;

/** @param {string} text @returns {boolean} whether it may have such characters; costs far less than looking for all of them. */
export function mayHaveInvisible(text) {
  return /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\udb40]|\u034f/.test(text);
}

/**
 * @param {string} text
 * @returns {{ readonly text: string, readonly hidden: string }} the text without them; and what they spell, where that is more than a few:
 *   the ASCII of Unicode's tags, or how many there are of others.
 */
export function splitInvisible(text) {
  if (!mayHaveInvisible(text)) return { text, hidden: '' };
  let tags = '';
  let others = 0;
  const seen = text.replace(SHAPELESS, (found) => {
    const code = found.codePointAt(0) ?? 0;
    if (code >= 0xe0020 && code <= 0xe007e) tags += String.fromCharCode(code - 0xe0000);
    else others += 1;
    return '';
  });
  return { text: seen, hidden: tags !== '' ? tags : others >= RUN_MIN ? `${others} characters` : '' };
}
