import fc from 'fast-check';
import type { PrimitiveKind, ValueType } from '../../runtime/component/types.ts';
import type { WitValue } from '../../runtime/value/index.ts';
import { arbValue } from '../support/arbitrary-types.ts';
import type { Encoding } from './assembly.ts';
import { flatten } from './spec-layout.ts';

/*
 * Types that WIT can declare, with more of what the canonical ABI finds hard than `arbitrary-types.ts` has: variants whose
 * payloads join to another core type, flags up to 32, enums that need two bytes, several parameters.
 */

/** Payloads that others are joined with. */
const WIDE: readonly ValueType[] = [
  { kind: 'u64' },
  { kind: 'f64' },
  { kind: 'tuple', items: [{ kind: 'f32' }, { kind: 's64' }] },
];

const NUMBERS: readonly PrimitiveKind[] = ['bool', 's8', 'u8', 's16', 'u16', 's32', 'u32', 's64', 'u64', 'f32', 'f64', 'char'];

/** Kebab-case names, among them those that plain JavaScript objects already answer to. */
const arbName = fc.oneof(
  { weight: 4, arbitrary: fc.stringMatching(/^[a-z][a-z0-9]{0,3}(-[a-z][a-z0-9]{0,2})?$/) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('constructor', 'value', 'tag', 'val', 'some', 'none', 'ok', 'err', 'length', 'to-string'),
  },
);
/** jco has them in camelCase: two names that are one there would be one field. */
const arbNames = (minLength: number, maxLength: number): fc.Arbitrary<string[]> =>
  fc.uniqueArray(arbName, { minLength, maxLength, selector: (name) => name.replaceAll('-', '').toLowerCase() });

/** `n0`, `n1`, ..: for more names than are worth making up. */
const counted = (count: number): string[] => Array.from({ length: count }, (_, at) => `n${at}`);

export const arbNumber: fc.Arbitrary<ValueType> = fc.constantFrom(...NUMBERS).map((kind): ValueType => ({ kind }));
const arbLeaf: fc.Arbitrary<ValueType> = fc.oneof(
  { weight: 4, arbitrary: arbNumber },
  { weight: 2, arbitrary: fc.constant<ValueType>({ kind: 'string' }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(1, 3, 8, 9, 16, 17, 31, 32).map((size): ValueType => ({ kind: 'flags', names: counted(size) })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(1, 2, 255, 256, 257, 300).map((size): ValueType => ({ kind: 'enum', names: counted(size) })),
  },
  { weight: 1, arbitrary: arbNames(1, 5).map((names): ValueType => ({ kind: 'enum', names })) },
  { weight: 1, arbitrary: arbNames(1, 5).map((names): ValueType => ({ kind: 'flags', names })) },
  { weight: 2, arbitrary: arbNumber.map((element): ValueType => ({ kind: 'list', element })) },
);

/** At most three levels of compounds over a leaf. */
export function arbWitType(): fc.Arbitrary<ValueType> {
  return fc.letrec<{ type: ValueType }>((tie) => {
    const parts = (minLength: number, maxLength: number) =>
      fc.array(tie('type'), { minLength, maxLength, depthIdentifier: 'differential' });
    const payload = fc.option(tie('type'), { nil: undefined, freq: 4 });
    const scalarPayload = fc.option(arbNumber, { nil: undefined, freq: 4 });
    return {
      type: fc.oneof(
        { maxDepth: 3, depthIdentifier: 'differential' },
        arbLeaf,
        tie('type').map((element): ValueType => ({ kind: 'list', element })),
        parts(1, 4).chain((types) => arbNames(types.length, types.length).map((names) => recordOf(names, types))),
        parts(1, 4).map((items): ValueType => ({ kind: 'tuple', items })),
        fc.array(payload, { minLength: 1, maxLength: 4 }).chain(arbVariant),
        fc.array(scalarPayload, { minLength: 2, maxLength: 6 }).chain(arbVariant),
        fc.tuple(arbNumber, fc.constantFrom(...WIDE), tie('type')).chain(arbVariant),
        tie('type').map((some): ValueType => ({ kind: 'option', some })),
        tie('type').map((some): ValueType => ({ kind: 'option', some: { kind: 'option', some } })),
        fc.tuple(payload, payload).map(([ok, err]): ValueType => ({ kind: 'result', ...(ok && { ok }), ...(err && { err }) })),
      ),
    };
  }).type;
}

function recordOf(names: readonly string[], types: readonly ValueType[]): ValueType {
  return { kind: 'record', fields: types.map((type, at) => ({ name: names[at]!, type })) };
}

function arbVariant(payloads: readonly (ValueType | undefined)[]): fc.Arbitrary<ValueType> {
  return arbNames(payloads.length, payloads.length).map((names) => ({
    kind: 'variant',
    cases: payloads.map((type, at) => (type === undefined ? { name: names[at]! } : { name: names[at]!, type })),
  }));
}

/** A type, and numbers beside it until they are about as many core values as can be passed without memory. */
const arbBrimful = fc
  .tuple(arbWitType(), fc.constantFrom(15, 16, 17), fc.array(arbNumber, { minLength: 17, maxLength: 17 }))
  .map(([type, total, numbers]): ValueType[] => {
    const items = numbers.slice(0, Math.max(1, total - flatten(type).length));
    return [type, { kind: 'tuple', items }];
  });

/** One to three parameter types, most often one. */
export function arbParamTypes(): fc.Arbitrary<ValueType[]> {
  return fc.oneof(
    { weight: 1, arbitrary: arbBrimful },
    { weight: 4, arbitrary: fc.tuple(arbWitType()) },
    { weight: 2, arbitrary: fc.array(arbWitType(), { minLength: 2, maxLength: 3 }) },
  );
}

export const arbEncoding: fc.Arbitrary<Encoding> = fc.oneof(
  { weight: 5, arbitrary: fc.constant('utf8' as const) },
  { weight: 4, arbitrary: fc.constant('utf16' as const) },
  { weight: 1, arbitrary: fc.constant('latin1+utf16' as const) },
);

/** Lists of numbers come longer than `arbValue` has them: bindings copy those in one piece. */
export function arbDeepValue(type: ValueType): fc.Arbitrary<WitValue> {
  if (type.kind !== 'list' || !(NUMBERS as readonly string[]).includes(type.element.kind)) return arbValue(type);
  if (type.element.kind === 'u8') return fc.uint8Array({ maxLength: 300 });
  return fc.array(arbValue(type.element), { maxLength: 40 });
}

/** The first value of an arbitrary for a seed: the same one every time. */
export function pick<T>(arbitrary: fc.Arbitrary<T>, seed: number, count: number): T[] {
  return fc.sample(arbitrary, { seed, numRuns: count });
}
