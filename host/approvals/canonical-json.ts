import { CodedError, type PlainJson } from '../../runtime/index.ts';

/**
 * JSON with one text for each value: members sorted by name (UTF-16 code units), no spaces, -0 apart from 0. Two values have the same
 * text exactly when they are equal.
 *
 * @throws CodedError `internal/invariant` for what is no plain JSON.
 */
export function canonicalJson(value: PlainJson): string {
  if (Array.isArray(value)) return `[${value.map((item: PlainJson) => canonicalJson(item)).join(',')}]`;
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value); // lone surrogates come out as escapes, so that no two strings share a text
    case 'boolean':
      return String(value);
    case 'number':
      if (!Number.isFinite(value)) break;
      return Object.is(value, -0) ? '-0' : JSON.stringify(value);
    case 'object':
      return value === null ? 'null' : canonicalObject(value as { readonly [key: string]: PlainJson });
  }
  throw new CodedError('internal/invariant', `${typeof value} is no plain JSON`);
}

function canonicalObject(value: { readonly [key: string]: PlainJson }): string {
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name] as PlainJson)}`).join(',')}}`;
}
