/** Where a hostile snippet does what it does, and sources that are hostile as texts. */

import { ATTACKS, type Chance, chanceOf } from './snippet-attacks.ts';

export interface Snippet {
  /** Kind, setting and seed: enough to find it again. */
  readonly name: string;
  readonly source: string;
}

/** Places for statements: each runs them, some of them more than once or late. */
const SETTINGS: Readonly<Record<string, (statements: string) => string>> = {
  plain: (s) => s,
  block: (s) => `{ ${s} }`,
  'caught, again and again': (s) =>
    `for (let turn = 0; turn < 50; turn++) try { (() => { ${s} })() } catch (e) { String(e?.message) }`,
  'after a finally': (s) => `try { throw 1 } catch { } finally { (() => { ${s} })() }`,
  eval: (s) => `eval(${JSON.stringify(s)})`,
  'new Function': (s) => `new Function(${JSON.stringify(s)})()`,
  'async function': (s) => `await (async () => { ${s} })()`,
  'body with return': (s) => `${s}\nreturn [1]`,
  'promise job': (s) => `await Promise.resolve().then(() => { ${s} })`,
  timer: (s) => `setTimeout(() => { ${s} }, 1); "value"`,
  generator: (s) => `[...(function* () { yield 1; ${s} })()]`,
  'getter of the result': (s) => `({ a: 1, get b() { ${s}; return 2 } })`,
  'toJSON of the result': (s) => `({ toJSON() { ${s}; return { a: 1 } } })`,
  'then of the result': (s) => `({ then(resolve) { ${s}; resolve(1) } })`,
  'proxy as the result': (s) => `new Proxy({ a: 1 }, { get(t, k) { ${s}; return t[k] }, ownKeys() { ${s}; return ["a"] } })`,
  'toPrimitive in a template': (s) => `\`\${{ [Symbol.toPrimitive]() { ${s}; return "x" } }}\``,
  'sort comparator': (s) => `[3, 1, 2].sort((a, b) => { ${s}; return a - b })`,
  'static block': (s) => `class A { static { ${s} } }`,
  'argument of console': (s) => `console.log({ toJSON() { ${s}; return 1 } }, { toString() { ${s}; return "x" } })`,
  'parameters of a tool': (s) => `tools.redact({ toJSON() { ${s}; return { text: "x", options: { custom: [] } } } })`,
  'stack of an error': (s) => `Error.prepareStackTrace = () => { ${s}; return "" }; throw new Error("x")`,
};

/** Sources that are hostile before they run. */
const SOURCES: readonly ((chance: Chance) => string)[] = [
  (c) => one(c, '(', '[', '{', '`${', '!', 'a=>', '-\t', 'if(1)', 'new ', 'async()=>', '/*').repeat(1000 + whole(c, 60000)),
  (c) => `${one(c, 'x?', '1**', '1+', 'f(', '[', 'y=').repeat(1000 + whole(c, 40000))}1`,
  (c) => Array.from({ length: 200 + whole(c, 2000) }, () => String.fromCharCode(whole(c, 0xd800))).join(''),
  (c) => Array.from({ length: 50 + whole(c, 200) }, () => one(c, ...PIECES)).join(' '),
  (c) => `})(); tools.kube({}); (async () => { ${one(c, 'return 1', 'for (;;);', 'await 1')}`,
  (c) => `return 1 }${one(c, ')', '', '})()')}; ${one(c, '{', '(async () => {', '//')}`,
  (c) => `var ${Array.from({ length: 5000 + whole(c, 9000) }, (_, i) => `v${i}=${i}`).join()};`,
  (c) => `let o = {${Array.from({ length: 5000 + whole(c, 5000) }, (_, i) => `k${i}(){}`).join()}}; o.k1()`,
  (c) => `switch (1) { ${Array.from({ length: 3000 + whole(c, 5000) }, (_, i) => `case ${i}n: ${i};`).join(' ')} }`,
  (c) => `"${'\\u{10FFFF}'.repeat(whole(c, 20000))}${one(c, '', '\\ud800', '\\0', '\n')}"`,
  (c) =>
    `${one(c, 'import', 'export', 'import.meta', 'super', 'yield', 'await', 'new.target', '#x', '@dec')} ${one(c, 'x from "fs"', '("fs")', 'default 1', '()', '{}', 'class {}')}`,
  (c) =>
    `/${one(c, '(?<a>', '[', '\\u{', '(?<=', '\\p{', '{', '(?i-i:').repeat(1 + whole(c, 3000))}/${one(c, 'u', 'v', 'gg', 'uv', '')}`,
];

const PIECES = [
  '(',
  ')',
  '{',
  '}',
  '[',
  ']',
  '=>',
  'function',
  'class',
  'async',
  'await',
  'yield',
  '*',
  '...',
  '?.',
  '??',
  '`',
  '${',
  '"',
  '/',
  'let',
  'x',
  '1n',
  ';',
  ',',
  'of',
  'in',
  'static',
  '#p',
  'get',
  'return',
  'throw',
  'try',
  'catch',
  'finally',
  'label:',
  'break',
  'var',
  'new',
  'eval',
  'tools.x()',
];

const whole = (chance: Chance, below: number): number => Math.floor(chance(below));
const one = <Item>(chance: Chance, ...items: readonly Item[]): Item => items[whole(chance, items.length)]!;

/** Seeds of each hostile source. */
const SEEDS_EACH = 10;

/**
 * Every attack in a number of settings, and every hostile source with ten seeds. The same arguments give the same snippets.
 *
 * @param settingsEach - settings for each attack, in turn; at most as many as there are.
 */
export function hostileSnippets(settingsEach: number): readonly Snippet[] {
  const settings = Object.entries(SETTINGS);
  const attacks = Object.entries(ATTACKS).flatMap(([kind, list]) =>
    list.map((attack, index) => ({ name: `${kind} ${index + 1}`, attack })),
  );
  const inSettings = attacks.flatMap(({ name, attack }, at) =>
    Array.from({ length: settingsEach }, (_, turn) => {
      const seed = at * 1000 + turn;
      // 5 is prime to the number of settings, so each attack gets others before any comes again.
      const [setting, place] = settings[(at + turn * 5) % settings.length]!;
      return { name: `${name} (${setting}, seed ${seed})`, source: place(attack(chanceOf(seed))) };
    }),
  );
  const texts = SOURCES.flatMap((write, index) =>
    Array.from({ length: SEEDS_EACH }, (_, turn) => {
      const seed = 1_000_000 + index * 1000 + turn;
      return { name: `source ${index + 1} (seed ${seed})`, source: write(chanceOf(seed)) };
    }),
  );
  return [...inSettings, ...texts];
}
