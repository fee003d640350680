import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { CodedError } from '../../../runtime/index.ts';
import type { BuildContext } from '../compile.ts';
import type { CPackage } from './settings.ts';
import { filesOfTar } from './tar.ts';

/** Bytes of a package's file, and of what is in it. */
const PACKAGE_BYTES_MAX = 64 * 1024 * 1024;
const UNPACKED_BYTES_MAX = 512 * 1024 * 1024;
const FETCH_MS_MAX = 120_000;

/**
 * Puts the files of a package into a folder of `out`, once: fetches it, compares its digest, unpacks it.
 *
 * @returns the folder, absolute.
 * @throws CodedError `author/does-not-compile` where it cannot be fetched, or is not the one that the settings pin.
 */
export async function fetchPackage(wanted: CPackage, out: string, context: BuildContext): Promise<string> {
  const folder = join(out, 'packages', `${wanted.crate}-${wanted.sha256.slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  const [name, version] = wanted.crate.split('@');
  const url = `https://static.crates.io/crates/${name}/${name}-${version}.crate`;
  context.onOutput?.(`fetching ${url}\n`);
  const bytes = await download(url);
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (digest !== wanted.sha256) {
    throw new CodedError('author/does-not-compile', `\`${wanted.crate}\` has the digest ${digest}, expected ${wanted.sha256}`);
  }
  await unpack(gunzipSync(bytes, { maxOutputLength: UNPACKED_BYTES_MAX }), folder);
  return folder;
}

async function download(url: string): Promise<Buffer> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_MS_MAX) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const part of response.body ?? []) {
      length += part.length;
      if (length > PACKAGE_BYTES_MAX) throw new Error(`more than ${PACKAGE_BYTES_MAX} bytes`);
      parts.push(part);
    }
    return Buffer.concat(parts);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CodedError('author/does-not-compile', `\`${url}\` cannot be fetched: ${why}`, { cause });
  }
}

/** All or nothing: half a package would be taken for a whole one next time. */
async function unpack(tar: Buffer, folder: string): Promise<void> {
  const half = `${folder}.part`;
  await rm(half, { recursive: true, force: true });
  for (const [path, content] of filesOfTar(tar)) {
    // Packages have one folder, called after them.
    const file = join(half, path.slice(path.indexOf('/') + 1));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  await rename(half, folder);
}
