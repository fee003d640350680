import type { ValueType } from '../../../../runtime/index.ts';
import { fieldNames } from '../declare-types.ts';

/** Types whose values have all of their parts at once. */
export type Product = ValueType & { kind: 'record' | 'tuple' };

/** A part of a record or tuple. */
export interface Member {
  readonly type: ValueType;
  /** Of the property of its class. */
  readonly name: string;
}

/** Parts of a record or tuple, in order: that of the constructor's parameters, too. */
export function membersOf(type: Product): Member[] {
  if (type.kind === 'tuple') return type.items.map((item, index) => ({ type: item, name: `v${index}` }));
  const names = fieldNames(type);
  return type.fields.map((field, index) => ({ type: field.type, name: names[index] ?? '' }));
}

/** An expression that makes a record or tuple, from expressions for its parts. */
export function construct(spelled: string, parts: readonly string[]): string {
  return `new ${spelled}(${parts.length === 0 ? '' : `\n${parts.map((part) => `  ${part},\n`).join('')}`})`;
}
