import { linkSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome, Warden } from 'cellblock';
import { describe, expect, it } from 'vitest';
import { hostFilesGuest } from '../support/file-guests.ts';
import { guest } from '../support/guests.ts';
import { fileHoarder } from '../support/hoarding-guests.ts';
import { type Place, usePlace } from '../support/wardens.ts';

/* Guests that try to get more than their `files` grant, through a warden, on real files: threats FS, and RS and WA as far as files go. */

const WALLS = ['thread', 'process'] as const;

/** Number of `not-permitted` among the cases of `error-code`. */
const NOT_PERMITTED = 31;

/** Makes files of one byte until it is stopped, or writes one file in pieces of 64 KiB; returns how many went well. */
function floodingGuest(): Promise<Uint8Array> {
  return guest(
    `(module
      (import "cellblock:host/files@0.1.0" "write" (func $write (param i32 i32 i64 i32 i32 i32)))
      (memory (export "memory") 2)
      (data (i32.const 128) "/out/00000000")
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
      (func $name (param $n i32) (local $at i32)
        (local.set $at (i32.const 140))
        (loop $digit
          (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $n) (i32.const 10))))
          (local.set $n (i32.div_u (local.get $n) (i32.const 10)))
          (local.set $at (i32.sub (local.get $at) (i32.const 1)))
          (br_if $digit (i32.ge_u (local.get $at) (i32.const 133)))))
      (func (export "many") (param $most i32) (result i32) (local $n i32)
        (block $done (loop $again
          (br_if $done (i32.ge_u (local.get $n) (local.get $most)))
          (call $name (local.get $n))
          (call $write (i32.const 128) (i32.const 13) (i64.const 0) (i32.const 0) (i32.const 1) (i32.const 64))
          (br_if $done (i32.load8_u (i32.const 64)))
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br $again)))
        (local.get $n))
      (func (export "large") (param $most i32) (result i32) (local $n i32)
        (block $done (loop $again
          (br_if $done (i32.ge_u (local.get $n) (local.get $most)))
          (call $write (i32.const 128) (i32.const 13) (i64.mul (i64.extend_i32_u (local.get $n)) (i64.const 65536))
            (i32.const 0) (i32.const 65536) (i32.const 64))
          (br_if $done (i32.load8_u (i32.const 64)))
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br $again)))
        (local.get $n)))`,
    `package test:flood;
     world w {
       import cellblock:host/files@0.1.0;
       export many: func(most: u32) -> u32;
       export large: func(most: u32) -> u32;
     }
     package cellblock:host@0.1.0 { interface files {
       enum error { no-entry, not-permitted, exists, is-directory, not-directory, not-empty, quota, name-too-long, invalid, io }
       write: func(path: string, offset: u64, bytes: list<u8>) -> result<_, error>;
     } }`,
  );
}

const MOUNTS = `{ /in: { from: allow }, /edit: { from: allow, access: write }, /out: { access: write, copyOut: { to: results, overwrite: allow } } }`;
const DOINGS = ['stat', 'list', 'read', 'write', 'set-size', 'make-directory', 'remove', 'rename'];
const FUNCTIONS = [...DOINGS.map((name) => `do-${name}`), 'then-fail', 'then-trap'];

interface Site {
  readonly folder: string;
  readonly warden: Warden;
  /** Calls `do-NAME` with these parameters, by position. */
  use(name: string, parameters: object): Promise<Outcome>;
}

/**
 * A site with `allow/` (a file, a folder, links out of it), `allow_secret/` and `outside/`, and a warden whose tool has MOUNTS.
 */
async function openSite(place: Place, isolation: string, quota = 'bytes: 10MiB, names: 1000'): Promise<Site> {
  const folder = place.site(`version: 1
tools:
  files: { component: files.wasm, functions: [${FUNCTIONS.join(', ')}], grants: [{ files: { mounts: ${MOUNTS}, ${quota} } }], isolation: ${isolation} }
  hoard: { component: hoard.wasm, functions: [symlink, open-many], grants: [{ files: { mounts: { /edit: { from: allow, access: write, copyOut: { to: results } } } } }], isolation: ${isolation} }
  flood: { component: flood.wasm, functions: [many, large], grants: [{ files: { mounts: ${MOUNTS}, ${quota} } }], isolation: ${isolation}, limits: { timeout: 20s, fuel: 10000000000 } }
agents: { one: { tools: [files, flood, hoard] } }
`);
  for (const name of ['allow', 'allow/dir', 'allow/dir/nested', 'allow_secret', 'outside', 'results'])
    mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'allow/a.txt'), 'hello');
  writeFileSync(join(folder, 'allow/dir/nested/file'), 'inside');
  writeFileSync(join(folder, 'allow_secret/x'), 'SECRET');
  writeFileSync(join(folder, 'outside/s'), 'SECRET');
  symlinkSync('../outside/s', join(folder, 'allow/link'));
  symlinkSync('../outside', join(folder, 'allow/links'));
  symlinkSync('/etc/passwd', join(folder, 'allow/passwd'));
  linkSync(join(folder, 'allow/a.txt'), join(folder, 'allow/hard.txt'));
  writeFileSync(join(folder, 'files.wasm'), await hostFilesGuest());
  writeFileSync(join(folder, 'flood.wasm'), await floodingGuest());
  writeFileSync(join(folder, 'hoard.wasm'), await fileHoarder());
  const warden = await place.open(folder);
  const use = (name: string, parameters: object): Promise<Outcome> =>
    warden.request({ agent: 'one', tool_name: `files.${name}`, parameters });
  return { folder, warden, use };
}

const text = (outcome: Outcome): string => Buffer.from(outcome.value as string, 'base64').toString();
const HELLO = Buffer.from('hello').toString('base64');

/** Everything below a folder, with the bytes of files. */
function snapshot(folder: string): object {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .map((entry) => [join(entry.parentPath, entry.name), entry] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, entry]) => [
        path,
        entry.isFile()
          ? [readFileSync(path, 'latin1'), statSync(path).mtimeMs]
          : entry.isSymbolicLink()
            ? readlinkSync(path)
            : 'directory',
      ]),
  );
}

/** What this process has open below a folder, but for the trail. */
function openBelow(folder: string): string[] {
  const paths = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // the one that reads the list
    }
  });
  return paths.filter((path) => path.startsWith(`${folder}/`) && !path.includes('/.cellblock/') && !path.endsWith('.wasm'));
}

describe.each(WALLS)('files behind the wall `%s`', (isolation) => {
  const place = usePlace();

  it('FS-01, FS-03, FS-09: no path leads out of the tree, and none is cut', async () => {
    const { use } = await openSite(place, isolation);
    for (const path of [
      '/in/../outside/s',
      '/in/dir/../../outside/s',
      '/in/../allow_secret/x',
      '/in/../../allow_secret/x',
      '/in_secret/x',
      '/etc/passwd',
      '../outside/s',
      'outside/s',
      '',
      '/',
      '/in/a.txt\0.png',
      '/in/\0',
      '/in/dir/%2e%2e/%2e%2e/outside/s',
      '/in/..\\outside\\s',
      '/out/../in/../outside/s',
    ]) {
      const outcome = await use('do-read', { path, offset: 0, length: 100 });
      expect(outcome.kind, path).toBe('tool-error');
      expect(JSON.stringify(outcome)).not.toContain(Buffer.from('SECRET').toString('base64'));
    }
  });

  it('FS-02: a path that stays inside is not refused for its looks', async () => {
    const { use } = await openSite(place, isolation);
    const path = '/in/dir/.//nested/../../dir/nested/../nested///./file';
    expect(text(await use('do-read', { path, offset: 0, length: 100 }))).toBe('inside');
    expect(text(await use('do-read', { path: '/in/hard.txt', offset: 1, length: 3 }))).toBe('ell');
  });

  it('FS-04: links are not there, for reading, writing, listing and looking', async () => {
    const { folder, use, warden } = await openSite(place, isolation);
    for (const path of ['/in/link', '/in/links', '/in/links/s', '/in/passwd']) {
      expect(await use('do-read', { path, offset: 0, length: 100 })).toMatchObject({ kind: 'tool-error', value: 'no-entry' });
      expect(await use('do-stat', { path })).toMatchObject({ kind: 'tool-error', value: 'no-entry' });
      expect(await use('do-list', { path })).toMatchObject({ kind: 'tool-error' });
      expect((await use('do-write', { path, offset: 0, bytes: HELLO })).kind).toBe('tool-error');
    }
    const listed = await use('do-list', { path: '/in' });
    const byName = (listed.value as { name: string }[]).sort((a, b) => (a.name < b.name ? -1 : 1));
    expect(byName).toEqual([
      { name: 'a.txt', kind: 'file', size: 5 },
      { name: 'dir', kind: 'directory', size: 0 },
      { name: 'hard.txt', kind: 'file', size: 5 },
    ]);
    const { records } = await warden.audit.show(listed.receipt.audit!);
    expect(JSON.stringify(records)).toContain('"link"'); // what was left out is in the trail
    expect(readFileSync(join(folder, 'outside/s'), 'utf8')).toBe('SECRET');
  });

  it('FS-05: a guest can make no link, whatever it leads to', async () => {
    const { folder, warden } = await openSite(place, isolation);
    for (const old of ['../outside/s', '/etc/passwd', 'a.txt', '.']) {
      const parameters = { old, new: 'planted' };
      const outcome = await warden.request({ agent: 'one', tool_name: 'hoard.symlink', parameters });
      expect(outcome, old).toMatchObject({ kind: 'ok', value: 1 + NOT_PERMITTED });
    }
    expect(readdirSync(join(folder, 'results'))).toEqual([]);
  });

  it('RS-10: descriptors that are never given back end at the cap on handles', async () => {
    const { warden } = await openSite(place, isolation);
    const many = (n: number): Promise<Outcome> =>
      warden.request({ agent: 'one', tool_name: 'hoard.open-many', parameters: { path: 'a.txt', n } });
    expect(await many(100)).toMatchObject({ kind: 'ok', value: 100 });
    expect(await many(100_000)).toMatchObject({ kind: 'limited', error: { code: 'limit/handles' } });
    expect(openBelow(warden.policy.file.replace(/\/[^/]*$/, ''))).toEqual([]);
  });

  it('FS-13: a read-only mount is read-only in every way, and the original stays what it was', async () => {
    const { folder, use } = await openSite(place, isolation);
    const before = snapshot(join(folder, 'allow'));
    for (const [name, parameters] of [
      ['do-write', { path: '/in/a.txt', offset: 0, bytes: HELLO }],
      ['do-write', { path: '/in/new', offset: 0, bytes: HELLO }],
      ['do-set-size', { path: '/in/a.txt', size: 0 }],
      ['do-make-directory', { path: '/in/d' }],
      ['do-remove', { path: '/in/a.txt' }],
      ['do-rename', { old: '/in/a.txt', new: '/in/b.txt' }],
      ['do-rename', { old: '/in/a.txt', new: '/out/b.txt' }],
    ] as const) {
      expect(await use(name, parameters)).toMatchObject({ kind: 'tool-error', value: 'not-permitted' });
    }
    expect(snapshot(join(folder, 'allow'))).toEqual(before);
    expect(readdirSync(join(folder, 'results'))).toEqual([]);
  });

  it('FS-19: paths beyond all measure are refused at once', async () => {
    const { use } = await openSite(place, isolation);
    expect((await use('do-stat', { path: `/in/${'a'.repeat(2 ** 20)}` })).kind).toMatch(/tool-error|limited/);
    for (const path of [`/in/${'a'.repeat(1_000_000)}`, `/in${'/a'.repeat(10_000)}`]) {
      const outcome = await use('do-stat', { path });
      expect(outcome).toMatchObject({ kind: 'tool-error', value: expect.stringMatching(/name-too-long|no-entry/) });
      expect(outcome.receipt.phases.guestMs).toBeLessThan(500);
    }
  });

  it('FS-21: a flood of bytes, of names and of nothing at all stops at the quota', async () => {
    const { folder, use, warden } = await openSite(place, isolation);
    const flood = (name: string): Promise<Outcome> =>
      warden.request({ agent: 'one', tool_name: `flood.${name}`, parameters: { most: 1_000_000 } });
    const large = await flood('large');
    expect(large).toMatchObject({ kind: 'ok', value: (10 * 2 ** 20) / 65536 });
    const many = await flood('many');
    expect(many.kind).toBe('refused'); // 1,000 names were made, but `files: 100` may leave: all or nothing
    expect(many.error).toMatchObject({ code: 'denied/copy-out' });
    expect(readdirSync(join(folder, 'results'))).toEqual(['00000000']);
    expect(await use('do-set-size', { path: '/edit/a.txt', size: 2 ** 40 })).toMatchObject({
      kind: 'tool-error',
      value: 'quota',
    });
    expect(await use('do-write', { path: '/out/far', offset: 2 ** 40, bytes: HELLO })).toMatchObject({
      kind: 'tool-error',
      value: 'quota',
    });
  });

  it('what leaves is judged as a whole, after the call ended well and never else', async () => {
    const { folder, use, warden } = await openSite(place, isolation);
    const results = join(folder, 'results');
    symlinkSync('../outside/s', join(results, 'planted'));
    expect(await use('then-fail', { path: '/out/f' })).toMatchObject({ kind: 'tool-error' });
    expect(await use('then-trap', { path: '/out/t' })).toMatchObject({ kind: 'trapped' });
    expect(readdirSync(results)).toEqual(['planted']);
    const through = await use('do-write', { path: '/out/planted', offset: 0, bytes: HELLO });
    expect(readFileSync(join(folder, 'outside/s'), 'utf8')).toBe('SECRET');
    expect(through).toMatchObject({ kind: 'refused', error: { code: 'denied/copy-out' } });
    const left = await use('do-write', { path: '/out/report.txt', offset: 0, bytes: HELLO });
    expect(left.kind).toBe('ok');
    expect(readFileSync(join(results, 'report.txt'), 'utf8')).toBe('hello');
    expect(JSON.stringify(left.receipt.uses)).toContain('2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824');
    const { records } = await warden.audit.show(through.receipt.audit!);
    expect(records.find(({ kind }) => kind === 'outcome')).toMatchObject({ outcome: 'refused', code: 'denied/copy-out' });
    expect(readdirSync(results).filter((name) => name.startsWith('.cellblock'))).toEqual([]);
  });

  it('RS-11: a guest cannot make the host allocate what it says', async () => {
    const { use } = await openSite(place, isolation);
    expect(text(await use('do-read', { path: '/in/a.txt', offset: 0, length: 2 ** 32 - 1 }))).toBe('hello');
    expect(await use('do-read', { path: '/in/a.txt', offset: '18446744073709551615', length: 2 ** 32 - 1 })).toMatchObject({
      kind: expect.stringMatching(/ok|tool-error/),
    });
  });

  it('leaves no file open and nothing staged, whatever happened', async () => {
    const { folder, use } = await openSite(place, isolation);
    for (let at = 0; at < 10; at++) {
      await use('do-read', { path: '/in/dir/nested/file', offset: 0, length: 9 });
      await use('then-trap', { path: `/out/t${at}` });
      await use('do-write', { path: `/out/../in/${at}`, offset: 0, bytes: HELLO });
    }
    expect(openBelow(folder)).toEqual([]);
    expect(readdirSync(join(folder, 'results'))).toEqual([]);
  });
});
