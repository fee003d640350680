import type { ComponentBody } from './definitions.ts';

/**
 * The WIT type tree of a component, as plain immutable data.
 *
 * Everything that must know the shape of a value (JSON conversion, JSON Schema, canonical bytes, bindings, `inspect`)
 * reads this tree and nothing else. Names are WIT's own kebab-case names, exactly as the binary has them.
 *
 * Nodes are shared: two fields of one type point to the same object, so a tree is a DAG and a walk over it without
 * a memo can be exponential. The decoder refuses trees whose *expanded* size passes `typeNodesMax`
 * (see `decode.ts`), so consumers may walk without one.
 */

/** A type that has no parts. Integers are exact: `s64` and `u64` are `bigint` in `WitValue`. */
export type PrimitiveKind =
  | 'bool'
  | 's8'
  | 'u8'
  | 's16'
  | 'u16'
  | 's32'
  | 'u32'
  | 's64'
  | 'u64'
  | 'f32'
  | 'f64'
  | 'char'
  | 'string';

/** Where a named type was declared, for messages and schema titles; absent on anonymous types. */
export interface TypeName {
  /** WIT name of the type, for example `pod-summary`. */
  readonly name: string;
  /** Interface that declares it, for example `cellblock:samples/redact@0.1.0`; absent for types of the world itself. */
  readonly interface?: string;
}

interface Named {
  readonly typeName?: TypeName;
  /** Doc comment from the binary's `package-docs`, trimmed; absent where it carries none. */
  readonly docs?: string;
}

export interface Field {
  readonly name: string;
  readonly type: ValueType;
  readonly docs?: string;
}

export interface Case {
  readonly name: string;
  /** Absent when the case has no payload. */
  readonly type?: ValueType;
  readonly docs?: string;
}

/** A resource type; compared by identity. `name` is for messages only. */
export interface ResourceType {
  readonly kind: 'resource';
  readonly name: string;
  readonly interface?: string;
  readonly docs?: string;
}

export type ValueType =
  | ({ readonly kind: PrimitiveKind } & Named)
  /** `isMap`: written `map<K, V>` in WIT; its values are those of a list of pairs, but it is a type of its own. */
  | ({ readonly kind: 'list'; readonly element: ValueType; readonly isMap?: true } & Named)
  | ({ readonly kind: 'record'; readonly fields: readonly Field[] } & Named)
  | ({ readonly kind: 'tuple'; readonly items: readonly ValueType[] } & Named)
  | ({ readonly kind: 'variant'; readonly cases: readonly Case[] } & Named)
  | ({ readonly kind: 'enum'; readonly names: readonly string[] } & Named)
  | ({ readonly kind: 'flags'; readonly names: readonly string[] } & Named)
  | ({ readonly kind: 'option'; readonly some: ValueType } & Named)
  | ({ readonly kind: 'result'; readonly ok?: ValueType; readonly err?: ValueType } & Named)
  | ({ readonly kind: 'own' | 'borrow'; readonly resource: ResourceType } & Named)
  /**
   * A type of the asynchronous ABI (`future`, `stream`, `error-context`) or another newer one: named, never callable.
   * `parts`: the types inside, absent when none; `length`: items of a `fixed-length list`.
   */
  | ({
      readonly kind: 'unsupported';
      readonly what: string;
      readonly parts?: readonly ValueType[];
      readonly length?: number;
    } & Named);

export interface Param {
  readonly name: string;
  readonly type: ValueType;
}

/** A function's signature. `isAsync` functions are listed and never callable. */
export interface FunctionType {
  readonly params: readonly Param[];
  /** Absent when the function returns nothing. */
  readonly result?: ValueType;
  readonly isAsync: boolean;
}

/** One item of an interface (an imported or exported component instance). */
export type InterfaceItem =
  | { readonly kind: 'func'; readonly name: string; readonly type: FunctionType; readonly docs?: string }
  | { readonly kind: 'type'; readonly name: string; readonly type: ValueType; readonly docs?: string }
  | { readonly kind: 'resource'; readonly name: string; readonly resource: ResourceType; readonly docs?: string };

/**
 * One import or export of the component, by its name in the world.
 *
 * `interface`: `name` is an interface id such as `wasi:io/streams@0.2.3`, or a plain label for an inline interface.
 */
export type WorldItem =
  | { readonly kind: 'interface'; readonly name: string; readonly items: readonly InterfaceItem[]; readonly docs?: string }
  | { readonly kind: 'func'; readonly name: string; readonly type: FunctionType; readonly docs?: string }
  | { readonly kind: 'type'; readonly name: string; readonly type: ValueType; readonly docs?: string }
  | { readonly kind: 'resource'; readonly name: string; readonly resource: ResourceType; readonly docs?: string }
  | { readonly kind: 'module' | 'component' | 'value'; readonly name: string };

/** One core module inside the component: a view, not a copy, of the component's bytes. */
export interface CoreModule {
  /** Nesting path of the components that hold it (indices), outermost first; `[]` for the root component. */
  readonly path: readonly number[];
  readonly bytes: Uint8Array;
  /** Offset in bytes from the start of the component. */
  readonly offset: number;
}

/** What the decoder knows of a component. Immutable; `bytes` is kept and must not be changed by the caller. */
export interface Component {
  readonly bytes: Uint8Array;
  /** `sha256:` and 64 lower-case hex digits, over the whole binary. */
  readonly digest: string;
  readonly imports: readonly WorldItem[];
  readonly exports: readonly WorldItem[];
  /** What instantiating it does, definition by definition; bodies of nested components are inside. Identities of types are its own. */
  readonly body: ComponentBody;
  readonly coreModules: readonly CoreModule[];
  /** Number of components nested in it, at every depth. */
  readonly nestedComponents: number;
  /** Doc comment of the world, where the binary carries one. */
  readonly docs?: string;
  /**
   * Present when a built-in, option or lifted function of the asynchronous ABI occurs anywhere in it, even where all
   * exported functions are synchronous: whoever links it must know that ABI or refuse.
   */
  readonly asyncAbi?: true;
  /**
   * Present when jco must not be used on it: why, as a sentence without final stop, about the first reason found. Our own
   * bindings have no trouble with it.
   */
  readonly jcoRefuses?: string;
}
