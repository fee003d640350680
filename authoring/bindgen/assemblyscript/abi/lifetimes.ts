import { partsOf, type ValueType } from '../../../../runtime/index.ts';
import type { Model } from '../model.ts';
import { typedArrayOf } from './lists.ts';

/** Whether lowering a value takes scratch memory, which must be freed. */
export function needsScratch(type: ValueType): boolean {
  if (type.kind === 'list') return typedArrayOf(type) === undefined;
  return partsOf(type).some(needsScratch);
}

/** Whether the host follows pointers when it lifts a value, so that something must stay alive until then. */
export function hasPointers(type: ValueType): boolean {
  return type.kind === 'string' || type.kind === 'list' || partsOf(type).some(hasPointers);
}

/** Whether a value may hold a handle that the caller lends to us. */
export function hasBorrows(type: ValueType, model: Model): boolean {
  if (type.kind === 'borrow') return !model.isExported(type.resource);
  return partsOf(type).some((part) => hasBorrows(part, model));
}
