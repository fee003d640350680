import type { HostFunction, WitValue } from 'cellblock/runtime';

/** What is in a mount before the guest; without bytes a directory. */
export interface FakeInput {
  readonly mount?: number;
  readonly path: string;
  readonly bytes?: Uint8Array;
  /** Nanoseconds since 1970. */
  readonly modified?: bigint;
}

type Name = 'files.list' | 'files.read' | 'files.put' | 'files.remove' | 'files.commit';

/**
 * The trusted side of `files.*` in memory. It is strict: a parent that is missing, a piece out of order, a directory removed before what is in
 * it, anything after `commit` fails the test.
 */
export class FakeFiles {
  /** Every call, in a word or two: `list 0`, `read 0 a.txt 0+10`, `put 0 b.txt 0+3`, `remove 0 a.txt`, `commit`. */
  readonly asked: string[] = [];
  /** What is there after what came so far: bytes by mount and path, `null` for a directory. */
  readonly staged = new Map<string, Uint8Array | null>();
  committed = false;
  /** Entries of one page of `files.list`. */
  pageEntries = 3;
  readonly #inputs: readonly FakeInput[];

  constructor(inputs: readonly FakeInput[]) {
    this.#inputs = inputs;
    for (const { mount = 0, path, bytes } of inputs) this.staged.set(`${mount}:${path}`, bytes ?? null);
  }

  /** As `WasiOptions` have it. */
  readonly call = (name: string, args: readonly WitValue[]): WitValue => this.#answers[name as Name](...(args as never[]));

  /** As a capability has it. */
  get back(): Readonly<Record<Name, HostFunction>> {
    const served =
      (name: Name): HostFunction =>
      (args) =>
        this.call(name, args);
    return {
      'files.list': served('files.list'),
      'files.read': served('files.read'),
      'files.put': served('files.put'),
      'files.remove': served('files.remove'),
      'files.commit': served('files.commit'),
    };
  }

  /** What was asked, of one kind. */
  of(kind: string): string[] {
    return this.asked.filter((line) => line.split(' ')[0] === kind);
  }

  readonly #answers: Readonly<Record<Name, (...args: never[]) => WitValue>> = {
    'files.list': (from: number) => {
      this.#note(`list ${from}`);
      return { ok: this.#inputs.slice(from, from + this.pageEntries).map(entryOf) };
    },
    'files.read': (mount: number, path: string, offset: bigint, length: number) => {
      this.#note(`read ${mount} ${path} ${offset}+${length}`);
      const bytes = this.#inputs.find((input) => (input.mount ?? 0) === mount && input.path === path)?.bytes;
      return bytes === undefined ? { err: 'no-entry' } : { ok: bytes.slice(Number(offset), Number(offset) + length) };
    },
    'files.put': (mount: number, path: string, isDirectory: boolean, offset: bigint, bytes: Uint8Array) => {
      this.#note(`put ${mount} ${path} ${isDirectory ? '/' : `${offset}+${bytes.length}`}`);
      this.#put(mount, path, isDirectory, Number(offset), bytes);
      return { ok: null };
    },
    'files.remove': (mount: number, path: string) => {
      this.#note(`remove ${mount} ${path}`);
      const below = [...this.staged.keys()].filter((key) => key.startsWith(`${mount}:${path}/`));
      if (below.length > 0) throw new Error(`${path} was removed before ${below.join()}`);
      if (!this.staged.delete(`${mount}:${path}`)) throw new Error(`${path} was removed and is not there`);
      return { ok: null };
    },
    'files.commit': () => {
      this.#note('commit');
      this.committed = true;
      return { ok: null };
    },
  };

  #put(mount: number, path: string, isDirectory: boolean, offset: number, bytes: Uint8Array): void {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (parent !== '' && this.staged.get(`${mount}:${parent}`) !== null) throw new Error(`${path} was put before its directory`);
    const key = `${mount}:${path}`;
    const old = this.staged.get(key);
    if (isDirectory) {
      if (old !== undefined) throw new Error(`the directory ${path} was put where something is`);
      this.staged.set(key, null);
      return;
    }
    if (old === null) throw new Error(`the file ${path} was put where a directory is`);
    const before = offset === 0 ? new Uint8Array(0) : (old ?? new Uint8Array(0));
    if (before.length !== offset) throw new Error(`a piece of ${path} came out of order`);
    this.staged.set(key, Buffer.concat([before, bytes]));
  }

  #note(line: string): void {
    if (this.committed) throw new Error(`${line} came after the commit`);
    this.asked.push(line);
  }
}

function entryOf({ mount = 0, path, bytes, modified = 0n }: FakeInput): WitValue {
  return { mount, path, 'is-directory': bytes === undefined, size: BigInt(bytes?.length ?? 0), modified };
}
