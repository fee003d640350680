import type { Param, ValueType } from '../component/types.ts';
import { CodedError } from '../error.ts';
import { JsonNumber } from './json-value.ts';

/** Names listed in a message before it says how many more there are. */
const NAMES_MAX = 16;
/** Type constructors inside each other that a message spells out. */
const NESTING_MAX = 3;

type Kind = ValueType['kind'];
type OfKind<K extends Kind> = Extract<ValueType, { kind: K }>;

/** Smallest and largest value of each integer type. */
export const INTEGER_RANGES = {
  s8: [-0x80n, 0x7fn],
  u8: [0n, 0xffn],
  s16: [-0x8000n, 0x7fffn],
  u16: [0n, 0xffffn],
  s32: [-0x8000_0000n, 0x7fff_ffffn],
  u32: [0n, 0xffff_ffffn],
  s64: [-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn],
  u64: [0n, 0xffff_ffff_ffff_ffffn],
} as const satisfies Partial<Record<Kind, readonly [bigint, bigint]>>;

export type IntegerKind = keyof typeof INTEGER_RANGES;

/** The type as WIT writes it, for messages: `list<option<u32>>`, ``record `pod` ``. */
export function typeWords(type: ValueType, nesting = 0): string {
  if (type.typeName !== undefined && !(type.kind in INTEGER_RANGES)) return `${type.kind} \`${type.typeName.name}\``;
  const part = (inner: ValueType | undefined): string => {
    if (inner === undefined) return '_';
    return nesting < NESTING_MAX ? typeWords(inner, nesting + 1) : '..';
  };
  switch (type.kind) {
    case 'list':
      return `list<${part(type.element)}>`;
    case 'option':
      return `option<${part(type.some)}>`;
    case 'tuple':
      return `tuple<${type.items.length > 4 ? `${type.items.length} items` : type.items.map(part).join(', ')}>`;
    case 'result':
      return `result<${part(type.ok)}, ${part(type.err)}>`;
    default:
      return type.kind;
  }
}

/** The type and its form in JSON, for messages to whoever wrote the JSON. */
export function jsonWords(type: ValueType): string {
  const form = Object.hasOwn(FORMS, type.kind) ? (FORMS[type.kind] as (type: ValueType) => string) : undefined; // same key
  return form === undefined ? typeWords(type) : `${typeWords(type)} (${form(type)})`;
}

/** The form of the object that holds the parameters of a call. */
export function paramsWords(params: readonly Param[]): string {
  return `parameters (${objectForm(params)})`;
}

const range = (type: ValueType): string => {
  const [min, max] = INTEGER_RANGES[type.kind as IntegerKind]; // used below for integer kinds only
  return `from ${min} to ${max}`;
};
const integer = (type: ValueType): string => `integer ${range(type)}`;
const wideInteger = (type: ValueType): string => `integer or string of decimal digits, ${range(type)}`;
const float = (): string => 'number, or object with `float`: "nan", "infinity" or "-infinity"';

const FORMS: { readonly [K in Kind]?: (type: OfKind<K>) => string } = {
  s8: integer,
  u8: integer,
  s16: integer,
  u16: integer,
  s32: integer,
  u32: integer,
  s64: wideInteger,
  u64: wideInteger,
  f32: float,
  f64: float,
  char: () => 'string of one Unicode scalar value',
  list: (type) => (type.element.kind === 'u8' ? 'base64 string with padding' : 'array'),
  record: (type) => objectForm(type.fields),
  tuple: (type) => `array of ${type.items.length}`,
  variant: (type) =>
    `object with \`tag\`, one of ${nameList(type.cases.map((item) => item.name))}, and its \`value\` if it has one`,
  enum: (type) => `string, one of ${nameList(type.names)}`,
  flags: (type) => `array of strings, none twice, of ${nameList(type.names)}`,
  option: (type) => (type.some.kind === 'option' ? 'null, or object with `some`' : 'null, or the value'),
  result: () => 'object with either `ok` or `err`',
};

function objectForm(fields: readonly Param[]): string {
  if (fields.length === 0) return 'object without keys';
  const optional = fields.filter((field) => field.type.kind === 'option').map((field) => field.name);
  const required = fields.filter((field) => field.type.kind !== 'option').map((field) => field.name);
  const parts = [required.length > 0 ? `object with ${nameList(required)}` : 'object'];
  if (optional.length > 0) parts.push(`optional ${nameList(optional)}`);
  return parts.join(', ');
}

function nameList(names: readonly string[]): string {
  if (names.length === 0) return 'nothing';
  const shown = names.slice(0, NAMES_MAX).map((name) => `\`${name}\``);
  return names.length > NAMES_MAX ? `${shown.join(', ')} and ${names.length - NAMES_MAX} more` : shown.join(', ');
}

/** What kind of thing an input is, in words that never quote it: `null`, `string`, `array of 3`, `object with 1 key`. */
export function kindWords(value: unknown): string {
  if (value === null || value === undefined) return value === null ? 'null' : 'nothing';
  if (value instanceof JsonNumber) return 'number';
  if (value instanceof Uint8Array) return 'bytes';
  if (Array.isArray(value)) return `array of ${value.length}`;
  if (typeof value !== 'object') return typeof value;
  const keys = value instanceof Map ? value.size : Object.keys(value).length;
  return `object with ${keys} ${keys === 1 ? 'key' : 'keys'}`;
}

/** The refusal for types that no data can stand for: handles, streams and the like. */
export function notCallable(type: ValueType): CodedError {
  const what = type.kind === 'unsupported' ? type.what : type.kind;
  return new CodedError('component/not-callable', `a value of type \`${what}\` cannot be given or taken as data`, {
    data: { type: what },
  });
}
