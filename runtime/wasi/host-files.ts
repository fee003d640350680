import type { WasiContext } from './context.ts';
import { checkedEnd, positionOf } from './file-streams.ts';
import { type FileNode, fail } from './file-tree.ts';
import type { Preopen } from './filesystem.ts';
import { PATH_BYTES_MAX, type Resolved, resolvePath } from './path.ts';

/** Bytes that one `read` answers at most, whatever length is asked for. */
export const READ_BYTES_MAX = 1024 * 1024;

/** The `error` of the interface for an error code of `wasi:filesystem`; what is not here is `io`. */
const ERRORS: Readonly<Record<string, string>> = {
  'no-entry': 'no-entry',
  'not-permitted': 'not-permitted',
  'read-only': 'not-permitted',
  access: 'not-permitted',
  'cross-device': 'not-permitted',
  exist: 'exists',
  'is-directory': 'is-directory',
  'not-directory': 'not-directory',
  'not-empty': 'not-empty',
  'insufficient-space': 'quota',
  quota: 'quota',
  'name-too-long': 'name-too-long',
  invalid: 'invalid',
  busy: 'invalid',
  'file-too-large': 'invalid',
};

/** What a path means, and in which mount. */
interface Place extends Resolved {
  readonly mount: Preopen;
}

/** `cellblock:host/files`, in the form that bindings import: the same trees that `wasi:filesystem` shows, by whole paths. */
export function hostFiles(context: WasiContext, mounts: readonly Preopen[]) {
  const serve = <T>(body: () => T): T => context.call(() => withHostError(body));
  const find = (path: string) => placeOf(mounts, path);
  const change = (path: string) => writable(find(path));
  const now = () => context.clock.wall();
  return {
    mounts: () => context.call(() => mounts.map(({ name }) => name)),
    stat: (path: string) =>
      serve(() => {
        const { mount, name, node } = find(path);
        return entryOf(mount, name ?? lastName(path), node ?? fail('no-entry'));
      }),
    list: (path: string) => serve(() => listOf(find(path))),
    read: (path: string, offset: bigint, length: number) =>
      serve(() => {
        const place = find(path);
        return place.mount.tree.read(fileOf(place), positionOf(offset), Math.min(length, READ_BYTES_MAX));
      }),
    write: (path: string, offset: bigint, bytes: Uint8Array) =>
      serve(() => {
        const place = change(path);
        const position = checkedEnd(positionOf(offset), bytes.length);
        const file = place.node === undefined ? createFile(place, now()) : fileOf(place);
        place.mount.tree.write(file, position, bytes, now());
      }),
    setSize: (path: string, size: bigint) =>
      serve(() => {
        const place = change(path);
        place.mount.tree.resize(fileOf(place), checkedEnd(positionOf(size), 0), now());
      }),
    makeDirectory: (path: string) =>
      serve(() => {
        const { mount, parent, name, node } = change(path);
        if (node !== undefined || name === undefined) fail('exist');
        mount.tree.create('directory', parent, name, now());
      }),
    remove: (path: string) =>
      serve(() => {
        const { mount, parent, name, node, directoryOnly } = change(path);
        if (node === undefined) fail('no-entry');
        if (name === undefined) fail('invalid');
        if (node.kind === 'directory') return mount.tree.removeDirectory(parent, name, now());
        if (directoryOnly) fail('not-directory');
        mount.tree.unlink(parent, name, now());
      }),
    rename: (old: string, next: string) => serve(() => rename(change(old), change(next), now())),
  };
}

/**
 * Finds the mount by whole names (`/in` is no beginning of `/in2`), then follows the rest of the path within it. Of mounts within each other
 * the one with the longer name has the path.
 */
function placeOf(mounts: readonly Preopen[], path: string): Place {
  if (path.length > PATH_BYTES_MAX || Buffer.byteLength(path) > PATH_BYTES_MAX) fail('name-too-long');
  if (path.includes('\0')) fail('invalid');
  let found: { readonly mount: Preopen; readonly rest: string } | undefined;
  for (const mount of mounts) {
    const rest = restBelow(mount.name, path);
    if (rest !== undefined && mount.name.length > (found?.mount.name.length ?? -1)) found = { mount, rest };
  }
  if (found === undefined) return path === '' ? fail('no-entry') : fail('not-permitted');
  const { mount, rest } = found;
  return { mount, ...resolveWithin(mount, rest === '' ? '.' : rest) };
}

/** What follows a mount's name in a path, without `/` before it; undefined when the path is not in the mount. */
function restBelow(mountName: string, path: string): string | undefined {
  const root = mountName.endsWith('/') ? mountName : `${mountName}/`;
  if (path === mountName) return '';
  if (!path.startsWith(root)) return undefined;
  let from = root.length;
  while (path[from] === '/') from += 1;
  return path.slice(from);
}

/** A path that leads out of its mount leads to nothing. */
function resolveWithin(mount: Preopen, path: string): Resolved {
  try {
    return resolvePath(mount.tree, mount.tree.root, path);
  } catch (thrown) {
    throw thrown === 'not-permitted' ? 'no-entry' : thrown;
  }
}

function writable(place: Place): Place {
  return place.mount.writable ? place : fail('read-only');
}

function fileOf({ node, directoryOnly }: Place): FileNode {
  if (node === undefined) return fail('no-entry');
  if (node.kind === 'directory') return fail('is-directory');
  return directoryOnly ? fail('not-directory') : node;
}

function createFile({ mount, parent, name, directoryOnly }: Place, now: bigint): FileNode {
  if (name === undefined) return fail('no-entry');
  return directoryOnly ? fail('is-directory') : mount.tree.create('file', parent, name, now);
}

function listOf({ mount, node }: Place) {
  if (node === undefined) return fail('no-entry');
  if (node.kind === 'file') return fail('not-directory');
  const entries = mount.tree.entries(node);
  const found: ReturnType<typeof entryOf>[] = [];
  for (let next = entries.next(); next.done !== true; next = entries.next()) {
    found.push(entryOf(mount, next.value.name, next.value.node));
  }
  return found;
}

function rename(old: Place, next: Place, now: bigint): void {
  if (old.mount !== next.mount) fail('cross-device');
  if (old.node === undefined) fail('no-entry');
  if (old.name === undefined || next.name === undefined) fail('invalid');
  if ((old.directoryOnly || next.directoryOnly) && old.node.kind === 'file') fail('not-directory');
  old.mount.tree.rename(old.parent, old.name, next.parent, next.name, now);
}

function entryOf(mount: Preopen, name: string, node: FileNode) {
  return { name, kind: node.kind, size: BigInt(mount.tree.stat(node).size) };
}

function lastName(path: string): string {
  return path.split('/').findLast((name) => name !== '' && name !== '.' && name !== '..') ?? '/';
}

function withHostError<T>(body: () => T): T {
  try {
    return body();
  } catch (thrown) {
    if (typeof thrown !== 'string') throw thrown;
    throw Object.hasOwn(ERRORS, thrown) ? ERRORS[thrown] : 'io';
  }
}
