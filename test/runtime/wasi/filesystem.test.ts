import type { Descriptor, ErrorCode } from '@bytecodealliance/preview2-shim/interfaces/wasi-filesystem-types';
import { describe, expect, it } from 'vitest';
import { MemoryFileTree } from '../../../runtime/wasi/index.ts';
import { thrownBy } from '../value/thrown-by.ts';
import { list, openFiles, put } from './files.ts';
import { drop, openWasi, SECOND, text, thrown, utf8 } from './guest-side.ts';

const READ = { read: true };
const WRITE = { write: true };
const dirWithFile = (tree: MemoryFileTree): void => tree.addFile('dir/nested/file', utf8('inside'));

describe('a path', () => {
  const cases: readonly [what: string, path: string, code: ErrorCode][] = [
    ['an absolute path', '/dir', 'not-permitted'],
    ['a step out of the root', '../outside/s', 'not-permitted'],
    ['a step out after steps in', 'dir/../../dir/nested/file', 'not-permitted'],
    ['two dots alone', '..', 'not-permitted'],
    ['an empty path', '', 'no-entry'],
    ['a NUL', 'dir\0/nested', 'invalid'],
    ['a NUL at the end', 'dir\0', 'invalid'],
    ['a path of 1 MiB', 'a'.repeat(2 ** 20), 'name-too-long'],
    ['10,000 components', 'a/'.repeat(10_000), 'name-too-long'],
    ['4097 bytes in fewer letters', 'é'.repeat(2049), 'name-too-long'],
    ['a component through a file', 'dir/nested/file/x', 'not-directory'],
    ['a dot through a file', 'dir/nested/file/.', 'not-directory'],
    ['a file with a slash', 'dir/nested/file/', 'not-directory'],
    ['dots after what is not there', 'missing/../dir', 'no-entry'],
    ['the same name in capitals', 'DIR', 'no-entry'],
    ['a backslash', 'dir\\nested', 'no-entry'],
    ['a name that objects have', 'constructor', 'no-entry'],
  ];

  it.each(cases)('refuses %s, in every function that takes one', (_what, path, code) => {
    const { root } = openFiles({ fill: dirWithFile });
    const now = { tag: 'now' } as const;
    expect(thrown(() => root.statAt({}, path))).toBe(code);
    expect(thrown(() => root.openAt({}, path, {}, READ))).toBe(code);
    expect(thrown(() => root.readlinkAt(path))).toBe(code);
    expect(thrown(() => root.metadataHashAt({}, path))).toBe(code);
    expect(thrown(() => root.setTimesAt({}, path, now, now))).toBe(code);
    expect(thrown(() => root.unlinkFileAt(path))).toBe(code);
    expect(thrown(() => root.removeDirectoryAt(path))).toBe(code);
    expect(thrown(() => root.renameAt(path, root, 'new'))).toBe(code);
    expect(thrown(() => root.linkAt({}, path, root, 'new'))).toBe(code);
    expect(list(root)).toEqual(['dir/']);
  });

  it('may wander as long as it stays inside', () => {
    const { root } = openFiles({ fill: dirWithFile });
    const plain = root.openAt({}, 'dir/nested/file', {}, READ);
    const winding = root.openAt({}, 'dir/.//nested/../../dir/nested/../nested///./file', {}, READ);
    expect(winding.isSameObject(plain)).toBe(true);
    expect(winding.metadataHash()).toEqual(plain.metadataHash());
    expect(text(winding.read(99n, 0n)[0])).toBe('inside');
  });

  it('cannot leave the directory that it starts from, although there is more above', () => {
    const { root } = openFiles({ fill: dirWithFile });
    const nested = root.openAt({}, 'dir/nested', { directory: true }, READ);
    expect(nested.statAt({}, '.').type).toBe('directory');
    expect(nested.statAt({}, 'file').type).toBe('regular-file');
    for (const path of ['..', '../nested/file', './../nested'])
      expect(thrown(() => nested.statAt({}, path))).toBe('not-permitted');
  });
});

describe('open-at', () => {
  it.each<[string, string, Parameters<Descriptor['openAt']>[2], Parameters<Descriptor['openAt']>[3], ErrorCode]>([
    ['a file that is not there', 'none', {}, READ, 'no-entry'],
    ['making a file that is there, exclusively', 'dir/nested/file', { create: true, exclusive: true }, WRITE, 'exist'],
    ['a file as a directory', 'dir/nested/file', { directory: true }, READ, 'not-directory'],
    ['writing to a directory', 'dir', {}, WRITE, 'is-directory'],
    ['emptying a directory', 'dir', { truncate: true }, READ, 'is-directory'],
    ['emptying a file without writing', 'dir/nested/file', { truncate: true }, READ, 'invalid'],
    ['making a directory', 'new', { create: true, directory: true }, READ, 'invalid'],
    ['making a file named as a directory', 'new/', { create: true }, WRITE, 'is-directory'],
    ['making a file in a directory that is not there', 'none/new', { create: true }, WRITE, 'no-entry'],
    ['a name of 256 bytes', 'n'.repeat(256), { create: true }, WRITE, 'name-too-long'],
  ])('refuses %s', (_what, path, openFlags, flags, code) => {
    const { root, tree } = openFiles({ fill: dirWithFile });
    expect(thrown(() => root.openAt({ symlinkFollow: true }, path, openFlags, flags))).toBe(code);
    expect([...tree.files()].map(([name, bytes]) => [name, text(bytes)])).toEqual([['dir/nested/file', 'inside']]);
  });

  it('makes, empties and keeps files as asked', () => {
    const { root, tree } = openFiles({ fill: dirWithFile });
    root.openAt({}, 'new', { create: true, exclusive: true }, WRITE);
    root.openAt({}, 'dir/nested/file', { create: true }, WRITE);
    expect([...tree.files()].map(([name, bytes]) => [name, text(bytes)])).toEqual([
      ['dir/nested/file', 'inside'],
      ['new', ''],
    ]);
    root.openAt({}, 'dir/nested/file', { truncate: true }, WRITE);
    expect(root.statAt({}, 'dir/nested/file').size).toBe(0n);
  });

  it('opens for reading when neither is asked for, and lets each descriptor do only what it was opened for', () => {
    const { root } = openFiles({ fill: dirWithFile });
    const reader = root.openAt({}, 'dir/nested/file', {}, {});
    expect(reader.getFlags()).toMatchObject({ read: true, write: false, mutateDirectory: false });
    const refused = [
      () => reader.write(utf8('x'), 0n),
      () => reader.setSize(0n),
      () => reader.writeViaStream(0n),
      () => reader.appendViaStream(),
    ];
    for (const run of refused) expect(thrown(run)).toBe('bad-descriptor');
    const writer = root.openAt({}, 'dir/nested/file', {}, WRITE);
    for (const run of [() => writer.read(1n, 0n), () => writer.readViaStream(0n)]) expect(thrown(run)).toBe('bad-descriptor');
    for (const run of [() => root.read(1n, 0n), () => root.writeViaStream(0n)]) expect(thrown(run)).toBe('is-directory');
    for (const run of [() => reader.readDirectory(), () => reader.statAt({}, 'x')]) expect(thrown(run)).toBe('not-directory');
  });
});

describe('a read-only preopen', () => {
  it('refuses every change as `read-only`, also below and through what was opened', () => {
    const { root, tree } = openFiles({ writable: false, fill: dirWithFile });
    const dir = root.openAt({}, 'dir', { directory: true }, READ);
    const file = root.openAt({}, 'dir/nested/file', {}, READ);
    const now = { tag: 'now' } as const;
    const changes: readonly (() => unknown)[] = [
      () => root.openAt({}, 'dir/nested/file', {}, WRITE),
      () => root.openAt({}, 'dir/nested/file', { truncate: true }, READ),
      () => root.openAt({}, 'new', { create: true }, READ),
      () => root.openAt({}, 'dir', {}, { mutateDirectory: true }),
      () => dir.createDirectoryAt('new'),
      () => dir.unlinkFileAt('nested/file'),
      () => root.removeDirectoryAt('dir'),
      () => root.renameAt('dir', root, 'other'),
      () => root.linkAt({}, 'dir/nested/file', root, 'other'),
      () => root.symlinkAt('dir', 'link'),
      () => root.setTimesAt({}, 'dir', now, now),
      () => file.setTimes(now, now),
    ];
    for (const change of changes) expect(thrown(change), String(change)).toBe('read-only');
    expect(root.getFlags()).toEqual({ read: true, mutateDirectory: false });
    expect(text(file.read(99n, 0n)[0])).toBe('inside');
    expect([...tree.files()]).toHaveLength(1);
  });
});

describe('content', () => {
  it('is read and written at offsets, with zeroes in gaps', () => {
    const { root } = openFiles();
    const file = put(root, 'f', utf8('abc'));
    expect(file.write(utf8('xyz'), 5n)).toBe(3n);
    expect(text(file.read(99n, 0n)[0])).toBe('abc\0\0xyz');
    expect(file.read(3n, 0n)).toEqual([utf8('abc'), false]);
    expect(file.read(3n, 5n)).toEqual([utf8('xyz'), true]);
    for (const offset of [8n, 9n, 2n ** 64n - 1n]) expect(file.read(2n ** 64n - 1n, offset)).toEqual([new Uint8Array(0), true]);
    file.setSize(2n);
    file.setSize(4n);
    expect(text(file.read(99n, 0n)[0])).toBe('ab\0\0');
  });

  it('flows through streams, which do not disturb each other', () => {
    const { root } = openFiles();
    const file = put(root, 'f', utf8('hello'));
    const [first, second] = [file.readViaStream(0n), file.readViaStream(3n)];
    expect([text(first.read(2n)), text(second.read(9n)), text(first.read(9n))]).toEqual(['he', 'lo', 'llo']);
    expect(thrown(() => second.read(1n))).toEqual({ tag: 'closed' });
    file.writeViaStream(1n).blockingWriteAndFlush(utf8('EL'));
    const append = file.appendViaStream();
    append.blockingWriteAndFlush(utf8('!'));
    file.setSize(7n);
    append.blockingWriteZeroesAndFlush(1n);
    append.blockingWriteAndFlush(utf8('?'));
    expect(text(file.read(99n, 0n)[0])).toBe('hELlo!\0\0?');
  });

  it('is returned at most 64 KiB at a time', () => {
    const { root } = openFiles({ quota: { bytesMax: 200_000 }, fill: (tree) => tree.addFile('big', new Uint8Array(200_000)) });
    const file = root.openAt({}, 'big', {}, READ);
    expect(file.read(2n ** 64n - 1n, 0n)[0]).toHaveLength(65_536);
    expect(file.readViaStream(0n).read(2n ** 64n - 1n)).toHaveLength(65_536);
  });

  it('splices from file to stdout', () => {
    const { wasi, guest, root } = openFiles({ fill: dirWithFile });
    const source = root.openAt({}, 'dir/nested/file', {}, READ).readViaStream(2n);
    expect(guest['wasi:cli/stdout'].getStdout().splice(source, 3n)).toBe(3n);
    expect(text(wasi.stdout().bytes)).toBe('sid');
  });
});

describe('the quota', () => {
  it('refuses bytes beyond it before they are allocated, and changes nothing', () => {
    const { root } = openFiles();
    const file = put(root, 'f', new Uint8Array(600));
    const other = put(root, 'g', new Uint8Array(400));
    expect(thrown(() => other.write(utf8('x'), 400n))).toBe('insufficient-space');
    expect(thrown(() => other.write(utf8('x'), 2n ** 40n))).toBe('insufficient-space');
    expect(thrown(() => other.setSize(2n ** 52n))).toBe('insufficient-space');
    for (const size of [2n ** 53n, 2n ** 64n - 1n]) expect(thrown(() => other.setSize(size))).toBe('file-too-large');
    expect(thrown(() => other.write(utf8('x'), 2n ** 64n - 1n))).toBe('file-too-large');
    expect(other.stat().size).toBe(400n);
    file.setSize(0n);
    expect(other.write(new Uint8Array(600), 400n)).toBe(600n);
  });

  it('closes a stream that meets it, with the code to be had from the error', () => {
    const { guest, root } = openFiles();
    const stream = put(root, 'f', new Uint8Array(999)).appendViaStream();
    const failure = thrown(() => stream.blockingWriteAndFlush(utf8('xy'))) as { tag: string; val: { toDebugString(): string } };
    expect(failure.tag).toBe('last-operation-failed');
    expect(failure.val.toDebugString()).toBe('insufficient-space');
    expect(guest['wasi:filesystem/types'].filesystemErrorCode(failure.val as never)).toBe('insufficient-space');
    for (const run of [() => stream.checkWrite(), () => stream.flush(), () => stream.blockingWriteAndFlush(utf8('x'))]) {
      expect(thrown(run)).toEqual({ tag: 'closed' });
    }
  });

  it('counts a file without a name until its last user is gone', () => {
    const { root } = openFiles();
    const file = put(root, 'f', new Uint8Array(900));
    const stream = file.readViaStream(0n);
    root.unlinkFileAt('f');
    expect(file.stat().linkCount).toBe(0n);
    expect(thrown(() => put(root, 'g', new Uint8Array(200)))).toBe('insufficient-space');
    drop(file);
    expect(thrown(() => put(root, 'g', new Uint8Array(200)))).toBe('insufficient-space');
    expect(stream.read(1n)).toHaveLength(1);
    drop(stream);
    expect(put(root, 'g', new Uint8Array(1000)).stat().size).toBe(1000n);
  });

  it('counts names, of files, links and directories alike', () => {
    const { root } = openFiles({ quota: { inodesMax: 3 } });
    put(root, 'f', utf8(''));
    root.createDirectoryAt('d');
    root.linkAt({}, 'f', root, 'd/l');
    for (const run of [
      () => put(root, 'x', utf8('')),
      () => root.createDirectoryAt('x'),
      () => root.linkAt({}, 'f', root, 'x'),
    ]) {
      expect(thrown(run)).toBe('insufficient-space');
    }
    root.unlinkFileAt('f');
    root.createDirectoryAt('x');
    root.renameAt('x', root, 'y');
    expect(list(root)).toEqual(['d/', 'y/']);
  });

  it('is whole again after anything that was made is gone', () => {
    const { root } = openFiles({ quota: { inodesMax: 1 } });
    for (let turn = 0; turn < 50; turn += 1) {
      drop(put(root, 'f', new Uint8Array(1000)));
      root.renameAt('f', root, 'g');
      root.unlinkFileAt('g');
      root.createDirectoryAt('d');
      root.removeDirectoryAt('d');
    }
    expect(list(root)).toEqual([]);
  });
});

describe('names', () => {
  it('are listed in order of creation, live: removing while listing skips nothing', () => {
    const { root } = openFiles();
    for (const name of ['b', 'a', 'c', 'd']) drop(put(root, name, utf8('')));
    const stream = root.readDirectory();
    const seen: string[] = [];
    for (let entry = stream.readDirectoryEntry(); entry !== undefined; entry = stream.readDirectoryEntry()) {
      seen.push(entry.name);
      root.unlinkFileAt(entry.name);
    }
    expect(seen).toEqual(['b', 'a', 'c', 'd']);
    expect(list(root)).toEqual([]);
  });

  it('of one file share its content', () => {
    const { root } = openFiles();
    const file = put(root, 'f', utf8('one'));
    root.linkAt({}, 'f', root, 'g');
    file.write(utf8('two'), 0n);
    const other = root.openAt({}, 'g', {}, READ);
    expect([text(other.read(9n, 0n)[0]), other.isSameObject(file), other.stat().linkCount]).toEqual(['two', true, 2n]);
    expect(thrown(() => root.linkAt({}, 'f', root, 'g'))).toBe('exist');
    root.createDirectoryAt('d');
    expect(thrown(() => root.linkAt({}, 'd', root, 'e'))).toBe('not-permitted');
  });

  it('never are symbolic links', () => {
    const { root } = openFiles({ fill: dirWithFile });
    expect(thrown(() => root.symlinkAt('../outside', 'l'))).toBe('not-permitted');
    expect(thrown(() => root.readlinkAt('dir'))).toBe('invalid');
    expect(list(root)).toEqual(['dir/']);
  });

  it('do not move between preopens', () => {
    const trees = ['a', 'b'].map((name) => {
      const tree = new MemoryFileTree({ bytesMax: 10, inodesMax: 10 });
      tree.addFile(name, utf8(name));
      return { name: `/${name}`, tree, writable: true };
    });
    const { guest } = openWasi({ preopens: trees });
    const [[a], [b]] = guest['wasi:filesystem/preopens'].getDirectories() as [[Descriptor, string], [Descriptor, string]];
    expect(thrown(() => a.renameAt('a', b, 'x'))).toBe('cross-device');
    expect(thrown(() => a.linkAt({}, 'a', b, 'x'))).toBe('cross-device');
    expect(a.isSameObject(b)).toBe(false);
    expect(a.metadataHash()).not.toEqual(b.metadataHash());
  });

  it('cannot be made in a directory that was removed while open', () => {
    const { root } = openFiles();
    root.createDirectoryAt('d');
    const dir = root.openAt({}, 'd', { directory: true }, READ);
    root.removeDirectoryAt('d');
    put(root, 'f', utf8(''));
    for (const run of [() => put(dir, 'x', utf8('')), () => dir.createDirectoryAt('x'), () => root.renameAt('f', dir, 'x')]) {
      expect(thrown(run)).toBe('no-entry');
    }
  });
});

describe('times', () => {
  it('follow the clock of the call, change with the content, and can be set', () => {
    const { guest, root } = openFiles();
    const file = put(root, 'f', utf8('x'));
    const began = { seconds: 1_700_000_000n, nanoseconds: 0 };
    expect(file.stat()).toMatchObject({
      dataAccessTimestamp: began,
      dataModificationTimestamp: began,
      statusChangeTimestamp: began,
    });
    guest['wasi:clocks/monotonic-clock'].subscribeDuration(SECOND).block();
    file.write(utf8('y'), 0n);
    const later = { seconds: 1_700_000_001n, nanoseconds: 0 };
    expect(file.stat()).toMatchObject({ dataAccessTimestamp: began, dataModificationTimestamp: later });
    const old = { seconds: 5n, nanoseconds: 6 };
    root.setTimesAt({}, 'f', { tag: 'timestamp', val: old }, { tag: 'no-change' });
    expect(file.stat()).toMatchObject({ dataAccessTimestamp: old, dataModificationTimestamp: later });
    file.setTimes({ tag: 'now' }, { tag: 'timestamp', val: { seconds: 2n ** 64n - 1n, nanoseconds: 0 } });
    expect(file.stat()).toMatchObject({ dataAccessTimestamp: later, dataModificationTimestamp: { seconds: 2n ** 64n - 1n } });
    const broken = { tag: 'timestamp', val: { seconds: 0n, nanoseconds: 1_000_000_000 } } as const;
    expect(thrown(() => file.setTimes(broken, { tag: 'now' }))).toBe('invalid');
  });
});

describe('the host side of a tree', () => {
  it('fills it before and reads it after the call, with copies', () => {
    const bytes = utf8('in');
    const { tree, root } = openFiles({ fill: (own) => own.addFile('a/b', bytes) });
    tree.addDirectory('a/empty');
    bytes.fill(0);
    put(root, 'a/new', utf8('out'));
    expect([...tree.files()].map(([name, content]) => [name, text(content)])).toEqual([
      ['a/b', 'in'],
      ['a/new', 'out'],
    ]);
    expect(list(root.openAt({}, 'a', {}, READ))).toEqual(['b', 'empty/', 'new']);
  });

  it.each(['', '/a', 'a//b', 'a/', '../a', 'a/./b', 'a\0'])('refuses the path %j', (path) => {
    const tree = new MemoryFileTree({ bytesMax: 10, inodesMax: 10 });
    expect(thrownBy(() => tree.addFile(path, utf8('x'))).code).toBe('usage/invalid-argument');
  });

  it('refuses what does not fit, by name', () => {
    const tree = new MemoryFileTree({ bytesMax: 3, inodesMax: 2 });
    expect(thrownBy(() => tree.addFile('f', utf8('four'))).message).toBe('`f` cannot be added to the files: insufficient-space');
    expect(thrownBy(() => tree.addFile('f/x', utf8(''))).message).toBe('`f/x` cannot be added to the files: not-directory');
  });
});
