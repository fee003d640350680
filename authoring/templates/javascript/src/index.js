// Counts words. See `wit/{{name}}.wit` for what it offers; `types/` has its types, and each build writes them anew.

import { write } from 'cellblock:host/log@0.1.0';

/** The largest limit that `options` allows. */
const LIMIT_MAX = 1000;

const WORD = /[A-Za-z0-9\u0080-\u{10ffff}]+/gu;

/** What is exported here is what the world exports. A `result` is what is returned, or the `err` that is thrown. */
/** @satisfies {typeof import('{{name}}:tool/words@0.1.0')} */
export const words = {
  count(text, { limit, ignoreCase }) {
    if (limit < 1 || limit > LIMIT_MAX) throw { tag: 'bad-limit', val: LIMIT_MAX };
    const found = countWords(ignoreCase ? lowerAscii(text) : text);
    if (found.length === 0) throw { tag: 'no-words' };
    const total = found.reduce((sum, { count }) => sum + count, 0);
    write('info', `counted ${total} words`);
    // This sort keeps the order of the text among words that are as frequent.
    const top = found.toSorted((a, b) => b.count - a.count).slice(0, limit);
    return { total, distinct: found.length, top };
  },
};

/**
 * Each word with its count, in the order of the text.
 *
 * @param {string} text
 */
function countWords(text) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const [word] of text.matchAll(WORD)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return Array.from(counts, ([text, count]) => ({ text, count }));
}

/** @param {string} text */
function lowerAscii(text) {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
