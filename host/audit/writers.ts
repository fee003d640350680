import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isLocked, KernelLock } from './lock.ts';

const ID = /^[0-9a-f]{16}$/;

/**
 * Who writes to the trail and lives: each writer holds a lock of its own until it ends, however it ends. INVARIANT: files are made and
 * cleaned up only under the trail's lock, so that nobody takes one that was just made for one that was left behind.
 */
export class Writers {
  readonly id: string = randomBytes(8).toString('hex');
  readonly #folder: string;
  readonly #lock: KernelLock;
  /** A writer that ended never comes back. */
  readonly #ended = new Set<string>();

  /** Makes this writer known and removes what ended ones left. To be called under the trail's lock. @param folder - exists. */
  constructor(folder: string) {
    this.#folder = folder;
    for (const name of readdirSync(folder)) {
      if (ID.test(name) && !this.isWriting(name)) rmSync(join(folder, name), { force: true });
    }
    this.#lock = new KernelLock(join(folder, this.id));
    if (!this.#lock.tryTake()) throw new Error('the file of this new writer is locked by another one');
  }

  /** @param id - from a record; anything but the id of a writer that lives is false. */
  isWriting(id: string): boolean {
    if (id === this.id) return true;
    if (this.#ended.has(id) || !ID.test(id)) return false;
    const path = join(this.#folder, id);
    if (existsSync(path) && isLocked(path)) return true;
    this.#ended.add(id);
    return false;
  }

  /** This writer has ended. */
  close(): void {
    this.#lock.close();
    rmSync(join(this.#folder, this.id), { force: true });
  }
}
