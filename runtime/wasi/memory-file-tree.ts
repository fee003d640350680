import { CodedError } from '../error.ts';
import { FileLedger, type FileQuota } from './file-ledger.ts';
import { type DirectoryEntry, type FileNode, type FileStat, type FileTree, fail } from './file-tree.ts';
import { type FileOrigin, MemoryDirectory, MemoryFile, type MemoryNode } from './memory-file.ts';

/** Bytes of UTF-8 in one name. The value is that of common file systems. */
export const NAME_BYTES_MAX = 255;

/**
 * Files and directories in memory, for one call: filled before it (`addFile`, `addDirectory`), read after it (`files`).
 *
 * The quota counts content and names, and is checked before anything is allocated; a file with a hole costs what it
 * seems to hold.
 */
export class MemoryFileTree implements FileTree {
  readonly root: FileNode;
  /** What is used up; several trees may share one. */
  protected readonly ledger: FileLedger;
  readonly #root: MemoryDirectory;
  #nextId = 1;

  constructor(quota: FileQuota | FileLedger) {
    this.ledger = quota instanceof FileLedger ? quota : new FileLedger(quota);
    this.#root = new MemoryDirectory(0, 0n, undefined);
    this.root = this.#root;
  }

  /**
   * Adds a file and the directories that lead to it; replaces a file of that path.
   *
   * @param path - names separated by `/`, relative to the root, without `.` and `..`.
   * @param bytes - copied.
   * @throws CodedError `usage/invalid-argument` for another path, and when the quota does not suffice.
   */
  addFile(path: string, bytes: Uint8Array, now = 0n): void {
    const names = hostPath(path);
    const name = names.pop() ?? '';
    asHost(path, () => {
      const directory = this.#makeDirectories(names, now);
      const file = directory.entries.get(name) ?? this.create('file', directory, name, now);
      if (file.kind !== 'file') fail('is-directory');
      this.resize(file, 0, now);
      this.write(file, 0, bytes, now);
    });
  }

  /** Adds a directory and those that lead to it; nothing happens to one that exists. @throws as `addFile`. */
  addDirectory(path: string, now = 0n): void {
    const names = hostPath(path);
    asHost(path, () => void this.#makeDirectories(names, now));
  }

  /**
   * Adds what was there before the guest: a file that stays where it is until it is changed, or without an origin a directory. Its bytes do
   * not count before, its name does and may pass the quota.
   *
   * @param path - as `addFile` has it; a directory may be there. @throws CodedError `usage/invalid-argument`.
   */
  addInput(path: string, origin: FileOrigin | undefined, modified: bigint): void {
    const names = hostPath(path);
    const name = names.pop() ?? '';
    asHost(path, () => {
      let directory = this.#root;
      for (const each of names) directory = this.#inputDirectory(directory, each, modified);
      if (origin === undefined) return void this.#inputDirectory(directory, name, modified);
      checkName(name);
      if (directory.entries.has(name)) fail('exist');
      this.#add(new MemoryFile(this.#nextId, modified, origin), directory, name, modified);
    });
  }

  /** Every file by its path from the root, directories in order of creation; the bytes are copies. */
  *files(): Generator<readonly [path: string, bytes: Uint8Array]> {
    for (const [path, node] of this.nodes()) if (node.kind === 'file') yield [path, node.read(0, node.size)];
  }

  /** Everything below the root by its path, directories before what is in them; each in order of creation. */
  *nodes(): Generator<readonly [path: string, node: MemoryNode]> {
    // A list of what is left to visit instead of recursion: a guest chooses the depth.
    const left: (readonly [string, MemoryNode])[] = [['', this.#root]];
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const [path, node] = next;
      if (path !== '') yield next;
      if (node.kind === 'file') continue;
      for (const [name, inner] of [...node.entries].reverse()) left.push([path === '' ? name : `${path}/${name}`, inner]);
    }
  }

  open(node: FileNode): void {
    own(node).opens += 1;
  }

  close(node: FileNode): void {
    const mine = own(node);
    mine.opens -= 1;
    this.#freeIfUnused(mine);
  }

  stat(node: FileNode): FileStat {
    const mine = own(node);
    return { size: mine.kind === 'file' ? mine.size : 0, links: mine.links, ...mine.times };
  }

  setTimes(node: FileNode, times: { readonly accessed?: bigint; readonly modified?: bigint }, now: bigint): void {
    const mine = own(node);
    mine.times.accessed = times.accessed ?? mine.times.accessed;
    mine.times.modified = times.modified ?? mine.times.modified;
    mine.times.changed = now;
  }

  lookup(directory: FileNode, name: string): FileNode | undefined {
    return ownDirectory(directory).entries.get(name);
  }

  *entries(directory: FileNode): Generator<DirectoryEntry> {
    for (const [name, node] of ownDirectory(directory).entries) yield { name, node };
  }

  create(kind: FileNode['kind'], directory: FileNode, name: string, now: bigint): FileNode {
    const parent = ownDirectory(directory);
    this.#checkNewName(parent, name);
    this.ledger.checkInode();
    const node = kind === 'file' ? new MemoryFile(this.#nextId, now) : new MemoryDirectory(this.#nextId, now, parent);
    return this.#add(node, parent, name, now);
  }

  link(file: FileNode, directory: FileNode, name: string, now: bigint): void {
    const mine = ownFile(file);
    const parent = ownDirectory(directory);
    this.#checkNewName(parent, name);
    this.ledger.checkInode();
    this.ledger.inodes += 1;
    mine.links += 1;
    mine.times.changed = now;
    putName(parent, name, mine, now);
  }

  unlink(directory: FileNode, name: string, now: bigint): void {
    const parent = ownDirectory(directory);
    const node = parent.entries.get(name) ?? fail('no-entry');
    if (node.kind === 'directory') fail('is-directory');
    this.#removeName(parent, name, node, now);
  }

  removeDirectory(directory: FileNode, name: string, now: bigint): void {
    const parent = ownDirectory(directory);
    const node = parent.entries.get(name) ?? fail('no-entry');
    if (node.kind !== 'directory') fail('not-directory');
    if (node.entries.size > 0) fail('not-empty');
    this.#removeName(parent, name, node, now);
  }

  rename(from: FileNode, fromName: string, to: FileNode, toName: string, now: bigint): void {
    const source = ownDirectory(from);
    const target = ownDirectory(to);
    const node = source.entries.get(fromName) ?? fail('no-entry');
    const old = target.entries.get(toName);
    if (old === node) return; // two names of one file, or the same name: POSIX says that nothing happens
    if (target.links === 0) fail('no-entry');
    checkName(toName);
    if (node.kind === 'directory' && isWithin(target, node)) fail('invalid');
    if (old?.kind === 'directory' && isWithin(source, old)) fail('not-empty'); // it holds what would replace it
    if (old !== undefined) {
      checkReplaceable(node, old);
      this.#removeName(target, toName, old, now);
    }
    source.entries.delete(fromName);
    source.times.modified = source.times.changed = now;
    if (node.kind === 'directory') node.parent = target;
    node.times.changed = now;
    putName(target, toName, node, now);
  }

  read(file: FileNode, offset: number, length: number): Uint8Array {
    return ownFile(file).read(offset, length);
  }

  write(file: FileNode, offset: number, bytes: Uint8Array, now: bigint): void {
    if (bytes.length === 0) return; // as POSIX: does not extend the file
    const mine = ownFile(file);
    this.ledger.checkBytes(mine, Math.max(mine.size, offset + bytes.length));
    mine.write(offset, bytes);
    this.ledger.book(mine, mine.size);
    mine.times.modified = mine.times.changed = now;
  }

  resize(file: FileNode, size: number, now: bigint): void {
    const mine = ownFile(file);
    this.ledger.checkBytes(mine, size);
    mine.resize(size);
    this.ledger.book(mine, size);
    mine.times.modified = mine.times.changed = now;
  }

  #makeDirectories(names: readonly string[], now: bigint): MemoryDirectory {
    let directory = this.#root;
    for (const name of names)
      directory = ownDirectory(directory.entries.get(name) ?? this.create('directory', directory, name, now));
    return directory;
  }

  #inputDirectory(parent: MemoryDirectory, name: string, now: bigint): MemoryDirectory {
    checkName(name);
    const node = parent.entries.get(name) ?? this.#add(new MemoryDirectory(this.#nextId, now, parent), parent, name, now);
    return ownDirectory(node);
  }

  #add(node: MemoryNode, parent: MemoryDirectory, name: string, now: bigint): MemoryNode {
    this.#nextId += 1;
    this.ledger.inodes += 1;
    node.links = 1;
    putName(parent, name, node, now);
    return node;
  }

  #checkNewName(parent: MemoryDirectory, name: string): void {
    if (parent.links === 0) fail('no-entry');
    checkName(name);
    if (parent.entries.has(name)) fail('exist');
  }

  #removeName(parent: MemoryDirectory, name: string, node: MemoryNode, now: bigint): void {
    parent.entries.delete(name);
    parent.times.modified = parent.times.changed = now;
    node.links -= 1;
    node.times.changed = now;
    if (node.kind === 'directory') node.parent = undefined;
    // The last name's place in the quota goes to the open node and is free when that is closed.
    if (node.links > 0) this.ledger.inodes -= 1;
    else this.#freeIfUnused(node);
  }

  #freeIfUnused(node: MemoryNode): void {
    if (node.links > 0 || node.opens > 0) return;
    this.ledger.inodes -= 1;
    if (node.kind === 'file') this.ledger.book(node, 0);
  }
}

function putName(parent: MemoryDirectory, name: string, node: MemoryNode, now: bigint): void {
  parent.entries.set(name, node);
  if (node.kind === 'directory') node.name = name;
  parent.times.modified = parent.times.changed = now;
}

function checkName(name: string): void {
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) fail('name-too-long');
}

function checkReplaceable(node: MemoryNode, old: MemoryNode): void {
  if (old.kind === 'file') {
    if (node.kind === 'directory') fail('not-directory');
    return;
  }
  if (node.kind === 'file') fail('is-directory');
  if (old.entries.size > 0) fail('not-empty');
}

function isWithin(inner: MemoryDirectory, outer: MemoryDirectory): boolean {
  for (let at: MemoryDirectory | undefined = inner; at !== undefined; at = at.parent) {
    if (at === outer) return true;
  }
  return false;
}

/** What a node of a tree in memory is inside. */
export function own(node: FileNode): MemoryNode {
  if (node instanceof MemoryFile || node instanceof MemoryDirectory) return node;
  throw new CodedError('internal/invariant', 'a node of another kind of file tree was passed to a tree in memory');
}

function ownFile(node: FileNode): MemoryFile {
  const mine = own(node);
  return mine.kind === 'file' ? mine : fail('is-directory');
}

function ownDirectory(node: FileNode): MemoryDirectory {
  const mine = own(node);
  return mine.kind === 'directory' ? mine : fail('not-directory');
}

function hostPath(path: string): string[] {
  const names = path.split('/');
  if (names.some((name) => name === '' || name === '.' || name === '..' || name.includes('\0'))) {
    throw new CodedError('usage/invalid-argument', `the path \`${path.replaceAll('\0', '\\0')}\` is not a plain relative path`);
  }
  return names;
}

function asHost(path: string, step: () => void): void {
  try {
    step();
  } catch (thrown) {
    if (typeof thrown !== 'string') throw thrown;
    throw new CodedError('usage/invalid-argument', `\`${path}\` cannot be added to the files: ${thrown}`, {
      data: { reason: thrown },
    });
  }
}
