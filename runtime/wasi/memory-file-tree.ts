import { CodedError } from '../error.ts';
import { type DirectoryEntry, type FileNode, type FileStat, type FileTree, fail } from './file-tree.ts';
import { MemoryDirectory, MemoryFile, type MemoryNode } from './memory-file.ts';

/** How much a `MemoryFileTree` may hold. */
export interface FileQuota {
  /** Bytes in all files together, also those that have no name any more but are still open. */
  readonly bytesMax: number;
  /** Names in all directories together, and nameless open files. */
  readonly inodesMax: number;
}

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
  readonly #quota: FileQuota;
  readonly #root: MemoryDirectory;
  #bytes = 0;
  #inodes = 0;
  #nextId = 1;

  constructor(quota: FileQuota) {
    this.#quota = quota;
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

  /** Every file by its path from the root, directories in order of creation; the bytes are copies. */
  *files(): Generator<readonly [path: string, bytes: Uint8Array]> {
    // A list of what is left to visit instead of recursion: a guest chooses the depth.
    const left: (readonly [string, MemoryNode])[] = [['', this.#root]];
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const [path, node] = next;
      if (node.kind === 'file') yield [path, node.read(0, node.size)];
      else
        left.push(
          ...[...node.entries].reverse().map(([name, inner]) => [path === '' ? name : `${path}/${name}`, inner] as const),
        );
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
    const node = kind === 'file' ? new MemoryFile(this.#nextId, now) : new MemoryDirectory(this.#nextId, now, parent);
    this.#nextId += 1;
    this.#inodes += 1;
    node.links = 1;
    putName(parent, name, node, now);
    return node;
  }

  link(file: FileNode, directory: FileNode, name: string, now: bigint): void {
    const mine = ownFile(file);
    const parent = ownDirectory(directory);
    this.#checkNewName(parent, name);
    this.#inodes += 1;
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
    this.#reserve(mine, Math.max(mine.size, offset + bytes.length));
    mine.write(offset, bytes);
    mine.times.modified = mine.times.changed = now;
  }

  resize(file: FileNode, size: number, now: bigint): void {
    const mine = ownFile(file);
    this.#reserve(mine, size);
    mine.resize(size);
    mine.times.modified = mine.times.changed = now;
  }

  #makeDirectories(names: readonly string[], now: bigint): MemoryDirectory {
    let directory = this.#root;
    for (const name of names)
      directory = ownDirectory(directory.entries.get(name) ?? this.create('directory', directory, name, now));
    return directory;
  }

  #checkNewName(parent: MemoryDirectory, name: string): void {
    if (parent.links === 0) fail('no-entry');
    checkName(name);
    if (parent.entries.has(name)) fail('exist');
    if (this.#inodes >= this.#quota.inodesMax) fail('insufficient-space');
  }

  /** Books the new size of a file. @throws `insufficient-space` */
  #reserve(file: MemoryFile, size: number): void {
    const bytes = this.#bytes - file.size + size;
    if (size > file.size && bytes > this.#quota.bytesMax) fail('insufficient-space');
    this.#bytes = bytes;
  }

  #removeName(parent: MemoryDirectory, name: string, node: MemoryNode, now: bigint): void {
    parent.entries.delete(name);
    parent.times.modified = parent.times.changed = now;
    node.links -= 1;
    node.times.changed = now;
    if (node.kind === 'directory') node.parent = undefined;
    // The last name's place in the quota goes to the open node and is free when that is closed.
    if (node.links > 0) this.#inodes -= 1;
    else this.#freeIfUnused(node);
  }

  #freeIfUnused(node: MemoryNode): void {
    if (node.links > 0 || node.opens > 0) return;
    this.#inodes -= 1;
    if (node.kind === 'file') this.#bytes -= node.size;
  }
}

function putName(parent: MemoryDirectory, name: string, node: MemoryNode, now: bigint): void {
  parent.entries.set(name, node);
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

function own(node: FileNode): MemoryNode {
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
