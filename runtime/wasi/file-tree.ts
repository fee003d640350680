import type { ErrorCode } from '@bytecodealliance/preview2-shim/interfaces/wasi-filesystem-types';

/** One file or directory of a tree. Compared by identity; only the tree that made it knows what is inside. */
export interface FileNode {
  readonly kind: 'file' | 'directory';
  /** Number of the node within its tree, never used twice; the same in every run that makes the same calls. */
  readonly id: number;
}

/** Attributes of a node. Times in nanoseconds since 1970. */
export interface FileStat {
  /** Bytes; 0 for a directory. */
  readonly size: number;
  /** Names that lead to it; 0 once removed. */
  readonly links: number;
  readonly accessed: bigint;
  readonly modified: bigint;
  readonly changed: bigint;
}

/** One name in a directory: a single component, never empty, `.` or `..`. */
export interface DirectoryEntry {
  readonly name: string;
  readonly node: FileNode;
}

/**
 * The files behind preopened directories. It knows single names only: paths, and that none escapes, are the caller's
 * business (`path.ts`), which also passes the right kind of node to each method. There are no symbolic links.
 *
 * Every method that can fail throws a WASI error code (a string), which the guest sees as `err`. Synchronous, for one
 * thread. Times are arguments (`now`, nanoseconds since 1970), so a tree has no clock. Reading leaves no trace.
 */
export interface FileTree {
  readonly root: FileNode;
  /** Counts one more user of the node, so that its bytes outlive its last name. Each is undone by one `close`. */
  open(node: FileNode): void;
  close(node: FileNode): void;
  stat(node: FileNode): FileStat;
  setTimes(node: FileNode, times: { readonly accessed?: bigint; readonly modified?: bigint }, now: bigint): void;

  lookup(directory: FileNode, name: string): FileNode | undefined;
  /** Live: shows every entry that is there from start to end once, in a fixed order; changes meanwhile may or may not show. */
  entries(directory: FileNode): Iterator<DirectoryEntry>;
  /** @throws `exist`, `no-entry` (the directory was removed), `name-too-long`, `insufficient-space`. */
  create(kind: FileNode['kind'], directory: FileNode, name: string, now: bigint): FileNode;
  /** Gives a file one more name. @throws as `create`. */
  link(file: FileNode, directory: FileNode, name: string, now: bigint): void;
  /** Takes a name from a file. @throws `no-entry`, `is-directory`. */
  unlink(directory: FileNode, name: string, now: bigint): void;
  /** @throws `no-entry`, `not-directory`, `not-empty`. */
  removeDirectory(directory: FileNode, name: string, now: bigint): void;
  /** Moves a name, in one step, over what the new name means so far. @throws as POSIX `rename`. */
  rename(from: FileNode, fromName: string, to: FileNode, toName: string, now: bigint): void;

  /** Up to `length` bytes from `offset`, empty at or past the end; they stay as they are, and are not to be written to. */
  read(file: FileNode, offset: number, length: number): Uint8Array;
  /** Writes all bytes, filling a gap before them with zeroes. @throws `insufficient-space`, and then nothing changed. */
  write(file: FileNode, offset: number, bytes: Uint8Array, now: bigint): void;
  /** Cuts, or fills up with zeroes. @throws `insufficient-space`. */
  resize(file: FileNode, size: number, now: bigint): void;
}

/** Throws a WASI error code, which the guest sees as `err`. */
export function fail(code: ErrorCode): never {
  throw code;
}
