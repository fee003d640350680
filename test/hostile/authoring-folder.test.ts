import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readProject } from '../../authoring/project/index.ts';

/* Folders and files of tools that somebody made to hurt whoever looks at them. */

const PROGRAM = 'dist/host/cli/main.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cellblock-hostile-folder-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(path: string, text: string): Promise<string> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

const manifest = (fields: string): string => `version: 1\nname: redact\nlanguage: assemblyscript\n${fields}`;

describe('text of a hostile folder', () => {
  it.each([
    ['build', ['build', 'WHERE']],
    ['bindgen', ['bindgen', 'WHERE/wit', '--world', 'w\u001b[31m\u202ex', '--out', 'WHERE/out']],
    ['test', ['test', 'WHERE/\u001b[31m']],
  ])('reaches no terminal as a control sequence: %s', async (_, args) => {
    await write('tool.yaml', manifest('world: "w\\e[31m\\u202ex"\n'));
    await write('wit/a.wit', 'package a:b;\nworld w { }\n');
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [PROGRAM, ...args.map((arg) => arg.replace('WHERE', folder))],
      { encoding: 'utf8' },
    );
    expect(status).toBe(2);
    expect(stderr).toContain('\\u{1b}[31m');
    expect(stdout + stderr).not.toMatch(/[\u001b\u202e]/);
  });
});

describe('a `tool.yaml`', () => {
  it.each(['component: ../x.wasm', 'component: /x.wasm', 'wit: ../wit', 'component: "a/../../x.wasm"', 'component: "."'])(
    'names nothing outside of its folder: %s',
    async (line) => {
      await write('tool.yaml', manifest(`world: w\n${line}\n`));
      await expect(readProject(folder)).rejects.toMatchObject({ code: 'author/invalid-file' });
    },
  );

  it('has no name that reads as an option', async () => {
    await write('tool.yaml', 'version: 1\nname: "-rf"\nlanguage: c\nworld: w\n');
    await expect(readProject(folder)).rejects.toMatchObject({ code: 'author/invalid-file' });
  });
});
