import { bareObject } from '../bare-object.ts';
import type { ValueType } from '../component/types.ts';
import { CodedError } from '../error.ts';
import type { WitValue } from '../value/index.ts';

/*
 * Values as jco's generated code has them, to and from `WitValue`. The differences: camelCase record fields and flags,
 * `{tag, val}` variants, `undefined` for none, typed arrays for numeric lists.
 */

/** Converts one value of a fixed type. */
type Convert = (value: never) => unknown;

const toCache = new WeakMap<ValueType, Convert>();
const fromCache = new WeakMap<ValueType, Convert>();

/** Our value as jco's glue wants it. The value must already match the type. */
export function toJco(value: WitValue, type: ValueType): unknown {
  return converter(toCache, makeTo, type)(value as never); // the codec checked the value against the same type
}

/** jco's value as ours. @throws CodedError `trap/abi` when the glue let something through that the type forbids. */
export function fromJco(value: unknown, type: ValueType): WitValue {
  return converter(fromCache, makeFrom, type)(value as never) as WitValue; // each converter returns its type's WitValue
}

/** WIT's kebab-case as jco's camelCase. */
export function camelCase(name: string): string {
  return name
    .split('-')
    .map((word, at) => (at === 0 ? word.toLowerCase() : word.charAt(0).toUpperCase() + word.slice(1).toLowerCase()))
    .join('');
}

function converter(cache: WeakMap<ValueType, Convert>, make: (type: ValueType) => Convert, type: ValueType): Convert {
  let convert = cache.get(type);
  if (convert === undefined) {
    convert = make(type);
    cache.set(type, convert);
  }
  return convert;
}

/** jco writes `T | undefined` for `option<T>` unless `T` could itself be `undefined`. */
function maybeNull(type: ValueType): boolean {
  return type.kind === 'option' && !maybeNull(type.some);
}

const same: Convert = (value: unknown) => value;

type Tagged = { tag: string; val?: unknown };

function makeTo(type: ValueType): Convert {
  const to = (inner: ValueType) => converter(toCache, makeTo, inner) as (value: unknown) => unknown;
  switch (type.kind) {
    case 'list': {
      if (type.element.kind === 'u8') return same;
      const element = to(type.element);
      return (value: readonly unknown[]) => value.map(element);
    }
    case 'tuple': {
      const items = type.items.map(to);
      return (value: readonly unknown[]) => value.map((item, at) => items[at]?.(item));
    }
    case 'record': {
      const fields = type.fields.map((field) => ({ name: field.name, key: camelCase(field.name), convert: to(field.type) }));
      return (value: Record<string, unknown>) => fill(fields, (field) => field.convert(value[field.name]));
    }
    case 'flags': {
      const fields = type.names.map((name) => ({ name, key: camelCase(name) }));
      return (value: readonly string[]) => fill(fields, (field) => value.includes(field.name));
    }
    case 'variant': {
      const cases = new Map(type.cases.map((item) => [item.name, item.type && to(item.type)]));
      return (value: { tag: string; value?: unknown }): Tagged => tagged(value.tag, cases.get(value.tag), value.value);
    }
    case 'option': {
      const some = to(type.some);
      const boxed = maybeNull(type.some);
      return (value: { some: unknown } | null) => {
        if (!boxed) return value === null ? undefined : some(value.some);
        return value === null ? { tag: 'none' } : { tag: 'some', val: some(value.some) };
      };
    }
    case 'result': {
      const ok = type.ok && to(type.ok);
      const err = type.err && to(type.err);
      return (value: { ok: unknown } | { err: unknown }) =>
        'ok' in value ? tagged('ok', ok, value.ok) : tagged('err', err, value.err);
    }
    default:
      return same;
  }
}

function tagged(tag: string, convert: ((value: unknown) => unknown) | undefined, value: unknown): Tagged {
  return convert === undefined ? { tag } : { tag, val: convert(value) };
}

function fill<F extends { key: string }>(fields: readonly F[], pick: (field: F) => unknown): Record<string, unknown> {
  const out = bareObject<unknown>();
  for (const field of fields) out[field.key] = pick(field);
  return out;
}

function makeFrom(type: ValueType): Convert {
  const from = (inner: ValueType) => converter(fromCache, makeFrom, inner) as (value: unknown) => unknown;
  switch (type.kind) {
    case 'list': {
      if (type.element.kind === 'u8')
        return (value: unknown) => (value instanceof Uint8Array ? value : Uint8Array.from(value as number[]));
      const element = from(type.element);
      return (value: ArrayLike<unknown>) => Array.from(value, element);
    }
    case 'tuple': {
      const items = type.items.map(from);
      return (value: readonly unknown[]) => items.map((convert, at) => convert(value[at]));
    }
    case 'record': {
      const fields = type.fields.map((field) => ({ key: field.name, source: camelCase(field.name), convert: from(field.type) }));
      return (value: Record<string, unknown>) => fill(fields, (field) => field.convert(value[field.source]));
    }
    case 'flags': {
      const fields = type.names.map((name) => [name, camelCase(name)] as const);
      return (value: Record<string, unknown>) => fields.filter(([, key]) => value[key] === true).map(([name]) => name);
    }
    case 'variant': {
      const cases = new Map(type.cases.map((item) => [item.name, item.type && from(item.type)]));
      return (value: Tagged) => {
        if (!cases.has(value.tag))
          throw new CodedError('trap/abi', 'the guest returned a variant case that its type does not have');
        const convert = cases.get(value.tag);
        return record(convert === undefined ? { tag: value.tag } : { tag: value.tag, value: convert(value.val) });
      };
    }
    case 'option': {
      const some = from(type.some);
      if (!maybeNull(type.some))
        return (value: unknown) => (value === undefined || value === null ? null : record({ some: some(value) }));
      return (value: Tagged) => (value.tag === 'none' ? null : record({ some: some(value.val) }));
    }
    case 'result': {
      const ok = type.ok && from(type.ok);
      const err = type.err && from(type.err);
      return (value: Tagged) =>
        value.tag === 'ok' ? record({ ok: ok ? ok(value.val) : null }) : record({ err: err ? err(value.val) : null });
    }
    default:
      return same;
  }
}

function record(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.assign(bareObject<unknown>(), fields);
}
