import { CodedError } from '../error.ts';

/**
 * Slots (list elements, record fields, tuple items, parameters, cases directly inside cases) that one value may have; default 1,048,576.
 *
 * Bounds memory and time where the size in bytes does not: a list of empty records takes no bytes at all. The bytes of
 * a `list<u8>` are not counted.
 */
export const SLOTS_MAX = 1024 * 1024;

/** @returns what is left. @throws CodedError `params/too-large` when less than nothing is left. */
export function charge(slotsLeft: number, slots: number): number {
  if (slots > slotsLeft) {
    throw new CodedError('params/too-large', 'the value has more elements than its limit', { data: { limit: 'elementsMax' } });
  }
  return slotsLeft - slots;
}
