import type { ValueType } from '../../component/types.ts';
import { emptyRecord } from '../../value/wit-value.ts';
import { camelCase } from './host-names.ts';

/*
 * The two ways in which values look in JavaScript. A codec (`value-codec.ts`) knows where the parts of a value are in
 * memory; what is here knows how JavaScript has them.
 */

type OfKind<K extends ValueType['kind']> = Extract<ValueType, { kind: K }>;
export type CaseType = OfKind<'variant' | 'option' | 'result'>;
export type JsObject = { [key: string]: unknown };

/** How values of one variant, option or result look. Cases go by their index in the type: none 0, some 1; ok 0, err 1. */
export interface CaseForm {
  /** @param payload - not looked at when the case has none. */
  make(index: number, payload: unknown): unknown;
  /** @returns the case that a value of the host's is of; -1 when it is of none. */
  indexOf(value: unknown): number;
  /** @param value - one that `indexOf` found to be of a case with a payload. */
  payloadOf(value: unknown, index: number): unknown;
}

/** How values of one flags type look. */
export interface FlagsForm {
  /** @param bits - the first name is the lowest; higher bits than there are names are to be ignored. */
  make(bits: number): unknown;
  /** @returns undefined when the value is not of the type. */
  bitsOf(value: unknown): number | undefined;
}

/** One way for all types. */
export interface Shape {
  readonly name: 'wit' | 'jco';
  /** The key of a record's field. */
  fieldKey(witName: string): string;
  /** A record to be filled. */
  newRecord(): JsObject;
  /** Whether lists of all numeric types are typed arrays, and not just `list<u8>`. */
  readonly typedLists: boolean;
  caseForm(type: CaseType): CaseForm;
  flagsForm(names: readonly string[]): FlagsForm;
}

/** Values as `WitValue` documents them. */
export const witShape: Shape = {
  name: 'wit',
  fieldKey: (witName) => witName,
  newRecord: emptyRecord,
  typedLists: false,
  caseForm(type) {
    if (type.kind === 'option') return WIT_OPTION;
    return type.kind === 'result' ? witResult(type) : witVariant(type);
  },
  flagsForm: witFlags,
};

/**
 * Values as jco's glue has them, for host functions written against it: camelCase fields and flags, `{tag, val}` variants,
 * undefined for none, typed arrays for numeric lists. What it takes: null for none too; flags may miss, and are not set.
 */
export const jcoShape: Shape = {
  name: 'jco',
  fieldKey: camelCase,
  newRecord: () => ({}),
  typedLists: true,
  caseForm(type) {
    if (type.kind === 'variant') {
      return tagged(
        type.cases.map((item) => item.name),
        type.cases.map((item) => item.type !== undefined),
      );
    }
    if (type.kind === 'result') return tagged(['ok', 'err'], [true, true]);
    return isBoxed(type) ? tagged(['none', 'some'], [false, true]) : JCO_OPTION;
  },
  flagsForm: jcoFlags,
};

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as JsObject)[key] : undefined;
}

const WIT_OPTION: CaseForm = {
  make: (index, payload) => (index === 0 ? null : { some: payload }),
  indexOf: (value) => {
    if (value === null) return 0;
    return field(value, 'some') === undefined ? -1 : 1;
  },
  payloadOf: (value) => (value as JsObject).some,
};

function witResult(type: OfKind<'result'>): CaseForm {
  const okIsNull = type.ok === undefined;
  const errIsNull = type.err === undefined;
  return {
    make: (index, payload) => (index === 0 ? { ok: okIsNull ? null : payload } : { err: errIsNull ? null : payload }),
    indexOf: (value) => {
      const ok = field(value, 'ok');
      const err = field(value, 'err');
      if ((ok === undefined) === (err === undefined)) return -1;
      if (err === undefined) return okIsNull && ok !== null ? -1 : 0;
      return errIsNull && err !== null ? -1 : 1;
    },
    payloadOf: (value, index) => (index === 0 ? (value as JsObject).ok : (value as JsObject).err),
  };
}

function witVariant(type: OfKind<'variant'>): CaseForm {
  const tags = type.cases.map((item) => item.name);
  const filled = type.cases.map((item) => item.type !== undefined);
  const indexes = indexByName(tags);
  return {
    make: (index, payload) => (filled[index] ? { tag: tags[index], value: payload } : { tag: tags[index] }),
    indexOf: (value) => {
      const index = indexes.get(field(value, 'tag')) ?? -1;
      return index !== -1 && filled[index] === (field(value, 'value') === undefined) ? -1 : index;
    },
    payloadOf: (value) => (value as JsObject).value,
  };
}

const JCO_OPTION: CaseForm = {
  make: (index, payload) => (index === 0 ? undefined : payload),
  indexOf: (value) => (value === undefined || value === null ? 0 : 1),
  payloadOf: (value) => value,
};

/** jco writes `T | undefined` for `option<T>` unless `T` could itself be undefined. */
function isBoxed(type: OfKind<'option'>): boolean {
  return type.some.kind === 'option' && !isBoxed(type.some);
}

/** @param filled - which cases have a `val`; for those of a result without a payload it is undefined. */
function tagged(tags: readonly string[], filled: readonly boolean[]): CaseForm {
  const indexes = indexByName(tags);
  return {
    make: (index, payload) => (filled[index] ? { tag: tags[index], val: payload } : { tag: tags[index] }),
    indexOf: (value) => indexes.get(field(value, 'tag')) ?? -1,
    payloadOf: (value) => (value as JsObject).val,
  };
}

function witFlags(names: readonly string[]): FlagsForm {
  const indexes = indexByName(names);
  return {
    make: (bits) => {
      const set: string[] = [];
      for (let index = 0; index < names.length; index++) if ((bits >>> index) & 1) set.push(names[index]!);
      return set;
    },
    bitsOf: (value) => {
      if (!Array.isArray(value)) return undefined;
      let bits = 0;
      let last = -1;
      for (let at = 0; at < value.length; at++) {
        const index = indexes.get(value[at]);
        if (index === undefined || index <= last) return undefined;
        bits |= 1 << index;
        last = index;
      }
      return bits;
    },
  };
}

function jcoFlags(names: readonly string[]): FlagsForm {
  const keys = names.map(camelCase);
  return {
    make: (bits) => {
      const flags: JsObject = {};
      for (let index = 0; index < keys.length; index++) flags[keys[index]!] = ((bits >>> index) & 1) === 1;
      return flags;
    },
    bitsOf: (value) => {
      if (value === undefined || value === null) return 0;
      if (typeof value !== 'object') return undefined;
      let bits = 0;
      for (let index = 0; index < keys.length; index++) if ((value as JsObject)[keys[index]!]) bits |= 1 << index;
      return bits;
    },
  };
}

/** For lookups of what a host gave: any key may be asked for. */
export function indexByName(names: readonly string[]): ReadonlyMap<unknown, number> {
  return new Map(names.map((name, index) => [name, index]));
}
