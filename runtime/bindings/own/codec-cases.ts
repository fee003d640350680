import type { ValueType } from '../../component/types.ts';
import { flagsSlots } from '../../value/codec-cases.ts';
import type { Abi } from './abi.ts';
import type { CoreType, CoreValue, FlatValues, Layout, ValueCodec } from './codec.ts';
import { discriminantSize, flagsSize, payloadOffset, payloadsOf } from './layout.ts';
import { loadWord, storeWord } from './memory-words.ts';
import { mismatch } from './scalars.ts';
import { type CaseForm, type CaseType, type FlagsForm, indexByName } from './shape.ts';
import { abiTrap } from './trap.ts';

/*
 * Codecs of the types whose values choose between names or cases. Source: CanonicalABI.md, `load_variant`, `store_variant`,
 * `lift_flat_variant`, `lower_flat_variant` and those of flags.
 */

type Names = Extract<ValueType, { kind: 'enum' | 'flags' }>;

function noCase(): Error {
  return abiTrap('a variant has the number of a case that does not exist');
}

/** Enums are their names, in every shape. */
export function enumCodec(type: Names, layout: Layout): ValueCodec {
  const { names } = type;
  const size = discriminantSize(names.length);
  const indexes = indexByName(names);
  const nameOf = (index: number): string => {
    const name = names[index];
    if (name === undefined) throw noCase();
    return name;
  };
  const indexOf = (value: unknown): number => {
    const index = indexes.get(value);
    if (index === undefined) throw mismatch(type, value);
    return index;
  };
  return {
    layout,
    load: (abi, pointer) => nameOf(loadWord(abi, pointer, size)),
    store: (abi, pointer, value) => storeWord(abi, pointer, size, indexOf(value)),
    lift: (_abi, flat) => nameOf((flat.values[flat.at++] as number) >>> 0),
    lower: (_abi, flat, value) => {
      flat.values[flat.at++] = indexOf(value);
    },
  };
}

/** Bits beyond the names are ignored, as the specification does. */
export function flagsCodec(type: Names, layout: Layout, form: FlagsForm): ValueCodec {
  const size = flagsSize(type.names.length);
  // What is made for flags grows with the names, which one element or field of the budget is not meant for.
  const charged = flagsSlots(type.names.length);
  const make = (abi: Abi, bits: number): unknown => {
    abi.budget.chargeElements(charged);
    return form.make(bits);
  };
  const bitsOf = (value: unknown): number => {
    const bits = form.bitsOf(value);
    if (bits === undefined) throw mismatch(type, value);
    return bits;
  };
  return {
    layout,
    load: (abi, pointer) => make(abi, loadWord(abi, pointer, size)),
    store: (abi, pointer, value) => storeWord(abi, pointer, size, bitsOf(value)),
    lift: (abi, flat) => make(abi, flat.values[flat.at++] as number), // its core type is i32
    lower: (_abi, flat, value) => {
      flat.values[flat.at++] = bitsOf(value);
    },
  };
}

/** One case: its payload's codec, and what its core values must become between its own core types and those of all cases. */
interface CaseCodec {
  readonly payload: ValueCodec | undefined;
  readonly coercions: readonly Coercion[];
  /** Elements to charge for the payload. */
  readonly charged: number;
}

/** Codec of a variant, option or result. @param payloads - codecs of its cases; undefined for those without a payload. */
export function caseCodec(
  type: CaseType,
  layout: Layout,
  payloads: readonly (ValueCodec | undefined)[],
  form: CaseForm,
): ValueCodec {
  const types = payloadsOf(type)!; // those of a variant, option or result are known
  const joined = layout.flat.slice(1);
  const cases = payloads.map((payload, index) => caseOf(payload, types[index], joined));
  const { load, store } = casesInMemory(type, payloadOffset(types), cases, form);
  const { lift, lower } = casesInFlat(type, joined, cases, form);
  return { layout, load, store, lift, lower };
}

function casesInMemory(
  type: CaseType,
  offset: number,
  cases: readonly CaseCodec[],
  form: CaseForm,
): Pick<ValueCodec, 'load' | 'store'> {
  const size = discriminantSize(cases.length);
  return {
    load: (abi, pointer) => {
      const index = loadWord(abi, pointer, size);
      const { payload, charged } = caseAt(cases, index);
      if (payload === undefined) return form.make(index, undefined);
      abi.budget.chargeElements(charged);
      return form.make(index, payload.load(abi, pointer + offset));
    },
    store: (abi, pointer, value) => {
      const index = indexOfCase(type, form, value);
      storeWord(abi, pointer, size, index);
      cases[index]!.payload?.store(abi, pointer + offset, form.payloadOf(value, index));
    },
  };
}

/** @param joined - core types that the payloads of all cases share. */
function casesInFlat(
  type: CaseType,
  joined: readonly CoreType[],
  cases: readonly CaseCodec[],
  form: CaseForm,
): Pick<ValueCodec, 'lift' | 'lower'> {
  return {
    lift: (abi, flat) => {
      const index = (flat.values[flat.at++] as number) >>> 0;
      const { payload, charged, coercions } = caseAt(cases, index);
      const end = flat.at + joined.length;
      let value: unknown;
      if (payload !== undefined) {
        abi.budget.chargeElements(charged);
        for (const { slot, lift } of coercions) replace(flat, flat.at + slot, lift);
        value = payload.lift(abi, flat);
      }
      flat.at = end;
      return form.make(index, value);
    },
    lower: (abi, flat, value) => {
      const index = indexOfCase(type, form, value);
      const { payload, coercions } = cases[index]!;
      flat.values[flat.at++] = index;
      const start = flat.at;
      payload?.lower(abi, flat, form.payloadOf(value, index));
      for (const { slot, lower } of coercions) replace(flat, start + slot, lower);
      for (let slot = flat.at - start; slot < joined.length; slot++) flat.values[start + slot] = joined[slot] === 'i64' ? 0n : 0;
      flat.at = start + joined.length;
    },
  };
}

/** @throws CodedError `trap/abi` */
function caseAt(cases: readonly CaseCodec[], index: number): CaseCodec {
  const item = cases[index];
  if (item === undefined) throw noCase();
  return item;
}

/** @throws CodedError `capability/failed` */
function indexOfCase(type: CaseType, form: CaseForm, value: unknown): number {
  const index = form.indexOf(value);
  if (index === -1) throw mismatch(type, value);
  return index;
}

function caseOf(payload: ValueCodec | undefined, type: ValueType | undefined, joined: readonly CoreType[]): CaseCodec {
  const coercions: Coercion[] = [];
  payload?.layout.flat.forEach((own, slot) => {
    const shared = joined[slot];
    if (shared !== undefined && own !== shared) coercions.push({ slot, ...COERCIONS[`${own} in ${shared}`]! });
  });
  // Cases inside each other are objects inside each other, without a list element or field between that would be charged.
  const nested = type?.kind === 'variant' || type?.kind === 'option' || type?.kind === 'result';
  return { payload, coercions, charged: nested ? 1 : 0 };
}

function replace(flat: FlatValues, at: number, convert: (value: never) => CoreValue): void {
  flat.values[at] = convert(flat.values[at] as never); // a value of the core type that the conversion is for
}

/** Carries the bits of one core type in a wider one. */
interface Coercion {
  /** Index among the core values of the payload. */
  readonly slot: number;
  lift(value: never): CoreValue;
  lower(value: never): CoreValue;
}

const scratch = new DataView(new ArrayBuffer(8));

function f32Bits(value: number): number {
  scratch.setFloat32(0, value);
  return scratch.getInt32(0);
}

function f32Of(bits: number): number {
  scratch.setInt32(0, bits);
  return scratch.getFloat32(0);
}

function f64Bits(value: number): bigint {
  scratch.setFloat64(0, value);
  return scratch.getBigInt64(0);
}

function f64Of(bits: bigint): number {
  scratch.setBigInt64(0, bits);
  return scratch.getFloat64(0);
}

const wrap = (value: bigint): number => Number(BigInt.asIntN(32, value));
const extend = (value: number): bigint => BigInt(value >>> 0);

/** By own and joined type: all pairs that `joinCore` makes. */
const COERCIONS: Readonly<Record<string, Omit<Coercion, 'slot'>>> = {
  'f32 in i32': { lift: f32Of, lower: f32Bits },
  'i32 in i64': { lift: wrap, lower: extend },
  'f32 in i64': { lift: (value: bigint) => f32Of(wrap(value)), lower: (value: number) => extend(f32Bits(value)) },
  'f64 in i64': { lift: f64Of, lower: f64Bits },
};
