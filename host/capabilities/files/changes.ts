import type { CopyOut } from './copy-out.ts';
import { type FileFailure, parseGuestPath } from './guest-path.ts';
import type { Listing } from './inputs.ts';
import type { PlacedMount } from './placed-scope.ts';
import type { SessionFiles } from './sessions.ts';
import { NameTree } from './tree.ts';

/** One piece of a file, or a directory, as the worker puts it. */
interface Put {
  readonly mount: number;
  readonly path: string;
  readonly isDirectory: boolean;
  readonly offset: bigint;
  readonly bytes: Uint8Array;
}

/** Where changes go, and how many of them there may be. */
interface ChangesSetup {
  readonly copyOut: CopyOut;
  readonly session: SessionFiles | undefined;
  readonly bytesMax: number;
  readonly namesMax: number;
}

interface ChangedMount {
  readonly placed: PlacedMount;
  readonly tree: NameTree;
}

/**
 * The changes of one call, as the worker sends them after the guest: checked to be changes of a tree, within the quotas, each file once and in the
 * order of its bytes. Each method says why one is refused.
 */
export class Changes {
  readonly #setup: ChangesSetup;
  readonly #mounts: ChangedMount[] = [];
  #bytes = 0;
  /** The file whose next piece may come. */
  #current: { readonly mount: number; readonly path: string; bytes: bigint } | undefined;
  #state: 'open' | 'whole' | 'ended' = 'open';

  constructor(setup: ChangesSetup) {
    this.#setup = setup;
  }

  /** The next mount, with what is in it at the start. */
  open(placed: PlacedMount, listing: Listing): void {
    this.#mounts.push({ placed, tree: new NameTree(listing) });
  }

  put(put: Put): FileFailure | undefined {
    const mount = this.#mountOf(put.mount);
    if (typeof mount === 'string') return mount;
    if (this.#leadsNowhere(mount.placed)) return undefined;
    return pathFault(put.path) ?? (put.isDirectory ? this.#putDirectory(put) : this.#putPiece(put));
  }

  remove(mountIndex: number, path: string): FileFailure | undefined {
    const mount = this.#mountOf(mountIndex);
    if (typeof mount === 'string') return mount;
    const { placed, tree } = mount;
    if (this.#leadsNowhere(placed)) return undefined;
    const kind = tree.kindOf(path);
    const refused = pathFault(path) ?? tree.remove(path);
    if (refused !== undefined) return refused;
    this.#current = undefined;
    this.#setup.session?.remove(placed.name, path);
    if (kind === 'file') this.#setup.copyOut.remove(placed, path);
    return undefined;
  }

  /** Nothing else follows. */
  commit(): FileFailure | undefined {
    if (this.#state !== 'open') return 'not-permitted';
    this.#state = 'whole';
    return undefined;
  }

  /** Refuses all that comes from now on. @returns true when it was said that this is all. */
  end(): boolean {
    const isWhole = this.#state === 'whole';
    this.#state = 'ended';
    return isWhole;
  }

  #mountOf(index: number): ChangedMount | FileFailure {
    const mount = this.#mounts[index];
    if (this.#state !== 'open' || mount === undefined) return 'not-permitted';
    return mount.placed.writable ? mount : 'read-only';
  }

  /** True where the change is forgotten with the call, whatever it is: the worker does not know which mounts anything leaves. */
  #leadsNowhere(mount: PlacedMount): boolean {
    const { copyOut, session } = this.#setup;
    return copyOut.isOver || (mount.copyOut === undefined && session === undefined);
  }

  #putDirectory({ mount, path, offset, bytes }: Put): FileFailure | undefined {
    const { placed, tree } = this.#mounts[mount]!;
    this.#current = undefined;
    if (offset !== 0n || bytes.length > 0) return 'invalid';
    const isThere = tree.kindOf(path) !== undefined;
    const refused = tree.addDirectory(path, this.#mayAddName());
    if (refused === undefined && !isThere) this.#setup.session?.directory(placed.name, path);
    return refused;
  }

  #putPiece({ mount, path, offset, bytes }: Put): FileFailure | undefined {
    const { placed, tree } = this.#mounts[mount]!;
    const { bytesMax, session } = this.#setup;
    const follows = this.#current?.mount === mount && this.#current.path === path;
    if (offset !== (follows ? this.#current!.bytes : 0n)) return 'invalid';
    if (Math.max(this.#bytes, session?.bytes ?? 0) + bytes.length > bytesMax) return 'quota';
    if (!follows) {
      const refused = tree.addFile(path, this.#mayAddName());
      if (refused !== undefined) return refused;
      this.#current = { mount, path, bytes: 0n };
    }
    this.#bytes += bytes.length;
    this.#current!.bytes += BigInt(bytes.length);
    return this.#stage(placed, path, !follows, bytes);
  }

  #stage(mount: PlacedMount, path: string, isNew: boolean, bytes: Uint8Array): FileFailure | undefined {
    const { copyOut, session } = this.#setup;
    try {
      if (isNew) session?.begin(mount.name, path);
      session?.write(bytes);
      if (isNew) copyOut.begin(mount, path);
      copyOut.write(bytes);
      return undefined;
    } catch (error) {
      copyOut.fail(mount.name, error);
      return (error as { code?: unknown }).code === 'ENOSPC' ? 'insufficient-space' : 'io';
    }
  }

  /** Names of all mounts count together. */
  #mayAddName(): boolean {
    return this.#mounts.reduce((sum, { tree }) => sum + tree.size, 0) < this.#setup.namesMax;
  }
}

function pathFault(path: string): FileFailure | undefined {
  const parts = parseGuestPath(path);
  return typeof parts === 'string' ? parts : undefined;
}
