import { dirname, join } from 'node:path';
import type { JournalFile, JournalFiles } from '../../../host/audit/files.ts';

interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * What a file has in memory, and what of it is on the disk. As Linux has it: bytes whose sync failed count as clean, and are not there;
 * each descriptor that was open then is told of it once, by its next sync; a sync waits for what another one is writing.
 */
interface Node {
  bytes: Buffer;
  disk: Buffer;
  dirty: Range[];
  inFlight: Range[];
  errors: number;
  /** Of these, how many somebody was told of. */
  errorsTold: number;
}
const nodeOf = (bytes: Buffer): Node => ({ bytes, disk: bytes, dirty: [], inFlight: [], errors: 0, errorsTold: 0 });

/** A disk error to come: at which call from now on, counting from 1. */
export interface Failure {
  readonly call: number;
  readonly code: 'ENOSPC' | 'EROFS' | 'EACCES' | 'EIO';
  /** Only calls of this name count; all where it is absent. */
  readonly only?: keyof JournalFile | keyof JournalFiles;
  /** How many calls fail from there on; default 1. */
  readonly times?: number;
}

const diskError = (code: string): Error => Object.assign(new Error(`${code}: the fake disk says so`), { code });

/**
 * A file system in memory that forgets at a crash what was not synced, keeps a piece of it, or keeps its length with zeros in it; whose
 * calls fail when told so; and that ends all calls with an error once it crashed, until `restart`.
 */
export class ForgetfulFiles implements JournalFiles {
  calls = 0;
  /** Syncs that failed, so that later bytes may be on the disk without them. */
  syncsFailed = 0;
  #failures: { from: number; to: number; code: string; only: Failure['only'] }[] = [];
  readonly #callsOf = new Map<string, number>();
  #crashAt = Number.POSITIVE_INFINITY;
  #dead = false;
  #names = new Map<string, Node>();
  #namesOnDisk = new Map<string, Node>();
  readonly #random: () => number;

  constructor(random: () => number = () => 0.5) {
    this.#random = random;
  }

  fail({ call, code, only, times = 1 }: Failure): void {
    const from = (only === undefined ? this.calls : (this.#callsOf.get(only) ?? 0)) + call;
    this.#failures.push({ from, to: from + times - 1, code, only });
  }

  healthy(): void {
    this.#failures = [];
  }

  crashAtCall(call: number): void {
    this.#crashAt = this.calls + call;
  }

  get crashed(): boolean {
    return this.#dead;
  }

  crash(): void {
    this.#dead = true;
  }

  /** After a crash: what is on the disk, and some of what might be. */
  restart(): void {
    const names = new Map<string, Node>();
    for (const name of new Set([...this.#names.keys(), ...this.#namesOnDisk.keys()])) {
      const node = (this.#random() < 0.5 ? this.#names : this.#namesOnDisk).get(name);
      if (node !== undefined) names.set(name, this.#survivor(node));
    }
    this.#names = names;
    this.#namesOnDisk = new Map(names);
    this.#dead = false;
    this.#crashAt = Number.POSITIVE_INFINITY;
    this.healthy();
  }

  /** The whole content as readers see it. */
  content(path: string): Buffer {
    const node = this.#names.get(path);
    if (node === undefined) throw diskError('ENOENT');
    return node.bytes;
  }

  /** As if somebody had edited it. */
  put(path: string, bytes: Buffer): void {
    const node = nodeOf(bytes);
    this.#names.set(path, node);
    this.#namesOnDisk.set(path, node);
  }

  delete(path: string): void {
    this.#names.delete(path);
    this.#namesOnDisk.delete(path);
  }

  makeFolder(): void {
    this.#call('makeFolder');
  }

  list(folder: string): readonly string[] {
    this.#call('list');
    return [...this.#names.keys()].filter((path) => dirname(path) === folder).map((path) => path.slice(folder.length + 1));
  }

  exists(path: string): boolean {
    this.#call('exists');
    return this.#names.has(path);
  }

  create(path: string): JournalFile {
    // The word that a sync failed is the one thing that has to get through; where it does not, others would write upon a hole.
    if (!path.endsWith('unsynced') || this.#dead) this.#call('create');
    this.#names.set(path, nodeOf(Buffer.alloc(0)));
    return this.#file(this.#names.get(path)!);
  }

  open(path: string): JournalFile {
    this.#call('open');
    const node = this.#names.get(path);
    if (node === undefined) throw diskError('ENOENT');
    return this.#file(node);
  }

  rename(from: string, to: string): void {
    this.#call('rename');
    this.#names.set(to, this.#names.get(from)!);
    this.#names.delete(from);
  }

  remove(path: string): void {
    this.#call('remove');
    this.#names.delete(path);
  }

  syncFolder(path: string): void {
    this.#call('syncFolder');
    for (const name of new Set([...this.#names.keys(), ...this.#namesOnDisk.keys()])) {
      if (dirname(name) !== path) continue;
      const node = this.#names.get(name);
      if (node === undefined) this.#namesOnDisk.delete(name);
      else this.#namesOnDisk.set(name, node);
    }
  }

  /** Throws where this call is one that fails. */
  #call(name: NonNullable<Failure['only']>): void {
    this.calls += 1;
    const ofName = (this.#callsOf.get(name) ?? 0) + 1;
    this.#callsOf.set(name, ofName);
    if (this.calls >= this.#crashAt) this.#dead = true;
    if (this.#dead) throw diskError('EIO');
    for (const { from, to, code, only } of this.#failures) {
      const count = only === undefined ? this.calls : ofName;
      if ((only === undefined || only === name) && count >= from && count <= to) throw diskError(code);
    }
  }

  #file(node: Node): JournalFile {
    // As Linux has it (errseq_t): who opens a file is told of an error that nobody was told of yet, and of no older one.
    const told = { errors: node.errorsTold };
    return {
      size: () => {
        this.#call('size');
        return node.bytes.length;
      },
      read: (into, position) => {
        this.#call('read');
        return node.bytes.copy(into, 0, position, Math.min(node.bytes.length, position + into.length));
      },
      isAt: (path) => this.#names.get(path) === node,
      append: (bytes) => this.#append(node, bytes),
      rewrite: (bytes, position) => {
        this.#call('rewrite');
        node.dirty.push({ from: position, to: position + bytes.length });
      },
      truncate: (size) => {
        this.#call('truncate');
        node.bytes = node.bytes.subarray(0, size);
        node.disk = node.disk.subarray(0, size);
        node.dirty = node.dirty.filter(({ from }) => from < size).map(({ from, to }) => ({ from, to: Math.min(to, size) }));
      },
      datasync: () => this.#datasync(node, told)(),
      datasyncLater: (done) => {
        const finish = this.#begun(node, told);
        // Long enough for another batch to be written meanwhile.
        setImmediate(() => setImmediate(() => done(finish())));
      },
      close: () => undefined,
    };
  }

  #append(node: Node, bytes: Uint8Array): void {
    let taken = bytes.length;
    try {
      this.#call('append');
    } catch (error) {
      taken = Math.floor(this.#random() * bytes.length);
      if (taken === 0) throw error;
      node.dirty.push({ from: node.bytes.length, to: node.bytes.length + taken });
      node.bytes = Buffer.concat([node.bytes, bytes.subarray(0, taken)]);
      throw error;
    }
    node.dirty.push({ from: node.bytes.length, to: node.bytes.length + taken });
    node.bytes = Buffer.concat([node.bytes, bytes]);
  }

  /** @returns what ends the sync: what was dirty when it began is on the disk then, in spite of what happens meanwhile. */
  #datasync(node: Node, told: { errors: number }): () => void {
    const ranges = [...node.inFlight, ...node.dirty];
    const { bytes } = node;
    node.dirty = [];
    let failed: unknown;
    try {
      this.#call('datasync');
      node.inFlight = ranges;
    } catch (error) {
      failed = error;
      node.errors += 1;
      this.syncsFailed += 1;
    }
    return () => {
      if (this.#dead) throw diskError('EIO');
      if (failed === undefined) {
        for (const range of ranges) writeBack(node, bytes, range);
        node.inFlight = node.inFlight.filter((range) => !ranges.includes(range));
      }
      const untold = told.errors < node.errors;
      told.errors = node.errors;
      node.errorsTold = node.errors;
      if (failed !== undefined || untold) throw failed ?? diskError('EIO');
    };
  }

  #begun(node: Node, told: { errors: number }): () => Error | null {
    const finish = this.#datasync(node, told);
    return () => {
      try {
        finish();
        return null;
      } catch (error) {
        return error as Error;
      }
    };
  }

  /** Dirty bytes get to the disk in their order, up to somewhere; behind that there may be room without content. */
  #survivor(node: Node): Node {
    const copy = { ...node };
    const unsynced = [...node.inFlight, ...node.dirty];
    let left = Math.floor(this.#random() * (unsynced.reduce((sum, { from, to }) => sum + to - from, 0) + 1));
    for (const { from, to } of unsynced) {
      const length = Math.min(left, to - from);
      if (length > 0) writeBack(copy, node.bytes, { from, to: from + length });
      left -= length;
    }
    const missing = node.bytes.length - copy.disk.length;
    if (missing > 0 && this.#random() < 0.3) copy.disk = Buffer.concat([copy.disk, Buffer.alloc(missing)]);
    return nodeOf(copy.disk);
  }
}

function writeBack(node: Node, bytes: Buffer, { from, to }: Range): void {
  const disk = Buffer.alloc(Math.max(node.disk.length, to));
  node.disk.copy(disk);
  bytes.copy(disk, from, from, to);
  node.disk = disk;
}

/** Path of a segment below a trail's folder. */
export const segmentPath = (folder: string, number: number): string =>
  join(folder, 'trail', `${String(number).padStart(6, '0')}.jsonl`);
