import type { FileLedger } from './file-ledger.ts';
import { type DirectoryEntry, type FileNode, fail } from './file-tree.ts';
import type { MemoryDirectory, MemoryFile, MemoryNode } from './memory-file.ts';
import { MemoryFileTree, own } from './memory-file-tree.ts';
import { PATH_BYTES_MAX } from './path.ts';

/**
 * The tree of one mount: asks for its inputs when the guest first looks into it, and keeps to what can be sent back. Paths from the root are
 * as short as those that a guest may name, an input that was moved counts as changed, and no file has two names.
 */
export class GrantedTree extends MemoryFileTree {
  readonly #load: () => void;

  /** @param load - fills the tree by `addInput` the first time, then does nothing; throws a WASI error code. */
  constructor(ledger: FileLedger, load: () => void) {
    super(ledger);
    this.#load = load;
  }

  override lookup(directory: FileNode, name: string): FileNode | undefined {
    this.#load();
    return super.lookup(directory, name);
  }

  override entries(directory: FileNode): Generator<DirectoryEntry> {
    this.#load();
    return super.entries(directory);
  }

  override create(kind: FileNode['kind'], directory: FileNode, name: string, now: bigint): FileNode {
    this.#load();
    checkPath(directory, Buffer.byteLength(name));
    return super.create(kind, directory, name, now);
  }

  /** Refused: what leaves the call is a tree, in which a second name would be a second file. */
  override link(_file: FileNode, _directory: FileNode, _name: string, _now: bigint): void {
    fail('not-permitted');
  }

  override rename(from: FileNode, fromName: string, to: FileNode, toName: string, now: bigint): void {
    const node = this.lookup(from, fromName) ?? fail('no-entry');
    if (this.lookup(to, toName) === node) return;
    const moved = measure(own(node));
    checkPath(to, Buffer.byteLength(toName) + moved.depthBytes);
    this.ledger.checkMore(moved.inputBytes);
    super.rename(from, fromName, to, toName, now);
    for (const file of moved.inputs) this.ledger.book(file, file.size);
  }
}

/** @throws `name-too-long` when what has `bytes` in its path below a directory would have too many from the root. */
function checkPath(directory: FileNode, bytes: number): void {
  let sum = bytes;
  for (let at: MemoryNode | undefined = own(directory); at?.kind === 'directory' && at.parent !== undefined; at = at.parent) {
    sum += Buffer.byteLength(at.name) + 1;
  }
  if (sum > PATH_BYTES_MAX) fail('name-too-long');
}

interface Moved {
  /** Bytes of the longest path below it, with the `/` before it. */
  depthBytes: number;
  /** Inputs in it that are not booked yet, and their bytes. */
  readonly inputs: MemoryFile[];
  inputBytes: number;
}

function measure(node: MemoryNode): Moved {
  const moved: Moved = { depthBytes: 0, inputs: [], inputBytes: 0 };
  const left: (readonly [depthBytes: number, node: MemoryNode])[] = [[0, node]];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [depthBytes, at] = next;
    moved.depthBytes = Math.max(moved.depthBytes, depthBytes);
    if (at.kind === 'directory') pushEntries(left, depthBytes, at);
    else if (at.origin !== undefined && at.bookedBytes === 0) {
      moved.inputs.push(at);
      moved.inputBytes += at.size;
    }
  }
  return moved;
}

function pushEntries(left: (readonly [number, MemoryNode])[], depthBytes: number, directory: MemoryDirectory): void {
  for (const [name, inner] of directory.entries) left.push([depthBytes + 1 + Buffer.byteLength(name), inner]);
}
