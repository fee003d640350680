import { CodedError } from '../error.ts';
import { CodeRewriter } from './code.ts';
import { CHARGES, COST_MODEL } from './costs.ts';
import { invalid } from './faults.ts';
import { Helpers, type MeterGlobals } from './helpers.ts';
import { checkCount } from './module-limits.ts';
import { ModuleReader } from './reader.ts';
import { keptNames, type Scan, SECTION, SECTION_ORDER, type Span, scanSections } from './scan.ts';
import {
  readImports,
  readTags,
  rewriteData,
  rewriteElements,
  rewriteExports,
  rewriteGlobals,
  rewriteMemories,
  rewriteTables,
  type SectionContext,
  type Tally,
  writeImports,
} from './sections.ts';
import { emptySpaces, readFunctions, readTypes } from './spaces.ts';
import { ByteWriter } from './writer.ts';

/** Caps on what one module may have; the meter's budgets hold for all modules of a component together. */
export interface InstrumentOptions {
  /** 64 KiB pages: highest maximum of each memory, and highest sum of the initial sizes. Default 65,536, the format's own. */
  readonly memoryPagesMax?: number;
  /** Elements: highest maximum of each table, and highest sum of the initial sizes. Default 100,000. */
  readonly tableElementsMax?: number;
}

/** The caps that hold where the caller gives none. */
export const INSTRUMENT_DEFAULTS = { memoryPagesMax: 65_536, tableElementsMax: 100_000 } as const;

/** A core module that charges for what it does; the host's part is in `meter.ts`. */
export interface InstrumentedModule {
  /** The new binary. It imports the meter's globals and exports each defined memory as `cellblock:memory:<n>`. */
  readonly bytes: Uint8Array;
  /** Defined (not imported) memories. */
  readonly memories: number;
  /** 64 KiB pages: sum of the initial sizes of the defined memories. */
  readonly memoryPagesInitial: number;
  /** Elements: sum of the initial sizes of the defined tables. */
  readonly tableElementsInitial: number;
  /** Fuel that the host has to charge before it instantiates the module. The start function pays for itself. */
  readonly startFuel: number;
  readonly costModel: { readonly name: 'block'; readonly version: number; readonly digest: string };
}

/** Section ids whose content is copied as it is. */
const COPIED: readonly number[] = [SECTION.tag, SECTION.start, SECTION.dataCount];

/** How each section is rewritten; those of types, imports, functions and code are done apart. */
const REWRITES = new Map<number, (context: SectionContext) => void>([
  [SECTION.table, rewriteTables],
  [SECTION.memory, rewriteMemories],
  [SECTION.global, rewriteGlobals],
  [SECTION.export, rewriteExports],
  [SECTION.element, rewriteElements],
  [SECTION.data, rewriteData],
  [SECTION.code, ({ code, reader, out }) => code.section(reader, out)],
]);

/**
 * Adds fuel charges and budgets for memory and tables to one core module.
 *
 * Out of fuel, the guest traps by `unreachable`, which wasm cannot catch. `memory.grow` and `table.grow` beyond a budget
 * answer -1. No instruction runs that was not paid for; work by length (`memory.fill` and its like) is paid before it is done.
 *
 * @param moduleBytes - core module, binary format; read only, not kept.
 * @returns new bytes: same exports and three imports more (`cellblock:meter`), with the sums that the host needs.
 * @throws CodedError `component/unsupported-instruction`, `component/unsupported` or `component/invalid-core-module`
 * (each with `data.offset`, bytes from the module's start), `component/too-large` (`data: {limitName, limit, used}`),
 * `limit/memory` or `limit/table` (`data: {limit, used, unit}`), `usage/invalid-argument`, `internal/invariant`.
 * Thread: any. Pure: equal input gives equal bytes on every machine. One pass over the code.
 */
export function instrument(moduleBytes: Uint8Array, options: InstrumentOptions = {}): InstrumentedModule {
  const caps = { ...INSTRUMENT_DEFAULTS, ...options };
  checkOption('memoryPagesMax', caps.memoryPagesMax, 65_536);
  checkOption('tableElementsMax', caps.tableElementsMax, 0xffff_ffff);
  checkCount('moduleBytesMax', moduleBytes.length);
  const tally: Tally = { memories: 0, memoryPages: 0, tableElements: 0, startFuel: 0, elements: 0 };
  const bytes = rewrite(moduleBytes, caps, tally);
  // After our own checks, which bound what validation can cost; before anything is used: the rewriter knows no types,
  // and without this an invalid module could name the functions that are appended.
  if (!validate(moduleBytes)) throw invalidByEngine(moduleBytes);
  if (!validate(bytes)) throw new CodedError('internal/invariant', 'instrumentation made a module that does not validate');
  return {
    bytes,
    memories: tally.memories,
    memoryPagesInitial: tally.memoryPages,
    tableElementsInitial: tally.tableElements,
    startFuel: tally.startFuel,
    costModel: COST_MODEL,
  };
}

function rewrite(bytes: Uint8Array, caps: SectionContext['caps'], tally: Tally): Uint8Array {
  const scan = scanSections(bytes);
  const { sections } = scan;
  const spaces = emptySpaces();
  const read = (id: number, take: (reader: ModuleReader) => void): void => readSection(bytes, sections.get(id), take);
  read(SECTION.type, (reader) => readTypes(reader, spaces));
  let imports = 0;
  read(SECTION.import, (reader) => {
    imports = readImports({ reader, spaces, caps });
  });
  read(SECTION.function, (reader) => readFunctions(reader, spaces));
  read(SECTION.tag, (reader) => readTags({ reader, spaces }));

  const first = spaces.importedGlobals;
  const globals: MeterGlobals = { fuel: first, pages: first + 1, elements: first + 2 };
  const helpers = new Helpers(spaces, globals);
  const code = new CodeRewriter(spaces, globals, helpers);
  const contents = new Map<number, Uint8Array>();
  for (const id of SECTION_ORDER) {
    const take = REWRITES.get(id);
    const span = sections.get(id) ?? (id === SECTION.export && tally.memories > 0 ? { start: 0, end: 0 } : undefined);
    if (span === undefined) continue;
    if (COPIED.includes(id)) contents.set(id, bytes.subarray(span.start, span.end));
    if (take === undefined) continue;
    const size = span.end - span.start;
    const out = new ByteWriter(id === SECTION.code ? size * 2 : size + 64);
    readSection(bytes, span, (reader) => take({ reader, out, spaces, code, tally, caps }));
    contents.set(id, out.done());
  }
  const codeSpan = sections.get(SECTION.code);
  if (codeSpan === undefined && spaces.functions.length > spaces.importedFunctions)
    throw invalid(bytes.length, 'functions without code');
  if (codeSpan !== undefined) tally.startFuel += Math.ceil((codeSpan.end - codeSpan.start) / CHARGES.codeBytesPerUnit);

  contents.set(
    SECTION.import,
    built((out) => writeImports(items(bytes, sections.get(SECTION.import)), imports, out)),
  );
  extend(contents, SECTION.type, bytes, sections.get(SECTION.type), helpers.typeCount, (out) => helpers.writeTypes(out));
  extend(contents, SECTION.function, bytes, sections.get(SECTION.function), helpers.count, (out) => helpers.writeFunctions(out));
  return assemble(bytes, contents, scan);
}

/** Reads one section to its end, neither less nor more. */
function readSection(bytes: Uint8Array, span: Span | undefined, take: (reader: ModuleReader) => void): void {
  if (span === undefined) return;
  const reader = new ModuleReader(bytes, span.start, span.end);
  take(reader);
  if (reader.position !== span.end) throw invalid(reader.position, 'a section goes on after its last item');
}

/** A section's bytes after the number of its items. */
function items(bytes: Uint8Array, span: Span | undefined): Uint8Array {
  if (span === undefined) return new Uint8Array(0);
  const reader = new ModuleReader(bytes, span.start, span.end);
  reader.u32();
  return bytes.subarray(reader.position, span.end);
}

/** Copies a section with more items at its end. */
function extend(
  contents: Map<number, Uint8Array>,
  id: number,
  bytes: Uint8Array,
  span: Span | undefined,
  more: number,
  write: (out: ByteWriter) => void,
): void {
  if (span === undefined && more === 0) return;
  const count = span === undefined ? 0 : new ModuleReader(bytes, span.start, span.end).u32();
  contents.set(
    id,
    built((out) => {
      out.u32(count + more);
      out.copy(items(bytes, span));
      write(out);
    }),
  );
}

function built(write: (out: ByteWriter) => void): Uint8Array {
  const out = new ByteWriter(1024);
  write(out);
  return out.done();
}

function assemble(bytes: Uint8Array, contents: ReadonlyMap<number, Uint8Array>, { names }: Scan): Uint8Array {
  const size = [...contents.values()].reduce((sum, content) => sum + content.length + 6, 8);
  const out = new ByteWriter(size + (names === undefined ? 0 : names.end - names.start + 16));
  out.copy(bytes, 0, 8);
  for (const id of SECTION_ORDER) {
    const content = contents.get(id);
    if (content === undefined) continue;
    out.byte(id);
    out.u32(content.length);
    out.copy(content);
  }
  const kept = names === undefined ? [] : keptNames(bytes, names);
  if (kept.length > 0) {
    out.byte(SECTION.custom);
    const mark = out.open();
    out.name('name');
    for (const { start, end } of kept) out.copy(bytes, start, end);
    out.close(mark);
  }
  return out.done().slice(); // a buffer of its own: a view would carry the spare room along between threads
}

function checkOption(name: keyof InstrumentOptions, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= max) return;
  throw new CodedError('usage/invalid-argument', `\`${name}\` must be an integer from 0 to ${max}`, { data: { name } });
}

function validate(bytes: Uint8Array): boolean {
  return WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>); // a view of shared memory would be refused with a TypeError
}

/** The engine says what is wrong only when it is asked to compile. */
function invalidByEngine(bytes: Uint8Array): CodedError {
  try {
    new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>); // as in `validate`
  } catch (error) {
    const words = error instanceof Error ? error.message.replace(/^WebAssembly\.Module\(\): /, '') : String(error);
    const offset = /@\+(\d+)/.exec(words)?.[1];
    return new CodedError('component/invalid-core-module', `core module: ${words.replaceAll('\n', ' ')}`, {
      data: offset === undefined ? {} : { offset: Number(offset) },
    });
  }
  return new CodedError('component/invalid-core-module', 'core module: it does not validate');
}
