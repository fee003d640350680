import { createHash } from 'node:crypto';
import type * as Types from '@bytecodealliance/preview2-shim/interfaces/wasi-filesystem-types';
import { datetimeOf, nanosecondsOf } from './clocks.ts';
import { HostResource, type WasiContext } from './context.ts';
import { checkedEnd, FileSink, FileSource, positionOf } from './file-streams.ts';
import { type DirectoryEntry, type FileNode, type FileTree, fail } from './file-tree.ts';
import { InputStream, OutputStream, STREAM_BYTES_MAX } from './io.ts';
import { type Resolved, resolvePath } from './path.ts';

/** What a descriptor stands on, inherited by every descriptor opened below it. */
export interface Mount {
  readonly tree: FileTree;
  /** Number of the preopen, part of `metadata-hash`. */
  readonly device: number;
  /** When false, every change is refused as `read-only`. */
  readonly writable: boolean;
}

/** Flags that change nothing in memory; kept and reported back. */
const SYNC_FLAGS = ['fileIntegritySync', 'dataIntegritySync', 'requestedWriteSync'] as const;

/**
 * `wasi:filesystem/types` `descriptor`: an open file or directory of a `FileTree`. Its methods throw WASI error codes.
 *
 * A directory below a writable preopen may be changed through, whatever flags it was opened with, as wasmtime has it:
 * toolchains of preview 1 open directories without `mutate-directory`.
 */
export class Descriptor extends HostResource implements Types.Descriptor {
  readonly #mount: Mount;
  readonly #node: FileNode;
  readonly #flags: Types.DescriptorFlags;

  constructor(context: WasiContext, mount: Mount, node: FileNode, flags: Types.DescriptorFlags) {
    super(context);
    this.#mount = mount;
    this.#node = node;
    this.#flags = flags;
    mount.tree.open(node);
  }

  readViaStream(offset: bigint): InputStream {
    return this.call(() => new InputStream(this.context, new FileSource(this.#file('read'), offset)));
  }

  writeViaStream(offset: bigint): OutputStream {
    return this.call(() => new OutputStream(this.context, new FileSink(this.#file('write'), offset, this.#now)));
  }

  appendViaStream(): OutputStream {
    return this.call(() => new OutputStream(this.context, new FileSink(this.#file('write'), undefined, this.#now)));
  }

  advise(_offset: bigint, _length: bigint, _advice: Types.Advice): void {
    this.call(() => {
      if (this.#node.kind === 'directory') fail('bad-descriptor');
    });
  }

  syncData(): void {
    this.call(() => undefined);
  }

  sync(): void {
    this.call(() => undefined);
  }

  getFlags(): Types.DescriptorFlags {
    return this.call(() => ({ ...this.#flags }));
  }

  getType(): Types.DescriptorType {
    return this.call(() => typeOf(this.#node));
  }

  setSize(size: bigint): void {
    this.call(() => {
      const { tree, node } = this.#file('write');
      tree.resize(node, checkedEnd(positionOf(size), 0), this.#now());
    });
  }

  setTimes(accessed: Types.NewTimestamp, modified: Types.NewTimestamp): void {
    this.call(() => this.#setTimes(this.#node, accessed, modified));
  }

  read(length: bigint, offset: bigint): [Uint8Array, boolean] {
    return this.call(() => {
      const { tree, node } = this.#file('read');
      const from = positionOf(offset);
      const bytes = tree.read(node, from, Math.min(positionOf(length), STREAM_BYTES_MAX));
      return [bytes, from + bytes.length >= tree.stat(node).size];
    });
  }

  write(buffer: Uint8Array, offset: bigint): bigint {
    return this.call(() => {
      const { tree, node } = this.#file('write');
      tree.write(node, checkedEnd(positionOf(offset), buffer.length), buffer, this.#now());
      return BigInt(buffer.length);
    });
  }

  readDirectory(): DirectoryEntryStream {
    return this.call(() => {
      if (this.#node.kind !== 'directory') fail('not-directory');
      return new DirectoryEntryStream(this.context, this.#mount.tree.entries(this.#node));
    });
  }

  createDirectoryAt(path: string): void {
    this.call(() => {
      const { parent, name } = this.#resolveForChange(path);
      this.#mount.tree.create('directory', parent, name ?? fail('exist'), this.#now());
    });
  }

  stat(): Types.DescriptorStat {
    return this.call(() => this.#stat(this.#node));
  }

  statAt(_pathFlags: Types.PathFlags, path: string): Types.DescriptorStat {
    return this.call(() => this.#stat(this.#existing(path)));
  }

  setTimesAt(_pathFlags: Types.PathFlags, path: string, accessed: Types.NewTimestamp, modified: Types.NewTimestamp): void {
    this.call(() => this.#setTimes(this.#existing(path), accessed, modified));
  }

  linkAt(_oldPathFlags: Types.PathFlags, oldPath: string, newDescriptor: Types.Descriptor, newPath: string): void {
    this.call(() => {
      const target = newDescriptor as Descriptor; // bindings pass only what this module made
      const node = this.#resolveForChange(oldPath).node ?? fail('no-entry');
      const made = target.#resolveForChange(newPath);
      if (made.node !== undefined || made.name === undefined) fail('exist');
      if (made.directoryOnly) fail('no-entry');
      if (target.#mount.tree !== this.#mount.tree) fail('cross-device');
      if (node.kind !== 'file') fail('not-permitted');
      this.#mount.tree.link(node, made.parent, made.name, this.#now());
    });
  }

  openAt(_pathFlags: Types.PathFlags, path: string, openFlags: Types.OpenFlags, flags: Types.DescriptorFlags): Descriptor {
    return this.call(() => {
      const changes = openFlags.create || openFlags.truncate || flags.write || flags.mutateDirectory;
      const found = this.#resolve(path);
      if (changes && !this.#mount.writable) fail('read-only');
      if (openFlags.create && openFlags.directory) fail('invalid');
      const node = found.node ?? this.#createFile(found, openFlags);
      if (found.node !== undefined) checkExisting(found, node, openFlags, flags);
      if (openFlags.truncate) this.#truncate(node, flags);
      return new Descriptor(this.context, this.#mount, node, this.#flagsFor(node, flags));
    });
  }

  readlinkAt(path: string): string {
    return this.call(() => {
      this.#existing(path);
      return fail('invalid'); // there are no symbolic links, so whatever exists is something else
    });
  }

  removeDirectoryAt(path: string): void {
    this.call(() => {
      const { parent, name } = this.#resolveForChange(path);
      this.#mount.tree.removeDirectory(parent, name ?? fail('invalid'), this.#now());
    });
  }

  renameAt(oldPath: string, newDescriptor: Types.Descriptor, newPath: string): void {
    this.call(() => {
      const target = newDescriptor as Descriptor; // bindings pass only what this module made
      const old = this.#resolveForChange(oldPath);
      const renamed = target.#resolveForChange(newPath);
      if (target.#mount.tree !== this.#mount.tree) fail('cross-device');
      const node = old.node ?? fail('no-entry');
      if (renamed.directoryOnly && node.kind === 'file') fail('not-directory');
      const names = [old.name ?? fail('busy'), renamed.name ?? fail('busy')] as const;
      this.#mount.tree.rename(old.parent, names[0], renamed.parent, names[1], this.#now());
    });
  }

  /** Refused: without symbolic links no name can lead out of a tree. */
  symlinkAt(_oldPath: string, newPath: string): void {
    this.call(() => {
      this.#resolveForChange(newPath);
      fail('not-permitted');
    });
  }

  unlinkFileAt(path: string): void {
    this.call(() => {
      const { parent, name } = this.#resolveForChange(path);
      this.#mount.tree.unlink(parent, name ?? fail('is-directory'), this.#now());
    });
  }

  isSameObject(other: Types.Descriptor): boolean {
    return this.call(() => (other as Descriptor).#node === this.#node); // bindings pass only what this module made
  }

  metadataHash(): Types.MetadataHashValue {
    return this.call(() => this.#hash(this.#node));
  }

  metadataHashAt(_pathFlags: Types.PathFlags, path: string): Types.MetadataHashValue {
    return this.call(() => this.#hash(this.#existing(path)));
  }

  protected override release(): void {
    this.#mount.tree.close(this.#node);
  }

  readonly #now = (): bigint => this.context.clock.wall();

  #file(access: 'read' | 'write'): { readonly tree: FileTree; readonly node: FileNode } {
    if (this.#node.kind === 'directory') fail('is-directory');
    if (!this.#flags[access]) fail('bad-descriptor');
    return { tree: this.#mount.tree, node: this.#node };
  }

  #resolve(path: string): Resolved {
    if (this.#node.kind !== 'directory') fail('not-directory');
    return resolvePath(this.#mount.tree, this.#node, path);
  }

  /** The path's rules are checked first, so that a path which is refused is refused with its own reason. */
  #resolveForChange(path: string): Resolved {
    const found = this.#resolve(path);
    return this.#mount.writable ? found : fail('read-only');
  }

  #existing(path: string): FileNode {
    return this.#resolve(path).node ?? fail('no-entry');
  }

  #createFile({ parent, name, directoryOnly }: Resolved, openFlags: Types.OpenFlags): FileNode {
    if (!openFlags.create || name === undefined) fail('no-entry');
    if (directoryOnly) fail('is-directory');
    return this.#mount.tree.create('file', parent, name, this.#now());
  }

  #truncate(node: FileNode, flags: Types.DescriptorFlags): void {
    if (node.kind === 'directory') fail('is-directory');
    if (!flags.write) fail('invalid');
    this.#mount.tree.resize(node, 0, this.#now());
  }

  #flagsFor(node: FileNode, asked: Types.DescriptorFlags): Types.DescriptorFlags {
    const write = asked.write === true;
    const flags: Types.DescriptorFlags = { read: asked.read === true || !write, write };
    for (const flag of SYNC_FLAGS) flags[flag] = asked[flag] === true;
    flags.mutateDirectory = node.kind === 'directory' && this.#mount.writable;
    return flags;
  }

  #stat(node: FileNode): Types.DescriptorStat {
    const { size, links, accessed, modified, changed } = this.#mount.tree.stat(node);
    return {
      type: typeOf(node),
      linkCount: BigInt(links),
      size: BigInt(size),
      dataAccessTimestamp: datetimeOf(accessed),
      dataModificationTimestamp: datetimeOf(modified),
      statusChangeTimestamp: datetimeOf(changed),
    };
  }

  #setTimes(node: FileNode, accessed: Types.NewTimestamp, modified: Types.NewTimestamp): void {
    if (!this.#mount.writable) fail('read-only');
    const now = this.#now();
    this.#mount.tree.setTimes(node, { ...timestamp('accessed', accessed, now), ...timestamp('modified', modified, now) }, now);
  }

  /** Of what stays the same while the node lives, as in wasmtime: libraries of preview 1 make the inode number from it. */
  #hash(node: FileNode): Types.MetadataHashValue {
    const digest = createHash('sha256').update(`cellblock:wasi:inode:${this.#mount.device}:${node.id}`).digest();
    return { lower: digest.readBigUInt64LE(0), upper: digest.readBigUInt64LE(8) };
  }
}

/** `wasi:filesystem/types` `directory-entry-stream`. */
export class DirectoryEntryStream extends HostResource implements Types.DirectoryEntryStream {
  readonly #entries: Iterator<DirectoryEntry>;

  constructor(context: WasiContext, entries: Iterator<DirectoryEntry>) {
    super(context);
    this.#entries = entries;
  }

  readDirectoryEntry(): Types.DirectoryEntry | undefined {
    return this.call(() => {
      const next = this.#entries.next();
      return next.done === true ? undefined : { type: typeOf(next.value.node), name: next.value.name };
    });
  }
}

function typeOf(node: FileNode): Types.DescriptorType {
  return node.kind === 'file' ? 'regular-file' : 'directory';
}

function checkExisting(found: Resolved, node: FileNode, openFlags: Types.OpenFlags, flags: Types.DescriptorFlags): void {
  if (openFlags.create && openFlags.exclusive) fail('exist');
  if (node.kind === 'file' && (openFlags.directory || found.directoryOnly)) fail('not-directory');
  if (node.kind === 'directory' && (flags.write || openFlags.create)) fail('is-directory');
}

function timestamp<K extends string>(key: K, value: Types.NewTimestamp, now: bigint): { [key in K]?: bigint } {
  if (value.tag === 'no-change') return {};
  const nanoseconds = value.tag === 'now' ? now : (nanosecondsOf(value.val) ?? fail('invalid'));
  return { [key]: nanoseconds } as { [key in K]?: bigint }; // a computed key loses its type
}
