import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FolderWatch } from '../../../authoring/build/watch-folder.ts';

let folder: string;
let watch: FolderWatch;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cellblock-watch-'));
  for (const below of ['src', 'target', 'assembly/bindings', '.git']) mkdirSync(join(folder, below), { recursive: true });
  watch = await FolderWatch.open(folder, join(folder, 'tool.wasm'));
});

afterEach(() => {
  watch.end();
  rmSync(folder, { recursive: true });
});

function write(path: string): void {
  writeFileSync(join(folder, path), `${path}`);
}

it('tells several changes at once, and those alone that an author makes', async () => {
  for (const path of [
    'target/x',
    'assembly/bindings/x',
    '.git/x',
    'tool.wasm',
    'tool.wasm.1.unfinished',
    'src/lib.rs~',
    'src/.lib.rs.swp',
  ])
    write(path);
  write('src/lib.rs');
  write('tool.yaml');
  expect(await watch.changed()).toEqual(['src/lib.rs', 'tool.yaml']);
});

it('tells a change that came while nobody waited', async () => {
  write('src/lib.rs');
  await watch.changed();
  write('tool.yaml');
  expect(await watch.changed()).toEqual(['tool.yaml']);
});

it('follows folders that are new, and lives on when one is removed', async () => {
  mkdirSync(join(folder, 'cases'));
  expect(await watch.changed()).toEqual(['cases']);
  write('cases/one.yaml');
  expect(await watch.changed()).toEqual(['cases/one.yaml']);
  rmSync(join(folder, 'cases'), { recursive: true });
  expect(await watch.changed()).toContain('cases');
  write('src/lib.rs');
  expect(await watch.changed()).toEqual(['src/lib.rs']);
});

it('ends a wait with nothing', async () => {
  const waited = watch.changed();
  watch.end();
  expect(await waited).toEqual([]);
  expect(await watch.changed()).toEqual([]);
});

it('refuses a folder that is not there', async () => {
  await expect(FolderWatch.open(join(folder, 'nowhere'), '')).rejects.toMatchObject({ code: 'usage/unreadable-file' });
});
