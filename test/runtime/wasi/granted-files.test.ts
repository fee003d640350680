import { describe, expect, it } from 'vitest';
import { put } from './files.ts';
import { openGranted } from './granted.ts';
import { drop, text, thrown, utf8 } from './guest-side.ts';

const A = { path: 'a.txt', bytes: utf8('alpha'), modified: 5_000_000_000n };
const SUB = [{ path: 'sub' }, { path: 'sub/b.txt', bytes: utf8('beta') }, { path: 'sub/empty.txt', bytes: utf8('') }];
const READ_ONLY = [{ name: '/in', writable: false }];

describe('granted files', () => {
  it('ask nothing before a file is used, and say that this was all where one could have been written', () => {
    const { fake, wasi, roots } = openGranted([A]);
    roots().map(drop);
    expect(fake.asked).toEqual([]);
    wasi.finish();
    expect(fake.asked).toEqual(['commit']);
    const unused = openGranted([A], { mounts: READ_ONLY });
    unused.wasi.finish();
    expect(unused.fake.asked).toEqual([]);
  });

  it('are listed once, in pages, and read when the guest reads them', () => {
    const { fake, wasi, roots } = openGranted([A, ...SUB], { mounts: READ_ONLY });
    const [root] = roots();
    expect(root!.statAt({}, 'a.txt')).toMatchObject({ size: 5n, dataModificationTimestamp: { seconds: 5n, nanoseconds: 0 } });
    expect(fake.asked).toEqual(['list 0', 'list 3', 'list 4']);
    const file = root!.openAt({}, 'sub/b.txt', {}, { read: true });
    expect(text(file.read(3n, 1n)[0])).toBe('eta');
    expect(text(file.read(100n, 0n)[0])).toBe('beta');
    expect(fake.of('read')).toEqual(['read 0 sub/b.txt 0+4']);
    wasi.finish();
    expect(fake.asked.at(-1)).toBe('commit');
    expect(fake.of('put')).toEqual([]);
  });

  it('leave what was made, changed, moved and removed, and nothing else', () => {
    const { fake, wasi, roots } = openGranted([A, ...SUB, { path: 'old.txt', bytes: utf8('old') }]);
    const [root] = roots();
    drop(put(root!, 'new.txt', utf8('new')));
    root!.openAt({}, 'a.txt', {}, { read: true, write: true }).write(utf8('LP'), 1n);
    root!.createDirectoryAt('made');
    root!.renameAt('sub/b.txt', root!, 'made/c.txt');
    root!.unlinkFileAt('old.txt');
    expect(fake.of('put')).toEqual([]);
    wasi.finish();
    expect(fake.of('remove')).toEqual(['remove 0 old.txt', 'remove 0 sub/b.txt']);
    expect([...fake.staged].map(([path, bytes]) => [path, bytes && text(bytes)]).sort()).toEqual([
      ['0:a.txt', 'aLPha'],
      ['0:made', null],
      ['0:made/c.txt', 'beta'],
      ['0:new.txt', 'new'],
      ['0:sub', null],
      ['0:sub/empty.txt', ''],
    ]);
    expect(fake.asked.at(-1)).toBe('commit');
  });

  it('replace a file by a directory of its name, and the other way round', () => {
    const { fake, wasi, roots } = openGranted([A, { path: 'sub' }, { path: 'sub/b.txt', bytes: utf8('beta') }]);
    const [root] = roots();
    root!.unlinkFileAt('a.txt');
    root!.createDirectoryAt('a.txt');
    root!.unlinkFileAt('sub/b.txt');
    root!.removeDirectoryAt('sub');
    drop(put(root!, 'sub', utf8('file')));
    wasi.finish();
    expect(fake.staged.get('0:a.txt')).toBe(null);
    expect(text(fake.staged.get('0:sub')!)).toBe('file');
  });

  it('do not leave what was put back as it was, nor times', () => {
    const { fake, wasi, roots } = openGranted([A]);
    const [root] = roots();
    root!.renameAt('a.txt', root!, 'b.txt');
    root!.renameAt('b.txt', root!, 'a.txt');
    root!.setTimesAt({}, 'a.txt', { tag: 'now' }, { tag: 'now' });
    wasi.finish();
    expect(fake.of('put')).toEqual([]);
    expect(fake.of('remove')).toEqual([]);
  });

  it('go out in pieces that a host call can carry', () => {
    const { fake, wasi, roots } = openGranted([], { bytesMax: 5000, wasi: { hostCallBytesMax: 1000 } });
    const bytes = Uint8Array.from({ length: 3000 }, (_, at) => at % 251);
    drop(put(roots()[0]!, 'big', bytes));
    wasi.finish();
    expect(fake.of('put').length).toBe(4);
    expect([...fake.staged.get('0:big')!]).toEqual([...bytes]);
  });

  it('end the call when the trusted side does not take them', () => {
    const { fake, wasi, roots } = openGranted([A]);
    drop(put(roots()[0]!, 'b', utf8('b')));
    const { call } = fake;
    const refusing = openGranted([A], {
      wasi: { back: (name, args) => (name === 'files.put' ? { err: 'quota' } : call(name, args)) },
    });
    drop(put(refusing.roots()[0]!, 'b', utf8('b')));
    expect(thrown(() => refusing.wasi.finish())).toMatchObject({
      code: 'capability/unavailable',
      message: 'the files that the call leaves were not taken: quota',
    });
    wasi.finish();
  });

  it.each([
    ['an input that is shorter than it was said to be', () => ({ ok: new Uint8Array(0) }), 'io'],
    ['a longer answer than was asked for', () => ({ ok: new Uint8Array(9) }), 'io'],
    ['an error', () => ({ err: 'io' }), 'io'],
    ['an error of no such name', () => ({ err: 'constructor' }), 'io'],
  ])('answer %s as an error, and stay as they were', (_, answer, code) => {
    const base = openGranted([A]);
    const { roots } = openGranted([A], {
      wasi: { back: (name, args) => (name === 'files.read' ? answer() : base.fake.call(name, args)) },
    });
    const file = roots()[0]!.openAt({}, 'a.txt', {}, { read: true, write: true });
    expect(thrown(() => file.read(5n, 0n))).toBe(code);
    expect(thrown(() => file.write(utf8('x'), 0n))).toBe(code);
    expect(file.stat().size).toBe(5n);
    file.setSize(0n); // needs none of it
    expect(file.stat().size).toBe(0n);
  });

  it('answer every use with the error of a list that could not be had', () => {
    const { roots, host } = openGranted([A], { wasi: { back: () => ({ err: 'access' }) } });
    expect(thrown(() => roots()[0]!.statAt({}, 'a.txt'))).toBe('access');
    expect(thrown(() => roots()[0]!.createDirectoryAt('d'))).toBe('access');
    expect(thrown(() => host.list('/data'))).toBe('not-permitted');
  });

  it('pass a large input through in blocks', () => {
    const bytes = new Uint8Array(24 * 1024 * 1024);
    bytes.fill(7, 23 * 1024 * 1024);
    const { fake, roots } = openGranted([{ path: 'big', bytes }], { bytesMax: 10 });
    const stream = roots()[0]!.openAt({}, 'big', {}, { read: true }).readViaStream(0n);
    let total = 0;
    let last = 0;
    expect(
      thrown(() => {
        for (;;) {
          const chunk = stream.blockingRead(1n << 63n);
          expect(chunk.length).toBeLessThanOrEqual(65_536); // RS-11
          total += chunk.length;
          last = chunk.at(-1)!;
        }
      }),
    ).toEqual({ tag: 'closed' });
    expect([total, last]).toEqual([bytes.length, 7]);
    expect(fake.of('read').length).toBe(26); // blocks of 960 KiB
  });
});

describe('quotas of granted files', () => {
  it('FS-21 count bytes that were made or changed, over all mounts, and none that were only read', () => {
    const big = { path: 'big', bytes: new Uint8Array(5000) };
    const mounts = [
      { name: '/a', writable: true },
      { name: '/b', writable: true },
    ];
    const { roots } = openGranted([big], { bytesMax: 100, mounts });
    const [a, b] = roots();
    expect(a!.openAt({}, 'big', {}, { read: true }).read(5000n, 0n)[0].length).toBe(5000);
    drop(put(a!, 'one', new Uint8Array(60)));
    expect(thrown(() => put(b!, 'two', new Uint8Array(60)))).toBe('insufficient-space');
    drop(put(b!, 'two', new Uint8Array(40)));
    const file = a!.openAt({}, 'big', {}, { write: true });
    expect(thrown(() => file.write(utf8('x'), 0n))).toBe('insufficient-space');
    expect(thrown(() => file.setSize(1n << 40n))).toBe('insufficient-space');
    expect(thrown(() => file.setSize(4000n))).toBe('insufficient-space'); // it would be a changed file of 4000 bytes
    expect(thrown(() => a!.renameAt('big', a!, 'moved'))).toBe('insufficient-space');
    file.setSize(0n);
    a!.renameAt('big', a!, 'moved');
  });

  it('FS-21 count moved inputs, those in directories too', () => {
    const inputs = [{ path: 'd' }, { path: 'd/one', bytes: new Uint8Array(60) }, { path: 'd/two', bytes: new Uint8Array(60) }];
    const { roots, host } = openGranted(inputs, { bytesMax: 100 });
    expect(thrown(() => roots()[0]!.renameAt('d', roots()[0]!, 'e'))).toBe('insufficient-space');
    expect(thrown(() => host.rename('/data/d', '/data/e'))).toBe('quota');
    host.rename('/data/d/one', '/data/one');
    host.rename('/data/one', '/data/d/one'); // counted once
    expect(thrown(() => host.rename('/data/d/two', '/data/two'))).toBe('quota');
  });

  it('FS-21 count names, inputs among them', () => {
    const { roots, host } = openGranted([A, ...SUB], { inodesMax: 6 });
    roots()[0]!.createDirectoryAt('five');
    roots()[0]!.createDirectoryAt('six');
    expect(thrown(() => put(roots()[0]!, 'seven', utf8('')))).toBe('insufficient-space');
    expect(thrown(() => host.makeDirectory('/data/seven'))).toBe('quota');
    host.remove('/data/a.txt');
    host.write('/data/seven', 0n, utf8('7'));
  });

  it('FS-19 refuse paths that are too long from the root, however they come about', () => {
    const { roots } = openGranted([], { inodesMax: 1000 });
    const name = 'n'.repeat(250);
    let at = roots()[0]!;
    let depth = 0;
    const error = thrown(() => {
      for (;;) {
        at.createDirectoryAt(name);
        depth += 1;
        at = at.openAt({}, name, { directory: true }, { read: true });
      }
    });
    expect([error, depth]).toEqual(['name-too-long', 16]);
    const root = roots()[0]!;
    root.createDirectoryAt('x'.repeat(100));
    expect(thrown(() => root.renameAt(name, root, `${'x'.repeat(100)}/${name}`))).toBe('name-too-long');
    root.renameAt(name, root, 'short');
  });
});

describe('read-only mounts', () => {
  const mounts = [
    { name: '/in', writable: false },
    { name: '/out', writable: true },
  ];

  it('FS-13 refuse every way to write through wasi:filesystem, and stay as they were', () => {
    const { fake, wasi, roots } = openGranted([A, ...SUB], { mounts });
    const [input, output] = roots();
    const before = input!.statAt({}, 'a.txt');
    const timestamp = { tag: 'timestamp', val: { seconds: 1n, nanoseconds: 0 } } as const;
    for (const attempt of [
      () => input!.openAt({}, 'a.txt', { truncate: true }, { read: true }),
      () => input!.openAt({}, 'a.txt', {}, { read: true, write: true }),
      () => input!.openAt({}, 'fresh', { create: true }, { read: true }),
      () => input!.openAt({}, 'sub', { directory: true }, { read: true, mutateDirectory: true }),
      () => input!.setTimesAt({}, 'a.txt', timestamp, timestamp),
      () => input!.setTimes(timestamp, timestamp),
      () => input!.unlinkFileAt('a.txt'),
      () => input!.createDirectoryAt('made'),
      () => input!.removeDirectoryAt('sub'),
      () => input!.renameAt('a.txt', input!, 'b.txt'),
      () => input!.renameAt('a.txt', output!, 'a.txt'),
      () => input!.linkAt({}, 'a.txt', output!, 'a.txt'),
      () => input!.symlinkAt('a.txt', 'l'),
    ]) {
      expect(thrown(attempt)).toBe('read-only');
    }
    drop(put(output!, 'mine', utf8('mine')));
    expect(thrown(() => output!.renameAt('mine', input!, 'mine'))).toBe('read-only');
    const opened = input!.openAt({}, 'a.txt', {}, { read: true });
    for (const attempt of [
      () => opened.write(utf8('x'), 0n),
      () => opened.setSize(0n),
      () => opened.writeViaStream(0n),
      () => opened.appendViaStream(),
    ]) {
      expect(thrown(attempt)).toBe('bad-descriptor');
    }
    expect(thrown(() => opened.setTimes(timestamp, timestamp))).toBe('read-only');
    expect(input!.statAt({}, 'a.txt')).toEqual(before);
    wasi.finish();
    expect(fake.asked.filter((line) => /^(put|remove) 0/.test(line))).toEqual([]);
    expect(fake.of('put')).toEqual(['put 1 mine 0+4']);
  });

  it('FS-13 refuse every way to write through cellblock:host/files', () => {
    const { host } = openGranted([A, ...SUB], { mounts });
    host.write('/out/mine', 0n, utf8('mine'));
    for (const attempt of [
      () => host.write('/in/a.txt', 0n, utf8('x')),
      () => host.write('/in/fresh', 0n, utf8('x')),
      () => host.setSize('/in/a.txt', 0n),
      () => host.makeDirectory('/in/made'),
      () => host.remove('/in/a.txt'),
      () => host.rename('/in/a.txt', '/in/b.txt'),
      () => host.rename('/in/a.txt', '/out/a.txt'),
      () => host.rename('/out/mine', '/in/mine'),
    ]) {
      expect(thrown(attempt)).toBe('not-permitted');
    }
    expect(text(host.read('/in/a.txt', 0n, 100))).toBe('alpha');
  });
});

describe('paths of granted files', () => {
  it.each(['../outside/s', 'sub/../../outside/s', '/etc/passwd', ''])('FS-01 refuse %j', (path) => {
    const { roots, host } = openGranted([A, ...SUB]);
    expect(['not-permitted', 'no-entry']).toContain(thrown(() => roots()[0]!.openAt({}, path, {}, { read: true })));
    expect(['not-permitted', 'no-entry']).toContain(thrown(() => host.read(path, 0n, 1)));
    expect(['no-entry', 'is-directory']).toContain(thrown(() => host.read(`/data/${path}`, 0n, 1)));
  });

  it('FS-02 follow winding paths that stay inside', () => {
    const { roots, host } = openGranted([...SUB]);
    const winding = 'sub/.//../sub/..///sub///./b.txt';
    const [root] = roots();
    expect(root!.metadataHashAt({}, winding)).toEqual(root!.metadataHashAt({}, 'sub/b.txt'));
    expect(text(host.read(`/data//${winding}`, 0n, 9))).toBe('beta');
  });

  it('FS-03 take whole names of mounts', () => {
    const mounts = [
      { name: '/srv/allow', writable: true },
      { name: '/srv/allow/inner', writable: true },
    ];
    const { host } = openGranted([A, { mount: 1, path: 'i.txt', bytes: utf8('inner') }], { mounts });
    expect(host.mounts()).toEqual(['/srv/allow', '/srv/allow/inner']);
    expect(text(host.read('/srv/allow/a.txt', 0n, 9))).toBe('alpha');
    expect(text(host.read('/srv/allow/inner/i.txt', 0n, 9))).toBe('inner');
    for (const path of ['/srv/allow_secret/x', '/srv/allo', '/srv', '/', '/srv/allow\\x', 'srv/allow/a.txt']) {
      expect([path, thrown(() => host.read(path, 0n, 1))]).toEqual([path, 'not-permitted']);
    }
  });

  it('FS-05 have no links of either kind', () => {
    const { roots } = openGranted([A]);
    const [root] = roots();
    expect(thrown(() => root!.symlinkAt('../outside', 'l'))).toBe('not-permitted');
    expect(thrown(() => root!.linkAt({}, 'a.txt', root!, 'l'))).toBe('not-permitted');
    expect(thrown(() => root!.openAt({}, 'l/s', {}, { read: true }))).toBe('no-entry');
  });

  it.each(['f\0.txt', 'f\0', '\0'])('FS-09 refuse %j', (name) => {
    const { roots, host } = openGranted([{ path: 'f', bytes: utf8('f') }]);
    expect(thrown(() => roots()[0]!.openAt({}, name, { create: true }, { write: true }))).toBe('invalid');
    expect(thrown(() => host.write(`/data/${name}`, 0n, utf8('x')))).toBe('invalid');
  });

  it('FS-19 refuse paths and names that are too long, before they ask for anything', () => {
    const { fake, roots, host } = openGranted([A]);
    for (const path of ['a'.repeat(1024 * 1024), 'd/'.repeat(10_000)]) {
      expect(thrown(() => roots()[0]!.openAt({}, path, {}, { read: true }))).toBe('name-too-long');
      expect(thrown(() => host.stat(`/data/${path}`))).toBe('name-too-long');
    }
    expect(fake.asked).toEqual([]);
    expect(thrown(() => host.makeDirectory(`/data/${'a'.repeat(256)}`))).toBe('name-too-long');
  });
});

describe('cellblock:host/files', () => {
  it('shows the same trees as wasi:filesystem', () => {
    const { roots, host } = openGranted([A, ...SUB]);
    host.write('/data/sub/new', 2n, utf8('x'));
    expect(text(roots()[0]!.openAt({}, 'sub/new', {}, { read: true }).read(9n, 0n)[0])).toBe('\0\0x');
    expect(host.stat('/data')).toEqual({ name: 'data', kind: 'directory', size: 0n });
    expect(host.stat('/data/sub/b.txt')).toEqual({ name: 'b.txt', kind: 'file', size: 4n });
    expect(host.list('/data/sub').map(({ name }) => name)).toEqual(['b.txt', 'empty.txt', 'new']);
    host.setSize('/data/sub/new', 1n);
    expect(host.read('/data/sub/new', 0n, 9)).toEqual(new Uint8Array(1));
    expect(host.read('/data/sub/b.txt', 99n, 9)).toEqual(new Uint8Array(0));
  });

  it.each<[string, (host: ReturnType<typeof openGranted>['host']) => unknown]>([
    ['no-entry', (host) => host.read('/data/none', 0n, 1)],
    ['no-entry', (host) => host.setSize('/data/none', 1n)],
    ['no-entry', (host) => host.remove('/data/none')],
    ['no-entry', (host) => host.rename('/data/none', '/data/x')],
    ['is-directory', (host) => host.read('/data/sub', 0n, 1)],
    ['is-directory', (host) => host.write('/data/sub', 0n, utf8('x'))],
    ['is-directory', (host) => host.write('/data/none/', 0n, utf8('x'))],
    ['not-directory', (host) => host.list('/data/a.txt')],
    ['not-directory', (host) => host.read('/data/a.txt/x', 0n, 1)],
    ['not-directory', (host) => host.remove('/data/a.txt/')],
    ['not-empty', (host) => host.remove('/data/sub')],
    ['exists', (host) => host.makeDirectory('/data/sub')],
    ['exists', (host) => host.makeDirectory('/data')],
    ['invalid', (host) => host.remove('/data')],
    ['invalid', (host) => host.rename('/data', '/data/x')],
    ['invalid', (host) => host.rename('/data/sub', '/data/sub/x')],
    ['invalid', (host) => host.write('/data/a.txt', (1n << 64n) - 1n, utf8('x'))],
    ['quota', (host) => host.setSize('/data/a.txt', 1n << 40n)],
  ])('answers %s', (code, use) => {
    expect(thrown(() => use(openGranted([A, ...SUB]).host))).toBe(code);
  });

  it('RS-11 reads at most 1 MiB, whatever is asked for', () => {
    const { host } = openGranted([{ path: 'big', bytes: new Uint8Array(3 * 1024 * 1024) }]);
    expect(host.read('/data/big', 0n, 2 ** 32 - 1).length).toBe(1024 * 1024);
    expect(host.read('/data/big', 3n * 1024n * 1024n - 1n, 2 ** 32 - 1).length).toBe(1);
  });

  it('RS-10 lets a guest hold no more files than it may have handles', () => {
    const { wasi, roots } = openGranted([A], { wasi: { handlesMax: 10 } });
    const [root] = roots();
    const error = thrown(() => {
      for (;;) root!.openAt({}, 'a.txt', {}, { read: true });
    });
    expect(error).toMatchObject({ code: 'limit/handles' });
    expect(wasi.handles()).toBe(10);
  });
});
