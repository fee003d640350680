import { type FileNode, type FileTree, fail } from './file-tree.ts';

/** Bytes of UTF-8 in one path. The value is that of common systems; longer is `name-too-long` before it is split. */
export const PATH_BYTES_MAX = 4096;

/** What a path means within the directory that it starts from. */
export interface Resolved {
  /** The directory that holds, or would hold, the last name. */
  readonly parent: FileNode;
  /** The last name; undefined when the path ends in `.` or `..`, so that it names nothing that could be made or removed. */
  readonly name: string | undefined;
  /** What is there now. */
  readonly node: FileNode | undefined;
  /** The path ended in `/`: only a directory will do. */
  readonly directoryOnly: boolean;
}

/**
 * Follows a guest's path one component at a time from `base`, which it can never leave.
 *
 * Names are compared as they are: no case folding, no Unicode normalization, and `\` is a letter like others.
 *
 * @throws WASI error codes: `no-entry` (also for an empty path), `not-directory`, `name-too-long`, `invalid` for a NUL,
 *   `not-permitted` for an absolute path and for a `..` that would leave `base`.
 * Source: "WASI filesystem path resolution"; without symbolic links, which do not exist here.
 */
export function resolvePath(tree: FileTree, base: FileNode, path: string): Resolved {
  checkPath(path);
  const above: FileNode[] = [];
  let current = base;
  let name: string | undefined;
  let missing = false;
  for (const part of path.split('/')) {
    if (missing && part !== '') fail('no-entry');
    if (missing) continue;
    if (current.kind !== 'directory') fail('not-directory');
    if (part === '') continue;
    if (part === '.') {
      name = undefined;
    } else if (part === '..') {
      current = above.pop() ?? fail('not-permitted');
      name = undefined;
    } else {
      above.push(current);
      const next = tree.lookup(current, part);
      name = part;
      if (next === undefined) missing = true;
      else current = next;
    }
  }
  return {
    parent: name === undefined ? current : (above.at(-1) ?? base),
    name,
    node: missing ? undefined : current,
    directoryOnly: path.endsWith('/'),
  };
}

function checkPath(path: string): void {
  if (path === '') fail('no-entry');
  // A string has at least one byte of UTF-8 for each UTF-16 unit, so the cheap test comes first.
  if (path.length > PATH_BYTES_MAX || Buffer.byteLength(path) > PATH_BYTES_MAX) fail('name-too-long');
  if (path.includes('\0')) fail('invalid');
  if (path.startsWith('/')) fail('not-permitted');
}
