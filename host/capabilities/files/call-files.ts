import type { CellOutcome, CodedError, WitValue } from '../../../runtime/index.ts';
import { printable } from '../../policy/quote.ts';
import type { CapabilityCall } from '../capability.ts';
import { Changes } from './changes.ts';
import { CopyOut, type CopyOutHooks } from './copy-out.ts';
import { type FileFailure, parseGuestPath } from './guest-path.ts';
import { type Input, InputMount, type Listing, readPiece } from './inputs.ts';
import { OpenInputs } from './open-inputs.ts';
import type { PlacedMount, PlacedScope } from './placed-scope.ts';
import type { SessionFiles } from './sessions.ts';

/** Entries and bytes of paths in one page of the listing. */
const PAGE_ENTRIES = 512;
const PAGE_PATH_BYTES = 128 * 1024;
/** Bytes of one answer: with what the encoding adds it stays below the default of `hostCallBytesMax`. */
const READ_BYTES_MAX = 1024 * 1024 - 256;
/** Why a change is refused that an honest worker may send. */
const GUEST_FAULTS: ReadonlySet<FileFailure> = new Set(['invalid', 'name-too-long', 'quota', 'insufficient-space', 'io']);
/** Refused messages of one call that leave word. */
const NOTED_REFUSALS_MAX = 10;

/** What one mount of a call is. */
interface OpenMount {
  readonly placed: PlacedMount;
  readonly inputs: InputMount;
  readonly listing: Listing;
  /** Inputs that were read, and bytes that were handed on. */
  readonly read: Set<string>;
  bytesRead: number;
}

/** What the files of one call are made of. */
export interface CallParts {
  readonly own: PlacedScope;
  /** Scopes of ceilings and callers, which must allow everything, too. */
  readonly others: readonly PlacedScope[];
  readonly call: CapabilityCall;
  /** Targets that were searched for what killed processes left. */
  readonly cleaned: Set<string>;
  readonly hooks: CopyOutHooks;
  readonly session: SessionFiles | undefined;
}

type Answer = { readonly ok: WitValue } | { readonly err: FileFailure };

/** The files of one call on the trusted side. What the worker sends is checked as if it came from an enemy. */
export class CallFiles {
  readonly #own: PlacedScope;
  readonly #call: CapabilityCall;
  readonly #cleaned: Set<string>;
  readonly #session: SessionFiles | undefined;
  readonly #copyOut: CopyOut;
  readonly #open = new OpenInputs();
  readonly #inputs: readonly InputMount[];
  /** The smallest quota of the chain. */
  readonly #namesMax: number;
  #mounts: Promise<readonly OpenMount[]> | undefined;
  #entries: { readonly path: string; readonly value: WitValue }[] = [];
  readonly #changes: Changes;
  #refusals = 0;
  #ended = false;

  constructor({ own, others, call, cleaned, hooks, session }: CallParts) {
    this.#own = own;
    this.#call = call;
    this.#cleaned = cleaned;
    this.#session = session;
    this.#copyOut = new CopyOut(others, hooks);
    this.#inputs = own.mounts.map((mount) => new InputMount(mount, others, () => this.#ended));
    const scopes = [own, ...others];
    this.#namesMax = Math.min(...scopes.map((scope) => scope.namesMax));
    const bytesMax = Math.min(...scopes.map((scope) => scope.bytesMax));
    this.#changes = new Changes({ copyOut: this.#copyOut, session, bytesMax, namesMax: this.#namesMax });
  }

  /** The mounts, listed when they are first asked for. @throws CodedError `capability/unavailable`. */
  #ready(): Promise<readonly OpenMount[]> {
    if (this.#mounts === undefined && this.#ended) return Promise.resolve([]); // nothing would close them
    this.#mounts ??= this.#openMounts();
    return this.#mounts;
  }

  async #openMounts(): Promise<readonly OpenMount[]> {
    this.#copyOut.open(this.#own.mounts, this.#cleaned);
    const mounts: OpenMount[] = [];
    let names = 0;
    for (const [index, placed] of this.#own.mounts.entries()) {
      const inputs = this.#inputs[index]!;
      const listing = await inputs.list(this.#namesMax - names);
      this.#session?.addTo(placed.name, listing);
      names += listing.size;
      this.#changes.open(placed, listing);
      mounts.push({ placed, inputs, listing, read: new Set(), bytesRead: 0 });
      for (const [path, input] of listing) this.#entries.push({ path, value: entryOf(index, path, input) });
      this.#noteListing(placed, inputs, listing);
    }
    return mounts;
  }

  #noteListing({ name, from }: PlacedMount, inputs: InputMount, listing: Listing): void {
    if (from === undefined) return;
    const files = [...listing.values()].filter((input) => input.kind === 'file').length;
    const skipped = inputs.skippedCount;
    this.#call.note({
      capability: 'files',
      act: `copy in ${name}`,
      result: `${files} files${skipped > 0 ? `, ${skipped} left out` : ''}`,
      ...(skipped > 0 ? { data: { leftOut: inputs.skipped.map(({ path, why }) => ({ path, why })) } } : {}),
    });
  }

  async list(from: number): Promise<Answer> {
    await this.#ready();
    const page: WitValue[] = [];
    let bytes = 0;
    for (let index = from; index < this.#entries.length && page.length < PAGE_ENTRIES && bytes < PAGE_PATH_BYTES; index++) {
      const { path, value } = this.#entries[index]!;
      bytes += Buffer.byteLength(path);
      page.push(value);
    }
    return { ok: page };
  }

  async read(mountIndex: number, path: string, offset: bigint, length: number): Promise<Answer> {
    const mount = (await this.#ready())[mountIndex];
    if (this.#ended) return { err: 'io' };
    if (mount === undefined) return this.#refuse('read', mountIndex, path, 'not-permitted');
    const parts = parseGuestPath(path);
    if (typeof parts === 'string') return this.#refuse('read', mountIndex, path, parts);
    const input = mount.listing.get(path);
    if (input === undefined) return this.#refuse('read', mountIndex, path, 'no-entry');
    if (input.kind === 'directory') return { err: 'is-directory' };
    if (offset >= input.size || length === 0) return { ok: new Uint8Array() };
    const left = input.size - offset;
    const wanted = Math.min(length, READ_BYTES_MAX, left > READ_BYTES_MAX ? READ_BYTES_MAX : Number(left));
    mount.read.add(path);
    if ('kept' in input) return this.#answerBytes(mount, input.kept.subarray(Number(offset), Number(offset) + wanted));
    const { identity } = input;
    const fd = this.#open.get(`${mountIndex} ${path}`, () => mount.inputs.open(path, identity));
    if (fd === undefined) return this.#refuse('read', mountIndex, path, 'io');
    const bytes = readOrFail(() => readPiece(fd, identity, offset, wanted));
    if (typeof bytes === 'string') return this.#refuse('read', mountIndex, path, bytes);
    return this.#answerBytes(mount, bytes);
  }

  #answerBytes(mount: OpenMount, bytes: Uint8Array): Answer {
    mount.bytesRead += bytes.length;
    return { ok: bytes };
  }

  async put(mountIndex: number, path: string, isDirectory: boolean, offset: bigint, bytes: Uint8Array): Promise<Answer> {
    await this.#ready();
    const refused = this.#changes.put({ mount: mountIndex, path, isDirectory, offset, bytes });
    return refused === undefined ? { ok: null } : this.#refuseChange('put', mountIndex, path, refused);
  }

  async remove(mountIndex: number, path: string): Promise<Answer> {
    await this.#ready();
    const refused = this.#changes.remove(mountIndex, path);
    return refused === undefined ? { ok: null } : this.#refuseChange('remove', mountIndex, path, refused);
  }

  async commit(): Promise<Answer> {
    // Sent also where the guest used no file: then there is no reason to begin.
    if (this.#mounts !== undefined) await this.#ready();
    const refused = this.#changes.commit();
    return refused === undefined ? { ok: null } : this.#refuseChange('commit', 0, '', refused);
  }

  #refuse(act: string, mount: number, path: string, why: FileFailure): Answer {
    this.#refusals += 1;
    if (this.#refusals <= NOTED_REFUSALS_MAX) {
      const name = this.#own.mounts[mount]?.name ?? `mount ${mount}`;
      this.#call.note({ capability: 'files', act: `${act} ${name} ${printable(path, 300)}`, result: `denied: ${why}` });
    }
    return { err: why };
  }

  /**
   * A change that is refused takes all others with it. Where the guest may be the reason the answer is friendly, and the decision at the end of
   * the call says why nothing left; the rest an honest worker never sends.
   */
  #refuseChange(act: string, mount: number, path: string, why: FileFailure): Answer {
    this.#copyOut.refuse(this.#own.mounts[mount]?.name ?? `mount ${mount}`, path, `the change is refused as \`${why}\``);
    const answer = this.#refuse(act, mount, path, why);
    return GUEST_FAULTS.has(why) ? { ok: null } : answer;
  }

  /** Ends it, whatever happened; what may leave leaves. */
  async end(cell: CellOutcome): Promise<CodedError | undefined> {
    this.#ended = true;
    const isWhole = this.#changes.end();
    try {
      const mounts = await this.#mounts?.catch(() => undefined);
      if (mounts === undefined) return undefined;
      this.#noteReads(mounts);
      if (cell.kind !== 'ok' || (!isWhole && !this.#copyOut.hasAny)) return undefined;
      if (!isWhole) this.#copyOut.refuse('', '', 'the call ended before it said that this was all');
      const refused = await this.#copyOut.decide((use) => this.#call.note(use));
      if (refused === undefined) this.#session?.keep();
      return refused;
    } finally {
      this.#copyOut.close();
      this.#open.close();
      for (const inputs of this.#inputs) inputs.close();
    }
  }

  #noteReads(mounts: readonly OpenMount[]): void {
    for (const { placed, read, bytesRead } of mounts) {
      if (read.size === 0) continue;
      this.#call.note({
        capability: 'files',
        act: `read ${placed.name}`,
        result: `${read.size} files`,
        data: { files: read.size, bytes: bytesRead },
      });
    }
  }
}

function entryOf(mount: number, path: string, input: Input): WitValue {
  const isDirectory = input.kind === 'directory';
  return {
    mount,
    path,
    'is-directory': isDirectory,
    size: isDirectory ? 0n : input.size,
    modified: input.modified < 0n ? 0n : input.modified,
  };
}

function readOrFail(read: () => Uint8Array | FileFailure): Uint8Array | FileFailure {
  try {
    return read();
  } catch {
    return 'io';
  }
}
