import { CodedError } from '../error.ts';
import type { CallHooks } from './call-hooks.ts';
import type { CodeRewriter } from './code.ts';
import type { Charges } from './costs.ts';
import { invalid, unsupported } from './faults.ts';
import { type Helpers, METER_GLOBALS, type MeterGlobals } from './helpers.ts';
import { checkCount } from './module-limits.ts';
import { isReserved, METER_EXPORTS, METER_MEMORY, METER_NAMESPACE } from './names.ts';
import type { ModuleReader } from './reader.ts';
import { checkCap, clampedMax, readSizeLimits, writeClamped } from './size-limits.ts';
import { type IndexSpaces, readIndex, readRefType, readTypeIndex, readValueType } from './spaces.ts';
import type { ByteWriter } from './writer.ts';

/** External kinds of imports and exports. */
const KIND = { func: 0, table: 1, memory: 2, global: 3, tag: 4 };

const utf8 = new TextDecoder();

/** A memory that a module imports from its meter, in 64 KiB pages. */
export interface GivenMemory {
  readonly initial: number;
  readonly maximum: number;
}

/** Pages at the start up to which a memory may be given: it has to be emptied before it is given again. */
const GIVEN_PAGES_MAX = 4;

/** What the sections of one module add up to. */
export interface Tally {
  /** The module's own memory, where it is to be imported. */
  memory?: GivenMemory;
  /** Sum of the initial sizes of defined memories. */
  memoryPages: number;
  /** Sum of the initial sizes of defined tables. */
  tableElements: number;
  /** Charge for instantiation; see `Charges`. */
  startFuel: number;
  /** Index of the start function, or -1. */
  start: number;
  /** Entries of element segments. */
  elements: number;
  /** What the host has to know of hooked calls. */
  callHooks?: CallHooks;
}

/** What every section's function needs. Each reads the section's content from `reader` and writes its new content. */
export interface SectionContext {
  readonly reader: ModuleReader;
  readonly out: ByteWriter;
  readonly spaces: IndexSpaces;
  readonly code: CodeRewriter;
  readonly tally: Tally;
  readonly caps: { readonly memoryPagesMax: number; readonly tableElementsMax: number; readonly memory: 'own' | 'given' };
  readonly charges: Charges;
  /** The meter's globals, and the functions that go with them. */
  readonly meter: MeterGlobals;
  readonly helpers: Helpers;
}

/** Fills the index spaces with the imports; they are copied as they are, see `writeImports`. */
export function readImports({ reader, spaces, caps }: Pick<SectionContext, 'reader' | 'spaces' | 'caps'>): number {
  const count = reader.count('imports');
  checkCount('importsMax', count);
  for (let at = 0; at < count; at += 1) {
    const offset = reader.position;
    if (utf8.decode(reader.name()) === METER_NAMESPACE) throw reserved(offset, 'imports from', METER_NAMESPACE);
    // Also not from another module: what instrumentation exports there would let the guest write the counter.
    const name = utf8.decode(reader.name());
    if (isReserved(name)) throw reserved(offset, 'imports', name);
    readImport(reader, spaces, caps);
  }
  spaces.importedFunctions = spaces.functions.length;
  spaces.importedGlobals = spaces.globals;
  return count;
}

function readImport(reader: ModuleReader, spaces: IndexSpaces, caps: SectionContext['caps']): void {
  const offset = reader.position;
  const kind = reader.byte();
  if (kind === KIND.func) spaces.functions.push(readTypeIndex(reader, spaces));
  else if (kind === KIND.table) {
    spaces.tables.push(readRefType(reader));
    // Not clamped: an import's maximum must be no lower than that of what is given. None given can be larger than the cap.
    checkCap('table', readSizeLimits(reader, 'table').min, caps.tableElementsMax);
  } else if (kind === KIND.memory) {
    spaces.memories += 1;
    checkCap('memory', readSizeLimits(reader, 'memory').min, caps.memoryPagesMax);
  } else if (kind === KIND.global) {
    readGlobalType(reader);
    spaces.globals += 1;
  } else if (kind === KIND.tag) readTag(reader, spaces);
  else throw invalid(offset, `unknown kind of import 0x${kind.toString(16)}`);
}

/** The meter's globals as a module imports them, with their types. */
const IMPORTED_COUNTERS = [
  ['fuel', 0x7e],
  ['pages', 0x7f],
  ['elements', 0x7f],
] as const;

/** Writes the import section: the module's own imports, then those from its meter: the globals, last of all globals, and its memory. */
export function writeImports(
  own: Uint8Array,
  count: number,
  shared: boolean,
  memory: GivenMemory | undefined,
  out: ByteWriter,
): void {
  out.u32(count + (shared ? METER_GLOBALS : 0) + (memory === undefined ? 0 : 1));
  out.copy(own);
  for (const [name, type] of shared ? IMPORTED_COUNTERS : []) {
    out.name(METER_NAMESPACE);
    out.name(name);
    out.copy(Uint8Array.of(KIND.global, type, 1));
  }
  if (memory === undefined) return;
  out.name(METER_NAMESPACE);
  out.name(METER_MEMORY);
  out.byte(KIND.memory);
  writeClamped(out, { min: memory.initial, max: memory.maximum }, memory.maximum, 'memory');
}

export function rewriteTables({ reader, out, spaces, code, tally, caps }: SectionContext): void {
  const count = reader.count('tables');
  checkCount('tablesMax', count);
  out.u32(count);
  for (let at = 0; at < count; at += 1) {
    const hasInitializer = reader.bytes[reader.position] === 0x40;
    if (hasInitializer) {
      reader.skip(2);
      out.copy(Uint8Array.of(0x40, 0));
    }
    const type = readRefType(reader);
    const limits = readSizeLimits(reader, 'table');
    tally.tableElements += limits.min;
    checkCap('table', tally.tableElements, caps.tableElementsMax);
    out.byte(type);
    writeClamped(out, limits, caps.tableElementsMax, 'table');
    if (hasInitializer) code.constant(reader, out);
    spaces.tables.push(type);
  }
}

export function rewriteMemories({ reader, out, spaces, tally, caps }: SectionContext): void {
  const count = reader.count('memories');
  checkCount('memoriesMax', count);
  out.u32(count);
  for (let at = 0; at < count; at += 1) {
    const limits = readSizeLimits(reader, 'memory');
    tally.memoryPages += limits.min;
    checkCap('memory', tally.memoryPages, caps.memoryPagesMax);
    writeClamped(out, limits, caps.memoryPagesMax, 'memory');
    if (caps.memory === 'given' && count === 1 && spaces.memories === 0 && limits.min <= GIVEN_PAGES_MAX)
      tally.memory = { initial: limits.min, maximum: clampedMax(limits, caps.memoryPagesMax, 'memory') };
  }
  spaces.memories += count;
}

export function readTags({ reader, spaces }: Pick<SectionContext, 'reader' | 'spaces'>): void {
  const count = reader.count('tags');
  checkCount('tagsMax', count);
  for (let at = 0; at < count; at += 1) readTag(reader, spaces);
}

/** Copies the globals; a module with a meter of its own gets its counters behind them, at 0 until the host sets them. */
export function rewriteGlobals({ reader, out, spaces, code, tally, charges, meter }: SectionContext): void {
  const count = reader.position < reader.end ? reader.count('globals') : 0;
  checkCount('globalsMax', count);
  const own = meter.added === 0;
  out.u32(count + (own ? METER_GLOBALS : 0));
  for (let at = 0; at < count; at += 1) {
    const from = reader.position;
    readGlobalType(reader);
    out.copy(reader.bytes, from, reader.position);
    tally.startFuel += charges.constantInstruction * code.constant(reader, out);
    spaces.globals += 1;
  }
  if (own) out.copy(OWN_COUNTERS);
}

/** Mutable i64, i32, i32, each 0. */
const OWN_COUNTERS = Uint8Array.of(0x7e, 1, 0x42, 0, 0x0b, 0x7f, 1, 0x41, 0, 0x0b, 0x7f, 1, 0x41, 0, 0x0b);

export function readStart({ reader, spaces, code, tally }: Pick<SectionContext, 'reader' | 'spaces' | 'code' | 'tally'>): void {
  tally.start = readIndex(reader, spaces.functions.length, 'function');
  code.take(tally.start);
}

export function rewriteExports(context: SectionContext): void {
  const { reader, out, spaces, code, meter } = context;
  const count = reader.position < reader.end ? reader.count('exports') : 0;
  checkCount('exportsMax', count);
  const more = addedExports(context);
  out.u32(count + more.length);
  let copied = reader.position;
  for (let at = 0; at < count; at += 1) {
    const offset = reader.position;
    const name = utf8.decode(reader.name());
    if (isReserved(name)) throw reserved(offset, 'exports', name);
    const kind = reader.byte();
    const beforeIndex = reader.position;
    const index = kind === KIND.func ? readIndex(reader, spaces.functions.length, 'function') : reader.u32();
    if (kind === KIND.func) code.take(index);
    if (kind !== KIND.global || index < spaces.importedGlobals || meter.added === 0) continue;
    out.copy(reader.bytes, copied, beforeIndex);
    out.u32(index + meter.added);
    copied = reader.position;
  }
  out.copy(reader.bytes, copied, reader.position);
  for (const [name, kind, index] of more) {
    out.name(name);
    out.byte(kind);
    out.u32(index);
  }
}

/** What the host needs to reach: the start function, and a meter of the module's own. */
function addedExports({ tally, meter, helpers }: SectionContext): [name: string, kind: number, index: number][] {
  const more: [string, number, number][] = [];
  if (tally.start >= 0) more.push([METER_EXPORTS.start, KIND.func, tally.start]);
  if (meter.added > 0) return more;
  more.push([METER_EXPORTS.fuel, KIND.global, meter.fuel], [METER_EXPORTS.pages, KIND.global, meter.pages]);
  more.push([METER_EXPORTS.elements, KIND.global, meter.elements], [METER_EXPORTS.charge, KIND.func, helpers.use('charge')]);
  return more;
}

/** Bits of an element segment's form. */
const ELEMENT = { passive: 1, explicit: 2, expressions: 4 };

export function rewriteElements(context: SectionContext): void {
  const { reader, out } = context;
  const count = reader.count('element segments');
  checkCount('elementSegmentsMax', count);
  out.u32(count);
  for (let at = 0; at < count; at += 1) rewriteElementSegment(context);
}

function rewriteElementSegment({ reader, out, spaces, code, tally, charges }: SectionContext): void {
  let from = reader.position;
  const form = reader.u32();
  if (form > 7) throw invalid(from, `unknown form of element segment ${form}`);
  const active = (form & ELEMENT.passive) === 0;
  if (active) {
    if ((form & ELEMENT.explicit) !== 0) readIndex(reader, spaces.tables.length, 'table');
    out.copy(reader.bytes, from, reader.position);
    code.constant(reader, out);
    from = reader.position;
  }
  const expressions = (form & ELEMENT.expressions) !== 0;
  if ((form & 3) !== 0) expressions ? readRefType(reader) : reader.byte();
  const entries = reader.count('elements');
  tally.elements += entries;
  checkCount('elementsMax', tally.elements);
  tally.startFuel += charges.elementEntry * entries;
  if (expressions) {
    out.copy(reader.bytes, from, reader.position);
    for (let at = 0; at < entries; at += 1) code.constant(reader, out);
    return;
  }
  for (let at = 0; at < entries; at += 1) code.take(readIndex(reader, spaces.functions.length, 'function'));
  out.copy(reader.bytes, from, reader.position);
}

export function rewriteData({ reader, out, spaces, code, tally, charges }: SectionContext): void {
  const count = reader.count('data segments');
  checkCount('dataSegmentsMax', count);
  out.u32(count);
  for (let at = 0; at < count; at += 1) {
    let from = reader.position;
    const form = reader.u32();
    if (form > 2) throw invalid(from, `unknown form of data segment ${form}`);
    if (form === 2) readIndex(reader, spaces.memories, 'memory');
    if (form !== 1) {
      out.copy(reader.bytes, from, reader.position);
      code.constant(reader, out);
      from = reader.position;
    }
    const length = reader.u32();
    reader.skip(length);
    if (form !== 1) tally.startFuel += Math.ceil(length / charges.dataBytesPerUnit);
    out.copy(reader.bytes, from, reader.position);
  }
}

function readTag(reader: ModuleReader, spaces: IndexSpaces): void {
  const offset = reader.position;
  if (reader.byte() !== 0) throw invalid(offset, 'unknown attribute of a tag');
  readTypeIndex(reader, spaces);
}

function readGlobalType(reader: ModuleReader): void {
  readValueType(reader);
  const offset = reader.position;
  if (reader.byte() > 1) throw unsupported(offset, 'a shared global');
}

function reserved(offset: number, verb: string, name: string): CodedError {
  return new CodedError('component/unsupported', `core module: it ${verb} \`${name}\`, which is reserved, at byte ${offset}`, {
    data: { offset, name },
  });
}
