import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, test } from 'vitest';
import { closeKvStores, KV } from '../../../../host/capabilities/kv/index.ts';
import { kvCapability } from '../../../../host/capabilities/kv/kv.ts';
import { KvFile } from '../../../../host/capabilities/kv/kv-file.ts';
import { KvStore } from '../../../../host/capabilities/kv/store.ts';
import { openDatabase } from '../../../../host/sqlite.ts';
import type { WitValue } from '../../../../runtime/index.ts';
import { type Asker, type FakeTool, fakeTool, issuesOf } from './fake-grant.ts';

const root = mkdtempSync(join(tmpdir(), 'cellblock-kv-'));
const folders: string[] = [];
afterEach(() => folders.splice(0).forEach(closeKvStores));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function newFolder(): string {
  const folder = join(root, `state-${readdirSync(root).length}`);
  mkdirSync(folder, { mode: 0o700 });
  folders.push(folder);
  return folder;
}

const clock = { ms: 1_000_000 };
const CLOCKED = kvCapability(() => clock.ms);

function kv(folder: string | undefined, scope: object = { namespace: 'agent' }, asker: Asker = {}): FakeTool {
  return fakeTool(CLOCKED, scope, { stateFolder: folder }, asker);
}

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const some = (value: WitValue): WitValue => ({ some: value });
const NONE = { ok: null };
const err = (tag: string, value?: WitValue): object => ({ err: value === undefined ? { tag } : { tag, value } });

async function textAt(tool: FakeTool, key: string): Promise<string | undefined> {
  const { ok } = (await tool.call('get', key)) as { ok: { some: { value: Uint8Array } } | null };
  return ok === null ? undefined : Buffer.from(ok.some.value).toString();
}

async function versionOf(answer: Promise<WitValue | undefined>): Promise<bigint> {
  return ((await answer) as { ok: bigint }).ok;
}

const set = (tool: FakeTool, key: string, value = 'v', ttl: WitValue = null) => tool.call('set', key, bytes(value), ttl);

describe('values', () => {
  it('are there in later calls, also when they are empty, and not under another key', async () => {
    const folder = newFolder();
    await set(kv(folder), 'k', 'one');
    await set(kv(folder), 'empty', '');
    closeKvStores(folder);
    expect(await textAt(kv(folder), 'k')).toBe('one');
    expect(await textAt(kv(folder), 'empty')).toBe('');
    for (const key of ['K', 'k ', 'k/', 'kk']) expect(await kv(folder).call('get', key)).toEqual(NONE);
  });

  it('are changed by compare-and-set only from what was expected', async () => {
    const tool = kv(newFolder());
    const first = await versionOf(tool.call('compare-and-set', 'k', null, bytes('1'), null));
    expect(await tool.call('compare-and-set', 'k', null, bytes('2'), null)).toEqual(err('conflict'));
    expect(await tool.call('compare-and-set', 'k', some(first + 1n), bytes('2'), null)).toEqual(err('conflict'));
    const second = await versionOf(tool.call('compare-and-set', 'k', some(first), bytes('2'), null));
    expect(second).not.toBe(first);
    expect(await tool.call('compare-and-set', 'k', some(first), bytes('3'), null)).toEqual(err('conflict'));
    expect(await tool.call('compare-and-set', 'none', some(second), bytes('3'), null)).toEqual(err('conflict'));
    expect(await tool.call('compare-and-set', 'k', some(2n ** 64n - 1n), bytes('3'), null)).toEqual(err('conflict'));
    expect(await textAt(tool, 'k')).toBe('2');
  });

  it('have no version twice, whatever is removed between', async () => {
    const folder = newFolder();
    const seen: bigint[] = [];
    for (let round = 0; round < 12; round++) {
      for (const key of ['a', 'b', 'a']) seen.push(await versionOf(set(kv(folder), key)));
      for (const key of ['a', 'b']) expect(await kv(folder).call('delete', key)).toEqual({ ok: true });
      closeKvStores(folder);
    }
    // The store is made anew each time; that each version is above all before is what keeps them apart.
    expect(seen.every((version, at) => at === 0 || version > seen[at - 1]!)).toBe(true);
    expect(await kv(folder).call('delete', 'a')).toEqual({ ok: false });
  });

  it('of a store say nothing about how much others write', async () => {
    const folder = newFolder();
    const mine = kv(folder);
    const first = await versionOf(set(mine, 'k'));
    for (let n = 0; n < 5; n++) await set(kv(folder, { namespace: 'agent' }, { agent: 'other' }), 'k');
    expect(await versionOf(set(mine, 'k'))).toBe(first + 1n);
  });
});

describe('the life of values', () => {
  it('ends at the millisecond; then they are not found, listed, counted, compared with or removed', async () => {
    const tool = kv(newFolder(), { namespace: 'agent', keys: 1 });
    const version = await versionOf(set(tool, 'k', 'v', some(100n)));
    clock.ms += 99;
    expect(await textAt(tool, 'k')).toBe('v');
    expect(await set(tool, 'other')).toEqual(err('quota', 1n));
    clock.ms += 1;
    expect(await textAt(tool, 'k')).toBeUndefined();
    expect(await tool.call('keys', '', null)).toEqual({ ok: [] });
    expect(await tool.call('compare-and-set', 'k', some(version), bytes('w'), null)).toEqual(err('conflict'));
    expect(await tool.call('delete', 'k')).toEqual({ ok: false });
    expect(await set(tool, 'other')).toHaveProperty('ok');
  });

  it('ends for who removes it, too', async () => {
    const tool = kv(newFolder());
    await set(tool, 'k', 'v', some(1n));
    clock.ms += 1;
    expect(await tool.call('delete', 'k')).toEqual({ ok: false });
  });

  it('is over for good when the clock is set back', async () => {
    const tool = kv(newFolder());
    await set(tool, 'k', 'v', some(100n));
    clock.ms += 100;
    expect(await textAt(tool, 'k')).toBeUndefined();
    clock.ms -= 100;
    expect(await textAt(tool, 'k')).toBeUndefined();
    clock.ms += 100;
  });

  it('is never longer than the grant says, and without an end where nobody says one', async () => {
    const folder = newFolder();
    const short = kv(folder, { namespace: 'agent', ttlMax: '1s' });
    for (const [key, ttl] of [
      ['none', null],
      ['long', some(2n ** 64n - 1n)],
      ['short', some(10n)],
      ['zero', some(0n)],
    ] as const) {
      await set(short, key, 'v', ttl);
    }
    await set(kv(folder), 'huge', 'v', some(2n ** 64n - 1n));
    expect(await short.call('keys', '', null)).toEqual({ ok: ['huge', 'long', 'none', 'short'] });
    clock.ms += 999;
    expect(await short.call('keys', '', null)).toEqual({ ok: ['huge', 'long', 'none'] });
    clock.ms += 1;
    expect(await short.call('keys', '', null)).toEqual({ ok: ['huge'] });
    clock.ms += 100 * 365 * 86_400_000;
    expect(await textAt(short, 'huge')).toBe('v');
  });

  it('ends for sessions after a week, unless the grant says otherwise', async () => {
    const folder = newFolder();
    const tool = kv(folder, { namespace: 'session' }, { session: 's' });
    await set(tool, 'k', 'v');
    clock.ms += 7 * 86_400_000 - 1;
    expect(await textAt(tool, 'k')).toBe('v');
    clock.ms += 1;
    expect(await textAt(tool, 'k')).toBeUndefined();
  });

  it('frees the file of stores that nobody uses any more', async () => {
    const folder = newFolder();
    for (let n = 0; n < 20; n++) await set(kv(folder, { namespace: 'session' }, { session: `s${n}` }), 'k', 'v', some(1n));
    clock.ms += 1;
    await set(kv(folder), 'k');
    closeKvStores(folder);
    const database = openDatabase(join(folder, 'kv.sqlite'));
    const count = (table: string) => Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).all()[0]!.n);
    expect([count('stores'), count('entries')]).toEqual([1, 1]);
    database.close();
  });
});

describe('namespaces', () => {
  const AGENT = { namespace: 'agent' };
  const SHARED = { namespace: 'agent', store: 'notes' };
  const TOOL = { namespace: 'tool' };
  const SESSION = { namespace: 'session' };
  const SESSION_SHARED = { namespace: 'session', store: 'notes' };

  test.each<[string, object, Asker, object, Asker, boolean]>([
    ['agent: the same tool again', AGENT, {}, AGENT, {}, true],
    ['agent: the same tool in a session', AGENT, {}, AGENT, { session: 's' }, true],
    ['agent: another tool', AGENT, {}, AGENT, { tool: 'other' }, false],
    ['agent: another tool with the store of one name', SHARED, {}, SHARED, { tool: 'other' }, true],
    ['agent: another agent with the store of one name', SHARED, {}, SHARED, { agent: 'other' }, false],
    ['agent: a store with the name of the tool', AGENT, {}, { namespace: 'agent', store: 'counter' }, {}, false],
    ['tool: another agent', TOOL, {}, TOOL, { agent: 'other' }, true],
    ['tool: another tool', TOOL, {}, TOOL, { tool: 'other' }, false],
    ['tool and agent of one name', TOOL, { tool: 'x' }, AGENT, { agent: 'x', tool: 'x' }, false],
    ['session: the same', SESSION, { session: 's' }, SESSION, { session: 's' }, true],
    ['session: another', SESSION, { session: 's' }, SESSION, { session: 't' }, false],
    ['session: of another agent under the same name', SESSION, { session: 's' }, SESSION, { session: 's', agent: 'o' }, false],
    ['session: another tool', SESSION, { session: 's' }, SESSION, { session: 's', tool: 'o' }, false],
    ['session: the store of one name', SESSION_SHARED, { session: 's' }, SESSION_SHARED, { session: 's', tool: 'o' }, true],
    ['session: names that run together', SESSION, { session: '","s' }, SESSION, { session: 's', agent: 'triage","' }, false],
  ])('%s', async (_, scope, asker, otherScope, otherAsker, isShared) => {
    const folder = newFolder();
    await set(kv(folder, scope, asker), 'k', 'v');
    const other = kv(folder, otherScope, otherAsker);
    expect(await textAt(other, 'k')).toBe(isShared ? 'v' : undefined);
    expect(await other.call('keys', '', null)).toEqual({ ok: isShared ? ['k'] : [] });
  });

  it('of a session are refused without one, and nothing is written', async () => {
    const folder = newFolder();
    const tool = kv(folder, SESSION);
    const why = 'the namespace is `session`, and the request has no session; file it with one';
    expect(await set(tool, 'k')).toEqual(err('denied', why));
    expect(await tool.call('get', 'k')).toEqual(err('denied', why));
    expect(tool.notes[0]).toEqual({ capability: 'kv', act: 'set `k`', result: `denied: ${why}` });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('what scopes allow', () => {
  it('reading and changing; reading only', async () => {
    const folder = newFolder();
    await set(kv(folder), 'k', 'v');
    const reader = kv(folder, { namespace: 'agent', access: 'read' });
    expect(await textAt(reader, 'k')).toBe('v');
    expect(await reader.call('keys', '', null)).toEqual({ ok: ['k'] });
    const denied = err('denied', 'the grant is to read only; `access: write` would allow it');
    expect(await set(reader, 'k', 'w')).toEqual(denied);
    expect(await reader.call('compare-and-set', 'n', null, bytes('w'), null)).toEqual(denied);
    expect(await reader.call('delete', 'k')).toEqual(denied);
    expect(await textAt(reader, 'k')).toBe('v');
    expect(reader.notes.map(({ act, result }) => `${act} ${result.split(':')[0]}`)).toEqual([
      'set `k` denied',
      'compare-and-set `n` denied',
      'delete `k` denied',
    ]);
  });

  it('keys with a prefix, and lists below one', async () => {
    const folder = newFolder();
    await set(kv(folder), 'secret/x');
    const tool = kv(folder, { namespace: 'agent', prefixes: ['a/', 'b/'] });
    expect(await set(tool, 'a/k', 'v')).toHaveProperty('ok');
    expect(await tool.call('keys', 'a/', null)).toEqual({ ok: ['a/k'] });
    expect(await tool.call('keys', 'a/k', null)).toEqual({ ok: ['a/k'] });
    expect(await tool.call('get', 'secret/x')).toEqual(
      err('denied', 'the grant has no prefix that `secret/x` begins with; `prefixes` would allow it'),
    );
    for (const key of ['a', 'A/k', 'ab/k', ' a/k', '\u0430/k'])
      expect(await set(tool, key)).toMatchObject(err('denied') as object);
    for (const prefix of ['', 'a', 'secret/'])
      expect(await tool.call('keys', prefix, null)).toMatchObject(err('denied') as object);
    expect(await tool.call('keys', 'a/', some('secret'))).toEqual({ ok: [] });
  });

  test.each<[string, object, object, string | undefined]>([
    ['the same', {}, {}, undefined],
    ['another namespace', {}, { namespace: 'tool' }, 'a grant above this one is for the namespace `tool`, not `agent`'],
    ['another store', { store: 'a' }, { store: 'b' }, 'a grant above this one is for the store `b`, not the store `a`'],
    ['no store', { store: 'a' }, {}, "a grant above this one is for a tool's own store, not the store `a`"],
    ['reading', {}, { access: 'read' }, 'a grant above this one is to read only; `access: write` would allow it'],
    ['a prefix', {}, { prefixes: ['k'] }, undefined],
    [
      'another prefix',
      { prefixes: ['k'] },
      { prefixes: ['x'] },
      'a grant above this one has no prefix that `k` begins with; `prefixes` would allow it',
    ],
    ['fewer bytes', { bytes: '1KiB' }, { bytes: '1B' }, 'quota'],
    ['shorter values', { valueBytes: '1KiB' }, { valueBytes: '1B' }, 'quota'],
  ])('only what a grant above allows, too: %s', async (_, scope, above, why) => {
    const tool = kv(newFolder(), { namespace: 'agent', ...scope }, { above: [{ namespace: 'agent', ...above }] });
    const answer = await set(tool, 'k', 'vv');
    if (why === undefined) expect(answer).toHaveProperty('ok');
    else expect(answer).toEqual(why === 'quota' ? err('quota', 1n) : err('denied', why));
  });

  it('the life that a grant above allows, and not its defaults', async () => {
    const tool = kv(
      newFolder(),
      { namespace: 'agent', valueBytes: '100KiB' },
      { above: [{ namespace: 'agent', ttlMax: '1ms' }] },
    );
    expect(await set(tool, 'k', 'x'.repeat(100 * 1024))).toHaveProperty('ok'); // above the default
    expect(await tool.call('keys', '', null)).toEqual({ ok: ['k'] });
    clock.ms += 1;
    expect(await tool.call('keys', '', null)).toEqual({ ok: [] });
  });
});

describe('quotas (FS-21)', () => {
  it('of keys, bytes and a value each hold, and what is taken away is free again', async () => {
    const tool = kv(newFolder(), { namespace: 'agent', keys: 3, bytes: '20B', valueBytes: '10B' });
    expect(await set(tool, 'a', 'x'.repeat(11))).toEqual(err('quota', 10n));
    expect(await set(tool, 'a', 'x'.repeat(10))).toHaveProperty('ok');
    expect(await set(tool, 'b', 'x'.repeat(9))).toEqual(err('quota', 20n));
    expect(await set(tool, 'b', 'x'.repeat(8))).toHaveProperty('ok');
    expect(await set(tool, 'c', '')).toEqual(err('quota', 20n));
    expect(await set(tool, 'a', 'x')).toHaveProperty('ok');
    expect(await set(tool, 'c', '')).toHaveProperty('ok');
    expect(await set(tool, 'd', '')).toEqual(err('quota', 3n));
    expect(await set(tool, 'c', 'y')).toHaveProperty('ok');
    expect(await tool.call('delete', 'b')).toEqual({ ok: true });
    expect(await set(tool, 'd', 'xx')).toHaveProperty('ok');
    expect(await tool.call('keys', '', null)).toEqual({ ok: ['a', 'c', 'd'] });
  });

  it('are of one store: another one is not full', async () => {
    const folder = newFolder();
    const scope = { namespace: 'agent', keys: 1 };
    await set(kv(folder, scope), 'a');
    expect(await set(kv(folder, scope), 'b')).toEqual(err('quota', 1n));
    expect(await set(kv(folder, scope, { agent: 'other' }), 'b')).toHaveProperty('ok');
  });

  it('that a policy has lowered let a store become smaller, and not larger', async () => {
    const folder = newFolder();
    await set(kv(folder), 'a', 'x'.repeat(100));
    const tool = kv(folder, { namespace: 'agent', bytes: '10B' });
    expect(await set(tool, 'a', 'x'.repeat(101))).toEqual(err('quota', 10n));
    expect(await set(tool, 'a', 'x'.repeat(50))).toHaveProperty('ok');
  });

  it('are not passed by writes at the same time', async () => {
    const folder = newFolder();
    const tool = kv(folder, { namespace: 'agent', keys: 5 });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => set(tool, `k${n}`)));
    expect(answers.filter((answer) => 'ok' in (answer as object))).toHaveLength(5);
  });
});

/** Adds keys to the one store that there is, in one transaction: each `set` waits for the disk. */
function fill(folder: string, keys: readonly string[]): void {
  const database = openDatabase(join(folder, 'kv.sqlite'));
  database.exec('BEGIN IMMEDIATE');
  const insert = database.prepare("INSERT INTO entries (store, key, value, version) SELECT id, ?, x'', ? FROM stores");
  for (const [at, key] of keys.entries()) insert.run(Buffer.from(key), at + 1);
  database.exec('COMMIT');
  database.close();
}

describe('keys', () => {
  const LONGEST = 'x'.repeat(512);
  test.each([
    ['empty', ''],
    ['of 513 bytes', `${LONGEST}x`],
    ['of 513 bytes in fewer characters', `${'ü'.repeat(256)}x`],
    ['of a megabyte', 'x'.repeat(2 ** 20)],
    ['with NUL (FS-09)', 'a\0b'],
    ['with a line break', 'a\nb'],
    ['with DEL', 'a\x7f'],
    ['with a C1 control', 'a\x85'],
    ['with half a surrogate pair', 'a\ud800'],
  ])('%s are invalid', async (_, key) => {
    const folder = newFolder();
    const tool = kv(folder);
    for (const answer of [
      await set(tool, key),
      await tool.call('get', key),
      await tool.call('delete', key),
      await tool.call('compare-and-set', key, null, bytes('v'), null),
    ]) {
      expect(answer).toEqual(err('invalid-key'));
    }
    if (key !== '') expect(await tool.call('keys', key, null)).toEqual(err('invalid-key'));
    if (key !== '') expect(await tool.call('keys', '', some(key))).toEqual(err('invalid-key'));
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([LONGEST, 'ü'.repeat(256), '../../etc/passwd', "'; DROP TABLE entries; --", '%_*', '\u202e', '👩‍👩‍👧', '__proto__'])(
    '%s is as good as any',
    async (key) => {
      const tool = kv(newFolder());
      await set(tool, key, 'v');
      expect(await textAt(tool, key)).toBe('v');
      expect(await tool.call('keys', key, null)).toEqual({ ok: [key] });
    },
  );

  it('that look alike are not the same', async () => {
    const tool = kv(newFolder());
    await set(tool, '\u00e9', 'composed');
    expect(await textAt(tool, 'e\u0301')).toBeUndefined();
  });

  it('come in the order of their bytes, a thousand at a time', async () => {
    const folder = newFolder();
    const tool = kv(folder);
    const odd = ['a', 'b', 'ab', '\uffff', '\u{10000}', '\u{10ffff}', 'é', 'z', 'Z'];
    const all = [...odd, ...Array.from({ length: 1200 }, (_, n) => `n${n}`)];
    await set(tool, 'a', '');
    fill(folder, all.slice(1));
    const sorted = all.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const first = ((await tool.call('keys', '', null)) as { ok: string[] }).ok;
    expect(first).toEqual(sorted.slice(0, 1000));
    const second = ((await tool.call('keys', '', some(first.at(-1)!))) as { ok: string[] }).ok;
    expect(second).toEqual(sorted.slice(1000));
    expect(await tool.call('keys', 'n11', some('n119'))).toEqual({
      ok: Array.from({ length: 10 }, (_, n) => `n119${n}`),
    });
    expect(await tool.call('keys', '\u{10ffff}', null)).toEqual({ ok: ['\u{10ffff}'] });
  });
});

describe('the file', () => {
  it.skipIf(process.platform === 'win32')('is for its owner alone, with all that SQLite puts beside it', async () => {
    const folder = join(newFolder(), 'deep', 'er');
    folders.push(folder);
    const tool = kv(folder);
    await set(tool, 'k');
    for (const name of readdirSync(folder)) expect([name, statSync(join(folder, name)).mode & 0o777]).toEqual([name, 0o600]);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    chmodSync(join(folder, 'kv.sqlite'), 0o644);
    closeKvStores(folder);
    await set(kv(folder), 'k');
    expect(statSync(join(folder, 'kv.sqlite')).mode & 0o777).toBe(0o600);
  });

  const unavailable = async (folder: string | undefined): Promise<string> => {
    const tool = kv(folder);
    expect(await set(tool, 'k')).toEqual(err('unavailable'));
    expect(await tool.call('get', 'k')).toEqual(err('unavailable'));
    expect(await tool.call('keys', '', null)).toEqual(err('unavailable'));
    return tool.notes[0]!.result;
  };

  it('is unavailable without a folder for state', async () => {
    expect(await unavailable(undefined)).toBe('unavailable: this host has no folder for state');
  });

  it('is unavailable where there can be no folder, without a path of this machine in what is said', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'plain'), '');
    const why = await unavailable(join(folder, 'plain', 'state'));
    expect(why).toMatch(/^unavailable: the store of `kv` cannot be used: E[A-Z]+$/);
  });

  test.each<[string, (path: string) => void]>([
    ['no database', (path) => writeFileSync(path, 'not a database, and long enough to be seen as none'.repeat(100))],
    ['a folder', (path) => mkdirSync(path)],
    ['a link (FS-04)', (path) => symlinkSync(join(root, 'elsewhere'), path)],
    [
      'a database of a later version',
      (path) => {
        const database = openDatabase(path);
        database.exec('PRAGMA user_version = 2');
        database.close();
      },
    ],
    [
      'a database of somebody else',
      (path) => {
        const database = openDatabase(path);
        database.exec('CREATE TABLE other (a); PRAGMA user_version = 1');
        database.close();
      },
    ],
  ])('is unavailable when it is %s, and left as it is', async (_, make) => {
    const folder = newFolder();
    make(join(folder, 'kv.sqlite'));
    expect(await unavailable(folder)).toMatch(/^unavailable: the store of `kv` cannot be used: /);
    expect(readdirSync(root)).not.toContain('elsewhere');
  });

  it('that is damaged in the middle of its life is unavailable, not a raw error', async () => {
    const whole = newFolder();
    await set(kv(whole), 'k');
    closeKvStores(whole);
    const database = openDatabase(join(whole, 'kv.sqlite'));
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    database.close();
    const folder = newFolder();
    const bytesOfWhole = readFileSync(join(whole, 'kv.sqlite'));
    writeFileSync(join(folder, 'kv.sqlite'), bytesOfWhole.fill(0xff, 4096));
    await unavailable(folder);
  });

  it('that is removed or replaced is made anew, not written to where nobody sees it', async () => {
    const folder = newFolder();
    await set(kv(folder), 'k', 'old');
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    expect(await textAt(kv(folder), 'k')).toBeUndefined();
    await set(kv(folder), 'k', 'new');
    closeKvStores(folder);
    expect(await textAt(kv(folder), 'k')).toBe('new');
  });

  it('is waited for while another process writes, and given up when the call ends', async () => {
    const folder = newFolder();
    await set(kv(folder), 'k', 'v');
    const other = openDatabase(join(folder, 'kv.sqlite'));
    other.exec('BEGIN IMMEDIATE');
    const waiting = set(kv(folder), 'k', 'w');
    expect(await textAt(kv(folder), 'k')).toBe('v'); // reading waits for nobody
    const controller = new AbortController();
    const ended = set(kv(folder, { namespace: 'agent' }, { signal: controller.signal }), 'k', 'x');
    controller.abort();
    expect(await ended).toEqual(err('unavailable'));
    other.exec('COMMIT');
    expect(await waiting).toHaveProperty('ok');
    expect(await textAt(kv(folder), 'k')).toBe('w');
    other.close();
  });

  it('that is full is unavailable, keeps what it has, and holds up nobody (FS-21)', async () => {
    const folder = newFolder();
    const limits = { bytes: 2 ** 30, keys: 1000, valueBytes: 2 ** 20, ttlMsMax: undefined };
    const { signal } = new AbortController();
    const file = new KvFile(folder, 40);
    const store = new KvStore(file, 's', () => 1, signal);
    const entry = (key: string, length: number) => ({
      key,
      value: new Uint8Array(length),
      ttlMs: undefined,
      expected: undefined,
    });
    await store.set(entry('small', 10_000), limits);
    for (let n = 0; n < 3; n++) {
      await expect(store.set(entry('large', 200_000), limits)).rejects.toMatchObject({
        code: 'capability/unavailable',
        message: expect.stringMatching(/^the store of `kv` cannot be used: .*full/),
      });
    }
    expect(await store.keys('', '')).toEqual(['small']);
    const other = new KvFile(folder);
    expect(await new KvStore(other, 's', () => 1, signal).set(entry('large', 200_000), limits)).toHaveProperty('version');
    expect(await store.delete('small')).toBe(true);
    file.close();
    other.close();
  });

  it('can be closed while it is used', async () => {
    const folder = newFolder();
    const all = Array.from({ length: 10 }, async (_, n) => {
      closeKvStores(folder);
      return set(kv(folder), `k${n}`);
    });
    for (const answer of await Promise.all(all)) expect(answer).toHaveProperty('ok');
  });
});

describe('the trail', () => {
  it('has changes with their sizes and what became of them, and no values', async () => {
    const tool = kv(newFolder(), { namespace: 'agent', keys: 1 });
    await set(tool, 'k\u202e`', 'hidden value');
    await tool.call('get', 'k\u202e`');
    await tool.call('compare-and-set', 'k\u202e`', null, bytes('hidden value'), null);
    await set(tool, 'l', 'hidden value');
    await tool.call('delete', 'l');
    expect(tool.notes).toEqual([
      { capability: 'kv', act: 'set `k\\u{202e}\\u{60}`', result: 'ok', data: { bytes: 12 } },
      { capability: 'kv', act: 'compare-and-set `k\\u{202e}\\u{60}`', result: 'conflict', data: { bytes: 12 } },
      { capability: 'kv', act: 'set `l`', result: 'quota', data: { bytes: 12 } },
      { capability: 'kv', act: 'delete `l`', result: 'ok' },
    ]);
    expect(KV.effect).toBeUndefined();
  });
});

describe('the schema', () => {
  test.each<[string, unknown, string[]]>([
    ['no scope', undefined, ['missing; expected a mapping of the fields of `kv`']],
    ['no namespace', {}, ['namespace: missing; expected `agent`, `tool` or `session`']],
    ['another namespace', { namespace: 'all' }, ['namespace: expected `agent`, `tool` or `session`, got text `all`']],
    [
      'a store of a tool',
      { namespace: 'tool', store: 'x' },
      ['store: `store` goes with `agent` and `session`; what is of the tool is shared with no other tool'],
    ],
    [
      'an empty list',
      { namespace: 'tool', prefixes: [] },
      ['prefixes: expected a list of one or more prefixes, got an empty one'],
    ],
    [
      'an empty prefix',
      { namespace: 'tool', prefixes: [''] },
      ['prefixes.0: expected text of 1 to 512 bytes without control characters, got text ``'],
    ],
    ['no keys', { namespace: 'tool', keys: 0 }, ['keys: expected a whole number from 1 to 100000, got 0']],
    [
      'a size without a unit',
      { namespace: 'tool', bytes: 5 },
      ['bytes: expected a size such as `64MiB`, in B, KiB, MiB or GiB, got 5'],
    ],
    ['too many bytes', { namespace: 'tool', bytes: '2GiB' }, ['bytes: expected a size of at most 1073741824 bytes, got `2GiB`']],
    [
      'a life without a unit',
      { namespace: 'tool', ttlMax: '7' },
      ['ttlMax: expected a period such as `15m`, in ms, s, m, h or d, got `7`'],
    ],
    ['write without read', { namespace: 'tool', access: 'none' }, ['access: expected `read` or `write`, got text `none`']],
  ])('refuses %s', (_, scope, issues) => expect(issuesOf(KV, scope)).toEqual(issues));

  it('takes every field', () => {
    const whole = { namespace: 'session', store: 'notes', access: 'write', prefixes: ['a/'], bytes: '1MiB', keys: 5 };
    expect(issuesOf(KV, { ...whole, valueBytes: '1KiB', ttlMax: '1h' })).toEqual([]);
    expect(issuesOf(KV, { ...whole, quota: 1 })).toHaveLength(1);
  });
});
