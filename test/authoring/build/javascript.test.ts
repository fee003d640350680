/** Tools in JavaScript, from source to answers. Real componentize-js and esbuild; the engine runs in real cells. */

import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openBuiltIn } from 'cellblock';
import { decodeComponent } from 'cellblock/runtime';
import { afterAll, describe, expect, it } from 'vitest';
import { findPackage } from '../../../authoring/build/npm-package.ts';
import { newTool } from '../../../authoring/project/index.ts';
import { buildJavaScript, builtJavaScript } from '../../support/built-javascript.ts';
import { useCells } from '../../support/cells.ts';

/** The engine is read and run once for each build: seconds, and more where much else runs. */
const BUILD_MS = 120_000;

const place = await mkdtemp(join(tmpdir(), 'cellblock-js-test-'));
afterAll(() => rm(place, { recursive: true }));

/** A tool of these files, beside its `tool.yaml`. */
async function toolOf(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(place, name);
  const all = { 'tool.yaml': `version: 1\nname: ${name}\nlanguage: javascript\nworld: w\n`, ...files };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

const errorOf = (folder: string): Promise<unknown> => buildJavaScript(folder).catch((thrown: unknown) => thrown);

const SHAPES_WIT = `package test:shapes@0.1.0;

interface shapes {
  flags colours { red, deep-blue }
  record item { first-name: string, bytes: list<u8>, big: u64, maybe: option<u8>, colours: colours }
  variant problem { none-there, too-many(u32) }
  /// Gives back what it got, in other words.
  change: func(item: item, letters: list<char>) -> result<item, problem>;
  /// Does what its name says.
  fail: func(how: string) -> u32;
}

world w { export shapes; }
`;

const SHAPES = `
import { upper } from './upper.js';
const drawn = Math.random();
export const shapes = {
  change(item, letters) {
    if (letters.length === 0) throw { tag: 'none-there' };
    if (letters.length > 2) throw { tag: 'too-many', val: letters.length };
    return {
      firstName: upper(item.firstName) + letters.join(''),
      bytes: item.bytes.map((byte) => byte + 1),
      big: item.big + 1n,
      maybe: item.maybe === undefined ? 7 : undefined,
      colours: { red: item.colours.deepBlue, deepBlue: item.colours.red },
    };
  },
  fail(how) {
    if (how === 'throw') throw new TypeError('this is why');
    if (how === 'recurse') return shapes.fail(how) + 1;
    if (how === 'fill') for (const all = []; ; ) all.push(new Uint8Array(1 << 20));
    if (how === 'loop') for (;;);
    return drawn === 0.5 ? 1 : 0;
  },
};
`;

const SHAPES_FILES = {
  'wit/w.wit': SHAPES_WIT,
  'src/index.js': SHAPES,
  'src/upper.js': 'export const upper = (text) => text.toUpperCase();\n',
};

describe('a tool in JavaScript', () => {
  const cells = useCells('thread');
  const item = { 'first-name': 'ü', bytes: Uint8Array.of(1, 255), big: 2n ** 63n, maybe: null, colours: ['red'] };

  it(
    'takes and gives values, by the names that JavaScript has for them',
    async () => {
      const component = await builtJavaScript(await toolOf('shapes', SHAPES_FILES));
      expect(await cells.run(component, 'change', [item, ['ß', '😀']])).toMatchObject({
        kind: 'ok',
        value: {
          'first-name': 'Üß😀',
          bytes: Uint8Array.of(2, 0),
          big: 2n ** 63n + 1n,
          maybe: { some: 7 },
          colours: ['deep-blue'],
        },
      });
      const empty = await cells.run(component, 'change', [item, []]);
      expect(empty).toMatchObject({ kind: 'tool-error', value: { tag: 'none-there' } });
      const many = await cells.run(component, 'change', [item, ['a', 'b', 'c']]);
      expect(many).toMatchObject({ kind: 'tool-error', value: { tag: 'too-many', value: 3 } });
    },
    BUILD_MS,
  );

  it(
    'ends typed when it throws, recurses, fills its memory or never ends; and says on stderr what nobody caught',
    async () => {
      const component = await builtJavaScript(await toolOf('shapes', SHAPES_FILES));
      const limits = { fuelMax: 3_000_000_000n, memoryPagesMax: 1024 };
      const run = (how: string) => cells.run(component, 'fail', [how], { limits });
      const thrown = await run('throw');
      expect(thrown).toMatchObject({ kind: 'trapped', error: { code: 'trap/unreachable' } });
      expect(Buffer.from(thrown.stderr?.bytes ?? []).toString()).toContain('this is why\nStack:\n  fail@bundle.js:');
      expect(await run('recurse')).toMatchObject({ kind: 'trapped' });
      expect((await run('fill')).kind).toMatch(/^(limited|trapped)$/);
      expect(await run('loop')).toMatchObject({ kind: 'limited', error: { code: 'limit/fuel' } });
      expect(await run('return')).toMatchObject({ kind: 'ok', value: 0 });
    },
    BUILD_MS,
  );

  it(
    'has the same bytes in every folder, the documentation of its WIT, and no import but what its features need',
    async () => {
      const files = { ...SHAPES_FILES, 'package.json': '{"cellblock": {"features": []}}' };
      const first = await builtJavaScript(await toolOf('pure', files));
      await cp(join(place, 'pure'), join(place, 'moved', 'further'), { recursive: true });
      expect(Buffer.from(await buildJavaScript(join(place, 'moved', 'further'))).equals(first)).toBe(true);
      const decoded = decodeComponent(first);
      expect(decoded.imports).toEqual([]);
      expect(JSON.stringify(decoded)).toContain('Gives back what it got, in other words.');
      expect(Buffer.from(first).includes(place)).toBe(false);

      const usual = decodeComponent(await builtJavaScript(await toolOf('shapes', SHAPES_FILES)));
      const imports = usual.imports.map(({ name }) => name.replace(/@.*/, ''));
      expect(imports).toContain('wasi:cli/stderr');
      expect(imports).not.toContain('wasi:random/random');
      expect(imports).not.toContain('wasi:clocks/monotonic-clock');
      expect(imports).not.toContain('wasi:http/types');
    },
    BUILD_MS,
  );

  it(
    'is built from the template, checked by the types of its world, and leaves a line in the log',
    async () => {
      const { folder } = await newTool('word-count', 'javascript', place);
      const component = await builtJavaScript(folder);
      const options = { limit: 1, 'ignore-case': true };
      const outcome = await cells.run(component, 'count', ['The cat, the hat', options], { capabilities: openBuiltIn(['log']) });
      expect(outcome).toMatchObject({
        kind: 'ok',
        value: { total: 4, distinct: 3, top: [{ text: 'the', count: 2 }] },
        log: [{ level: 'info', message: 'counted 4 words' }],
      });
      await expect(cells.run(component, 'count', ['a', options])).rejects.toMatchObject({ code: 'denied/no-grant' });

      const source = await readFile(join(folder, 'src/index.js'), 'utf8');
      await writeFile(join(folder, 'src/index.js'), source.replace('distinct: found.length', 'distinct: String(found.length)'));
      expect(await errorOf(folder)).toMatchObject({
        code: 'author/does-not-compile',
        message: expect.stringMatching(/^src\/index\.js:\d+:\d+: TS2322: .* is not assignable to type .*Report'/),
        help: expect.stringContaining("Type 'string' is not assignable to type 'number'"),
      });
      expect(existsSync(join(folder, 'types/interfaces/word-count-tool-words.d.ts'))).toBe(true);
    },
    BUILD_MS,
  );
});

describe('what does not compile', () => {
  const WIT = {
    'wit/w.wit':
      'package test:bad;\n\ninterface words {\n  record x { count: u32 }\n  count: func(text: string) -> u32;\n}\n\nworld w {\n  export words;\n}\n',
  };
  const GOOD = 'export const words = { count: (text) => text.length };\n';

  it.each([
    ['syntax', 'export const words = {\n  count(text) { return 1 };\n', 'src/index.js:2:27: Expected `}` but found `;`'],
    ['a file that is not there', `import './other.js';\n${GOOD}`, 'src/index.js:1:8: Could not resolve `./other.js`'],
    [
      'a module of Node.js',
      `${GOOD}import { readFile } from 'node:fs/promises';\n`,
      'src/index.js:2:26: `node:fs/promises` is a module of Node.js, which is not in a component',
    ],
    [
      'an import that the world does not have',
      `import { write } from 'cellblock:host/log@0.1.0';\n${GOOD}`,
      'src/index.js:1:23: world `w` does not import `cellblock:host/log@0.1.0`',
    ],
  ])('%s, with its place', async (name, source, message) => {
    const folder = await toolOf(`bad-${name.replaceAll(/[^a-z]/g, '')}`, { ...WIT, 'src/index.js': source });
    expect(await errorOf(folder)).toMatchObject({ code: 'author/does-not-compile', message });
  });

  it(
    'a function that the module does not have, with the line of the WIT',
    async () => {
      const folder = await toolOf('missing', { ...WIT, 'src/index.js': '\n export const words = { kount: () => 1 };\n' });
      expect(await errorOf(folder)).toMatchObject({
        code: 'author/mismatch',
        message: 'src/index.js:2:2: `words` has no function `count`, which world `w` exports',
        help: 'the WIT has wit/w.wit:5:3: count: func(text: string) -> u32\nwrite count(...) { ... } in `export const words = { ... }`',
      });
    },
    BUILD_MS,
  );

  it(
    'an error at the top level, in the file that has it',
    async () => {
      const files = {
        ...WIT,
        'src/index.js': `import './other.js';\n${GOOD}`,
        'src/other.js': 'const none = null;\n\n  none.at();\n',
      };
      expect(await errorOf(await toolOf('throws', files))).toMatchObject({
        code: 'author/does-not-compile',
        message: expect.stringMatching(/^src\/other\.js:3:\d+: while the module is read: TypeError: /),
      });
    },
    BUILD_MS,
  );

  it('a feature that there is not, and a folder without a module', async () => {
    const files = { ...WIT, 'src/index.js': GOOD, 'package.json': '{"cellblock": {"features": ["files"]}}' };
    expect(await errorOf(await toolOf('feature', files))).toMatchObject({ code: 'author/invalid-file' });
    expect(await errorOf(await toolOf('empty', WIT))).toMatchObject({
      code: 'author/does-not-compile',
      message: 'there is neither `src/index.js` nor `src/index.ts`',
    });
  });
});

describe('compilers', () => {
  it("are those of the tool's folder, then those of this package", async () => {
    const folder = await toolOf('own', { 'node_modules/esbuild/package.json': '{"version": "0.0.1", "main": "lib/main.js"}' });
    expect(findPackage('esbuild', join(folder, 'src'))?.version).toBe('0.0.1');
    expect(findPackage('esbuild', place)?.version).not.toBe('0.0.1');
    expect(findPackage('@bytecodealliance/componentize-js', folder)?.url).toMatch(/src\/componentize\.js$/);
    expect(findPackage('there-is-no-such-package', folder)).toBeUndefined();
  });
});
