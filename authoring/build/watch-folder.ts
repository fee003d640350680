import { type FSWatcher, watch } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { CodedError } from '../../runtime/index.ts';
import { OUT } from './build-tool.ts';
import { UNFINISHED } from './write-component.ts';

/** Folders of one tool that are watched, each with a watcher of its own. */
const WATCHED_FOLDERS_MAX = 2000;

/** Folders whose files come from builds and installations, not from the author. */
const PASSED_OVER = new Set([OUT, 'node_modules', 'bindings']);

/** Milliseconds without a change before one is told: editors and version control write several files, or one in several steps. */
const QUIET_MS = 150;

/**
 * Watches what an author writes in a tool's folder: everything but hidden files, backups of editors, `target/`, `node_modules/`, generated
 * bindings, and the component.
 *
 * Each folder has a watcher of its own, since Node's recursive one would also follow the many files of `target/`. Owner: whoever opens
 * it, and ends it.
 */
export class FolderWatch {
  readonly #folder: string;
  readonly #component: string;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #changes = new Set<string>();
  #wake: () => void = () => undefined;
  #isEnded = false;

  private constructor(folder: string, component: string) {
    this.#folder = folder;
    this.#component = component;
  }

  /**
   * @param folder - of the tool. @param component - what its build writes. Both absolute.
   * @throws CodedError `usage/unreadable-file`; `usage/invalid-argument` for a folder that has too many folders.
   */
  static async open(folder: string, component: string): Promise<FolderWatch> {
    const opened = new FolderWatch(folder, component);
    try {
      await opened.#add(folder);
      return opened;
    } catch (error) {
      opened.end();
      throw error;
    }
  }

  /**
   * Waits for a change after those that were told, and then until nothing has changed for a while.
   *
   * @returns paths relative to the folder, with `/`, sorted; none where the watch was ended.
   */
  async changed(): Promise<readonly string[]> {
    while (this.#changes.size === 0 && !this.#isEnded) await this.#event();
    while (!this.#isEnded && (await this.#event(QUIET_MS)));
    const found = this.#isEnded ? [] : [...this.#changes].sort();
    this.#changes.clear();
    return found;
  }

  end(): void {
    this.#isEnded = true;
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    this.#wake();
  }

  /** Waits for the next event. @returns false where none came in time. */
  #event(waitMs?: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = waitMs === undefined ? undefined : setTimeout(() => resolve(false), waitMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  #onEvent(within: string, name: string | null): void {
    if (name === null || isPassedOver(name)) return;
    const path = join(within, name);
    if (path === this.#component) return;
    this.#changes.add(relative(this.#folder, path).split(sep).join('/'));
    this.#wake();
    // What is new may be a folder. One that went away again is of no interest.
    void this.#addBelow(within).catch(() => undefined);
  }

  async #add(folder: string): Promise<void> {
    if (this.#isEnded || this.#watchers.has(folder)) return;
    if (this.#watchers.size >= WATCHED_FOLDERS_MAX) {
      throw new CodedError('usage/invalid-argument', `\`${this.#folder}\` has more than ${WATCHED_FOLDERS_MAX} folders to watch`);
    }
    try {
      const watcher = watch(folder, (_, name) => this.#onEvent(folder, name));
      watcher.on('error', () => this.#forget(folder)); // a folder that was removed
      watcher.on('close', () => this.#watchers.delete(folder));
      this.#watchers.set(folder, watcher);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException; // what file functions throw
      throw new CodedError('usage/unreadable-file', `\`${folder}\` cannot be watched: ${code ?? 'unknown reason'}`, { cause });
    }
    await this.#addBelow(folder);
  }

  async #addBelow(folder: string): Promise<void> {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (!entry.isDirectory() || isPassedOver(entry.name) || this.#watchers.has(path)) continue;
      await this.#add(path);
    }
  }

  #forget(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }
}

function isPassedOver(name: string): boolean {
  return PASSED_OVER.has(name) || name.startsWith('.') || name.endsWith('~') || name.endsWith(UNFINISHED);
}
