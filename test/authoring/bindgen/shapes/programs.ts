import fc from 'fast-check';
import type { WitValue } from '../../../../runtime/value/index.ts';
import { pick } from '../../../differential/arbitrary.ts';

/*
 * Programs for the world's `driver`: steps over resources, whose slots are filled, emptied and asked in any order.
 */

const STEPS_MAX = 25;

const arbSlot = fc.nat({ max: 7 });
const arbNumber = fc.oneof(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.constantFrom(0, -1, 2 ** 31 - 1, -(2 ** 31)));
const arbName = fc.oneof(
  fc.constantFrom('', 'Zo\u00eb', '\u{1f600}', 'x'.repeat(300)),
  fc.string({ unit: 'binary', maxLength: 6 }),
);
const arbSlots = fc.uniqueArray(arbSlot, { maxLength: 4 });

const step = (tag: string, value: fc.Arbitrary<WitValue>): fc.Arbitrary<WitValue> => value.map((of) => ({ tag, value: of }));

/** What makes a thing comes more often: else most slots would be empty. */
const arbStep: fc.Arbitrary<WitValue> = fc.oneof(
  { weight: 4, arbitrary: step('create', arbNumber) },
  { weight: 2, arbitrary: step('make', arbName) },
  { weight: 2, arbitrary: step('checked', arbNumber) },
  { weight: 2, arbitrary: step('many', fc.array(arbNumber, { maxLength: 4 })) },
  { weight: 1, arbitrary: step('value', arbSlot) },
  { weight: 1, arbitrary: step('add', fc.tuple(arbSlot, arbNumber)) },
  { weight: 1, arbitrary: step('name', arbSlot) },
  { weight: 1, arbitrary: step('rename', fc.tuple(arbSlot, arbName)) },
  { weight: 1, arbitrary: step('absorb', fc.tuple(arbSlot, arbSlot)) },
  { weight: 1, arbitrary: step('compare', fc.tuple(arbSlot, arbSlot)) },
  { weight: 1, arbitrary: step('split', arbSlot) },
  { weight: 1, arbitrary: step('total', arbSlots) },
  { weight: 1, arbitrary: step('reverse', arbSlots) },
  { weight: 1, arbitrary: step('maybe', fc.option(arbSlot.map((some): WitValue => ({ some })))) },
  { weight: 1, arbitrary: step('attempt', fc.tuple(arbSlot, fc.boolean())) },
  { weight: 1, arbitrary: step('hold', fc.tuple(arbSlot, arbName)) },
  { weight: 1, arbitrary: step('look', arbSlot) },
  { weight: 1, arbitrary: step('drop', arbSlot) },
  { weight: 1, arbitrary: fc.constant<WitValue>({ tag: 'live' }) },
);

/** One program that takes every step, with things in all its slots. */
const EVERY_STEP: readonly WitValue[] = [
  { tag: 'many', value: [1, 2, 3, 4, 5, 6] },
  { tag: 'create', value: 100 },
  { tag: 'make', value: 'Zo\u00eb \u{1f600}' },
  { tag: 'checked', value: 5 },
  { tag: 'checked', value: -5 },
  { tag: 'value', value: 7 },
  { tag: 'add', value: [0, 2 ** 31 - 1] },
  { tag: 'name', value: 7 },
  { tag: 'rename', value: [0, 'renamed'] },
  { tag: 'name', value: 0 },
  { tag: 'absorb', value: [0, 1] },
  { tag: 'compare', value: [2, 3] },
  { tag: 'compare', value: [3, 3] },
  { tag: 'split', value: 6 },
  { tag: 'total', value: [0, 2, 3] },
  { tag: 'reverse', value: [2, 3, 4] },
  { tag: 'maybe', value: null },
  { tag: 'maybe', value: { some: 5 } },
  { tag: 'attempt', value: [6, true] },
  { tag: 'attempt', value: [7, false] },
  { tag: 'hold', value: [8, 'label'] },
  { tag: 'look', value: 0 },
  { tag: 'drop', value: 0 },
  { tag: 'value', value: 0 },
  { tag: 'live' },
];

/** Programs of a seed, as values of `list<step>`; the first takes every step. */
export function programs(seed: number, count: number): readonly (readonly WitValue[])[] {
  return [EVERY_STEP, [], ...pick(fc.array(arbStep, { maxLength: STEPS_MAX }), seed, count)];
}
