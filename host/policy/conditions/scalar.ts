import { CodedError } from '../../../runtime/index.ts';
import type { ParameterValue } from '../parameter-value.ts';

/** What a value can be compared with. Numbers and bigints compare by value, exactly. */
export type Scalar = string | number | bigint | boolean;

/** True or false; undefined for a value of another type than all that it is compared with, and for NaN. */
type ScalarTest = (value: ParameterValue) => boolean | undefined;

const isNumber = (value: ParameterValue): value is number | bigint => typeof value === 'bigint' || typeof value === 'number';

// JavaScript compares a bigint with a number by their mathematical values: 5n < 5.5, and 2n ** 53n + 1n is not 2 ** 53.
const isNaNumber = (value: number | bigint): boolean => typeof value === 'number' && Number.isNaN(value);

/** @param scalars - one or more; text, numbers and booleans may stand side by side. */
export function compileOneOf(scalars: readonly Scalar[]): ScalarTest {
  const texts = new Set(scalars.filter((scalar) => typeof scalar === 'string'));
  const booleans = new Set(scalars.filter((scalar) => typeof scalar === 'boolean'));
  const numbers = scalars.filter((scalar) => isNumber(scalar)).map(checkedNumber);
  return (value) => {
    if (typeof value === 'string') return texts.size === 0 ? undefined : texts.has(value);
    if (typeof value === 'boolean') return booleans.size === 0 ? undefined : booleans.has(value);
    if (!isNumber(value) || numbers.length === 0 || isNaNumber(value)) return undefined;
    for (const number of numbers) if (number <= value && number >= value) return true;
    return false;
  };
}

/** Integers and floats of at least this much. */
export function isAtLeast(bound: number | bigint): ScalarTest {
  const min = checkedNumber(bound);
  return (value) => (isNumber(value) && !isNaNumber(value) ? value >= min : undefined);
}

/** Integers and floats of at most this much. */
export function isAtMost(bound: number | bigint): ScalarTest {
  const max = checkedNumber(bound);
  return (value) => (isNumber(value) && !isNaNumber(value) ? value <= max : undefined);
}

/** An integer becomes a bigint: two bigints compare faster than a bigint and a number, and most parameters are integers. */
function checkedNumber(number: number | bigint): number | bigint {
  if (typeof number === 'bigint') return number;
  if (Number.isInteger(number) && !Number.isSafeInteger(number)) {
    throw new CodedError(
      'usage/invalid-argument',
      'expected a number that is exact; above 2^53 - 1 it is a bigint, in quotes where YAML is',
    );
  }
  if (!Number.isFinite(number)) throw new CodedError('usage/invalid-argument', `expected a finite number, got ${number}`);
  return Number.isInteger(number) ? BigInt(number) : number;
}
