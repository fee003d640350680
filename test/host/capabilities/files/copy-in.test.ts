import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grantOf, listAll, openBelow, paths, putText, readText, scratch } from './fake-calls.ts';

/** A folder of inputs beside a secret that is none. */
function site(): { root: string; policy: string; inputs: string } {
  const root = scratch();
  const inputs = join(root, 'policy', 'in');
  mkdirSync(join(inputs, 'dir', 'nested'), { recursive: true });
  mkdirSync(join(root, 'outside'));
  writeFileSync(join(root, 'outside', 'secret'), 'secret');
  writeFileSync(join(inputs, 'a.csv'), 'a,b\n');
  writeFileSync(join(inputs, 'dir', 'nested', 'file'), 'nested');
  writeFileSync(join(inputs, '.env'), 'TOKEN=1');
  return { root, policy: join(root, 'policy'), inputs };
}

const READS = { mounts: { '/in': { from: 'in' } } };

describe('copy-in', () => {
  it('lists and reads what the scope names, parents first, hidden files left out', async () => {
    const { policy } = site();
    const call = grantOf(READS, policy).begin();
    expect(await paths(call)).toEqual(['a.csv', 'dir/', 'dir/nested/', 'dir/nested/file']);
    expect(await readText(call, 'a.csv')).toBe('a,b\n');
    expect(await readText(call, 'dir/nested/file')).toBe('nested');
    expect(await readText(call, '.env')).toBe('err no-entry');
    expect(await call.end()).toBeUndefined();
  });

  it('lists hidden files where a pattern has their dot, and nothing that no pattern has', async () => {
    const { policy } = site();
    const call = grantOf({ mounts: { '/in': { from: 'in', only: ['.env', '*.csv'] } } }, policy).begin();
    expect(await paths(call)).toEqual(['.env', 'a.csv']);
    expect(await readText(call, 'dir/nested/file')).toBe('err no-entry');
    await call.end();
  });

  it('copies in a single file under its name, and none of its neighbours', async () => {
    const { policy } = site();
    const call = grantOf({ mounts: { '/in': { from: 'in/a.csv' } } }, policy).begin();
    expect(await paths(call)).toEqual(['a.csv']);
    expect(await readText(call, 'a.csv')).toBe('a,b\n');
    expect(await readText(call, 'dir/nested/file')).toBe('err no-entry');
    await call.end();
  });

  it('FS-01, FS-02, FS-03: refuses each path that is not the one way to write it, before a file is opened', async () => {
    const { policy, root } = site();
    mkdirSync(join(policy, 'in_secret'));
    writeFileSync(join(policy, 'in_secret', 'x'), 'secret');
    const call = grantOf(READS, policy).begin();
    const hostile = ['../outside/secret', 'dir/../../outside/secret', '/etc/passwd', '', '.', '..', 'dir/', 'dir//nested/file'];
    for (const path of [...hostile, 'dir/./nested/file', '../in_secret/x', `${root}/outside/secret`, 'a.csv/x']) {
      expect(await readText(call, path)).toMatch(/^err (not-permitted|no-entry)$/);
    }
    expect(await readText(call, 'dir')).toBe('err is-directory');
    for (const mount of [1, 7, 2 ** 32 - 1]) expect(await readText(call, 'a.csv', mount)).toBe('err not-permitted');
    expect(call.notes.filter((note) => note.result.startsWith('denied'))).toHaveLength(10); // the rest is not worth the trail
    await call.end();
  });

  it('FS-09: never cuts a path at NUL', async () => {
    const { policy } = site();
    const call = grantOf(READS, policy).begin();
    expect(await readText(call, 'a.csv\0')).toBe('err invalid');
    expect(await readText(call, 'a.csv\0.txt')).toBe('err invalid');
    expect(await readText(call, 'a.csv\u202e')).toBe('err invalid');
    expect(await readText(call, 'a.csv')).toBe('a,b\n');
    await call.end();
  });

  it('FS-19: answers a long path at once', async () => {
    const { policy } = site();
    const call = grantOf(READS, policy).begin();
    await listAll(call);
    for (const path of ['a'.repeat(2 ** 20), 'a/'.repeat(10_000), 'ä'.repeat(200), `${'d/'.repeat(64)}f`]) {
      expect(await readText(call, path)).toBe('err name-too-long');
    }
    await call.end();
  });

  it('FS-04: leaves out links to files and folders, and says so', async () => {
    const { policy, inputs, root } = site();
    symlinkSync('../../outside/secret', join(inputs, 'link'));
    symlinkSync(join(root, 'outside'), join(inputs, 'dir', 'away'));
    symlinkSync('a.csv', join(inputs, 'inside'));
    const call = grantOf(READS, policy).begin();
    expect(await paths(call)).toEqual(['a.csv', 'dir/', 'dir/nested/', 'dir/nested/file']);
    for (const path of ['link', 'dir/away/secret', 'dir/away', 'inside']) expect(await readText(call, path)).toBe('err no-entry');
    const [note] = call.notes;
    expect(note).toMatchObject({ act: 'copy in /in', result: '2 files, 3 left out' });
    expect(note?.data?.leftOut).toContainEqual({ path: 'link', why: 'it is a link' });
    await call.end();
  });

  it('FS-04: refuses a scope whose own path has a link', async () => {
    const { policy, root } = site();
    symlinkSync(join(root, 'outside'), join(policy, 'away'));
    for (const from of ['away', 'away/secret', join(policy, 'away')]) {
      const call = grantOf({ mounts: { '/in': { from } } }, policy).begin();
      await expect(call.send('files.list', 0)).rejects.toMatchObject({ code: 'capability/unavailable' });
      await call.end();
    }
    const direct = grantOf({ mounts: { '/in': { from: '../outside' } } }, policy).begin();
    expect(await paths(direct)).toEqual(['secret']);
    await direct.end();
  });

  it('leaves out pipes and sockets without opening them, and names that are no plain text', async () => {
    const { policy, inputs } = site();
    execFileSync('mkfifo', [join(inputs, 'pipe')]);
    const server = createServer().listen(join(inputs, 'sock'));
    await new Promise((resolve) => server.once('listening', resolve));
    writeFileSync(join(inputs, 'new\nline'), '');
    writeFileSync(Buffer.concat([Buffer.from(`${inputs}/`), Buffer.from([0x66, 0xff, 0x66])]), '');
    mkdirSync(join(inputs, '.cellblock-staging-1'));
    const call = grantOf({ mounts: { '/in': { from: 'in', only: ['*', '.*'] } } }, policy).begin();
    expect(await paths(call)).toEqual(['.env', 'a.csv']);
    const reasons = (call.notes[0]!.data!.leftOut as { why: string }[]).map(({ why }) => why).sort();
    expect(reasons).toEqual([
      'it is a pipe',
      'it is a socket',
      'its name is not UTF-8',
      'its name is not plain text',
      'its name is not plain text',
    ]);
    await call.end();
    server.close();
  });

  it('reads a file with several hard links', async () => {
    const { policy, inputs } = site();
    linkSync(join(inputs, 'a.csv'), join(inputs, 'b.csv'));
    const call = grantOf(READS, policy).begin();
    expect(await readText(call, 'b.csv')).toBe('a,b\n');
    await call.end();
  });

  it('FS-04: a folder that becomes a link between listing and reading leads nowhere', async () => {
    const { policy, inputs, root } = site();
    writeFileSync(join(root, 'outside', 'file'), 'secret');
    const call = grantOf(READS, policy).begin();
    await listAll(call);
    renameSync(join(inputs, 'dir', 'nested'), join(inputs, 'dir', 'moved'));
    symlinkSync(join(root, 'outside'), join(inputs, 'dir', 'nested'));
    expect(await readText(call, 'dir/nested/file')).toBe('err io');
    renameSync(join(inputs, 'a.csv'), join(inputs, 'b.csv'));
    symlinkSync(join(root, 'outside', 'secret'), join(inputs, 'a.csv'));
    expect(await readText(call, 'a.csv')).toBe('err io');
    await call.end();
  });

  it('FS-04: a mount that is replaced while the call runs stays the folder that was opened', async () => {
    const { policy, inputs, root } = site();
    const call = grantOf(READS, policy).begin();
    await listAll(call);
    renameSync(inputs, join(policy, 'moved'));
    symlinkSync(join(root, 'outside'), inputs);
    expect(await readText(call, 'a.csv')).toBe('a,b\n');
    expect(await readText(call, 'secret')).toBe('err no-entry');
    await call.end();
  });

  it('gives the same bytes for the whole call or `io`', async () => {
    const { policy, inputs } = site();
    const path = join(inputs, 'a.csv');
    utimesSync(path, 1, 1);
    const call = grantOf(READS, policy).begin();
    expect(await readText(call, 'a.csv')).toBe('a,b\n');
    appendFileSync(path, 'more');
    expect(await readText(call, 'a.csv')).toBe('err io');
    await call.end();
    const sly = grantOf(READS, policy).begin();
    await listAll(sly);
    const { atime, mtime } = statSync(path);
    writeFileSync(path, 'b,a\nmore'); // as long as before, and the time is put back
    utimesSync(path, atime, mtime);
    expect(await readText(sly, 'a.csv')).toBe('err io');
    await sly.end();
    const swapped = grantOf(READS, policy).begin();
    await listAll(swapped);
    rmSync(path);
    writeFileSync(path, 'another');
    expect(await readText(swapped, 'a.csv')).toBe('err io');
    await swapped.end();
  });

  it('RS-11: never gives, or allocates, more than is there or fits an answer', async () => {
    const { policy, inputs } = site();
    writeFileSync(join(inputs, 'large'), Buffer.alloc(3 * 2 ** 20, 7));
    const call = grantOf(READS, policy).begin();
    const read = async (offset: bigint, length: number) =>
      ((await call.send('files.read', 0, 'large', offset, length)) as { ok: Uint8Array }).ok.length;
    expect(await read(0n, 2 ** 32 - 1)).toBe(2 ** 20 - 256);
    expect(await read(3n * 2n ** 20n - 5n, 2 ** 32 - 1)).toBe(5);
    expect(await read(2n ** 64n - 1n, 2 ** 32 - 1)).toBe(0);
    expect(await read(0n, 0)).toBe(0);
    const page = (await call.send('files.list', 2 ** 32 - 1)) as { ok: unknown[] };
    expect(page.ok).toEqual([]);
    await call.end();
  });

  it('RS-10: holds few descriptors open, and none after the call, however it ended', async () => {
    const { policy, inputs, root } = site();
    for (let index = 0; index < 200; index++) writeFileSync(join(inputs, `f${index}`), `${index}`);
    for (const kind of ['ok', 'trapped', 'limited', 'cancelled', 'failed'] as const) {
      const call = grantOf(READS, policy).begin();
      for (let index = 0; index < 200; index++) expect(await readText(call, `f${index}`)).toBe(`${index}`);
      expect(await readText(call, 'f0')).toBe('0'); // closed meanwhile, opened again
      expect(openBelow(root).length).toBeLessThan(64);
      await call.end(kind);
      expect(openBelow(root)).toEqual([]);
      expect(call.notes.at(-1)).toMatchObject({ act: 'read /in', result: '200 files' });
    }
  });

  it('RS-10: lists deep trees with few descriptors, down to where paths end', async () => {
    const { policy, inputs, root } = site();
    const deep = Array.from({ length: 70 }, () => 'd');
    mkdirSync(join(inputs, ...deep), { recursive: true });
    const call = grantOf(READS, policy).begin();
    let openMax = 0;
    const watch = setInterval(() => {
      openMax = Math.max(openMax, openBelow(root).length);
    }, 0);
    const listed = await paths(call);
    clearInterval(watch);
    expect(listed.at(-4)).toBe(`${deep.slice(0, 63).join('/')}/`);
    expect(openMax).toBeLessThan(8);
    expect(call.notes[0]?.data).toEqual({
      leftOut: [{ path: deep.slice(0, 64).join('/'), why: 'it is more than 63 folders deep' }],
    });
    await call.end();
  });

  it('opens nothing for a message that comes after the end', async () => {
    const { policy, root } = site();
    const { begin } = grantOf({ mounts: { '/in': { from: 'in', access: 'write', copyOut: { to: 'in' } } } }, policy);
    const call = begin();
    const first = call.send('files.read', 0, '../x', 0n, 1);
    await call.end();
    await first;
    const late = grantOf(READS, policy).begin();
    const listing = late.send('files.commit');
    await late.end();
    await listing;
    expect(await late.send('files.list', 0)).toHaveProperty('ok');
    expect(openBelow(root)).toEqual([]);
  });

  it('stops listing when the call ends meanwhile', async () => {
    const { policy, inputs, root } = site();
    for (let index = 0; index < 600; index++) writeFileSync(join(inputs, `f${index}`), '');
    const call = grantOf(READS, policy).begin();
    const listing = call.send('files.list', 0);
    await call.end('cancelled');
    await listing;
    expect(openBelow(root)).toEqual([]);
    expect(await readText(call, 'a.csv')).toBe('err io');
  });

  it('FS-21: refuses inputs with more names than the grant has', async () => {
    const { policy } = site();
    const fits = grantOf({ ...READS, names: 4 }, policy).begin();
    expect(await paths(fits)).toHaveLength(4);
    await fits.end();
    const call = grantOf({ ...READS, names: 3 }, policy).begin();
    await expect(call.send('files.list', 0)).rejects.toMatchObject({
      code: 'capability/unavailable',
      message: expect.stringMatching(/more names/),
    });
    await call.end();
  });

  it('says what is not there without the path of this machine', async () => {
    const { policy, root } = site();
    const call = grantOf({ mounts: { '/in': { from: 'gone' } } }, policy).begin();
    const error = await call.send('files.list', 0).catch((caught) => caught);
    expect(error).toMatchObject({ code: 'capability/unavailable', data: { mount: '/in' } });
    expect(JSON.stringify([error.message, error.data])).not.toContain(root);
    await call.end();
    expect(openBelow(root)).toEqual([]);
  });

  it('FS-13: a read-only mount takes no change, and a writable one none to what it came from', async () => {
    const { policy, inputs } = site();
    const before = statSync(join(inputs, 'a.csv')).mtimeMs;
    const call = grantOf({ mounts: { '/in': { from: 'in' }, '/rw': { from: 'in', access: 'write' } } }, policy).begin();
    expect(await putText(call, 'a.csv', 'changed', 0)).toEqual({ err: 'read-only' });
    expect(await call.send('files.remove', 0, 'a.csv')).toEqual({ err: 'read-only' });
    await call.end();
    const other = grantOf({ mounts: { '/rw': { from: 'in', access: 'write' } } }, policy).begin();
    expect(await putText(other, 'a.csv', 'changed')).toEqual({ ok: null });
    expect(await other.send('files.remove', 0, 'dir/nested/file')).toEqual({ ok: null });
    await other.send('files.commit');
    expect(await other.end()).toBeUndefined();
    expect(readFileSync(join(inputs, 'a.csv'), 'utf8')).toBe('a,b\n');
    expect(statSync(join(inputs, 'a.csv')).mtimeMs).toBe(before);
    expect(readFileSync(join(inputs, 'dir/nested/file'), 'utf8')).toBe('nested');
  });

  it('FS-01: no path of any form reaches what was not listed', async () => {
    const { policy } = site();
    const call = grantOf(READS, policy).begin();
    const listed = new Set((await paths(call)).filter((path) => !path.endsWith('/')));
    const part = fc.constantFrom('a.csv', 'dir', 'nested', 'file', '..', '.', '', '.env', 'outside', 'secret', '\0', 'x');
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 8 }), async (parts) => {
        const path = parts.join('/');
        expect((await readText(call, path)).startsWith('err ')).toBe(!listed.has(path));
      }),
      { numRuns: 300 },
    );
    await call.end();
  });
});

describe('rights along the chain', () => {
  it('PO-19: an input needs a readable mount in every scope', async () => {
    const { policy, inputs } = site();
    mkdirSync(join(inputs, 'private'));
    writeFileSync(join(inputs, 'private', 'x.csv'), 'x');
    const { begin } = grantOf(READS, policy);
    const seen = async (...others: unknown[]) => {
      const call = begin({ others });
      const found = await paths(call);
      await call.end();
      return found;
    };
    expect(await seen({ mounts: { '/any': { from: 'in/dir' } } })).toEqual(['dir/', 'dir/nested/', 'dir/nested/file']);
    expect(await seen({ mounts: { '/any': { from: 'in', only: ['*.csv'] } } })).toEqual(['a.csv']);
    expect(await seen({ mounts: { '/any': { from: 'in/a.csv' } } })).toEqual(['a.csv']);
    expect(await seen({ mounts: { '/any': { from: 'in/d' } } })).toEqual([]);
    expect(await seen({ mounts: { '/any': { access: 'write' } } })).toEqual([]);
    const both = [
      { mounts: { '/x': { from: '.' } } },
      { mounts: { '/y': { from: 'in/dir/nested' }, '/z': { from: 'in/a.csv' } } },
    ];
    expect(await seen(...both)).toEqual(['a.csv', 'dir/', 'dir/nested/', 'dir/nested/file']);
  });
});
