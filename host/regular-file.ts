import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** The `code` of the error for devices, pipes and folders, beside the system's own codes such as `ENOENT`. */
export const NOT_A_FILE = 'NOT_A_FILE';

const CHUNK_BYTES = 1024 * 1024;

/**
 * Reads a regular file that somebody else named: never a device or pipe, which would not end, and never more than asked
 * for, even if the file grows meanwhile.
 *
 * @returns the file, or its first `bytesMax + 1` bytes: a longer answer than `bytesMax` means that it is too large.
 * @throws an error with a `code`: `NOT_A_FILE`, or what the system says.
 */
export async function readRegularFile(path: string, bytesMax: number): Promise<Buffer> {
  // Without O_NONBLOCK (absent on Windows), opening a named pipe would wait for a writer for ever.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!(await file.stat()).isFile()) throw Object.assign(new Error('it is not a regular file'), { code: NOT_A_FILE });
    const chunks: Buffer[] = [];
    let left = bytesMax + 1;
    while (left > 0) {
      const chunk = Buffer.alloc(Math.min(left, CHUNK_BYTES));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
      if (bytesRead === 0) break;
      chunks.push(chunk.subarray(0, bytesRead));
      left -= bytesRead;
    }
    return Buffer.concat(chunks);
  } finally {
    await file.close();
  }
}
