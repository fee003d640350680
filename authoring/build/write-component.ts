import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { CodedError } from '../../runtime/index.ts';

/** How the names of files end that are still being written; a watched folder passes over them. */
export const UNFINISHED = '.unfinished';

/**
 * Writes a component so that whoever reads the path has the old bytes or the new ones, never a part. A file that has the same bytes
 * already is left alone.
 *
 * @throws CodedError `usage/unreadable-file`.
 */
export async function writeComponent(path: string, bytes: Uint8Array): Promise<void> {
  if ((await readKept(path))?.equals(bytes)) return;
  const temporary = `${path}.${randomUUID()}${UNFINISHED}`;
  try {
    await writeFile(temporary, bytes, { flag: 'wx' });
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new CodedError('usage/unreadable-file', `\`${path}\` cannot be written: ${codeOf(cause)}`, { cause });
  }
}

/**
 * @returns the bytes that an earlier build left; undefined where there are none.
 * @throws CodedError `usage/unreadable-file` where something is in the way.
 */
export async function readKept(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw new CodedError('usage/unreadable-file', `\`${path}\` cannot be read: ${codeOf(cause)}`, { cause });
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown reason'; // what file functions reject with
}
