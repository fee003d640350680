// Counts words. See `wit/{{name}}.wit` for what it offers; `cellblock build` writes `bindings/` from it.

import { Options, Problem, Report, Word, WordsGuest } from './bindings/exports/words';
import { Level, write } from './bindings/imports/log';
import { Result } from './bindings/values';

/** The largest limit that `options` allows. */
const LIMIT_MAX: u32 = 1000;

export class Words implements WordsGuest {
  count(text: string, options: Options): Result<Report, Problem> {
    if (options.limit < 1 || options.limit > LIMIT_MAX) return Result.err<Report, Problem>(Problem.badLimit(LIMIT_MAX));
    const words = countWords(text, options.ignoreCase);
    if (words.length == 0) return Result.err<Report, Problem>(Problem.noWords());
    let total: u32 = 0;
    for (let i = 0; i < words.length; i++) total += words[i].count;
    const distinct: u32 = words.length;
    // This sort keeps the order of the text among words that are as frequent.
    words.sort((a, b) => <i32>b.count - <i32>a.count);
    write(Level.Info, `counted ${total} words`);
    return Result.ok<Report, Problem>(new Report(total, distinct, words.slice(0, options.limit)));
  }
}

/** Each word with its count, in the order of the text. */
function countWords(text: string, ignoreCase: bool): Word[] {
  const places = new Map<string, i32>();
  const words: Word[] = [];
  for (let at = 0; at < text.length; at++) {
    const start = at;
    while (at < text.length && isOfWord(text.charCodeAt(at))) at++;
    if (at == start) continue;
    const found = text.substring(start, at);
    const word = ignoreCase ? inSmallLetters(found) : found;
    if (!places.has(word)) {
      places.set(word, words.length);
      words.push(new Word(word, 0));
    }
    words[places.get(word)].count++;
  }
  return words;
}

/** Letters and digits of ASCII, and everything beyond it. */
function isOfWord(code: i32): bool {
  const letter = code | 0x20;
  return code > 0x7f || (code >= 0x30 && code <= 0x39) || (letter >= 0x61 && letter <= 0x7a);
}

/** Letters of ASCII only, as in every language that a tool is written in: others depend on the version of Unicode. */
function inSmallLetters(word: string): string {
  let small = '';
  for (let i = 0; i < word.length; i++) {
    const code = word.charCodeAt(i);
    small += String.fromCharCode(code >= 0x41 && code <= 0x5a ? code | 0x20 : code);
  }
  return small;
}
