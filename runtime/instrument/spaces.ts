import { invalid, unsupported } from './faults.ts';
import { checkCount } from './module-limits.ts';
import type { ModuleReader } from './reader.ts';

/** First bytes of reference types with heap types of their own, and of packed and composite types: the GC proposal. */
const NEWER_TYPES = new Set([
  0x40, 0x4e, 0x4f, 0x50, 0x5d, 0x5e, 0x5f, 0x63, 0x64, 0x68, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x71, 0x72, 0x73, 0x74, 0x75,
]);

/** Value types that may pass: i32, i64, f32, f64, v128, funcref, externref, exnref. */
const VALUE_TYPES = new Set([0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f, 0x69]);

/** One function type, as the sizes that placement needs. */
export interface Arity {
  readonly params: number;
  readonly results: number;
}

/** The index spaces of one module, imports first; filled section by section, complete before code is read. */
export interface IndexSpaces {
  readonly types: Arity[];
  /** Type index of each function. */
  readonly functions: number[];
  importedFunctions: number;
  /** Reference type byte of each table. */
  readonly tables: number[];
  /** Number of memories. */
  memories: number;
  globals: number;
  importedGlobals: number;
}

/** The spaces of a module without sections. */
export function emptySpaces(): IndexSpaces {
  return { types: [], functions: [], importedFunctions: 0, tables: [], memories: 0, globals: 0, importedGlobals: 0 };
}

/** Takes one value type. @returns its byte. @throws CodedError `component/unsupported` for types of newer proposals. */
export function readValueType(reader: ModuleReader): number {
  const offset = reader.position;
  const type = reader.byte();
  if (VALUE_TYPES.has(type)) return type;
  if (NEWER_TYPES.has(type)) throw unsupported(offset, `type 0x${type.toString(16)}`);
  throw invalid(offset, `unknown type 0x${type.toString(16)}`);
}

/** Takes one reference type. @returns its byte. @throws CodedError as `readValueType`. */
export function readRefType(reader: ModuleReader): number {
  const offset = reader.position;
  const type = readValueType(reader);
  if (type >= 0x7b) throw invalid(offset, `type 0x${type.toString(16)} is no reference type`);
  return type;
}

/** Reads the type section. */
export function readTypes(reader: ModuleReader, spaces: IndexSpaces): void {
  const count = reader.count('types');
  checkCount('typesMax', count);
  for (let at = 0; at < count; at += 1) {
    const offset = reader.position;
    const form = reader.byte();
    if (NEWER_TYPES.has(form)) throw unsupported(offset, `type form 0x${form.toString(16)}`);
    if (form !== 0x60) throw invalid(offset, `unknown type form 0x${form.toString(16)}`);
    spaces.types.push({ params: skipTypes(reader), results: skipTypes(reader) });
  }
}

/** Reads the function section. */
export function readFunctions(reader: ModuleReader, spaces: IndexSpaces): void {
  const count = reader.count('functions');
  checkCount('functionsMax', count);
  for (let at = 0; at < count; at += 1) spaces.functions.push(readTypeIndex(reader, spaces));
}

/** Takes the index of a type that the type section declared. */
export function readTypeIndex(reader: ModuleReader, spaces: IndexSpaces): number {
  return readIndex(reader, spaces.types.length, 'type');
}

/** Takes an index below `size`. */
export function readIndex(reader: ModuleReader, size: number, what: string): number {
  const offset = reader.position;
  const index = reader.u32();
  if (index >= size) throw invalid(offset, `${what} ${index} does not exist`);
  return index;
}

function skipTypes(reader: ModuleReader): number {
  const count = reader.count('values');
  for (let at = 0; at < count; at += 1) readValueType(reader);
  return count;
}
