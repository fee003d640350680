import { CodedError } from '../../../runtime/index.ts';
import { leb, nameBytes, readSections, SECTION, type Section, SectionReader, signedLeb, writeModule } from './core-sections.ts';

/* What Wizer does, as far as the JavaScript engine needs it: a module that starts as one that has run already. */

/** Exports that are added so that the state can be read; gone from the snapshot. */
const GLOBAL_PREFIX = 'snapshot:global:';
const MEMORY_EXPORT = 'snapshot:memory';

/** Data segments of a snapshot. Engines take 100,000; each costs time when an instance starts. */
const SEGMENTS_MAX = 10_000;

const PAGE_BYTES = 65_536;

/** By type of a constant, its opcode, and how its value is written. */
const CONSTANTS: Readonly<Record<number, { readonly opcode: number; readonly bytes: (value: number | bigint) => Uint8Array }>> = {
  127: { opcode: 0x41, bytes: (value) => signedLeb(BigInt(value)) },
  126: { opcode: 0x42, bytes: (value) => signedLeb(BigInt(value)) },
  125: { opcode: 0x43, bytes: (value) => new Uint8Array(Float32Array.of(Number(value)).buffer) },
  124: { opcode: 0x44, bytes: (value) => new Uint8Array(Float64Array.of(Number(value)).buffer) },
};

/** A global that the module defines. */
interface Global {
  readonly type: number;
  readonly mutable: boolean;
  /** Type, mutability and first value, as they stand in the section. */
  readonly bytes: Uint8Array;
}

/** The exports of an instance of what `exposeState` gave. */
export type ExposedExports = Readonly<Record<string, unknown>>;

/**
 * @param module - imports no globals and no memories, has one memory.
 * @returns the module with its memory and its mutable globals exported, for `takeSnapshot`.
 */
export function exposeState(module: Uint8Array): Uint8Array {
  return writeModule(
    readSections(module).map((section) => {
      if (section.id !== SECTION.export) return section;
      const exports = readExports(section.body);
      exports.push(exportBytes(MEMORY_EXPORT, 2, 0));
      readGlobals(module).forEach((global, index) => {
        if (global.mutable) exports.push(exportBytes(`${GLOBAL_PREFIX}${index}`, 3, index));
      });
      return { id: section.id, body: listBytes(exports) };
    }),
  );
}

/**
 * Makes the module that begins where an instance stands now. Tables must be as they were: what the engine uses never changes one.
 *
 * @param module - what `exposeState` was given.
 * @param exports - of the instance that has run.
 * @param without - exports that must not be called again, such as the one that has run.
 * Source: Wizer's `src/snapshot.rs` and `src/rewrite.rs`, for what must be in a snapshot.
 */
export function takeSnapshot(module: Uint8Array, exports: ExposedExports, without: ReadonlySet<string>): Uint8Array {
  const { buffer } = exports[MEMORY_EXPORT] as WebAssembly.Memory; // `exposeState` made it one
  const segments = segmentsOf(new Uint8Array(buffer));
  const replaced: Readonly<Record<number, () => Uint8Array>> = {
    [SECTION.memory]: () => memoryBytes(module, buffer.byteLength / PAGE_BYTES),
    [SECTION.global]: () => listBytes(readGlobals(module).map((global, index) => frozenGlobal(global, index, exports))),
    [SECTION.export]: () => listBytes(exportsWithout(module, without)),
    [SECTION.dataCount]: () => leb(segments.length),
    [SECTION.data]: () => listBytes(segments),
  };
  const sections = readSections(module).filter(({ id }) => id !== SECTION.start);
  return writeModule(sections.map((section): Section => ({ id: section.id, body: replaced[section.id]?.() ?? section.body })));
}

function bodyOf(module: Uint8Array, id: number): Uint8Array {
  return readSections(module).find((section) => section.id === id)?.body ?? Uint8Array.of(0);
}

function readGlobals(module: Uint8Array): Global[] {
  const reader = new SectionReader(bodyOf(module, SECTION.global));
  return Array.from({ length: reader.u32() }, () => {
    const start = reader.at;
    const type = reader.byte();
    const mutable = reader.byte() === 1;
    skipConstant(reader);
    return { type, mutable, bytes: reader.bytes.subarray(start, reader.at) };
  });
}

/** Passes over a constant expression of one instruction. */
function skipConstant(reader: SectionReader): void {
  const opcode = reader.byte();
  if (opcode === 0x43) reader.take(4);
  else if (opcode === 0x44) reader.take(8);
  else reader.skipLeb();
  if (reader.byte() !== 0x0b)
    throw new CodedError('internal/invariant', 'the core module of the engine has a global of an unknown form');
}

function frozenGlobal(global: Global, index: number, exports: ExposedExports): Uint8Array {
  if (!global.mutable) return global.bytes;
  const { value } = exports[`${GLOBAL_PREFIX}${index}`] as WebAssembly.Global<'i32' | 'i64'>; // as above
  const constant = CONSTANTS[global.type];
  if (constant === undefined)
    throw new CodedError('internal/invariant', 'the core module of the engine has a global of an unknown type');
  return Buffer.concat([Uint8Array.of(global.type, 1, constant.opcode), constant.bytes(value), Uint8Array.of(0x0b)]);
}

/** The memory with as many pages as it has grown to, and the maximum that it had. */
function memoryBytes(module: Uint8Array, pages: number): Uint8Array {
  const reader = new SectionReader(bodyOf(module, SECTION.memory));
  const count = reader.u32();
  const flags = reader.byte();
  if (count !== 1 || flags > 1)
    throw new CodedError('internal/invariant', 'the core module of the engine has memories of an unknown form');
  reader.u32();
  return Buffer.concat([leb(1), Uint8Array.of(flags), leb(pages), ...(flags === 1 ? [leb(reader.u32())] : [])]);
}

function readExports(body: Uint8Array): Uint8Array[] {
  const reader = new SectionReader(body);
  return Array.from({ length: reader.u32() }, () => {
    const start = reader.at;
    reader.name();
    reader.byte();
    reader.u32();
    return body.subarray(start, reader.at);
  });
}

function exportsWithout(module: Uint8Array, without: ReadonlySet<string>): Uint8Array[] {
  return readExports(bodyOf(module, SECTION.export)).filter((bytes) => !without.has(new SectionReader(bytes).name()));
}

function exportBytes(name: string, kind: number, index: number): Uint8Array {
  return Buffer.concat([nameBytes(name), Uint8Array.of(kind), leb(index)]);
}

function listBytes(items: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([leb(items.length), ...items]);
}

/** Active data segments of everything in a memory that is not zero. Gaps that cost less than a segment stay in one. */
function segmentsOf(memory: Uint8Array): Uint8Array[] {
  for (let gapWords = 4; ; gapWords *= 2) {
    const runs = runsOf(new Uint32Array(memory.buffer), gapWords);
    if (runs.length > SEGMENTS_MAX) continue;
    return runs.map(([from, to]) => {
      const offset = Buffer.concat([Uint8Array.of(0, 0x41), signedLeb(BigInt(from | 0)), Uint8Array.of(0x0b)]);
      return Buffer.concat([offset, leb(to - from), memory.subarray(from, to)]);
    });
  }
}

/** Ranges of bytes that hold all words other than zero, apart by more than `gapWords` of zeros. */
function runsOf(words: Uint32Array, gapWords: number): [from: number, to: number][] {
  const runs: [number, number][] = [];
  let from = -1;
  let last = -1;
  for (let at = 0; at < words.length; at += 1) {
    if (words[at] === 0) continue;
    if (from >= 0 && at - last > gapWords) {
      runs.push([from * 4, (last + 1) * 4]);
      from = -1;
    }
    if (from < 0) from = at;
    last = at;
  }
  if (from >= 0) runs.push([from * 4, (last + 1) * 4]);
  return runs;
}
