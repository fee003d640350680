import type { Field, Param, ValueType } from '../component/types.ts';
import { charge, SLOTS_MAX } from './budget.ts';
import type { JsonValue } from './json-value.ts';
import { checked, Mismatch, within } from './mismatch.ts';
import { nameIndex } from './name-index.ts';
import { plainShape } from './plain.ts';
import { gotWords, mismatch, readBytes, readScalar } from './scalars.ts';
import { emptyRecord, type WitValue } from './wit-value.ts';
import { jsonWords, kindWords, notCallable, paramsWords } from './words.ts';

/**
 * Turns parsed JSON into a value of a WIT type, by the table in docs/values.md. Nothing is coerced.
 *
 * @throws CodedError `params/invalid` with `data` `{path, expected, got}` (types and kinds, never values or keys of the
 * input), `params/too-large` past 1,048,576 elements, `component/not-callable` for types that data cannot stand for.
 */
export function fromJson(json: JsonValue, type: ValueType): WitValue {
  return checked(() => new Reading(asItIs).value(json, type));
}

/**
 * Turns the JSON object of a call's parameters into their values, in the order of `params`.
 *
 * Keys are the WIT names of the parameters. Unknown keys are refused; a missing one is `none` for an `option` and
 * refused otherwise.
 *
 * @throws as `fromJson`.
 */
export function paramsFromJson(json: JsonValue, params: readonly Param[]): WitValue[] {
  return checked(() => new Reading(asItIs).params(json, params));
}

/**
 * The same for callers in JavaScript, who give plain data: objects, arrays, strings, numbers, booleans and null as
 * `JSON.parse` makes them; also `bigint` for integers, `Uint8Array` for `list<u8>`, and NaN and infinities for floats.
 *
 * Each part is read once and copied; no code of the caller runs. See `plainShape` for what is refused. Integers above
 * 2^53-1 must be `bigint` or strings, since such a number may already have been rounded.
 *
 * @throws as `fromJson`.
 */
export function paramsFromPlain(value: unknown, params: readonly Param[]): WitValue[] {
  return checked(() => new Reading(plainShape).params(value, params));
}

const asItIs = (input: unknown): unknown => input;

type OfKind<K extends ValueType['kind']> = Extract<ValueType, { kind: K }>;
type Keyed = ReadonlyMap<string, unknown>;

/** One reading of one input. Recursion is as deep as the type, not as the input: types have an end, inputs may not. */
class Reading {
  private readonly shape: (input: unknown) => unknown;
  private slotsLeft = SLOTS_MAX;

  /** @param shape - shows one level of an input; see `plainShape`. */
  constructor(shape: (input: unknown) => unknown) {
    this.shape = shape;
  }

  params(input: unknown, params: readonly Param[]): WitValue[] {
    const seen = this.shape(input);
    if (!(seen instanceof Map)) throw new Mismatch(paramsWords(params), gotWords(seen));
    return this.fields(seen, params, () => paramsWords(params));
  }

  value(input: unknown, type: ValueType): WitValue {
    return this.seen(this.shape(input), type);
  }

  private seen(seen: unknown, type: ValueType): WitValue {
    switch (type.kind) {
      case 'list':
        return this.list(seen, type);
      case 'record':
        return this.record(seen, type);
      case 'tuple':
        return this.tuple(seen, type);
      case 'variant':
        return this.variant(seen, type);
      case 'enum':
        if (typeof seen !== 'string') throw mismatch(type, seen);
        if (!nameIndex(type).has(seen)) throw new Mismatch(jsonWords(type), 'string that is not one of them');
        return seen;
      case 'flags':
        return this.flags(seen, type);
      case 'option':
        return this.option(seen, type);
      case 'result':
        return this.result(seen, type);
      case 'own':
      case 'borrow':
      case 'unsupported':
        throw notCallable(type);
      default:
        return readScalar(seen, type);
    }
  }

  private list(seen: unknown, type: OfKind<'list'>): WitValue {
    if (type.element.kind === 'u8') return readBytes(seen, type);
    if (!Array.isArray(seen)) throw mismatch(type, seen);
    this.slotsLeft = charge(this.slotsLeft, seen.length);
    return this.items(seen, () => type.element);
  }

  private tuple(seen: unknown, type: OfKind<'tuple'>): WitValue {
    if (!Array.isArray(seen) || seen.length !== type.items.length) throw mismatch(type, seen);
    this.slotsLeft = charge(this.slotsLeft, seen.length);
    return this.items(seen, (index) => type.items[index]!);
  }

  private items(inputs: readonly unknown[], typeAt: (index: number) => ValueType): WitValue[] {
    const values: WitValue[] = [];
    try {
      for (const input of inputs) values.push(this.value(input, typeAt(values.length)));
    } catch (error) {
      throw within(error, `[${values.length}]`);
    }
    return values;
  }

  private record(seen: unknown, type: OfKind<'record'>): WitValue {
    if (!(seen instanceof Map)) throw mismatch(type, seen);
    const values = this.fields(seen, type.fields, () => jsonWords(type));
    const record = emptyRecord();
    for (const [index, field] of type.fields.entries()) record[field.name] = values[index]!;
    return record;
  }

  private fields(seen: Keyed, fields: readonly Field[], words: () => string): WitValue[] {
    this.slotsLeft = charge(this.slotsLeft, fields.length);
    const values: WitValue[] = [];
    let known = 0;
    for (const { name, type } of fields) {
      if (seen.has(name)) {
        known++;
        values.push(this.part(seen.get(name), type, `.${name}`));
      } else if (type.kind === 'option') values.push(null);
      else throw new Mismatch(jsonWords(type), 'nothing').within(`.${name}`);
    }
    // The unknown keys are not named: a key is input too, and may be a secret in the wrong place.
    if (known < seen.size) throw new Mismatch(words(), `${kindWords(seen)}, of which ${seen.size - known} unknown`);
    return values;
  }

  private variant(seen: unknown, type: OfKind<'variant'>): WitValue {
    if (!(seen instanceof Map) || !seen.has('tag')) throw mismatch(type, seen);
    const tag = this.shape(seen.get('tag'));
    const index = typeof tag === 'string' ? nameIndex(type).get(tag) : undefined;
    if (typeof tag !== 'string' || index === undefined) {
      throw new Mismatch(jsonWords(type), typeof tag === 'string' ? 'string that is not one of them' : gotWords(tag)).within(
        '.tag',
      );
    }
    const payload = type.cases[index]!.type;
    if (seen.size !== (payload === undefined ? 1 : 2) || seen.has('value') !== (payload !== undefined)) {
      const expected = `object with \`tag\` ${payload === undefined ? 'alone' : 'and `value`'} for case \`${tag}\``;
      throw new Mismatch(expected, gotWords(seen));
    }
    return payload === undefined ? { tag } : { tag, value: this.part(seen.get('value'), payload, '.value') };
  }

  private flags(seen: unknown, type: OfKind<'flags'>): WitValue {
    if (!Array.isArray(seen) || seen.length > type.names.length) throw mismatch(type, seen);
    const index = nameIndex(type);
    const set = new Set<string>();
    for (const [position, input] of seen.entries()) {
      const name = this.shape(input);
      const known = typeof name === 'string' && index.has(name);
      if (!known || set.has(name)) {
        const got = known ? 'string that came before' : 'string that is not one of them';
        throw new Mismatch(jsonWords(type), typeof name === 'string' ? got : gotWords(name)).within(`[${position}]`);
      }
      set.add(name);
    }
    return type.names.filter((name) => set.has(name));
  }

  private option(seen: unknown, type: OfKind<'option'>): WitValue {
    if (seen === null) return null;
    // Only an option inside could be null as well; everything else needs no wrapping.
    if (type.some.kind !== 'option') return { some: this.seen(seen, type.some) };
    if (!(seen instanceof Map) || seen.size !== 1 || !seen.has('some')) throw mismatch(type, seen);
    return { some: this.part(seen.get('some'), type.some, '.some') };
  }

  private result(seen: unknown, type: OfKind<'result'>): WitValue {
    if (!(seen instanceof Map) || seen.size !== 1) throw mismatch(type, seen);
    if (seen.has('ok')) return { ok: this.payload(seen.get('ok'), type.ok, '.ok') };
    if (seen.has('err')) return { err: this.payload(seen.get('err'), type.err, '.err') };
    throw mismatch(type, seen);
  }

  private payload(input: unknown, type: ValueType | undefined, step: string): WitValue {
    if (type !== undefined) return this.part(input, type, step);
    const seen = this.shape(input);
    if (seen !== null) throw new Mismatch('null', gotWords(seen)).within(step);
    return null;
  }

  private part(input: unknown, type: ValueType, step: string): WitValue {
    try {
      return this.value(input, type);
    } catch (error) {
      throw within(error, step);
    }
  }
}
