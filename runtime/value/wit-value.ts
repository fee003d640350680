import { bareObject } from '../bare-object.ts';

/**
 * How a WIT value looks in JavaScript, on every side of this runtime. One shape for each type, no coercion:
 *
 * | WIT                    | WitValue                                                                       |
 * |------------------------|--------------------------------------------------------------------------------|
 * | bool                   | boolean                                                                        |
 * | s8 .. u32, f32, f64    | number                                                                         |
 * | s64, u64               | bigint                                                                         |
 * | char, string           | string (a char is one Unicode scalar value; no lone surrogates in either)      |
 * | list<u8>               | Uint8Array                                                                     |
 * | list<T>, tuple         | array                                                                          |
 * | map<K, V>              | array of arrays of two, as of a list<tuple<K, V>>                              |
 * | record                 | null-prototype object, every field present, keys are the WIT (kebab-case) names |
 * | variant                | `{tag, value?}`; `value` exactly when the case has a payload                   |
 * | enum                   | string                                                                         |
 * | flags                  | `readonly string[]` of the set names, in declaration order, none twice         |
 * | option<T>              | `null` for none; `{some: value}` for some (so nesting is never ambiguous)      |
 * | result<T, E>           | `{ok: value}` or `{err: value}`; `null` for an absent payload                  |
 * | own, borrow            | not representable: functions with handles in their signature are not callable  |
 */
export type WitValue =
  | boolean
  | number
  | bigint
  | string
  | null
  | Uint8Array
  | readonly WitValue[]
  | { readonly [field: string]: WitValue };

/** A record under construction: no prototype, so that a field called `constructor` is a field and nothing else. */
export type MutableRecord = { [field: string]: WitValue };

/** A fresh record without fields and without a prototype. */
export function emptyRecord(): MutableRecord {
  return bareObject();
}

/** True when the string has no lone surrogates. */
export function isWellFormed(text: string): boolean {
  // The method is in Node 20, but not in the ES2023 library that the compiler is told of.
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}
