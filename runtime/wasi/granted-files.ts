import { CodedError } from '../error.ts';
import type { WitValue } from '../value/index.ts';
import type { BackName, CallBack } from './back.ts';
import { FileLedger } from './file-ledger.ts';
import { positionOf } from './file-streams.ts';
import { fail } from './file-tree.ts';
import { isErrorCode, type Preopen } from './filesystem.ts';
import { GrantedTree } from './granted-tree.ts';
import { InputBlocks } from './input-blocks.ts';
import type { MemoryFile, MemoryNode } from './memory-file.ts';

/** The private files of one call. */
export interface FilesSetup {
  readonly mounts: readonly {
    /** The path by which the guest knows it, such as `/data`. */
    readonly name: string;
    readonly writable: boolean;
  }[];
  /** Bytes in files that the guest made, changed or moved; inputs that it only reads do not count. */
  readonly bytesMax: number;
  /** Names in all directories together, inputs among them. */
  readonly inodesMax: number;
}

/** Bytes of one `files.put` beside its path and those of the file, generously. */
const PUT_OVERHEAD_BYTES = 64;

/** Bytes of a file in one `files.put`, where a host call may have more. */
const PUT_BYTES_MAX = 1024 * 1024;

/**
 * The files of one call: a tree for each mount, in this worker's memory. Inputs are asked for when the guest first looks for a file, and their
 * bytes when it reads them. What it made or changed stays here until it has ended well, and then goes to the trusted side, which decides
 * whether anything leaves.
 */
export class GrantedFiles {
  /** The mounts, in the order of the setup. */
  readonly preopens: readonly Preopen[];
  readonly #back: CallBack;
  readonly #hostCallBytesMax: number;
  readonly #trees: readonly GrantedTree[];
  readonly #blocks: InputBlocks;
  /** What was there before the guest, by path, directories before what is in them. */
  #inputs: readonly ReadonlyMap<string, MemoryNode>[] = [];
  #state: 'unused' | 'loaded' | { readonly failed: string } = 'unused';

  /** @param hostCallBytesMax - bytes of the arguments, and of the answer, of one call of `back`. */
  constructor(setup: FilesSetup, back: CallBack, hostCallBytesMax: number) {
    this.#back = back;
    this.#hostCallBytesMax = hostCallBytesMax;
    this.#blocks = new InputBlocks((...of) => this.#read(...of), hostCallBytesMax);
    const ledger = new FileLedger(setup);
    this.#trees = setup.mounts.map(() => new GrantedTree(ledger, () => this.#load()));
    this.preopens = setup.mounts.map(({ name, writable }, at) => ({ name, writable, tree: this.#trees[at] as GrantedTree }));
  }

  /**
   * Sends what the guest leaves: what it removed, then what it made or changed, then that this was all. Asks nothing when no file was used
   * and none could have been written.
   *
   * @throws CodedError `capability/unavailable` when the trusted side does not take it; what `back` throws.
   */
  finish(): void {
    if (this.#state === 'unused' && !this.preopens.some(({ writable }) => writable)) return;
    try {
      if (this.#state === 'loaded') {
        this.#inputs.forEach((inputs, mount) => {
          if (this.preopens[mount]?.writable === true) this.#send(mount, inputs);
        });
      }
      this.#ask('files.commit', []);
    } catch (thrown) {
      if (typeof thrown !== 'string') throw thrown;
      throw new CodedError('capability/unavailable', `the files that the call leaves were not taken: ${thrown}`, {
        data: { reason: thrown },
      });
    }
  }

  #load(): void {
    if (this.#state === 'loaded') return;
    if (this.#state !== 'unused') throw this.#state.failed;
    try {
      this.#list();
      this.#inputs = this.#trees.map((tree) => new Map(tree.nodes()));
      this.#state = 'loaded';
    } catch (thrown) {
      if (typeof thrown === 'string') this.#state = { failed: thrown };
      throw thrown;
    }
  }

  #list(): void {
    for (let from = 0; ; ) {
      const page = this.#ask('files.list', [from]) as unknown as readonly InputEntry[]; // of this type in `FILES_BACK`
      if (page.length === 0) return;
      for (const entry of page) this.#addInput(entry);
      from += page.length;
    }
  }

  #addInput({ mount, path, size, modified, 'is-directory': isDirectory }: InputEntry): void {
    const tree = this.#trees[mount];
    if (tree === undefined) throw new CodedError('internal/invariant', `there is no mount ${mount}`);
    tree.addInput(path, isDirectory ? undefined : this.#blocks.origin(mount, path, positionOf(size)), modified);
  }

  #read(mount: number, path: string, offset: number, length: number): Uint8Array {
    return this.#ask('files.read', [mount, path, BigInt(offset), length]) as Uint8Array; // of this type in `FILES_BACK`
  }

  #send(mount: number, inputs: ReadonlyMap<string, MemoryNode>): void {
    const left = new Map(this.#trees[mount]?.nodes());
    for (const [path, input] of [...inputs].reverse()) {
      if (left.get(path)?.kind !== input.kind) this.#ask('files.remove', [mount, path]);
    }
    for (const [path, node] of left) {
      const input = inputs.get(path);
      if (node.kind === 'directory') {
        if (input?.kind !== 'directory') this.#put(mount, path, true, 0, new Uint8Array(0));
      } else if (node !== input || node.origin === undefined) {
        this.#putFile(mount, path, node);
      }
    }
  }

  #putFile(mount: number, path: string, file: MemoryFile): void {
    const room = this.#hostCallBytesMax - Buffer.byteLength(path) - PUT_OVERHEAD_BYTES;
    if (room < 1) {
      throw new CodedError('limit/host-calls', `no file can be sent in host calls of ${this.#hostCallBytesMax} bytes`, {
        data: { limit: this.#hostCallBytesMax },
      });
    }
    const pieceBytes = Math.min(room, PUT_BYTES_MAX);
    let offset = 0;
    do {
      const bytes = file.read(offset, pieceBytes);
      this.#put(mount, path, false, offset, bytes);
      offset += bytes.length;
    } while (offset < file.size);
  }

  #put(mount: number, path: string, isDirectory: boolean, offset: number, bytes: Uint8Array): void {
    this.#ask('files.put', [mount, path, isDirectory, BigInt(offset), bytes]);
  }

  /** What the trusted side answers. @throws the WASI error code that it answers instead. */
  #ask(name: BackName, args: readonly WitValue[]): WitValue {
    const answer = this.#back(name, args) as { readonly ok: WitValue } | { readonly err: string }; // all of `files.*` answer a result
    if ('ok' in answer) return answer.ok;
    return isErrorCode(answer.err) ? fail(answer.err) : fail('io');
  }
}

/** An item of `files.list`. */
interface InputEntry {
  readonly mount: number;
  readonly path: string;
  readonly 'is-directory': boolean;
  readonly size: bigint;
  readonly modified: bigint;
}
