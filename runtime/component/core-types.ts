/*
 * Types of core WebAssembly, as far as components depend on them: function bodies are the engine's to check.
 */

/** Core types that component-level values travel as. */
export type CoreNumber = 'i32' | 'i64' | 'f32' | 'f64';

/** A core value type by its name; reference types as `funcref`. */
export type CoreValueType = string;

/** A core function's signature. Equal signatures are one object; see `CoreFuncTypes`. */
export interface CoreFuncType {
  readonly params: readonly CoreValueType[];
  readonly results: readonly CoreValueType[];
}

/** Size of a memory (in pages) or a table (in elements), with what else its type says beside its elements. */
export interface CoreLimits {
  readonly min: number;
  readonly max?: number;
  readonly isShared: boolean;
  readonly is64: boolean;
  /** Logarithm of the bytes of a memory's page; 16 for all but custom page sizes. */
  readonly pageBits: number;
}

/** The type of an item that a core module imports or exports. */
export type CoreExtern =
  | { readonly kind: 'func'; readonly type: CoreFuncType }
  | { readonly kind: 'tag'; readonly type: CoreFuncType }
  | { readonly kind: 'table'; readonly element: CoreValueType; readonly limits: CoreLimits }
  | { readonly kind: 'memory'; readonly limits: CoreLimits }
  | { readonly kind: 'global'; readonly type: CoreValueType; readonly mutable: boolean };

/** What a core instance exports. */
export type CoreInstanceType = ReadonlyMap<string, CoreExtern>;

export interface CoreModuleType {
  /** By module name, then by field name. */
  readonly imports: ReadonlyMap<string, ReadonlyMap<string, CoreExtern>>;
  readonly exports: CoreInstanceType;
  /** Number of imports and exports: what a comparison costs. */
  readonly size: number;
}

/** An entry of a core type index space. */
export type CoreType =
  | { readonly kind: 'func'; readonly type: CoreFuncType }
  | { readonly kind: 'module'; readonly type: CoreModuleType };

/** Makes core function types: one object for one signature, so that equality is identity. */
export class CoreFuncTypes {
  readonly #known = new Map<string, CoreFuncType>();

  of(params: readonly CoreValueType[], results: readonly CoreValueType[]): CoreFuncType {
    const key = `${params.join()}>${results.join()}`;
    let type = this.#known.get(key);
    if (type === undefined) {
      type = { params, results };
      this.#known.set(key, type);
    }
    return type;
  }
}

/** A signature for messages, such as `(i32, i32) -> (i64)`. */
export function describeCoreFunc({ params, results }: CoreFuncType): string {
  return `(${listOf(params)}) -> (${listOf(results)})`;
}

function listOf(types: readonly CoreValueType[]): string {
  return types.length > 20 ? `${types.slice(0, 20).join(', ')}, …` : types.join(', ');
}
