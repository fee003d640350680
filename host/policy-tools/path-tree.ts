import type { ConditionMode, PathStep, ValueConditionSpec } from '../policy/conditions/index.ts';

/** What one path asks of a place. */
export interface Leaf {
  readonly path: string;
  readonly spec: ValueConditionSpec;
  readonly mode: ConditionMode;
}

/** All that paths say of one place and what is below it. */
export class PathNode {
  readonly leaves: Leaf[] = [];
  readonly fields = new Map<string, PathNode>();
  readonly items = new Map<number, PathNode>();
  every: PathNode | undefined;

  add(steps: readonly PathStep[], leaf: Leaf, apart: boolean): void {
    const [step, ...rest] = steps;
    if (step === undefined) this.leaves.push(leaf);
    else this.#child(step, apart && leaf.mode === 'restrict').add(rest, leaf, apart);
  }

  #child(step: PathStep, ownItem: boolean): PathNode {
    if (step.kind === 'field') return childOf(this.fields, step.name);
    if (step.kind === 'index') return childOf(this.items, step.index);
    if (ownItem) return childOf(this.items, Math.max(-1, ...this.items.keys()) + 1);
    this.every ??= new PathNode();
    return this.every;
  }

  get hasItems(): boolean {
    return this.every !== undefined || this.items.size > 0;
  }

  /** Every path here and below may select nothing. */
  isOptional(): boolean {
    const below = [...this.fields.values(), ...this.items.values(), ...(this.every === undefined ? [] : [this.every])];
    return this.leaves.every(({ spec }) => spec.optional === true) && below.every((node) => node.isOptional());
  }
}

export function childOf<Key>(map: Map<Key, PathNode>, key: Key): PathNode {
  const node = map.get(key) ?? new PathNode();
  map.set(key, node);
  return node;
}

/** Of a place that no path leads to. */
export const NOTHING_SAID = new PathNode();

/** What is said of one item by its number and by `[*]`. */
export function merged(one: PathNode | undefined, every: PathNode | undefined): PathNode {
  if (one === undefined || every === undefined) return one ?? every ?? NOTHING_SAID;
  const both = new PathNode();
  both.leaves.push(...one.leaves, ...every.leaves);
  for (const name of new Set([...one.fields.keys(), ...every.fields.keys()])) {
    both.fields.set(name, merged(one.fields.get(name), every.fields.get(name)));
  }
  for (const index of new Set([...one.items.keys(), ...every.items.keys()])) {
    both.items.set(index, merged(one.items.get(index), every.items.get(index)));
  }
  both.every = one.every === undefined && every.every === undefined ? undefined : merged(one.every, every.every);
  return both;
}
