import type { ValueType } from '../component/types.ts';

type NamedParts = Extract<ValueType, { kind: 'enum' | 'flags' | 'variant' }>;

const indices = new WeakMap<NamedParts, ReadonlyMap<string, number>>();

/** Index of each name of an enum or flags, or of each case of a variant. Built once for each type. */
export function nameIndex(type: NamedParts): ReadonlyMap<string, number> {
  const known = indices.get(type);
  if (known !== undefined) return known;
  const names = type.kind === 'variant' ? type.cases.map((item) => item.name) : type.names;
  const index = new Map(names.map((name, position) => [name, position]));
  indices.set(type, index);
  return index;
}
