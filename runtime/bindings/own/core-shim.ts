import { ByteReader } from '../../component/reader.ts';
import { isCoded } from '../../error.ts';

/*
 * Recognises the two small core modules that `wasm-tools component new` puts around a module whose imports need its own
 * memory: the "shim", whose functions call through a table, and the "fixups", which fill that table once the memory exists.
 * Any other content, however small, makes a module not one of them.
 */

/** A core module of functions that do nothing but call through the module's only table. */
export interface Shim {
  /** By export name. */
  readonly calls: ReadonlyMap<string, ForwardingCall>;
  /** Export name of the table. */
  readonly table: string;
  /** Places that the table has from its start. */
  readonly tableElements: number;
}

export interface ForwardingCall {
  /** The place in the table that the function calls. */
  readonly place: number;
  /** The function's type, which is also that of the call; equal texts are equal types. */
  readonly type: string;
}

/** A core module that does nothing but put imported functions into an imported table, from its start on. */
export interface Fixups {
  readonly table: ImportName;
  /** In the order of the table. */
  readonly functions: readonly (ImportName & { readonly type: string })[];
}

export interface ImportName {
  readonly module: string;
  readonly name: string;
}

const NAME_BYTES_MAX = 256;
/** Modules of more bytes are not looked at. */
const MODULE_BYTES_MAX = 64 * 1024;

/** @param module - a core module of a decoded component. @returns undefined when it is no shim. */
export function readShim(module: Uint8Array): Shim | undefined {
  return attempt(module, ['type', 'function', 'table', 'export', 'code'], (sections) => {
    const types = functionTypes(sections.type);
    const functions = vector(sections.function, (reader) => reader.u32('a type'));
    const [tableElements, ...others] = vector(sections.table, (reader) => tableMinimum(reader));
    const bodies = vector(sections.code, (reader, at) => forwardingCall(reader, functions[at], types));
    if (bodies.length !== functions.length) return undefined;
    const calls = new Map<string, ForwardingCall>();
    let table: string | undefined;
    vector(sections.export, (reader) => {
      const name = reader.name('a name');
      const kind = reader.byte('a kind');
      const index = reader.u32('an index');
      if (kind === 0) calls.set(name, known(bodies[index]));
      else if (kind === 1 && index === 0) table = name;
      else throw new NoMatch();
    });
    if (table === undefined || tableElements === undefined || others.length > 0) return undefined;
    return { calls, table, tableElements };
  });
}

/** @returns undefined when the module is no fixups. */
export function readFixups(module: Uint8Array): Fixups | undefined {
  return attempt(module, ['type', 'import', 'element'], (sections) => {
    const types = functionTypes(sections.type);
    const functions: (ImportName & { type: string })[] = [];
    let table: ImportName | undefined;
    vector(sections.import, (reader) => {
      const name = { module: reader.name('a module'), name: reader.name('a name') };
      const kind = reader.byte('a kind');
      if (kind === 0) {
        functions.push({ ...name, type: known(types[reader.u32('a type')]).text });
      } else if (kind === 1 && table === undefined) {
        table = name;
        tableMinimum(reader);
      } else throw new NoMatch();
    });
    const segments = vector(sections.element, (reader) => {
      for (const byte of ACTIVE_FROM_ZERO) if (reader.byte('a segment') !== byte) throw new NoMatch();
      return items(reader, () => reader.u32('a function'));
    });
    const [placed] = segments;
    if (table === undefined || placed === undefined || segments.length !== 1) return undefined;
    if (placed.length !== functions.length || placed.some((index, at) => index !== at)) return undefined;
    return { table, functions };
  });
}

/** An active segment of function indices for table 0, at `i32.const 0`. */
const ACTIVE_FROM_ZERO = [0x00, 0x41, 0x00, 0x0b];

class NoMatch extends Error {}

type SectionName = 'type' | 'import' | 'function' | 'table' | 'export' | 'element' | 'code';
type Sections = { readonly [Name in SectionName]?: ByteReader };

const SECTIONS: Readonly<Record<number, SectionName>> = {
  1: 'type',
  2: 'import',
  3: 'function',
  4: 'table',
  7: 'export',
  9: 'element',
  10: 'code',
};

/** Splits a module into sections and reads them; undefined when there are others than `allowed`, or anything is amiss. */
function attempt<T>(
  module: Uint8Array,
  allowed: readonly SectionName[],
  read: (sections: Sections) => T | undefined,
): T | undefined {
  if (module.length > MODULE_BYTES_MAX) return undefined;
  try {
    const reader = new ByteReader(module, 8, module.length, NAME_BYTES_MAX);
    const sections: { -readonly [Name in SectionName]?: ByteReader } = {};
    while (reader.remaining > 0) {
      const id = reader.byte('a section');
      const content = reader.range(reader.u32('a size'), 'a section');
      if (id === 0) continue;
      const name = SECTIONS[id];
      if (name === undefined || !allowed.includes(name)) return undefined;
      sections[name] = content;
    }
    return read(sections);
  } catch (error) {
    // Only a look: what is wrong with a module is for others to say.
    if (error instanceof NoMatch || (isCoded(error) && error.code.startsWith('component/'))) return undefined;
    throw error;
  }
}

function vector<T>(section: ByteReader | undefined, item: (reader: ByteReader, at: number) => T): T[] {
  if (section === undefined) return [];
  const found = items(section, (at) => item(section, at));
  if (section.remaining > 0) throw new NoMatch();
  return found;
}

function items<T>(reader: ByteReader, item: (at: number) => T): T[] {
  const count = reader.count('items');
  return Array.from({ length: count }, (_, at) => item(at));
}

interface CoreFunctionType {
  readonly params: number;
  readonly text: string;
}

/** Types of functions of numbers. */
function functionTypes(section: ByteReader | undefined): CoreFunctionType[] {
  return vector(section, (reader) => {
    if (reader.byte('a type') !== 0x60) throw new NoMatch();
    const params = items(reader, () => numberType(reader));
    const results = items(reader, () => numberType(reader));
    return { params: params.length, text: `${params.join(' ')} -> ${results.join(' ')}` };
  });
}

/** The opcode of i32, i64, f32 or f64: those that canonical functions take and give. */
function numberType(reader: ByteReader): number {
  const type = reader.byte('a value type');
  if (type < 0x7c || type > 0x7f) throw new NoMatch();
  return type;
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new NoMatch();
  return value;
}

/** Reads a table of functions. @returns how many elements it has at least. */
function tableMinimum(reader: ByteReader): number {
  if (reader.byte('a type') !== 0x70) throw new NoMatch();
  const flags = reader.byte('limits');
  if (flags > 1) throw new NoMatch();
  const minimum = reader.u32('a minimum');
  if (flags === 1) reader.u32('a maximum');
  return minimum;
}

/** Reads `local.get 0 .. local.get n-1; i32.const place; call_indirect own-type 0; end`. */
function forwardingCall(reader: ByteReader, type: number | undefined, types: readonly CoreFunctionType[]): ForwardingCall {
  const body = reader.range(reader.u32('a size'), 'a body');
  const { params, text } = known(types[known(type)]);
  if (body.u32('locals') !== 0) throw new NoMatch();
  for (let at = 0; at < params; at++) {
    if (body.byte('an opcode') !== 0x20 || body.u32('a local') !== at) throw new NoMatch();
  }
  if (body.byte('an opcode') !== 0x41) throw new NoMatch();
  const place = body.u32('a place');
  if ((body.bytes[body.position - 1]! & 0x40) !== 0) throw new NoMatch(); // a signed integer: that one would be negative
  if (body.byte('an opcode') !== 0x11 || body.u32('a type') !== type || body.u32('a table') !== 0) throw new NoMatch();
  if (body.byte('an opcode') !== 0x0b || body.remaining > 0) throw new NoMatch();
  return { place, type: text };
}

/** True when instantiating the module may run code of its own: it has a start function. */
export function hasStart(module: Uint8Array): boolean {
  const reader = new ByteReader(module, 8, module.length, NAME_BYTES_MAX);
  while (reader.remaining > 0) {
    const id = reader.byte('a section');
    if (id === 8) return true;
    reader.range(reader.u32('a size'), 'a section');
  }
  return false;
}
