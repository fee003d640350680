import { ModuleReader } from '../instrument/reader.ts';
import { type Scan, SECTION, type Span, scanSections } from '../instrument/scan.ts';

/** Characters of one name that are kept. */
const NAME_CHARS_MAX = 1_000;

/** Names that one module may give; others have none. */
const NAMES_MAX = 200_000;

const utf8 = new TextDecoder();

/** What the functions of one core module are called: hints for people, in the module's own words. */
export interface FunctionNames {
  /** As the name section has it, else as it is exported; mangled. @param index - of a function, the imported ones counted. */
  of(index: number): string | undefined;
  readonly importedFunctions: number;
}

/**
 * Reads the names of a core module's functions. Damaged parts give no names.
 *
 * @param bytes - a module that was decoded or instrumented before, so that its sections are in order.
 */
export function functionNames(bytes: Uint8Array): FunctionNames {
  const scan = scanSections(bytes);
  const exported = attempt(() => exportNames(bytes, scan.sections.get(SECTION.export)));
  const imported = attempt(() => importNames(bytes, scan.sections.get(SECTION.import)));
  const named = attempt(() => sectionNames(bytes, scan));
  return {
    of: (index) => named?.get(index) ?? imported?.[index] ?? exported?.get(index),
    importedFunctions: imported?.length ?? 0,
  };
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Subsection 1 of the name section: an index and a name, each. What is read before a fault stays. */
function sectionNames(bytes: Uint8Array, { names }: Scan): Map<number, string> {
  const found = new Map<number, string>();
  if (names === undefined) return found;
  const reader = new ModuleReader(bytes, names.start, names.end);
  attempt(() => {
    while (reader.position < names.end) {
      const id = reader.byte();
      const size = reader.u32();
      const start = reader.position;
      if (id === 1) readNameMap(new ModuleReader(bytes, start, Math.min(start + size, names.end)), found);
      reader.skip(size);
    }
  });
  return found;
}

function readNameMap(reader: ModuleReader, found: Map<number, string>): void {
  const count = Math.min(reader.u32(), NAMES_MAX);
  for (let at = 0; at < count; at += 1) {
    const index = reader.u32();
    const name = text(reader.name());
    if (name !== '') found.set(index, name);
  }
}

function exportNames(bytes: Uint8Array, span: Span | undefined): Map<number, string> {
  const found = new Map<number, string>();
  if (span === undefined) return found;
  const reader = new ModuleReader(bytes, span.start, span.end);
  const count = Math.min(reader.u32(), NAMES_MAX);
  for (let at = 0; at < count; at += 1) {
    const name = text(reader.name());
    const kind = reader.byte();
    const index = reader.u32();
    if (kind === 0 && !found.has(index)) found.set(index, name);
  }
  return found;
}

/** `module.name` of each imported function, in order. */
function importNames(bytes: Uint8Array, span: Span | undefined): string[] {
  const found: string[] = [];
  if (span === undefined) return found;
  const reader = new ModuleReader(bytes, span.start, span.end);
  const count = reader.u32();
  for (let at = 0; at < count; at += 1) {
    const name = `${text(reader.name())}.${text(reader.name())}`;
    const kind = reader.byte();
    if (kind === 0) found.push(name);
    skipImportType(reader, kind);
  }
  return found;
}

function skipImportType(reader: ModuleReader, kind: number): void {
  if (kind === 0) reader.u32();
  else if (kind === 3) reader.skip(2);
  else if (kind === 4) {
    reader.skip(1);
    reader.u32();
  } else {
    if (kind === 1) reader.skip(1);
    const flags = reader.u32();
    reader.u32();
    if ((flags & 1) !== 0) reader.u32();
  }
}

function text(bytes: Uint8Array): string {
  return utf8.decode(bytes.subarray(0, NAME_CHARS_MAX * 4)).slice(0, NAME_CHARS_MAX);
}
