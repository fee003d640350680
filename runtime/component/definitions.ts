import type { CoreSort, Sort } from './scope.ts';
import type { Extern, Instance } from './type-space.ts';
import type { FunctionType, ResourceType } from './types.ts';

/*
 * What instantiating a component does, as the binary says it: one definition after the other, each with indices into the
 * index spaces that the definitions before it have filled. Whoever links a component follows them in order.
 *
 * Definitions of types are left out: functions carry their types, and resources are compared by identity of
 * `ResourceType`. The identities are those of the body's own scope; instantiating one body twice makes each resource that
 * it defines twice, which is for the linker to keep apart (`Definition` of kind `instantiate` says how).
 */

/** A component's own code: the root's, or that of a component nested in it. */
export interface ComponentBody {
  readonly definitions: readonly Definition[];
}

export type StringEncoding = 'utf8' | 'utf16' | 'latin1+utf16';

/** Options of a canonical definition; indices are into the body's core function and core memory spaces. */
export interface CanonOptions {
  readonly encoding: StringEncoding;
  readonly memory?: number;
  readonly realloc?: number;
  readonly postReturn?: number;
  /** Present when the definition uses the asynchronous ABI. */
  readonly async?: true;
}

/** An item by its index, under the name that it is given or exported as. */
export interface NamedItem {
  readonly name: string;
  readonly sort: Sort;
  readonly index: number;
  /** What it is, in the types of the scope that names it. */
  readonly extern: Extern;
}

export interface CoreItem {
  readonly name: string;
  readonly sort: CoreSort;
  readonly index: number;
}

/** In the comments: which index space it adds an entry to. */
export type Definition =
  /** core module. `module` is an index of `Component.coreModules`. */
  | { readonly kind: 'core-module'; readonly module: number }
  /** component. */
  | { readonly kind: 'component'; readonly body: ComponentBody }
  /** core instance: a module with an instance for each name that it imports from. */
  | {
      readonly kind: 'core-instantiate';
      readonly module: number;
      readonly args: readonly { readonly name: string; readonly instance: number }[];
    }
  /** core instance: a bag of items. */
  | { readonly kind: 'core-exports'; readonly items: readonly CoreItem[] }
  /**
   * instance. `instance` is its type as this scope sees it: a resource that the component defines has one identity in the
   * component's body and another one here, and the two are paired by the names under which both views have it.
   */
  | {
      readonly kind: 'instantiate';
      readonly component: number;
      readonly args: readonly NamedItem[];
      readonly instance: Instance;
    }
  /** instance: a bag of items. */
  | { readonly kind: 'exports'; readonly items: readonly NamedItem[] }
  /** the space of `sort`, which is never a type. */
  | { readonly kind: 'alias-export'; readonly sort: Sort; readonly instance: number; readonly name: string }
  /** the space of `sort`. */
  | { readonly kind: 'alias-core-export'; readonly sort: CoreSort; readonly instance: number; readonly name: string }
  /** the space of `sort`: a component or core module of the body `count` levels further out, which is never 0 levels for types. */
  | {
      readonly kind: 'alias-outer';
      readonly sort: 'component' | 'core module';
      readonly count: number;
      readonly index: number;
    }
  /** none that matters here. `dtor` is a core function. */
  | { readonly kind: 'resource'; readonly resource: ResourceType; readonly dtor?: number }
  /** func. */
  | { readonly kind: 'lift'; readonly coreFunc: number; readonly options: CanonOptions; readonly type: FunctionType }
  /** core func. `type` is that of the function at `func`. */
  | { readonly kind: 'lower'; readonly func: number; readonly options: CanonOptions; readonly type: FunctionType }
  /** core func. */
  | { readonly kind: 'resource-builtin'; readonly name: 'new' | 'drop' | 'rep'; readonly resource: ResourceType }
  /**
   * core func: a built-in of the asynchronous ABI or of threads, by its name in the text format, such as `task.return`.
   * `slot` is that of `context.get` and `context.set`.
   */
  | { readonly kind: 'async-builtin'; readonly name: string; readonly slot?: 0 | 1 }
  /** the space of the extern's sort (none that matters here for types). */
  | { readonly kind: 'import'; readonly name: string; readonly extern: Extern }
  /** the space of `sort` again, under the exported type. */
  | { readonly kind: 'export'; readonly name: string; readonly sort: Sort; readonly index: number; readonly extern: Extern }
  /** A start function or a value definition: whoever links may refuse it. */
  | { readonly kind: 'start' | 'value' };
