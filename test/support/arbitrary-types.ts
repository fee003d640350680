import fc from 'fast-check';
import type { Param, PrimitiveKind, ValueType } from '../../runtime/component/types.ts';
import { emptyRecord, type WitValue } from '../../runtime/value/index.ts';

/** A type and one value of it. */
export interface TypeAndValue {
  readonly type: ValueType;
  readonly value: WitValue;
}

export interface ParamsAndValues {
  readonly params: readonly Param[];
  readonly values: readonly WitValue[];
}

const PRIMITIVES: readonly PrimitiveKind[] = [
  'bool',
  's8',
  'u8',
  's16',
  'u16',
  's32',
  'u32',
  's64',
  'u64',
  'f32',
  'f64',
  'char',
  'string',
];

/** Kebab-case names, among them those that plain JavaScript objects already answer to. */
const arbName = fc.oneof(
  { weight: 4, arbitrary: fc.stringMatching(/^[a-z][a-z0-9]{0,3}(-[a-z0-9]{1,3})?$/) },
  { weight: 1, arbitrary: fc.constantFrom('constructor', 'value', 'tag', 'some', 'ok', 'err', 'float', 'length') },
);
const arbNames = (minLength: number, maxLength: number): fc.Arbitrary<string[]> =>
  // jco's names have no hyphens: `k-7` and `k7` would be one field there.
  fc.uniqueArray(arbName, { minLength, maxLength, selector: (name) => name.replaceAll('-', '').toLowerCase() });

/** Few names, so that different types of one name meet in one document. */
const arbTypeName = fc.option(fc.record({ name: fc.constantFrom('pod', 'rule', 'mode') }), { nil: undefined, freq: 3 });
const named = (arb: fc.Arbitrary<ValueType>): fc.Arbitrary<ValueType> =>
  fc.tuple(arb, arbTypeName).map(([type, typeName]) => (typeName === undefined ? type : { ...type, typeName }));

const zip = (names: readonly string[], types: readonly ValueType[]): Param[] =>
  names.map((name, index) => ({ name, type: types[index % types.length]! }));

/**
 * Types of every kind that data can stand for, at most four levels deep, with empty records and tuples among them.
 */
export function arbType(): fc.Arbitrary<ValueType> {
  return fc.letrec<{ type: ValueType }>((tie) => {
    const some = fc.array(tie('type'), { minLength: 1, maxLength: 4, depthIdentifier: 'types' });
    const optional = fc.option(tie('type'), { nil: undefined });
    const primitive = fc.constantFrom(...PRIMITIVES).map((kind): ValueType => ({ kind }));
    const compounds: fc.Arbitrary<ValueType>[] = [
      fc.record({ kind: fc.constant('list' as const), element: tie('type') }),
      fc.constant<ValueType>({ kind: 'list', element: { kind: 'u8' } }),
      fc.tuple(arbNames(0, 4), some).map(([names, types]): ValueType => ({ kind: 'record', fields: zip(names, types) })),
      fc.array(tie('type'), { maxLength: 3, depthIdentifier: 'types' }).map((items): ValueType => ({ kind: 'tuple', items })),
      fc.tuple(arbNames(1, 4), fc.array(optional, { minLength: 4, maxLength: 4 })).map(variantOf),
      arbNames(1, 5).map((names): ValueType => ({ kind: 'enum', names })),
      arbNames(0, 18).map((names): ValueType => ({ kind: 'flags', names })),
      fc.record({ kind: fc.constant('option' as const), some: tie('type') }),
      fc.tuple(optional, optional).map(resultOf),
    ];
    return { type: fc.oneof({ maxDepth: 4, depthIdentifier: 'types' }, primitive, ...compounds.map(named)) };
  }).type;
}

function variantOf([names, types]: [string[], (ValueType | undefined)[]]): ValueType {
  const cases = names.map((name, index) => {
    const type = types[index];
    return type === undefined ? { name } : { name, type };
  });
  return { kind: 'variant', cases };
}

function resultOf([ok, err]: [ValueType | undefined, ValueType | undefined]): ValueType {
  return { kind: 'result', ...(ok && { ok }), ...(err && { err }) };
}

/** A random type with a random value of it. */
export function arbTypeAndValue(): fc.Arbitrary<TypeAndValue> {
  return arbType().chain((type) => arbValue(type).map((value) => ({ type, value })));
}

/** Zero to three parameters with their values. */
export function arbParamsAndValues(): fc.Arbitrary<ParamsAndValues> {
  return fc.tuple(arbNames(0, 3), fc.array(arbType(), { minLength: 1, maxLength: 3 })).chain(([names, types]) => {
    const params = zip(names, types);
    return fc.tuple(...params.map((param) => arbValue(param.type))).map((values) => ({ params, values }));
  });
}

const arbChar = fc.string({ unit: 'binary', minLength: 1, maxLength: 1 });
const arbText = fc.oneof(fc.string({ unit: 'binary', maxLength: 8 }), fc.string({ minLength: 20, maxLength: 120 }));
const arbWide = (min: bigint, max: bigint): fc.Arbitrary<bigint> =>
  fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(min, max, 0n, 2n ** 53n - 1n, 2n ** 53n));

const SCALARS: Readonly<Record<PrimitiveKind, fc.Arbitrary<WitValue>>> = {
  bool: fc.boolean(),
  s8: fc.integer({ min: -128, max: 127 }),
  u8: fc.integer({ min: 0, max: 255 }),
  s16: fc.integer({ min: -32768, max: 32767 }),
  u16: fc.integer({ min: 0, max: 65535 }),
  s32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  u32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  s64: arbWide(-(2n ** 63n), 2n ** 63n - 1n),
  u64: arbWide(0n, 2n ** 64n - 1n),
  f32: fc.float(),
  f64: fc.double(),
  char: arbChar,
  string: arbText,
};

/** Values of one type, in the form that `WitValue` documents. */
export function arbValue(type: ValueType): fc.Arbitrary<WitValue> {
  switch (type.kind) {
    case 'list':
      return type.element.kind === 'u8' ? fc.uint8Array({ maxLength: 9 }) : fc.array(arbValue(type.element), { maxLength: 4 });
    case 'record':
      return fc.tuple(...type.fields.map((field) => arbValue(field.type))).map((values) => {
        const record = emptyRecord();
        for (const [index, field] of type.fields.entries()) record[field.name] = values[index]!;
        return record;
      });
    case 'tuple':
      return fc.tuple(...type.items.map(arbValue));
    case 'variant':
      return fc.oneof(...type.cases.map((item) => arbCase(item.name, item.type)));
    case 'enum':
      return fc.constantFrom(...type.names);
    case 'flags':
      return fc.subarray([...type.names]);
    case 'option':
      return fc.option(arbValue(type.some).map((some): WitValue => ({ some })));
    case 'result':
      return fc.oneof(
        arbPayload(type.ok).map((ok): WitValue => ({ ok })),
        arbPayload(type.err).map((err): WitValue => ({ err })),
      );
    case 'own':
    case 'borrow':
    case 'unsupported':
      throw new Error(`no values of kind ${type.kind}`);
    default:
      return SCALARS[type.kind];
  }
}

function arbCase(tag: string, type: ValueType | undefined): fc.Arbitrary<WitValue> {
  return type === undefined ? fc.constant({ tag }) : arbValue(type).map((value): WitValue => ({ tag, value }));
}

function arbPayload(type: ValueType | undefined): fc.Arbitrary<WitValue> {
  return type === undefined ? fc.constant(null) : arbValue(type);
}
