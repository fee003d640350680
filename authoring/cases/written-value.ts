import { isAbsolute, resolve } from 'node:path';
import { quote } from '../../host/policy/quote.ts';
import { readRegularFile } from '../../host/regular-file.ts';
import { bareObject, CodedError, type Param, paramsFromPlain, type ValueType, type WitValue } from '../../runtime/index.ts';

/* Values as cases have them: plain data, in which `{$file: ...}`, `{$text: ...}` and `{$json: ...}` stand for text or bytes. */

/** Bytes of one file that a case names. */
const FILE_BYTES_MAX = 32 * 1024 * 1024;

/** What a `{$file: ...}` became. */
export class FileBytes {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** An object with one key that begins with `$`: its name, and what it is given. Undefined for anything else. */
export function operatorOf(value: unknown): { readonly name: string; readonly operand: unknown } | undefined {
  if (!isMapping(value)) return undefined;
  const [name, ...others] = Object.keys(value);
  return name?.startsWith('$') && others.length === 0 ? { name, operand: value[name] } : undefined;
}

export function isMapping(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof FileBytes);
}

/**
 * Reads the files that a value names.
 *
 * @param folder - where their paths start. @returns the value, with `FileBytes` in the place of each `{$file: ...}`.
 * @throws CodedError `usage/unreadable-file`.
 */
export async function withFiles(value: unknown, folder: string): Promise<unknown> {
  const operator = operatorOf(value);
  if (operator?.name === '$file') return new FileBytes(await fileBytes(operator.operand, folder));
  if (Array.isArray(value)) return Promise.all(value.map((item) => withFiles(item, folder)));
  if (!isMapping(value)) return value;
  const copy = bareObject<unknown>();
  for (const [key, item] of Object.entries(value)) copy[key] = await withFiles(item, folder);
  return copy;
}

/** @throws CodedError `usage/unreadable-file`. */
export async function fileBytes(path: unknown, folder: string): Promise<Uint8Array> {
  if (typeof path !== 'string' || path === '' || isAbsolute(path)) {
    throw new CodedError('usage/unreadable-file', 'expected the path of a file that is relative to the file of the case');
  }
  const bytes = await readRegularFile(resolve(folder, path), FILE_BYTES_MAX).catch((cause: unknown) => {
    throw new CodedError('usage/unreadable-file', `the file ${quote(path)} of the case cannot be read`, { cause });
  });
  if (bytes.length > FILE_BYTES_MAX) {
    throw new CodedError('usage/unreadable-file', `the file ${quote(path)} of the case has more than ${FILE_BYTES_MAX} bytes`);
  }
  return bytes;
}

/** The bytes that an operator stands for; undefined where it stands for none. */
export function writtenBytes(value: unknown): Uint8Array | undefined {
  if (value instanceof FileBytes) return value.bytes;
  const operator = operatorOf(value);
  if (operator?.name === '$text' && typeof operator.operand === 'string') return Buffer.from(operator.operand, 'utf8');
  return operator?.name === '$json' ? Buffer.from(JSON.stringify(operator.operand), 'utf8') : undefined;
}

/**
 * A value of a type, from what a case says.
 *
 * @param written - after `withFiles`. @throws CodedError `params/invalid`, as `fromJson`.
 */
export function valueFrom(written: unknown, type: ValueType): WitValue {
  return valuesFrom({ value: written }, [{ name: 'value', type }])[0]!;
}

/** The same for parameters, by name. */
export function valuesFrom(written: unknown, params: readonly Param[]): readonly WitValue[] {
  return paramsFromPlain(filled(written, { kind: 'record', fields: params }), params);
}

/** What each part would be if it were written out: text for text, bytes for bytes. */
function filled(written: unknown, type: ValueType): unknown {
  switch (type.kind) {
    case 'string': {
      const bytes = writtenBytes(written);
      return bytes === undefined ? written : Buffer.from(bytes).toString('utf8');
    }
    case 'list':
      if (type.element.kind === 'u8') return plainBytes(written);
      return Array.isArray(written) ? written.map((item) => filled(item, type.element)) : written;
    case 'tuple':
      return Array.isArray(written) ? written.map((item, at) => filledPart(item, type.items[at])) : written;
    case 'record':
      return filledFields(written, (name) => type.fields.find((field) => field.name === name)?.type);
    case 'option':
      if (type.some.kind === 'option') return filledFields(written, (name) => (name === 'some' ? type.some : undefined));
      return filled(written, type.some);
    case 'variant': {
      const tag = isMapping(written) ? written.tag : undefined;
      const payload = type.cases.find(({ name }) => name === tag)?.type;
      return filledFields(written, (name) => (name === 'value' ? payload : undefined));
    }
    case 'result':
      return filledFields(written, (name) => (name === 'ok' ? type.ok : name === 'err' ? type.err : undefined));
    default:
      return written;
  }
}

function plainBytes(written: unknown): unknown {
  const bytes = writtenBytes(written);
  return bytes === undefined ? written : new Uint8Array(bytes);
}

function filledPart(written: unknown, type: ValueType | undefined): unknown {
  return type === undefined ? written : filled(written, type);
}

function filledFields(written: unknown, typeOf: (name: string) => ValueType | undefined): unknown {
  if (!isMapping(written)) return written;
  const copy = bareObject<unknown>();
  for (const [name, item] of Object.entries(written)) copy[name] = filledPart(item, typeOf(name));
  return copy;
}
