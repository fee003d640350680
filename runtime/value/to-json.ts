import { bareObject } from '../bare-object.ts';
import type { ValueType } from '../component/types.ts';
import { CodedError } from '../error.ts';
import type { WitValue } from './wit-value.ts';
import { kindWords, notCallable, typeWords } from './words.ts';

/** Plain data that `jsonText` writes exactly, and `JSON.stringify` too but for the sign of -0. Objects have no prototype. */
export type PlainJson = null | boolean | number | string | readonly PlainJson[] | { readonly [key: string]: PlainJson };

/**
 * Turns a value into its JSON form, by the table in docs/values.md: the exact inverse of `fromJson`.
 *
 * @throws CodedError `internal/invariant` where the value is not one of the type, which is a bug of whoever lifted it;
 * `component/not-callable` for types that data cannot stand for.
 */
export function toJson(value: WitValue, type: ValueType): PlainJson {
  switch (type.kind) {
    case 'bool':
      return typeof value === 'boolean' ? value : broken(value, type);
    case 's64':
    case 'u64':
      if (typeof value !== 'bigint') return broken(value, type);
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    case 'f32':
    case 'f64':
      return typeof value === 'number' ? floatJson(value) : broken(value, type);
    case 'char':
    case 'string':
    case 'enum':
      return typeof value === 'string' ? value : broken(value, type);
    case 'list':
      return listJson(value, type.element, type);
    case 'tuple':
      if (!Array.isArray(value) || value.length !== type.items.length) return broken(value, type);
      return type.items.map((item, index) => toJson(value[index], item));
    case 'flags':
      return Array.isArray(value) ? [...(value as readonly string[])] : broken(value, type); // names, by the type
    case 'record': {
      const fields = fieldsOf(value, type);
      return plainObject(type.fields.map((field) => [field.name, toJson(fieldOf(fields, field.name, type), field.type)]));
    }
    case 'variant':
      return variantJson(fieldsOf(value, type), type);
    case 'option': {
      if (value === null) return null;
      const some = toJson(fieldOf(fieldsOf(value, type), 'some', type), type.some);
      return type.some.kind === 'option' ? plainObject([['some', some]]) : some;
    }
    case 'result':
      return resultJson(fieldsOf(value, type), type);
    case 'own':
    case 'borrow':
    case 'unsupported':
      throw notCallable(type);
    default:
      return typeof value === 'number' ? value : broken(value, type);
  }
}

type Fields = { readonly [field: string]: WitValue };
type OfKind<K extends ValueType['kind']> = Extract<ValueType, { kind: K }>;

function floatJson(value: number): PlainJson {
  if (Number.isFinite(value)) return value;
  const word = Number.isNaN(value) ? 'nan' : value > 0 ? 'infinity' : '-infinity';
  return plainObject([['float', word]]);
}

function listJson(value: WitValue, element: ValueType, type: ValueType): PlainJson {
  if (element.kind !== 'u8') {
    return Array.isArray(value) ? value.map((item: WitValue) => toJson(item, element)) : broken(value, type);
  }
  if (!(value instanceof Uint8Array)) return broken(value, type);
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
}

function variantJson(fields: Fields, type: OfKind<'variant'>): PlainJson {
  const tag = fieldOf(fields, 'tag', type);
  const found = type.cases.find((item) => item.name === tag);
  if (found === undefined) return broken(tag, type);
  if (found.type === undefined) return plainObject([['tag', found.name]]);
  return plainObject([
    ['tag', found.name],
    ['value', toJson(fieldOf(fields, 'value', type), found.type)],
  ]);
}

function resultJson(fields: Fields, type: OfKind<'result'>): PlainJson {
  const side = Object.hasOwn(fields, 'ok') ? 'ok' : 'err';
  const payload = type[side];
  const value = fieldOf(fields, side, type);
  return plainObject([[side, payload === undefined ? null : toJson(value, payload)]]);
}

function fieldsOf(value: WitValue, type: ValueType): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) {
    return broken(value, type);
  }
  return value as Fields; // the one object shape that is left of WitValue
}

function fieldOf(fields: Fields, name: string, type: ValueType): WitValue {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return value === undefined ? broken(undefined, type) : value;
}

function plainObject(entries: readonly (readonly [string, PlainJson])[]): PlainJson {
  const object = bareObject<PlainJson>();
  for (const [key, value] of entries) object[key] = value;
  return object;
}

function broken(value: unknown, type: ValueType): never {
  throw new CodedError('internal/invariant', `a value of type ${typeWords(type)} was lifted as ${kindWords(value)}`);
}
