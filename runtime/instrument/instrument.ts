import { CodedError } from '../error.ts';
import { type CallHooks, hookCalls } from './call-hooks.ts';
import { CodeRewriter } from './code.ts';
import { COST_MODELS, type CostModel, type CostModelName, checkCostModel } from './costs.ts';
import { invalid } from './faults.ts';
import { Helpers, METER_GLOBALS, type MeterGlobals } from './helpers.ts';
import { checkCount } from './module-limits.ts';
import { ALL_OPTIMIZATIONS, type Optimizations } from './optimizations.ts';
import { ModuleReader } from './reader.ts';
import { keptNames, type Scan, SECTION, SECTION_ORDER, type Span, scanSections } from './scan.ts';
import {
  type GivenMemory,
  readImports,
  readStart,
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
import { emptySpaces, type IndexSpaces, readFunctions, readTypes } from './spaces.ts';
import { ByteWriter } from './writer.ts';

/** How one module is charged, and what it may have; the meter's budgets hold for all modules of a component together. */
export interface InstrumentOptions {
  /** Default `region`. */
  readonly model?: CostModelName;
  /**
   * Where the counters live: `own`, in the module itself (the fastest); or `shared`, in a meter that it imports, for a module
   * that shares its fuel with others. Default `own`.
   */
  readonly meter?: 'own' | 'shared';
  /**
   * `given`: a module whose only memory starts with at most 4 pages imports it from its meter, so that the host can empty it and
   * give it again; others keep theirs, as all do with `own`. Default `own`.
   */
  readonly memory?: 'own' | 'given';
  /** 64 KiB pages: highest maximum of each memory, and highest sum of the initial sizes. Default 65,536, the format's own. */
  readonly memoryPagesMax?: number;
  /** Elements: highest maximum of each table, and highest sum of the initial sizes. Default 100,000. */
  readonly tableElementsMax?: number;
  /** For profiles: tells the host of each call; see `call-hooks.ts`. Changes no fuel. Default: false. */
  readonly callHooks?: boolean;
  /** Where the new code section is written, by one who looks on; see `symbols/offset-map.ts`. */
  readonly codeWriter?: ByteWriter;
  /** For benchmarks: switches single optimizations off, which changes the fuel of a call. Default: all on. */
  readonly optimizations?: Partial<Optimizations>;
}

/** What holds where the caller gives nothing. */
export const INSTRUMENT_DEFAULTS = {
  model: 'region',
  meter: 'own',
  memory: 'own',
  memoryPagesMax: 65_536,
  tableElementsMax: 100_000,
} as const satisfies InstrumentOptions;

/** A core module that charges for what it does; the host's part is in `meter.ts`. */
export interface InstrumentedModule {
  /** The new binary. Its start function, if any, is exported instead; so are its counters. See `names.ts`. */
  readonly bytes: Uint8Array;
  readonly meter: 'own' | 'shared';
  /** The memory that the module imports from its meter, in 64 KiB pages; see `InstrumentOptions.memory`. */
  readonly memory?: GivenMemory;
  /** 64 KiB pages: sum of the initial sizes of the memories that it defined. */
  readonly memoryPagesInitial: number;
  /** Elements: sum of the initial sizes of the defined tables. */
  readonly tableElementsInitial: number;
  /** Fuel that the host has to charge before it instantiates the module. The start function pays for itself. */
  readonly startFuel: number;
  /** Whether there is a start function for the host to call. */
  readonly starts: boolean;
  /** Present where its calls are hooked. */
  readonly callHooks?: CallHooks;
  readonly costModel: { readonly name: CostModelName; readonly version: number; readonly digest: string };
}

/** Section ids whose content is copied as it is. */
const COPIED: readonly number[] = [SECTION.import, SECTION.tag, SECTION.dataCount];

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
 * Out of fuel, the guest traps by `unreachable`, which wasm cannot catch; how late at most is in docs/fuel.md. `memory.grow`
 * and `table.grow` beyond a budget answer -1. Work by length (`memory.fill` and its like) is paid before it is done.
 *
 * What comes out of a valid module is valid; it is not validated again, since nobody can use it without compiling it. A fault
 * of ours then ends as a `CompileError` at that place, which is to be taken for `internal/invariant`.
 *
 * @param moduleBytes - core module, binary format; read only, not kept.
 * Works alone on any core module, whether or not it came from a component.
 *
 * @returns new bytes with the same imports and exports and a few more (`names.ts`), and the sums that the host needs.
 * @throws CodedError `component/unsupported-instruction`, `component/unsupported` or `component/invalid-core-module`
 * (each with `data.offset`, bytes from the module's start), `component/too-large` (`data: {limitName, limit, used}`),
 * `limit/memory` or `limit/table` (`data: {limit, used, unit}`), `usage/invalid-argument`.
 * Thread: any. Pure: equal input gives equal bytes on every machine. Linear in the module's size.
 */
export function instrument(moduleBytes: Uint8Array, options: InstrumentOptions = {}): InstrumentedModule {
  const settings: Settings = {
    ...INSTRUMENT_DEFAULTS,
    ...options,
    model: COST_MODELS[checkCostModel(options.model ?? INSTRUMENT_DEFAULTS.model)],
  };
  checkOption('memoryPagesMax', settings.memoryPagesMax, 65_536);
  checkOption('tableElementsMax', settings.tableElementsMax, 0xffff_ffff);
  checkCount('moduleBytesMax', moduleBytes.length);
  const tally: Tally = { memoryPages: 0, tableElements: 0, startFuel: 0, start: -1, elements: 0 };
  const bytes = rewrite(moduleBytes, settings, tally);
  // After our own checks, which bound what validation can cost; before anything is used: the rewriter knows no types,
  // and without this an invalid module could name the functions that are appended.
  if (!validate(moduleBytes)) throw invalidByEngine(moduleBytes);
  const { name, version, digest } = settings.model;
  return {
    bytes,
    meter: settings.meter,
    ...(tally.memory === undefined ? {} : { memory: tally.memory }),
    memoryPagesInitial: tally.memoryPages,
    tableElementsInitial: tally.tableElements,
    startFuel: tally.startFuel,
    starts: tally.start >= 0,
    ...(tally.callHooks === undefined ? {} : { callHooks: tally.callHooks }),
    costModel: { name, version, digest },
  };
}

/** Complete options. */
interface Settings {
  readonly model: CostModel;
  readonly meter: 'own' | 'shared';
  readonly memory: 'own' | 'given';
  readonly memoryPagesMax: number;
  readonly tableElementsMax: number;
  readonly callHooks?: boolean;
  readonly codeWriter?: ByteWriter;
  readonly optimizations?: Partial<Optimizations>;
}

function rewrite(bytes: Uint8Array, settings: Settings, tally: Tally): Uint8Array {
  const scan = scanSections(bytes);
  const { sections } = scan;
  const spaces = emptySpaces();
  const read = (id: number, take: (reader: ModuleReader) => void): void => readSection(bytes, sections.get(id), take);
  read(SECTION.type, (reader) => readTypes(reader, spaces));
  let imports = 0;
  read(SECTION.import, (reader) => {
    imports = readImports({ reader, spaces, caps: settings });
  });
  read(SECTION.function, (reader) => readFunctions(reader, spaces));
  read(SECTION.tag, (reader) => readTags({ reader, spaces }));

  const { model } = settings;
  const meter = meterGlobals(settings.meter, spaces, countOf(bytes, sections.get(SECTION.global)));
  const helpers = new Helpers(spaces, meter, model.charges);
  const optimizations = { ...ALL_OPTIMIZATIONS, ...settings.optimizations };
  const code = new CodeRewriter(spaces, meter, helpers, { model, optimizations, callHooks: settings.callHooks === true });
  read(SECTION.start, (reader) => readStart({ reader, spaces, code, tally }));
  const context = { spaces, code, tally, caps: settings, charges: model.charges, meter, helpers };
  const contents = rewriteSections(bytes, scan, context, settings.codeWriter);
  const codeSpan = sections.get(SECTION.code);
  if (codeSpan === undefined && spaces.functions.length > spaces.importedFunctions)
    throw invalid(bytes.length, 'functions without code');
  if (codeSpan !== undefined) tally.startFuel += Math.ceil((codeSpan.end - codeSpan.start) / model.charges.codeBytesPerUnit);
  if (tally.memory !== undefined) contents.delete(SECTION.memory);
  const importSpan = sections.get(SECTION.import);
  const shared = settings.meter === 'shared';
  if (shared || tally.memory !== undefined)
    contents.set(
      SECTION.import,
      built((out) => writeImports(items(bytes, importSpan), imports, shared, tally.memory, out)),
    );
  extend(contents, SECTION.type, bytes, sections.get(SECTION.type), helpers.typeCount, (out) => helpers.writeTypes(out));
  extend(contents, SECTION.function, bytes, sections.get(SECTION.function), helpers.count, (out) => helpers.writeFunctions(out));
  const metered = assemble(bytes, contents, scan);
  if (settings.callHooks !== true) return metered;
  tally.callHooks = { functions: spaces.functions.length, helpers: helpers.kinds, paidByCallers: code.paidByCallers() };
  return hookCalls(metered, { spaces, fuel: meter.fuel, helpers: helpers.kinds });
}

/** Sections that a module gets when it had none: they hold what instrumentation adds. */
const EMPTY_SPAN: Span = { start: 0, end: 0 };

function rewriteSections(
  bytes: Uint8Array,
  { sections }: Scan,
  context: Omit<SectionContext, 'reader' | 'out'>,
  codeWriter: ByteWriter | undefined,
): Map<number, Uint8Array> {
  const contents = new Map<number, Uint8Array>();
  const own = context.meter.added === 0;
  for (const id of SECTION_ORDER) {
    const take = REWRITES.get(id);
    const added = id === SECTION.export || (own && (id === SECTION.global || id === SECTION.code));
    const span = sections.get(id) ?? (added ? EMPTY_SPAN : undefined);
    if (span === undefined) continue;
    if (take === undefined) {
      if (COPIED.includes(id)) contents.set(id, bytes.subarray(span.start, span.end));
      continue;
    }
    const size = span.end - span.start;
    const isCode = id === SECTION.code;
    const out = (isCode ? codeWriter : undefined) ?? new ByteWriter(isCode ? size + (size >> 2) + 256 : size + 256);
    readSection(bytes, span, (reader) => take({ ...context, reader, out }));
    contents.set(id, out.done());
  }
  return contents;
}

/** Own counters come last of all globals, so that no index changes; imported ones before the module's own. */
function meterGlobals(meter: 'own' | 'shared', spaces: IndexSpaces, defined: number): MeterGlobals {
  const first = spaces.importedGlobals + (meter === 'own' ? defined : 0);
  return { fuel: first, pages: first + 1, elements: first + 2, added: meter === 'own' ? 0 : METER_GLOBALS };
}

/** Number of items of a section; its own reading checks it. */
function countOf(bytes: Uint8Array, span: Span | undefined): number {
  return span === undefined ? 0 : new ModuleReader(bytes, span.start, span.end).u32();
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
  const out = new ByteWriter(0);
  write(out);
  return out.done();
}

function assemble(bytes: Uint8Array, contents: ReadonlyMap<number, Uint8Array>, { names }: Scan): Uint8Array {
  const parts = [bytes.subarray(0, 8)];
  for (const id of SECTION_ORDER) {
    const content = contents.get(id);
    if (content !== undefined) parts.push(sectionHead(id, content.length), content);
  }
  const kept = names === undefined ? [] : keptNames(bytes, names);
  if (kept.length > 0) {
    const content = built((out) => {
      out.name('name');
      for (const { start, end } of kept) out.copy(bytes, start, end);
    });
    parts.push(sectionHead(SECTION.custom, content.length), content);
  }
  return joined(parts);
}

function sectionHead(id: number, size: number): Uint8Array {
  return built((out) => {
    out.byte(id);
    out.u32(size);
  });
}

/** In a buffer of its own without spare room, which a view would carry along between threads. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function checkOption(name: 'memoryPagesMax' | 'tableElementsMax', value: number, max: number): void {
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
