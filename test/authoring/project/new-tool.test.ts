import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LANGUAGES, languageOf, newTool, readProject, whyNoToolName } from '../../../authoring/project/index.ts';
import { readWorld } from '../../../authoring/wit/index.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellblock-new-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

describe.each(LANGUAGES)('a new tool in %s', (language) => {
  const name = `counts-${language}`;

  it('is a folder that can be built: a manifest, WIT with its dependencies, source, cases, policy', async () => {
    const tool = await newTool(name, language, folder);
    expect(tool.files).toEqual(
      expect.arrayContaining(['.gitignore', 'README.md', 'cases/count.yaml', 'policy.yaml', 'tool.yaml']),
    );
    expect(tool.files.filter((path) => /^(src|assembly)\/.*\.(rs|ts|js|c)$/.test(path))).not.toEqual([]);
    const project = await readProject(join(folder, name));
    expect(project).toMatchObject({ name, language });
    const world = await readWorld(project.wit, project.world);
    expect(world.component.imports.map((item) => item.name)).toEqual(['cellblock:host/log@0.1.0']);
    expect(world.component.exports.map((item) => item.name)).toContain(`${name}:tool/words@0.1.0`);
  });

  it('has its name and no placeholder anywhere', () => {
    const files = readdirSync(join(folder, name), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    for (const entry of files) {
      expect(entry.name).not.toMatch(/\{\{/);
      expect(readFileSync(join(entry.parentPath, entry.name), 'utf8')).not.toMatch(/\{\{\w+\}\}/);
    }
    expect(readFileSync(join(folder, name, 'README.md'), 'utf8')).toContain(`cellblock run ${name}.wasm count`);
  });
});

describe('the interfaces of the host in a new tool', () => {
  it('are those of this package, whole', async () => {
    await newTool('whole', 'rust', folder);
    const own = new URL('../../../wit/host/', import.meta.url);
    expect(readdirSync(join(folder, 'whole/wit/deps/cellblock-host')).sort()).toEqual(readdirSync(own).sort());
  });
});

describe('newTool refuses, and writes nothing', () => {
  it('a folder or file that is there, whatever is in it', async () => {
    mkdirSync(join(folder, 'mine'));
    writeFileSync(join(folder, 'mine/tool.yaml'), 'mine');
    writeFileSync(join(folder, 'file'), '');
    for (const name of ['mine', 'file']) {
      const tried = newTool(name, 'rust', folder);
      await expect(tried).rejects.toMatchObject({
        code: 'usage/invalid-argument',
        message: expect.stringContaining('is there already'),
      });
    }
    expect(readdirSync(join(folder, 'mine'))).toEqual(['tool.yaml']);
    expect(readFileSync(join(folder, 'mine/tool.yaml'), 'utf8')).toBe('mine');
  });

  it.each([
    ['../up', /is no name of WIT/],
    ['a/b', /is no name of WIT/],
    ['Word', /is no name of WIT/],
    ['two--words', /is no name of WIT/],
    ['word-1', /is no name of WIT/],
    ['', /is empty/],
    ['a'.repeat(65), /has more than 64 characters/],
    ['record', /is a word of WIT/],
    ['wasi', /namespace of others/],
    ['match', /is a word of Rust/],
  ])('the name `%s`', async (name, message) => {
    await expect(newTool(name, 'rust', folder)).rejects.toMatchObject({
      code: 'usage/invalid-argument',
      message: expect.stringMatching(message),
    });
  });

  it('a parent that is not there', async () => {
    await expect(newTool('fine', 'rust', join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'usage/unreadable-file' });
  });
});

it('takes words of Rust for tools in other languages', async () => {
  expect((await newTool('match', 'assemblyscript', folder)).name).toBe('match');
});

it('knows each language by its name and a short one, and no other', () => {
  expect(['rust', 'rs', 'assemblyscript', 'as', 'javascript', 'js', 'c'].map(languageOf)).toEqual([
    ...['rust', 'rust', 'assemblyscript', 'assemblyscript', 'javascript', 'javascript', 'c'],
  ]);
  for (const text of ['', 'go', 'toString', 'Rust']) expect(() => languageOf(text)).toThrow(/there is no language/);
});

it('takes every name as the name of a tool that is a label of WIT in small letters', () => {
  for (const name of ['a', 'a1-b2', 'record', 'word-count']) expect(whyNoToolName(name)).toBeUndefined();
});
