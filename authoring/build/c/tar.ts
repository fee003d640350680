import { CodedError } from '../../../runtime/index.ts';

const BLOCK_BYTES = 512;
const FILES_MAX = 20_000;

/**
 * The plain files of a tar archive as packages have them (POSIX ustar, and long names as GNU and pax write them).
 *
 * @throws CodedError `author/does-not-compile` for what is no such archive, or has a path that leaves it.
 */
export function* filesOfTar(tar: Buffer): Generator<readonly [path: string, content: Buffer]> {
  let longName: string | undefined;
  let count = 0;
  for (let at = 0; at + BLOCK_BYTES <= tar.length && tar[at] !== 0; ) {
    const header = tar.subarray(at, at + BLOCK_BYTES);
    const size = Number.parseInt(textAt(header, 124, 12).trim(), 8);
    if (!Number.isSafeInteger(size) || size < 0 || ++count > FILES_MAX) throw broken('it is no archive that we can read');
    const content = tar.subarray(at + BLOCK_BYTES, at + BLOCK_BYTES + size);
    const kind = textAt(header, 156, 1);
    if (kind === 'L') longName = content.toString('utf8').replace(/\0.*$/s, '');
    else if (kind === 'x') longName = /\d+ path=([^\n]*)\n/.exec(content.toString('utf8'))?.[1];
    else {
      const prefix = textAt(header, 345, 155);
      const path = longName ?? (prefix === '' ? textAt(header, 0, 100) : `${prefix}/${textAt(header, 0, 100)}`);
      longName = undefined;
      if (kind === '0' || kind === '') yield [checked(path), content];
    }
    at += BLOCK_BYTES + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  }
}

function checked(path: string): string {
  if (/^[\\/]|^[a-z]:|\\|(^|\/)\.\.(\/|$)/i.test(path)) throw broken(`it has the path \`${path}\``);
  return path;
}

/** Text of a field, up to its first zero byte. */
function textAt(header: Buffer, start: number, length: number): string {
  const text = header.toString('latin1', start, start + length);
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

function broken(why: string): CodedError {
  return new CodedError('author/does-not-compile', `the package cannot be unpacked: ${why}`);
}
