import { partsOf } from '../../component/type-space.ts';
import type { FunctionType, ValueType } from '../../component/types.ts';

/** True when a signature has a type of this kind anywhere in it. */
export function contains(type: FunctionType, kind: ValueType['kind']): boolean {
  const seen = new Set<ValueType>();
  const within = (part: ValueType): boolean => {
    if (seen.has(part)) return false;
    seen.add(part);
    return part.kind === kind || partsOf(part).some(within);
  };
  return type.params.some((param) => within(param.type)) || (type.result !== undefined && within(type.result));
}
