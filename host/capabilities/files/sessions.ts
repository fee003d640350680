import { createHash } from 'node:crypto';
import type { Listing } from './inputs.ts';

/** Sessions of one grant that are kept, and their bytes together. */
const SESSIONS_MAX = 64;
const BYTES_MAX = 256 * 2 ** 20;
/** A session that was not used for so long begins anew. */
const IDLE_MS_MAX = 30 * 60 * 1000;

/** What the calls of one session changed in one mount: files with their bytes, directories as null, and names that are gone. */
interface KeptMount {
  readonly nodes: Map<string, Buffer | null>;
  readonly removed: Set<string>;
}

interface KeptTree {
  readonly mounts: Map<string, KeptMount>;
  bytes: number;
  usedMs: number;
}

type Change =
  | { readonly kind: 'directory'; readonly mount: string; readonly path: string }
  | { readonly kind: 'remove'; readonly mount: string; readonly path: string }
  | { readonly kind: 'file'; readonly mount: string; readonly path: string; readonly pieces: Buffer[] };

/**
 * What the sessions of one grant keep between calls, in memory only: of each agent and session its own tree. Those that were not used for
 * longest go first.
 */
export class Sessions {
  readonly #trees = new Map<string, KeptTree>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /**
   * The files of a session, for one call of it.
   *
   * @param chain - the scopes that bound the call: one with fewer rights must not find what another with more has left.
   */
  open(agent: string, session: string, chain: readonly unknown[]): SessionFiles {
    const key = createHash('sha256')
      .update(JSON.stringify([agent, session, chain]))
      .digest('hex');
    this.#forgetIdle();
    const tree = this.#trees.get(key);
    if (tree !== undefined) this.#use(key, tree);
    return new SessionFiles(tree, (changes) => this.#keep(key, changes));
  }

  /** Other calls of the session may have ended meanwhile: only what this one changed is put on top. */
  #keep(key: string, changes: readonly Change[]): void {
    const tree = this.#trees.get(key) ?? { mounts: new Map(), bytes: 0, usedMs: 0 };
    for (const change of changes) apply(tree, change);
    this.#use(key, tree);
    let bytes = [...this.#trees.values()].reduce((sum, kept) => sum + kept.bytes, 0);
    for (const [oldest, kept] of this.#trees) {
      if (bytes <= BYTES_MAX && this.#trees.size <= SESSIONS_MAX) break;
      this.#trees.delete(oldest);
      bytes -= kept.bytes;
    }
  }

  #use(key: string, tree: KeptTree): void {
    tree.usedMs = this.#nowMs();
    this.#trees.delete(key);
    this.#trees.set(key, tree);
  }

  #forgetIdle(): void {
    const oldestMs = this.#nowMs() - IDLE_MS_MAX;
    for (const [key, { usedMs }] of this.#trees) if (usedMs < oldestMs) this.#trees.delete(key);
  }
}

function apply(tree: KeptTree, change: Change): void {
  const { mount, path } = change;
  const kept = tree.mounts.get(mount) ?? { nodes: new Map(), removed: new Set() };
  tree.mounts.set(mount, kept);
  tree.bytes -= kept.nodes.get(path)?.length ?? 0;
  // Deleted first, so that what is made again stands behind the directory that it is in.
  kept.nodes.delete(path);
  if (change.kind === 'remove') kept.removed.add(path);
  else if (change.kind === 'directory') kept.nodes.set(path, null);
  else {
    const bytes = Buffer.concat(change.pieces);
    kept.nodes.set(path, bytes);
    tree.bytes += bytes.length;
  }
}

/** The files of a session as one call changes them; the session has the changes only when the call has ended well. */
export class SessionFiles {
  readonly #tree: KeptTree | undefined;
  readonly #save: (changes: readonly Change[]) => void;
  readonly #changes: Change[] = [];
  #bytes: number;

  constructor(tree: KeptTree | undefined, save: (changes: readonly Change[]) => void) {
    this.#tree = tree;
    this.#save = save;
    this.#bytes = tree?.bytes ?? 0;
  }

  /** Bytes that the session would keep. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Puts what earlier calls changed over what is copied in. Where the originals changed so that both cannot be, they stay. */
  addTo(mount: string, listing: Listing): void {
    const kept = this.#tree?.mounts.get(mount);
    if (kept === undefined) return;
    for (const path of listing.keys()) if (isGone(kept.removed, path)) listing.delete(path);
    const modified = BigInt(this.#tree!.usedMs) * 1_000_000n;
    for (const [path, bytes] of kept.nodes) {
      const slash = path.lastIndexOf('/');
      if (slash >= 0 && listing.get(path.slice(0, slash))?.kind !== 'directory') continue;
      const there = listing.get(path)?.kind;
      if (bytes === null && there === undefined) listing.set(path, { kind: 'directory', modified });
      if (bytes !== null && there !== 'directory') {
        listing.set(path, { kind: 'file', modified, size: BigInt(bytes.length), kept: bytes });
      }
    }
  }

  begin(mount: string, path: string): void {
    this.#bytes -= this.#tree?.mounts.get(mount)?.nodes.get(path)?.length ?? 0;
    this.#changes.push({ kind: 'file', mount, path, pieces: [] });
  }

  write(bytes: Uint8Array): void {
    const last = this.#changes.at(-1);
    if (last?.kind !== 'file') return;
    last.pieces.push(Buffer.from(bytes)); // a copy: the message's memory is used again
    this.#bytes += bytes.length;
  }

  directory(mount: string, path: string): void {
    this.#changes.push({ kind: 'directory', mount, path });
  }

  remove(mount: string, path: string): void {
    this.#bytes -= this.#tree?.mounts.get(mount)?.nodes.get(path)?.length ?? 0;
    this.#changes.push({ kind: 'remove', mount, path });
  }

  /** The call has ended well. */
  keep(): void {
    if (this.#changes.length > 0) this.#save(this.#changes);
  }
}

/** True when the name, or a directory that it is in, was removed. */
function isGone(removed: ReadonlySet<string>, path: string): boolean {
  if (removed.size === 0) return false;
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    if (removed.has(path.slice(0, end))) return true;
  }
  return false;
}
