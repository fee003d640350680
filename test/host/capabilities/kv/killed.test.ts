import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { KvFile } from '../../../../host/capabilities/kv/kv-file.ts';
import { KvStore } from '../../../../host/capabilities/kv/store.ts';
import { openDatabase } from '../../../../host/sqlite.ts';

/* The writers run the built store, since processes cannot start from the sources. */

const WRITER = fileURLToPath(new URL('writer.mjs', import.meta.url));
const KILLS = 8;

/** Starts a writer and kills it in the middle of its work, after some words. @returns what it said was acknowledged. */
async function killOne(folder: string, seed: number): Promise<string[]> {
  const child = spawn(process.execPath, [WRITER, folder, `${seed}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (data: Buffer) => {
    text += data.toString();
    if (text.split('\n').length > 5 + seed * 3) child.kill('SIGKILL');
  });
  await once(child, 'close');
  return text.split('\n').slice(0, -1); // a last line that was cut is none
}

it('two processes that share a file and are killed while they write lose nothing acknowledged, and count right', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cellblock-kv-killed-'));
  try {
    const said: string[] = [];
    for (let seed = 0; seed < KILLS; seed += 2) {
      const pair = await Promise.all([killOne(folder, seed), killOne(folder, seed + 1)]);
      said.push(...pair.flat());
    }
    const numbers = said.map((line) => Number(line.split(' ')[0]));
    expect(numbers.length).toBeGreaterThan(KILLS * 5);
    expect(new Set(numbers).size).toBe(numbers.length); // no step was taken twice
    expect(new Set(said.map((line) => line.split(' ')[1])).size).toBe(numbers.length);

    const file = new KvFile(folder);
    const { signal } = new AbortController();
    const last = Buffer.from((await new KvStore(file, 'counter', Date.now, signal).get('n'))!.value).readUInt32BE();
    expect(last).toBeGreaterThanOrEqual(Math.max(...numbers));
    // A writer may be killed between the disk and its word.
    expect(last).toBeLessThanOrEqual(numbers.length + KILLS);
    file.close();
    expect(miscounted(folder)).toEqual({ integrity: 'ok', stores: [] });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Stores whose counts are not what they have. */
function miscounted(folder: string) {
  const database = openDatabase(join(folder, 'kv.sqlite'));
  const integrity = database.prepare('PRAGMA integrity_check').all()[0]!.integrity_check;
  const stores = database
    .prepare(
      `SELECT name FROM stores s WHERE keys <> (SELECT count(*) FROM entries WHERE store = s.id)
       OR bytes <> (SELECT sum(length(key) + length(value)) FROM entries WHERE store = s.id)`,
    )
    .all();
  database.close();
  return { integrity, stores };
}
