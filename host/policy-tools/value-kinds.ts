import type { ValueType } from '../../runtime/index.ts';
import type { ConditionName, Scalar, ValueConditionSpec } from '../policy/conditions/index.ts';

/** What a condition can be asked about. Of a record, none can. */
export type ValueKind = 'text' | 'number' | 'boolean' | 'bytes' | 'list' | 'record';

const TEXT: readonly ValueKind[] = ['text'];
const NUMBER: readonly ValueKind[] = ['number'];
const LENGTH: readonly ValueKind[] = ['text', 'bytes', 'list'];

/** The kinds of values that each condition of a spec can hold for, in the order of the table of conditions. */
export function kindsOf(spec: ValueConditionSpec): readonly (readonly [ConditionName, readonly ValueKind[]])[] {
  const { equals, oneOf, notOneOf } = spec;
  const all: readonly (readonly [ConditionName, readonly ValueKind[] | undefined])[] = [
    ['equals', equals === undefined ? undefined : kindsOfScalars([equals])],
    ['oneOf', oneOf && kindsOfScalars(oneOf)],
    // Of another kind than all that it lists, a value is none that it can judge.
    ['notOneOf', notOneOf && kindsOfScalars(notOneOf)],
    ['min', spec.min === undefined ? undefined : NUMBER],
    ['max', spec.max === undefined ? undefined : NUMBER],
    ['lengthMin', spec.lengthMin === undefined ? undefined : LENGTH],
    ['lengthMax', spec.lengthMax === undefined ? undefined : LENGTH],
    ...(['pattern', 'patterns', 'deny', 'within', 'hostname'] as const).map(
      (name) => [name, spec[name] === undefined ? undefined : TEXT] as const,
    ),
  ];
  return all.flatMap(([name, kinds]) => (kinds === undefined ? [] : [[name, kinds] as const]));
}

function kindsOfScalars(scalars: readonly Scalar[]): readonly ValueKind[] {
  return [...new Set(scalars.map(kindOfScalar))];
}

export function kindOfScalar(scalar: Scalar): ValueKind {
  if (typeof scalar === 'string') return 'text';
  return typeof scalar === 'boolean' ? 'boolean' : 'number';
}

/** What a value of the type is to a condition; an option is its value. */
export function kindOfType(type: ValueType): ValueKind {
  switch (type.kind) {
    case 'string':
    case 'char':
    case 'enum':
      return 'text';
    case 'bool':
      return 'boolean';
    case 'list':
      return type.element.kind === 'u8' ? 'bytes' : 'list';
    case 'flags':
    case 'tuple':
      return 'list';
    case 'option':
      return kindOfType(type.some);
    case 'record':
    case 'variant':
    case 'result':
    case 'own':
    case 'borrow':
    case 'unsupported':
      return 'record';
    default:
      return 'number';
  }
}

/** Smallest and largest integer of a type; undefined for floats and all else. */
export function integerRange({ kind }: ValueType): readonly [bigint, bigint] | undefined {
  const match = /^([su])(8|16|32|64)$/.exec(kind);
  if (match === null) return undefined;
  const bits = BigInt(match[2]!);
  return match[1] === 'u' ? [0n, (1n << bits) - 1n] : [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
}
