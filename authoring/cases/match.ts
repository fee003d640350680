import { encodeValue, isCoded, toJson, type ValueType, type WitValue } from '../../runtime/index.ts';
import { type Difference, shownJson, textDifference } from './difference.ts';
import { isMapping, operatorOf, valueFrom, writtenBytes } from './written-value.ts';

type OfKind<K extends ValueType['kind']> = Extract<ValueType, { kind: K }>;

/**
 * Compares a value with a pattern: what the pattern does not say may be anything, and `{$contains: ...}` and `{$any: true}` stand for many.
 *
 * @param pattern - after `withFiles`. @param what - the place, for differences.
 * @returns nothing where it fits.
 */
export function differencesFrom(pattern: unknown, value: WitValue, type: ValueType, what: string): readonly Difference[] {
  const operator = operatorOf(pattern);
  if (operator?.name === '$any') return [];
  if (operator?.name === '$contains') return containing(operator.operand, value, type, what);
  const written = writtenBytes(pattern);
  if (written !== undefined) return sameText(pattern, written, value, type, what);
  switch (type.kind) {
    case 'record':
      return ofRecord(pattern, value, type, what);
    case 'tuple':
      return ofItems(pattern, value, (at) => type.items[at]!, what);
    case 'list':
      if (type.element.kind !== 'u8') return ofItems(pattern, value, () => type.element, what);
      break;
    case 'option':
      return ofOption(pattern, value, type, what);
    case 'variant':
      return ofVariant(pattern, value, type, what);
    case 'result':
      return ofResult(pattern, value, type, what);
    default:
  }
  return ofLeaf(pattern, value, type, what);
}

/** True where a pattern fits. */
export function fits(pattern: unknown, value: WitValue, type: ValueType): boolean {
  return differencesFrom(pattern, value, type, '').length === 0;
}

function textOf(value: WitValue): string | undefined {
  if (typeof value === 'string') return value;
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : undefined;
}

/** An option that is there is as good as what is in it. */
function inner(value: WitValue, type: ValueType): { readonly value: WitValue; readonly type: ValueType } {
  if (type.kind !== 'option' || value === null) return { value, type };
  return inner((value as { readonly some: WitValue }).some, type.some); // an option that is not none
}

function containing(operand: unknown, outer: WitValue, outerType: ValueType, what: string): readonly Difference[] {
  const { value, type } = inner(outer, outerType);
  if (Array.isArray(operand)) {
    if (type.kind !== 'list' || !Array.isArray(value)) return [wrongKind(what, 'a list with some items', outer, outerType)];
    const items: readonly WitValue[] = value;
    const missing = operand.filter((pattern) => !items.some((item) => fits(pattern, item, type.element)));
    return missing.map((pattern) => ({ what, expected: `an item ${shownJson(pattern)}`, actual: shownValue(value, type) }));
  }
  const text = textOf(value);
  if (text === undefined || typeof operand !== 'string')
    return [wrongKind(what, `text with ${shownJson(operand)}`, outer, outerType)];
  if (text.includes(operand)) return [];
  return [{ what, expected: `text with ${shownJson(operand)}`, actual: shownJson(text) }];
}

/** `{$json: ...}` means the same JSON, however it is written. */
function sameText(
  pattern: unknown,
  written: Uint8Array,
  outer: WitValue,
  outerType: ValueType,
  what: string,
): readonly Difference[] {
  const { value, type } = inner(outer, outerType);
  const text = textOf(value);
  if (text === undefined) return [wrongKind(what, 'text or bytes', outer, outerType)];
  const expected = Buffer.from(written).toString('utf8');
  if (operatorOf(pattern)?.name === '$json' && canonicalJson(expected) === canonicalJson(text)) return [];
  if (value instanceof Uint8Array ? Buffer.from(value).equals(written) : text === expected) return [];
  return type.kind === 'string' || isText(value)
    ? [textDifference(what, expected, text)]
    : [{ what, expected: shownJson(expected), actual: shownValue(value, type) }];
}

function isText(value: WitValue): boolean {
  return value instanceof Uint8Array && Buffer.from(Buffer.from(value).toString('utf8'), 'utf8').equals(value);
}

/** With the keys of objects in order; the text itself where it is no JSON. */
function canonicalJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), (_, part: unknown) =>
      isMapping(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
    );
  } catch {
    return text;
  }
}

function ofRecord(pattern: unknown, value: WitValue, type: OfKind<'record'>, what: string): readonly Difference[] {
  if (!isMapping(pattern)) return [wrongKind(what, shownJson(pattern), value, type)];
  const record = value as { readonly [field: string]: WitValue }; // of this type
  return Object.entries(pattern).flatMap(([name, part]) => {
    const field = type.fields.find((candidate) => candidate.name === name);
    if (field !== undefined) return differencesFrom(part, record[name]!, field.type, at(what, name));
    const known = type.fields.map((candidate) => candidate.name).join(', ');
    return [{ what: at(what, name), message: `there is no such field; the fields are ${known === '' ? 'none' : known}` }];
  });
}

const at = (what: string, name: string): string => (what === '' ? name : `${what}.${name}`);

function ofItems(pattern: unknown, value: WitValue, typeAt: (index: number) => ValueType, what: string): readonly Difference[] {
  const items = value as readonly WitValue[]; // of a list or tuple
  if (!Array.isArray(pattern)) return [{ what, expected: shownJson(pattern), actual: `a list of ${items.length}` }];
  if (pattern.length !== items.length) {
    return [{ what, expected: `${pattern.length} items`, actual: `${items.length} items` }];
  }
  return items.flatMap((item, index) => differencesFrom(pattern[index], item, typeAt(index), `${what}[${index}]`));
}

function ofOption(pattern: unknown, value: WitValue, type: OfKind<'option'>, what: string): readonly Difference[] {
  if (pattern === null || value === null) {
    return pattern === value ? [] : [{ what, expected: shownJson(pattern), actual: shownValue(value, type) }];
  }
  const { some } = value as { readonly some: WitValue }; // an option that is not none
  if (type.some.kind !== 'option') return differencesFrom(pattern, some, type.some, what);
  const wanted = isMapping(pattern) ? pattern.some : undefined;
  return differencesFrom(wanted, some, type.some, at(what, 'some'));
}

function ofVariant(pattern: unknown, value: WitValue, type: OfKind<'variant'>, what: string): readonly Difference[] {
  const { tag, value: payload } = value as { readonly tag: string; readonly value?: WitValue }; // of this type
  if (!isMapping(pattern) || typeof pattern.tag !== 'string') return [wrongKind(what, shownJson(pattern), value, type)];
  if (pattern.tag !== tag) return [{ what, expected: shownJson(pattern), actual: shownValue(value, type) }];
  const payloadType = type.cases.find(({ name }) => name === tag)?.type;
  if (!Object.hasOwn(pattern, 'value')) return [];
  if (payloadType === undefined || payload === undefined)
    return [{ what: at(what, 'value'), message: `the case \`${tag}\` carries nothing` }];
  return differencesFrom(pattern.value, payload, payloadType, at(what, 'value'));
}

function ofResult(pattern: unknown, value: WitValue, type: OfKind<'result'>, what: string): readonly Difference[] {
  const side = Object.hasOwn(value as object, 'ok') ? 'ok' : 'err'; // of this type
  const payload = (value as { readonly [side: string]: WitValue })[side]!;
  if (!isMapping(pattern) || !Object.hasOwn(pattern, side))
    return [{ what, expected: shownJson(pattern), actual: shownValue(value, type) }];
  const payloadType = type[side];
  return payloadType === undefined ? [] : differencesFrom(pattern[side], payload, payloadType, at(what, side));
}

function ofLeaf(pattern: unknown, value: WitValue, type: ValueType, what: string): readonly Difference[] {
  try {
    const expected = valueFrom(pattern, type);
    if (Buffer.from(encodeValue(expected, type)).equals(encodeValue(value, type))) return [];
  } catch (error) {
    if (!isCoded(error)) throw error;
    return [wrongKind(what, shownJson(pattern), value, type)];
  }
  if (typeof pattern === 'string' && typeof value === 'string') return [textDifference(what, pattern, value)];
  return [{ what, expected: shownJson(pattern), actual: shownValue(value, type) }];
}

function wrongKind(what: string, expected: string, value: WitValue, type: ValueType): Difference {
  return { what, expected, actual: `${shownValue(value, type)}, a ${type.kind}` };
}

function shownValue(value: WitValue, type: ValueType): string {
  return shownJson(toJson(value, type));
}
