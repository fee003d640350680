import { invalid, unsupported } from './faults.ts';
import { ModuleReader } from './reader.ts';

/** Section ids of the core format. */
export const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const;

/** The order in which sections have to stand. */
export const SECTION_ORDER: readonly number[] = [
  SECTION.type,
  SECTION.import,
  SECTION.function,
  SECTION.table,
  SECTION.memory,
  SECTION.tag,
  SECTION.global,
  SECTION.export,
  SECTION.start,
  SECTION.element,
  SECTION.dataCount,
  SECTION.code,
  SECTION.data,
];

/** Content of one section: offsets from the module's start. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where everything is in a core module. */
export interface Scan {
  /** By section id; custom sections are not in it. */
  readonly sections: ReadonlyMap<number, Span>;
  /** Content of the `name` section, after its own name; absent where there is none. */
  readonly names?: Span;
}

const utf8 = new TextDecoder();

/** Finds the sections of a core module. @throws CodedError `component/invalid-core-module` or `component/unsupported`. */
export function scanSections(bytes: Uint8Array): Scan {
  const reader = new ModuleReader(bytes);
  checkHeader(reader);
  const sections = new Map<number, Span>();
  let names: Span | undefined;
  let order = -1;
  while (reader.position < bytes.length) {
    const offset = reader.position;
    const id = reader.byte();
    const size = reader.u32();
    const start = reader.position;
    reader.skip(size);
    const span = { start, end: start + size };
    if (id === SECTION.custom) {
      names ??= nameSection(bytes, span);
      continue;
    }
    const place = SECTION_ORDER.indexOf(id);
    if (place < 0) throw invalid(offset, `unknown section ${id}`);
    if (place <= order) throw invalid(offset, `section ${id} twice or out of order`);
    order = place;
    sections.set(id, span);
  }
  return names === undefined ? { sections } : { sections, names };
}

function checkHeader(reader: ModuleReader): void {
  const header = [0x00, 0x61, 0x73, 0x6d];
  for (const expected of header) if (reader.byte() !== expected) throw invalid(reader.position - 1, 'bad magic number');
  const version = [reader.byte(), reader.byte(), reader.byte(), reader.byte()].join('.');
  if (version !== '1.0.0.0') throw unsupported(4, `binary version ${version}`);
}

function nameSection(bytes: Uint8Array, { start, end }: Span): Span | undefined {
  const reader = new ModuleReader(bytes, start, end);
  const isNames = utf8.decode(reader.name()) === 'name';
  return isNames ? { start: reader.position, end } : undefined;
}

/**
 * The part of a name section that stays true and useful: the names of the module and of its functions, as they are.
 * Engines read them only to make stack traces and forgive any fault in them, so a damaged section is cut short.
 *
 * @returns spans of whole subsections.
 */
export function keptNames(bytes: Uint8Array, { start, end }: Span): Span[] {
  const kept: Span[] = [];
  const reader = new ModuleReader(bytes, start, end);
  try {
    while (reader.position < end) {
      const from = reader.position;
      const id = reader.byte();
      reader.skip(reader.u32());
      if (id <= 1) kept.push({ start: from, end: reader.position });
    }
  } catch {
    return kept;
  }
  return kept;
}
