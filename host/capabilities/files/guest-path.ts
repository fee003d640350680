import { isWellFormed } from '../../../runtime/index.ts';

/** Bytes of UTF-8 in one path and in one name; those of common systems. */
const PATH_BYTES_MAX = 4096;
const NAME_BYTES_MAX = 255;
/** Names in one path. */
export const DEPTH_MAX = 64;

/** Control characters, line separators, and those that turn the direction of text around: a name must be what it looks like. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

/** How the staging folders of this capability begin: never an input, never a file that leaves. */
export const STAGING_PREFIX = '.cellblock-staging-';

/** Error codes of `wasi:filesystem` that this side answers with. */
export type FileFailure =
  | 'exist'
  | 'insufficient-space'
  | 'invalid'
  | 'io'
  | 'is-directory'
  | 'name-too-long'
  | 'no-entry'
  | 'not-directory'
  | 'not-empty'
  | 'not-permitted'
  | 'quota'
  | 'read-only';

/** What is wrong with one name, undefined where nothing is. */
export function nameFault(name: string): FileFailure | undefined {
  if (name === '' || name === '.' || name === '..' || name.includes('/')) return 'not-permitted';
  if (name.length > NAME_BYTES_MAX || Buffer.byteLength(name) > NAME_BYTES_MAX) return 'name-too-long';
  if (!isWellFormed(name) || UNSEEN.test(name)) return 'invalid';
  return name.startsWith(STAGING_PREFIX) ? 'invalid' : undefined;
}

/**
 * Takes apart a path that the worker sent. It has resolved `.` and `..` for the guest already, so here they are refused, as are empty names
 * and an absolute path: there is one way to write each path.
 *
 * @returns the names, one or more, or why not.
 */
export function parseGuestPath(path: string): readonly string[] | FileFailure {
  if (path.length > PATH_BYTES_MAX || Buffer.byteLength(path) > PATH_BYTES_MAX) return 'name-too-long';
  if (path === '') return 'no-entry';
  const parts = path.split('/', DEPTH_MAX + 1);
  if (parts.length > DEPTH_MAX) return 'name-too-long';
  for (const part of parts) {
    const fault = nameFault(part);
    if (fault !== undefined) return fault;
  }
  return parts;
}
