import type { CoreExtern, CoreFuncType, CoreLimits, CoreValueType } from './core-types.ts';
import { type ByteReader, hex, malformed, tooLarge, unsupported } from './reader.ts';
import type { TypeSpace } from './type-space.ts';

/** Value types by opcode; the references are short forms for nullable ones to an abstract type. */
const VALUE_TYPES: Readonly<Record<number, CoreValueType>> = {
  127: 'i32',
  126: 'i64',
  125: 'f32',
  124: 'f64',
  123: 'v128',
  116: 'nullexnref',
  115: 'nullfuncref',
  114: 'nullexternref',
  113: 'nullref',
  112: 'funcref',
  111: 'externref',
  110: 'anyref',
  109: 'eqref',
  108: 'i31ref',
  107: 'structref',
  106: 'arrayref',
  105: 'exnref',
};

/** Forms of types of the proposals for garbage collection, function references, stack switching and shared types. */
const NEWER_FORMS = new Set([0x00, 0x4c, 0x4d, 0x4e, 0x4f, 0x50, 0x5d, 0x5e, 0x5f, 0x63, 0x64, 0x65]);

/** Parameters, and results, of one core function: the engines' own limit. */
const VALUES_MAX = 1000;

/** Pages of a 32-bit memory. */
const PAGES_MAX = 65_536;

/** Takes the form of a core function type, the only form of core type that is read here. */
export function readFuncForm(reader: ByteReader): void {
  const offset = reader.position;
  const form = reader.byte('a core type');
  if (form === 0x60) return;
  if (NEWER_FORMS.has(form)) throw unsupported(offset, `the core type ${hex(form)}`);
  throw malformed(offset, `expected a core function type (0x60), found ${hex(form)}`);
}

/** Takes the parameters and results of a core function type. */
export function readCoreFunc(reader: ByteReader, space: TypeSpace): CoreFuncType {
  const params = readValues(reader, 'core parameters');
  const results = readValues(reader, 'core results');
  space.charge(1 + params.length + results.length);
  return space.coreFuncs.of(params, results);
}

/** Steps over what `readCoreFunc` takes. */
export function skipCoreFunc(reader: ByteReader): void {
  for (const what of ['core parameters', 'core results']) {
    const count = countValues(reader, what);
    for (let index = 0; index < count; index++) readCoreValueType(reader);
  }
}

function readValues(reader: ByteReader, what: string): CoreValueType[] {
  const count = countValues(reader, what);
  const types: CoreValueType[] = [];
  for (let index = 0; index < count; index++) types.push(readCoreValueType(reader));
  return types;
}

function countValues(reader: ByteReader, what: string): number {
  const offset = reader.position;
  const count = reader.count(what);
  if (count > VALUES_MAX) throw tooLarge(offset, what, VALUES_MAX, `the ${what}`);
  return count;
}

/** Takes a core value type. @throws CodedError `component/unsupported` for references to defined types. */
export function readCoreValueType(reader: ByteReader): CoreValueType {
  const offset = reader.position;
  const byte = reader.byte('a core value type');
  const type = VALUE_TYPES[byte];
  if (type !== undefined) return type;
  if (NEWER_FORMS.has(byte)) throw unsupported(offset, `the core value type ${hex(byte)}`);
  throw malformed(offset, `expected a core value type, found ${hex(byte)}`);
}

/**
 * Takes the type of a core import or export.
 *
 * @param funcAt - the function type of an index; throws where there is none.
 */
export function readCoreExtern(reader: ByteReader, funcAt: (index: number, offset: number) => CoreFuncType): CoreExtern {
  const offset = reader.position;
  const kind = reader.byte('a core extern type');
  switch (kind) {
    case 0x00:
      return { kind: 'func', type: readFuncIndex(reader, funcAt) };
    case 0x01:
      return readTable(reader);
    case 0x02:
      return readMemory(reader);
    case 0x03:
      return readGlobal(reader);
    case 0x04:
      return readTag(reader, funcAt);
    case 0x20:
      throw unsupported(offset, 'an import of a function of one exact type');
    default:
      throw malformed(offset, `expected a core extern type, found ${hex(kind)}`);
  }
}

function readFuncIndex(reader: ByteReader, funcAt: (index: number, offset: number) => CoreFuncType): CoreFuncType {
  const offset = reader.position;
  return funcAt(reader.u32('a core type index'), offset);
}

export function readTag(reader: ByteReader, funcAt: (index: number, offset: number) => CoreFuncType): CoreExtern {
  reader.expect(0x00, 'the attribute of a tag');
  const offset = reader.position;
  const type = readFuncIndex(reader, funcAt);
  if (type.results.length > 0) throw malformed(offset, `expected a tag without results, found ${type.results.length}`);
  return { kind: 'tag', type };
}

export function readTable(reader: ByteReader): CoreExtern {
  const offset = reader.position;
  const element = readCoreValueType(reader);
  if (!element.endsWith('ref')) throw malformed(offset, `expected a reference type, found ${element}`);
  return { kind: 'table', element, limits: readLimits(reader, 'table') };
}

export function readMemory(reader: ByteReader): CoreExtern {
  return { kind: 'memory', limits: readLimits(reader, 'memory') };
}

export function readGlobal(reader: ByteReader): CoreExtern {
  const type = readCoreValueType(reader);
  const offset = reader.position;
  const flags = reader.byte('the mutability of a global');
  if (flags === 0x02 || flags === 0x03) throw unsupported(offset, 'a shared global');
  if (flags > 0x03) throw malformed(offset, `expected the mutability of a global (0x00 or 0x01), found ${hex(flags)}`);
  return { kind: 'global', type, mutable: flags === 1 };
}

const LIMITS = { max: 1, shared: 2, is64: 4, pageBits: 8 };

function readLimits(reader: ByteReader, what: 'table' | 'memory'): CoreLimits {
  const offset = reader.position;
  const flags = reader.byte('the flags of limits');
  if (flags > (what === 'memory' ? 0x0f : 0x07)) throw malformed(offset, `expected the flags of limits, found ${hex(flags)}`);
  const is64 = (flags & LIMITS.is64) !== 0;
  const isShared = (flags & LIMITS.shared) !== 0;
  const hasMax = (flags & LIMITS.max) !== 0;
  if (isShared && !hasMax && what === 'memory') throw malformed(offset, 'expected a maximum of a shared memory, found none');
  const min = readSize(reader, is64, 'a minimum');
  const max = hasMax ? readSize(reader, is64, 'a maximum') : undefined;
  if (max !== undefined && max < min) throw malformed(offset, `expected a maximum of at least ${min}, found ${max}`);
  const pageBits = (flags & LIMITS.pageBits) === 0 ? 16 : reader.u32('the size of a page');
  if (what === 'memory') checkPages(min, max, is64, pageBits, offset);
  return { min, ...(max === undefined ? {} : { max }), isShared, is64, pageBits };
}

function checkPages(min: number, max: number | undefined, is64: boolean, pageBits: number, offset: number): void {
  if (pageBits !== 16 && pageBits !== 0) throw malformed(offset, `expected pages of 2^0 or 2^16 bytes, found 2^${pageBits}`);
  if (is64 || pageBits !== 16) return;
  const most = Math.max(min, max ?? 0);
  if (most > PAGES_MAX) throw malformed(offset, `expected at most ${PAGES_MAX} pages of memory, found ${most}`);
}

/** Sizes beyond 2^53 lose their last digits, which no memory or table is large enough to miss. */
function readSize(reader: ByteReader, is64: boolean, what: string): number {
  return is64 ? reader.u64(what) : reader.u32(what);
}
