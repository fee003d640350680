import { closeSync, fstatSync, readSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { CodedError } from '../../../runtime/index.ts';
import { printable, quote } from '../../policy/quote.ts';
import { Folder, type Identity, isSame, systemCode } from './folder.ts';
import { DEPTH_MAX, type FileFailure, nameFault } from './guest-path.ts';
import { fileNameOf, type PlacedMount, type PlacedScope, readsFile, seesDirectory } from './placed-scope.ts';

/** One thing that was copied in; a directory has no size. */
export type Input =
  | { readonly kind: 'directory'; readonly modified: bigint }
  | { readonly kind: 'file'; readonly modified: bigint; readonly size: bigint; readonly identity: Identity }
  /** A file that an earlier call of the session left. */
  | { readonly kind: 'file'; readonly modified: bigint; readonly size: bigint; readonly kept: Uint8Array };

/** What is in one mount at the start of a call, by path, directories before what is in them. */
export type Listing = Map<string, Input>;

/** A name that was left out, and why. */
export interface Skipped {
  readonly path: string;
  readonly why: string;
}

/** Directory entries that one mount may have, whatever is done with them. */
const SEEN_MAX = 1_000_000;
/** Entries looked at between two turns of the event loop: about 2 ms. */
const ENTRIES_PER_TURN = 128;
/** Skipped names that are kept for the trail; the rest is counted. */
const SKIPPED_KEPT = 8;

/** What stands behind one mount, held open for the call. */
export class InputMount {
  readonly skipped: Skipped[] = [];
  skippedCount = 0;
  readonly #mount: PlacedMount;
  readonly #others: readonly PlacedScope[];
  readonly #stopped: () => boolean;
  #root: Folder | undefined;
  /** True where the input is one file; the root is then the directory that it is in. */
  #isFile = false;
  #seen = 0;

  /** @param others - scopes that must allow each input, too. @param stopped - true when the call has ended meanwhile. */
  constructor(mount: PlacedMount, others: readonly PlacedScope[], stopped: () => boolean) {
    this.#mount = mount;
    this.#others = others;
    this.#stopped = stopped;
  }

  /**
   * Lists the mount. A link, a device, a pipe or a socket is left out, as is a name that is no plain text; each leaves word.
   *
   * @param namesLeft - names that the quota still has.
   * @throws CodedError `capability/unavailable` where the input is not there, or has more names than the quota.
   */
  async list(namesLeft: number): Promise<Listing> {
    const listing: Listing = new Map();
    const { from } = this.#mount;
    if (from === undefined) return listing;
    try {
      const single = this.#openRoot(from);
      if (single !== undefined) this.#addFile([single], listing);
      else await this.#addFolders(listing, namesLeft);
    } catch (error) {
      if (error instanceof CodedError) throw error;
      throw this.#unavailable(`cannot be opened: ${systemCode(error)}`);
    }
    if (listing.size > namesLeft) throw this.#unavailable('has more names than `names` of the grant');
    return listing;
  }

  /** @returns the file's name where the input is one file; the directory that it is in is then the root. */
  #openRoot(from: string): string | undefined {
    const name = fileNameOf(from);
    if (name === '') {
      this.#root = Folder.open(from);
      return undefined;
    }
    const parent = Folder.open(from.slice(0, from.length - name.length));
    this.#root = parent;
    const seen = parent.look(name);
    if (seen?.isDirectory()) {
      this.#root = parent.folder([name]);
      parent.close();
      return undefined;
    }
    if (seen?.isFile()) {
      this.#isFile = true;
      return name;
    }
    if (seen === undefined) throw this.#unavailable('is not there');
    throw this.#unavailable(`is ${kindOf(seen)}: name a file or folder`);
  }

  /** Goes through the folders level by level, so that one is open at a time, however deep they are. */
  async #addFolders(listing: Listing, namesLeft: number): Promise<void> {
    const queue: (readonly string[])[] = [[]];
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
      if (this.#stopped() || listing.size > namesLeft) return;
      const folder = this.#openListed(path, listing);
      if (folder === undefined) continue;
      try {
        const inner = await this.#addEntries(folder, path, listing, namesLeft);
        queue.push(...inner.reverse());
      } finally {
        folder.close();
      }
    }
  }

  #openListed(path: readonly string[], listing: Listing): Folder | undefined {
    if (path.length === 0) return this.#root!.folder([]);
    try {
      const folder = this.#root!.folder(path);
      listing.set(path.join('/'), { kind: 'directory', modified: folder.self().mtimeNs });
      return folder;
    } catch (error) {
      this.#skip(path, `it cannot be opened: ${systemCode(error)}`);
      return undefined;
    }
  }

  /** Adds the files of one folder. @returns the folders in it. */
  async #addEntries(folder: Folder, above: readonly string[], listing: Listing, namesLeft: number): Promise<string[][]> {
    const folders: string[][] = [];
    for (const name of await this.#namesIn(folder, above)) {
      if (++this.#seen % ENTRIES_PER_TURN === 0) await turn();
      if (this.#stopped() || listing.size + folders.length > namesLeft) break;
      const path = [...above, name];
      if (this.#addEntry(folder, path, listing)) folders.push(path);
    }
    return folders;
  }

  /** Names that can be told to a guest, in the order of their code units. */
  async #namesIn(folder: Folder, above: readonly string[]): Promise<readonly string[]> {
    const names: string[] = [];
    let count = 0;
    for (const bytes of folder.names()) {
      if (++count > SEEN_MAX) throw this.#unavailable(`has a folder with more than ${SEEN_MAX} names`);
      if (count % 4096 === 0) await turn();
      if (this.#stopped()) return [];
      const name = bytes.toString('utf8');
      if (!Buffer.from(name, 'utf8').equals(bytes)) this.#skip([...above, name], 'its name is not UTF-8');
      else if (nameFault(name) !== undefined) this.#skip([...above, name], 'its name is not plain text');
      else names.push(name);
    }
    return names.sort((one, other) => (one < other ? -1 : 1));
  }

  /** @returns true for a folder whose entries come, too. */
  #addEntry(folder: Folder, path: readonly string[], listing: Listing): boolean {
    // What is not meant is not even looked at.
    const mayBeFile = this.#mount.only.matches(path);
    const mayBeFolder = this.#mount.only.mayHold(path);
    if (!mayBeFile && !mayBeFolder) return false;
    const seen = folder.look(path.at(-1)!);
    if (seen === undefined) return false;
    if (seen.isDirectory()) return mayBeFolder && this.#maySee(path);
    if (!seen.isFile()) this.#skip(path, `it is ${kindOf(seen)}`);
    else if (mayBeFile) this.#addFile(path, listing, seen);
    return false;
  }

  #maySee(path: readonly string[]): boolean {
    if (path.length >= DEPTH_MAX) this.#skip(path, `it is more than ${DEPTH_MAX - 1} folders deep`);
    else if (this.#others.every((scope) => seesDirectory(scope, this.#placeOf(path)))) return true;
    else this.#skip(path, 'the scope of a caller or ceiling does not have it');
    return false;
  }

  #addFile(path: readonly string[], listing: Listing, seen = this.#root!.look(path[0]!)): void {
    if (seen === undefined || !seen.isFile()) return;
    if (!this.#others.every((scope) => readsFile(scope, this.#placeOf(path)))) {
      this.#skip(path, 'the scope of a caller or ceiling does not have it');
      return;
    }
    const { dev, ino, size, mtimeNs, ctimeNs } = seen;
    listing.set(path.join('/'), { kind: 'file', modified: mtimeNs, size, identity: { dev, ino, size, mtimeNs, ctimeNs } });
  }

  /** Where an input is on this machine: since no link was followed, its path is the real one. */
  #placeOf(path: readonly string[]): readonly string[] {
    const fromParts = this.#mount.fromParts!;
    return this.#isFile ? fromParts : [...fromParts, ...path];
  }

  #skip(path: readonly string[], why: string): void {
    this.skippedCount += 1;
    if (this.skipped.length < SKIPPED_KEPT) this.skipped.push({ path: printable(path.join('/'), 200), why });
  }

  /** Opens a file that was listed; undefined where it is no longer the one that was listed. */
  open(path: string, identity: Identity): number | undefined {
    const parts = path.split('/');
    let folder: Folder | undefined;
    try {
      folder = this.#root!.folder(parts.slice(0, -1));
      const opened = folder.file(parts.at(-1)!);
      if (opened === undefined) return undefined;
      if (isSame(opened.identity, identity)) return opened.fd;
      closeSync(opened.fd);
      return undefined;
    } catch {
      return undefined;
    } finally {
      folder?.close();
    }
  }

  #unavailable(what: string): CodedError {
    const { name } = this.#mount;
    return new CodedError('capability/unavailable', `what the mount ${quote(name)} of \`files\` is copied from ${what}`, {
      data: { mount: name },
      help: 'see `from` and `names` of the mount in the policy; no part of a path may be a link',
    });
  }

  close(): void {
    this.#root?.close();
    this.#root = undefined;
  }
}

function kindOf(seen: { isSymbolicLink(): boolean; isFIFO(): boolean; isSocket(): boolean }): string {
  if (seen.isSymbolicLink()) return 'a link';
  if (seen.isFIFO()) return 'a pipe';
  return seen.isSocket() ? 'a socket' : 'a device';
}

/**
 * Reads from an open file that must still be what was listed: looked at after reading, so that no bytes are handed on that were changed before
 * or meanwhile. A change within one tick of the file system's clock (4 ms on older kernels) that keeps the size can stay unseen.
 */
export function readPiece(fd: number, identity: Identity, offset: bigint, length: number): Uint8Array | FileFailure {
  const bytes = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(fd, bytes, filled, length - filled, offset + BigInt(filled));
    if (count === 0) return 'io';
    filled += count;
  }
  return isSame(fstatSync(fd, { bigint: true }), identity) ? bytes : 'io';
}
