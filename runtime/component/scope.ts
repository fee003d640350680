import type { CoreExtern, CoreInstanceType, CoreModuleType, CoreType } from './core-types.ts';
import type { Definition } from './definitions.ts';
import { article, malformed } from './reader.ts';
import type { Instance, Template, TypeDefinition, TypeSpace } from './type-space.ts';
import type { FunctionType, ResourceType, ValueType } from './types.ts';

/** The core sorts, by their opcode. */
export const CORE_SORTS: Readonly<Record<number, CoreSort>> = {
  0: 'core func',
  1: 'core table',
  2: 'core memory',
  3: 'core global',
  4: 'core tag',
  16: 'core type',
  17: 'core module',
  18: 'core instance',
};

export type CoreSort =
  | 'core func'
  | 'core table'
  | 'core memory'
  | 'core global'
  | 'core tag'
  | 'core type'
  | 'core module'
  | 'core instance';

/** The component sorts, by their opcode; `core` is 0x00 and followed by a core sort. */
export const SORTS: Readonly<Record<number, 'func' | 'value' | 'type' | 'component' | 'instance'>> = {
  1: 'func',
  2: 'value',
  3: 'type',
  4: 'component',
  5: 'instance',
};

/** Sorts of what core modules import and export. */
export type CoreItemSort = `core ${CoreExtern['kind']}`;

export type Sort = CoreSort | 'func' | 'value' | 'type' | 'component' | 'instance';

/** A value of a component; each must be used exactly once. */
export interface Value {
  readonly type: ValueType;
  used: boolean;
}

/** What each index space holds. */
interface Entries {
  'core func': CoreExtern & { kind: 'func' };
  'core table': CoreExtern & { kind: 'table' };
  'core memory': CoreExtern & { kind: 'memory' };
  'core global': CoreExtern & { kind: 'global' };
  'core tag': CoreExtern & { kind: 'tag' };
  'core type': CoreType;
  'core module': CoreModuleType;
  'core instance': CoreInstanceType;
  func: FunctionType;
  value: Value;
  type: TypeDefinition;
  component: Template;
  instance: Instance;
}

type Spaces = { readonly [S in Sort]: Entries[S][] };

/** The index spaces of one component, component type or instance type, filled as its definitions are read. */
export class Scope {
  readonly kind: 'component' | 'component type' | 'instance type';
  readonly parent: Scope | undefined;
  readonly space: TypeSpace;
  readonly level: number;
  /** Every type made inside has a birth of `start` or later. */
  readonly start: number;
  /** What the body of a component does, in the order of the binary. */
  readonly definitions: Definition[] = [];
  /** Resources that the component itself defines, so it knows their representation. */
  readonly ownResources = new Set<ResourceType>();
  readonly #spaces: Spaces = {
    'core func': [],
    'core table': [],
    'core memory': [],
    'core global': [],
    'core tag': [],
    'core type': [],
    'core module': [],
    'core instance': [],
    func: [],
    value: [],
    type: [],
    component: [],
    instance: [],
  };

  constructor(kind: Scope['kind'], parent: Scope | undefined, space: TypeSpace) {
    this.kind = kind;
    this.space = space;
    this.start = space.now();
    this.parent = parent;
    this.level = parent === undefined ? 1 : parent.level + 1;
  }

  add<S extends Sort>(sort: S, entry: Entries[S]): void {
    (this.#spaces[sort] as Entries[S][]).push(entry); // one sort, so one member of `Spaces`
  }

  /** Adds a core item to the space of its kind. */
  addCore(extern: CoreExtern): void {
    this.add<CoreItemSort>(`core ${extern.kind}`, extern as Entries[CoreItemSort]); // the kind says which
  }

  size(sort: Sort): number {
    return this.#spaces[sort].length;
  }

  /** The entry of an index. Throws `component/malformed` when the space has no such entry yet. */
  at<S extends Sort>(sort: S, index: number, offset: number): Entries[S] {
    const entries = this.#spaces[sort] as readonly Entries[S][]; // one sort, so one member of `Spaces`
    const entry = entries[index];
    if (entry === undefined) throw malformed(offset, `expected ${article(sort)} index below ${entries.length}, found ${index}`);
    return entry;
  }

  /** The values that no definition has used; see `Value`. */
  unusedValues(): number {
    return this.#spaces.value.filter((value) => !value.used).length;
  }

  /** The scope `count` levels further out. */
  outward(count: number, offset: number): Scope {
    if (count >= this.level) throw malformed(offset, `expected at most ${this.level - 1} enclosing scopes, found ${count}`);
    let scope: Scope = this;
    for (let left = count; left > 0 && scope.parent !== undefined; left--) scope = scope.parent;
    return scope;
  }

  /** Whether the way out to `outer` leaves a component. */
  leavesComponent(outer: Scope): boolean {
    for (let scope: Scope | undefined = this; scope !== undefined && scope !== outer; scope = scope.parent) {
      if (scope.kind === 'component') return true;
    }
    return false;
  }
}

/** The sort of an opcode pair; `core` reads the second byte. */
export function sortOf(first: number, core: () => number, offset: number): Sort {
  const sort = first === 0 ? CORE_SORTS[core()] : SORTS[first];
  if (sort === undefined) throw malformed(offset, 'expected a sort');
  return sort;
}
