import type { Abi } from './abi.ts';

/*
 * The shapes of code that carries values across the canonical ABI. Each is composed once for a type and used for all
 * instances: what belongs to one instance comes in as `Abi`.
 */

/** Core types of values that are not in memory. */
export type CoreType = 'i32' | 'i64' | 'f32' | 'f64';

/** A value as core wasm has it in JavaScript: i64 as bigint, all others as number (i32 signed or not). */
export type CoreValue = number | bigint;

/** Core values on their way, with the place of the next one. Reused: whoever fills it sets `at` to 0. */
export interface FlatValues {
  values: CoreValue[];
  at: number;
}

/** Size and place of values of a type. Pointers are 32 bits wide. Source: CanonicalABI.md, Alignment, Element Size, Flattening. */
export interface Layout {
  /** Bytes in memory; a multiple of `alignment`. */
  readonly size: number;
  readonly alignment: number;
  readonly flat: readonly CoreType[];
}

/** Carries JavaScript values of one type, in one shape (see `shape.ts`). */
export interface ValueCodec {
  readonly layout: Layout;
  /** Reads memory. The range `pointer`, `layout.size` was checked. @throws CodedError `trap/abi`, `limit/result`. */
  load(abi: Abi, pointer: number): unknown;
  /** Writes memory; may call the guest's `realloc`. The range was checked. @throws CodedError `trap/abi`, `capability/failed`. */
  store(abi: Abi, pointer: number, value: unknown): void;
  /** Takes its core values from `flat`, advancing `at`. */
  lift(abi: Abi, flat: FlatValues): unknown;
  /** Puts its core values into `flat` at `at`, advancing it. */
  lower(abi: Abi, flat: FlatValues, value: unknown): void;
}
