/** What can be told of WIT text without understanding it. */

const TOKEN = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|%?[A-Za-z][A-Za-z0-9-]*|[{}]|[^\s]/g;
const ASYNC = new Set(['async', 'stream', 'future', 'error-context']);

/** @param {string} text @returns {string[]} words (`%` kept, so that a name is no keyword), braces and other characters. */
export function wordsOf(text) {
  return (text.match(TOKEN) ?? []).filter((token) => !/^\/[/*]/.test(token));
}

/**
 * @param {string} text - of one WIT file.
 * @returns {string[]} names of the worlds of its own package, in order; those of nested packages are left out.
 */
export function worldsOf(text) {
  const names = [];
  let depth = 0;
  const words = wordsOf(text);
  words.forEach((word, at) => {
    if (word === '{') depth += 1;
    else if (word === '}') depth -= 1;
    else if (word === 'world' && depth === 0 && words[at + 2] === '{') names.push(words[at + 1].replace(/^%/, ''));
  });
  return names;
}

/** @param {string} text @returns {string[]} the keywords of the asynchronous ABI in it, each once. */
export function asyncWordsOf(text) {
  return [...new Set(wordsOf(text).filter((word) => ASYNC.has(word)))];
}
