import type { FileFailure } from './guest-path.ts';
import type { Listing } from './inputs.ts';

type Kind = 'file' | 'directory';

/**
 * The names of one mount as the worker's messages say they change, to check that they tell of a tree: a compromised worker may send any of them in
 * any order. Holds no bytes.
 */
export class NameTree {
  readonly #kinds = new Map<string, Kind>();
  readonly #children = new Map<string, number>();
  /** Names that came with the call and were neither changed nor removed. */
  readonly #inputs = new Set<string>();

  constructor(listing: Listing) {
    this.#kinds.set('', 'directory');
    for (const [path, { kind }] of listing) {
      this.#add(path, kind);
      this.#inputs.add(path);
    }
  }

  /** Names in all directories. */
  get size(): number {
    return this.#kinds.size - 1;
  }

  /** Says what is there now. */
  kindOf(path: string): Kind | undefined {
    return this.#kinds.get(path);
  }

  /** Makes a directory; one that is there may be made again. @param mayAdd - false where the quota of names is used up. */
  addDirectory(path: string, mayAdd: boolean): FileFailure | undefined {
    const there = this.#kinds.get(path);
    if (there === 'directory') return undefined;
    return there === 'file' ? 'exist' : this.#addNew(path, 'directory', mayAdd);
  }

  /** Makes a file, or changes one that came with the call; once for each. */
  addFile(path: string, mayAdd: boolean): FileFailure | undefined {
    const there = this.#kinds.get(path);
    if (there === 'directory') return 'is-directory';
    if (there === 'file') return this.#inputs.delete(path) ? undefined : 'exist';
    return this.#addNew(path, 'file', mayAdd);
  }

  #addNew(path: string, kind: Kind, mayAdd: boolean): FileFailure | undefined {
    const parent = this.#kinds.get(parentOf(path));
    if (parent !== 'directory') return parent === undefined ? 'no-entry' : 'not-directory';
    if (!mayAdd) return 'quota';
    this.#add(path, kind);
    return undefined;
  }

  /** Removes what came with the call; a directory when it is empty. */
  remove(path: string): FileFailure | undefined {
    if (!this.#inputs.has(path)) return this.#kinds.has(path) ? 'not-permitted' : 'no-entry';
    if ((this.#children.get(path) ?? 0) > 0) return 'not-empty';
    this.#inputs.delete(path);
    this.#kinds.delete(path);
    this.#count(parentOf(path), -1);
    return undefined;
  }

  #add(path: string, kind: Kind): void {
    this.#kinds.set(path, kind);
    this.#count(parentOf(path), 1);
  }

  #count(path: string, change: number): void {
    this.#children.set(path, (this.#children.get(path) ?? 0) + change);
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
