import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readProject } from '../../../authoring/project/index.ts';

const GOOD = 'version: 1\nname: word-count\nlanguage: c\nworld: word-count-tool\n';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellblock-manifest-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

function read(text: string) {
  writeFileSync(join(folder, 'tool.yaml'), text);
  return readProject(folder);
}

describe('readProject', () => {
  it('gives absolute paths, by the name of the tool where the file does not say others', async () => {
    expect(await read(GOOD)).toEqual({
      folder,
      name: 'word-count',
      language: 'c',
      world: 'word-count-tool',
      wit: join(folder, 'wit'),
      component: join(folder, 'word-count.wasm'),
    });
    const other = await read(`${GOOD}wit: interface\ncomponent: dist/tool.wasm\n`);
    expect(other).toMatchObject({ wit: join(folder, 'interface'), component: join(folder, 'dist/tool.wasm') });
  });

  it.each([
    ['language: c', 'language: cobol', /tool\.yaml:3:11: /],
    ['name: word-count', 'name: Word Count', /tool\.yaml:2:7: .*is no name of WIT/],
    ['version: 1', 'version: 2', /tool\.yaml:1:10: /],
    ['world: word-count-tool', 'world: w\nextra: 1', /extra/],
    ['world: word-count-tool', 'world: w\ncomponent: ../elsewhere.wasm', /lies outside of the folder/],
    ['world: word-count-tool', 'world: w\nwit: /etc', /lies outside of the folder/],
    ['world: word-count-tool', 'world: w\nwit: a/../..', /lies outside of the folder/],
    ['world: word-count-tool', 'world: w\ncomponent: "C:\\\\x.wasm"', /lies outside of the folder/],
  ])('refuses a mistake with its place: %s -> %s', async (good, bad, message) => {
    await expect(read(GOOD.replace(good, bad))).rejects.toMatchObject({
      code: 'author/invalid-file',
      message: expect.stringMatching(message),
    });
  });

  it('says which file is missing', async () => {
    const error = readProject(join(folder, 'nowhere'));
    await expect(error).rejects.toMatchObject({
      code: 'usage/unreadable-file',
      message: expect.stringContaining('tool.yaml'),
      help: expect.stringContaining('cellblock new'),
    });
  });
});
