import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeComponent, Runtime } from 'cellblock/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArtifactCache } from '../../runtime/artifact-cache.ts';
import { hostileGuest } from '../support/guests.ts';

const NAME = 'ab'.repeat(32);
let folder: string;

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'cellblock-cache-')), 'cache');
});

afterEach(() => {
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

const entryPath = () => join(folder, `${NAME}.artifact`);

describe('the artifact cache', () => {
  it('gives back what was kept, to another process with the same key too', async () => {
    await new ArtifactCache(folder).write(NAME, { linking: 'text', bytes: new Uint8Array([1, 2]) });
    expect(await new ArtifactCache(folder).read(NAME)).toEqual({ linking: 'text', bytes: new Uint8Array([1, 2]) });
    expect(await new ArtifactCache(folder).read('cd'.repeat(32))).toBeUndefined();
  });

  it('does not read an entry that was edited, at any byte', async () => {
    const cache = new ArtifactCache(folder);
    await cache.write(NAME, { linking: 'text' });
    const good = readFileSync(entryPath());
    for (let at = 0; at < good.length; at += 1) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] as number) ^ 1;
      writeFileSync(entryPath(), bad);
      expect(await cache.read(NAME)).toBeUndefined();
    }
    for (const length of [0, 10, 31, 32, good.length - 1]) {
      writeFileSync(entryPath(), good.subarray(0, length));
      expect(await cache.read(NAME)).toBeUndefined();
    }
  });

  it('does not take the entry of one component for another', async () => {
    const cache = new ArtifactCache(folder);
    await cache.write(NAME, { linking: 'text' });
    const other = 'cd'.repeat(32);
    writeFileSync(join(folder, `${other}.artifact`), readFileSync(entryPath()));
    expect(await cache.read(other)).toBeUndefined();
  });

  it('makes a private folder and private files', async () => {
    await new ArtifactCache(folder).write(NAME, 1);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777)).toEqual([0o600, 0o600]);
  });

  it('is not used where others may write', async () => {
    mkdirSync(folder, { mode: 0o700 });
    await new ArtifactCache(folder).write(NAME, 1);
    chmodSync(folder, 0o777);
    expect(await new ArtifactCache(folder).read(NAME)).toBeUndefined();
  });

  it('agrees on one key and loses nothing when processes fill it at once', async () => {
    const module = new URL('../../dist/runtime/artifact-cache.js', import.meta.url).href;
    const script = `import { ArtifactCache } from ${JSON.stringify(module)};
      const cache = new ArtifactCache(${JSON.stringify(folder)});
      const names = Array.from({ length: 20 }, (_, at) => at.toString(16).padStart(64, '0'));
      await Promise.all(names.map((name) => cache.write(name, { name, filler: 'x'.repeat(100000) })));
      for (const name of names) if ((await cache.read(name))?.name !== name) process.exit(1);`;
    const both = `node --input-type=module -e "$SCRIPT" & first=$!; node --input-type=module -e "$SCRIPT"; second=$?; wait $first && exit $second`;
    const { status } = spawnSync('sh', ['-c', both], { env: { ...process.env, SCRIPT: script } });
    expect(status).toBe(0);
    const names = readdirSync(folder);
    expect(names.filter((name) => name.endsWith('.artifact')).length).toBe(20);
    expect(names.length).toBe(21); // and the key: no temporary file is left
  });
});

describe('a runtime with a cache', () => {
  async function prepareOnce(bindings: 'own' | 'jco'): Promise<boolean> {
    const runtime = new Runtime({ cacheDirectory: folder, threads: 2, bindings });
    const call = await runtime.prepare(decodeComponent(await hostileGuest()), { function: 'add' });
    const outcome = await runtime.invoke(call, [20, 22]);
    await runtime.close();
    expect(outcome).toMatchObject({ kind: 'ok', value: 42 });
    expect(call.artifact.bindings).toBe(bindings);
    return call.artifact.times.fromCache;
  }

  it.each([
    ['own', 'trampolines', 'trampolinez'],
    ['jco', 'function instantiate(', 'function instantiat3('],
  ] as const)(
    'prepares once for %s, and again when the entry was edited: the edited one is not run',
    async (bindings, old, edited) => {
      expect(await prepareOnce(bindings)).toBe(false);
      expect(await prepareOnce(bindings)).toBe(true);
      const [name] = readdirSync(folder).filter((entry) => entry.endsWith('.artifact'));
      const path = join(folder, name as string);
      const bytes = readFileSync(path);
      const at = bytes.indexOf(old);
      expect(at).toBeGreaterThan(0);
      bytes.write(edited, at);
      writeFileSync(path, bytes);
      expect(await prepareOnce(bindings)).toBe(false);
      expect(await prepareOnce(bindings)).toBe(true);
    },
  );

  it('does not take what was prepared for other bindings', async () => {
    expect(await prepareOnce('own')).toBe(false);
    expect(await prepareOnce('jco')).toBe(false);
    expect(await prepareOnce('own')).toBe(true);
  });
});
