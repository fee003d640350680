import { article, malformed, unsupported } from './reader.ts';
import type { Instance, Template, TypeDefinition } from './type-space.ts';
import type { FunctionType } from './types.ts';

/** What an entry of the core type index space is; the decoder needs no more of it. */
export type CoreType = 'func' | 'module';

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

export type Sort = CoreSort | 'func' | 'value' | 'type' | 'component' | 'instance';

/**
 * The index spaces of one component, component type or instance type, filled as its definitions are read. Spaces whose
 * entries have no type that the WIT tree needs are counters.
 */
export class Scope {
  readonly kind: 'component' | 'component type' | 'instance type';
  readonly parent: Scope | undefined;
  readonly level: number;
  readonly types: TypeDefinition[] = [];
  readonly coreTypes: CoreType[] = [];
  readonly funcs: FunctionType[] = [];
  readonly instances: Instance[] = [];
  readonly components: Template[] = [];
  readonly #counts = new Map<Sort, number>();

  constructor(kind: Scope['kind'], parent: Scope | undefined) {
    this.kind = kind;
    this.parent = parent;
    this.level = parent === undefined ? 1 : parent.level + 1;
  }

  /** Adds an entry to a space that only counts. */
  add(sort: Sort): void {
    this.#counts.set(sort, this.size(sort) + 1);
  }

  size(sort: Sort): number {
    switch (sort) {
      case 'type':
        return this.types.length;
      case 'core type':
        return this.coreTypes.length;
      case 'func':
        return this.funcs.length;
      case 'instance':
        return this.instances.length;
      case 'component':
        return this.components.length;
      default:
        return this.#counts.get(sort) ?? 0;
    }
  }

  /** Throws `component/malformed` when the space has no such entry yet. */
  check(sort: Sort, index: number, offset: number): void {
    const size = this.size(sort);
    if (index >= size) throw malformed(offset, `expected ${article(sort)} index below ${size}, found ${index}`);
  }

  type(index: number, offset: number): TypeDefinition {
    return this.#entry(this.types, 'type', index, offset);
  }

  func(index: number, offset: number): FunctionType {
    return this.#entry(this.funcs, 'func', index, offset);
  }

  instance(index: number, offset: number): Instance {
    return this.#entry(this.instances, 'instance', index, offset);
  }

  component(index: number, offset: number): Template {
    return this.#entry(this.components, 'component', index, offset);
  }

  /** The scope `count` levels further out. */
  outward(count: number, offset: number): Scope {
    if (count >= this.level) throw malformed(offset, `expected at most ${this.level - 1} enclosing scopes, found ${count}`);
    return count === 0 || this.parent === undefined ? this : this.parent.outward(count - 1, offset);
  }

  #entry<T>(entries: readonly T[], sort: Sort, index: number, offset: number): T {
    const entry = entries[index];
    if (entry === undefined) throw malformed(offset, `expected ${article(sort)} index below ${entries.length}, found ${index}`);
    return entry;
  }
}

/** The sort of an opcode pair; `core` reads the second byte. */
export function sortOf(first: number, core: () => number, offset: number): Sort {
  const sort = first === 0 ? CORE_SORTS[core()] : SORTS[first];
  if (sort === undefined) throw malformed(offset, 'expected a sort');
  if (sort === 'core tag') throw unsupported(offset, 'a core tag at component level');
  return sort;
}
