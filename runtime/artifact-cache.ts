import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { link, lstat, mkdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { ArtifactStore } from './artifact.ts';

/*
 * Prepared components on disk. The folder is private (0700), entries are authenticated with a key made once per
 * install, written under a temporary name and renamed: two processes may fill it at once, and a reader sees a whole
 * entry or none. What the key does not protect against is somebody who can read it: whoever can act as this user.
 */

/** `CELLBLOCK_CACHE_DIR`, else `$XDG_CACHE_HOME/cellblock`, else `~/.cache/cellblock`; undefined for a user without a home. */
export function defaultCacheDirectory(): string | undefined {
  const { CELLBLOCK_CACHE_DIR, XDG_CACHE_HOME } = process.env;
  if (CELLBLOCK_CACHE_DIR) return CELLBLOCK_CACHE_DIR;
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, 'cellblock');
  try {
    return join(homedir(), '.cache', 'cellblock');
  } catch {
    return undefined;
  }
}

const KEY_FILE = 'key';
const KEY_BYTES = 32;
const MAC_BYTES = 32;

/** A cache that cannot be used only costs time: every failure reads as a miss, and nothing is kept. */
export class ArtifactCache implements ArtifactStore {
  readonly #directory: string;
  #key: Promise<Uint8Array | undefined> | undefined;

  /** @param directory - made with mode 0700 where missing; not used when others may write to it. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * @param name - the entry's key: hex digits.
   * @returns plain data as `write` got it; undefined when there is none or when it was changed by anybody else.
   */
  async read(name: string): Promise<unknown> {
    try {
      const payload = await this.readBytes(name);
      return payload === undefined ? undefined : deserialize(payload);
    } catch {
      return undefined;
    }
  }

  /** Keeps an entry; the last writer wins, and all writers of one name write the same. */
  async write(name: string, value: unknown): Promise<void> {
    await this.writeBytes(name, serialize(value));
  }

  /** As `read`, of bytes that are not looked at. */
  async readBytes(name: string): Promise<Uint8Array | undefined> {
    const key = await this.#openKey();
    if (key === undefined) return undefined;
    const entry = await readFile(this.#path(name)).catch(() => undefined);
    if (entry === undefined || entry.length < MAC_BYTES) return undefined;
    const payload = entry.subarray(MAC_BYTES);
    return timingSafeEqual(entry.subarray(0, MAC_BYTES), macOf(key, name, payload)) ? payload : undefined;
  }

  /** As `write`, of bytes. */
  async writeBytes(name: string, payload: Uint8Array): Promise<void> {
    const key = await this.#openKey();
    if (key === undefined) return;
    await this.#replace(this.#path(name), Buffer.concat([macOf(key, name, payload), payload])).catch(() => undefined);
  }

  #path(name: string): string {
    return join(this.#directory, `${name}.artifact`);
  }

  async #replace(path: string, bytes: Uint8Array): Promise<void> {
    const temporary = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`;
    try {
      await writeFile(temporary, bytes, { mode: 0o600, flag: 'wx' });
      await rename(temporary, path);
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      throw error;
    }
  }

  #openKey(): Promise<Uint8Array | undefined> {
    this.#key ??= this.#loadKey().catch(() => undefined);
    return this.#key;
  }

  async #loadKey(): Promise<Uint8Array | undefined> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    if (!(await isPrivate(this.#directory))) return undefined;
    const path = join(this.#directory, KEY_FILE);
    const existing = await readKey(path);
    if (existing !== undefined) return existing;
    // `link` fails where the name exists: of two processes that make a key at once, one wins and both then read it.
    const temporary = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`;
    await writeFile(temporary, randomBytes(KEY_BYTES), { mode: 0o600, flag: 'wx' });
    await link(temporary, path).catch(() => undefined);
    await unlink(temporary);
    return readKey(path);
  }
}

/** True for a real folder of this user that nobody else may write to. Windows has no such modes: its user profile is private. */
async function isPrivate(directory: string): Promise<boolean> {
  const stats = await lstat(directory);
  if (!stats.isDirectory()) return false;
  if (process.platform === 'win32') return true;
  return stats.uid === process.getuid?.() && (stats.mode & 0o077) === 0;
}

async function readKey(path: string): Promise<Uint8Array | undefined> {
  const key = await readFile(path).catch(() => undefined);
  return key?.length === KEY_BYTES ? key : undefined;
}

function macOf(key: Uint8Array, name: string, payload: Uint8Array): Buffer {
  return createHmac('sha256', key).update(`cellblock artifact 1\n${name}\n`).update(payload).digest();
}
