import type { ByteSink, ByteSource } from './bytes.ts';
import { type FileNode, type FileTree, fail } from './file-tree.ts';

/** Where a file is: its tree and its node. */
export interface FileRef {
  readonly tree: FileTree;
  readonly node: FileNode;
}

/** Reads a file from a position on; keeps the file's bytes alive until closed. */
export class FileSource implements ByteSource {
  readonly #file: FileRef;
  #position: number;

  /** @param offset - bytes from the start of the file; past the end is the end. */
  constructor(file: FileRef, offset: bigint) {
    this.#file = file;
    this.#position = positionOf(offset);
    file.tree.open(file.node);
  }

  read(bytesMax: number): Uint8Array | undefined {
    const { tree, node } = this.#file;
    if (this.#position >= tree.stat(node).size) return undefined;
    const bytes = tree.read(node, this.#position, bytesMax);
    this.#position += bytes.length;
    return bytes;
  }

  close(): void {
    this.#file.tree.close(this.#file.node);
  }
}

/** Writes to a file from a position on, or always at its end; keeps the file's bytes alive until closed. */
export class FileSink implements ByteSink {
  readonly #file: FileRef;
  readonly #now: () => bigint;
  /** Undefined: append. */
  #position: number | undefined;

  /** @param offset - bytes from the start of the file; undefined appends. */
  constructor(file: FileRef, offset: bigint | undefined, now: () => bigint) {
    this.#file = file;
    this.#now = now;
    this.#position = offset === undefined ? undefined : positionOf(offset);
    file.tree.open(file.node);
  }

  write(bytes: Uint8Array): void {
    const { tree, node } = this.#file;
    tree.write(node, checkedEnd(this.#position ?? tree.stat(node).size, bytes.length), bytes, this.#now());
    if (this.#position !== undefined) this.#position += bytes.length;
  }

  close(): void {
    this.#file.tree.close(this.#file.node);
  }
}

/** A u64 offset or length as a number; what no file can reach becomes the largest safe integer. */
export function positionOf(offset: bigint): number {
  return offset < BigInt(Number.MAX_SAFE_INTEGER) ? Number(offset) : Number.MAX_SAFE_INTEGER;
}

/** `position`, when `length` bytes from there on have an exact end. @throws `file-too-large` */
export function checkedEnd(position: number, length: number): number {
  return position + length < Number.MAX_SAFE_INTEGER ? position : fail('file-too-large');
}
