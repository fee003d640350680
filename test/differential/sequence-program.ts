import fc from 'fast-check';
import type { ValueType } from '../../runtime/component/types.ts';
import type { WitValue } from '../../runtime/value/index.ts';
import { arbDeepValue, arbEncoding, arbNumber, arbWitType, pick } from './arbitrary.ts';
import type { Encoding } from './assembly.ts';
import { has, joinsToI64 } from './spec-reasons.ts';

/*
 * A random little program of host calls: which functions the host has, which of them the guest calls with what, and what
 * the host answers.
 */

/** Where a host function is: in one of two interfaces, or at the root of the world. */
export const PLACES = ['test:diff/first', 'test:diff/second', ''] as const;

export interface ProgramFunction {
  readonly place: (typeof PLACES)[number];
  readonly name: string;
  readonly params: readonly ValueType[];
  readonly result: ValueType | undefined;
}

export interface Step {
  /** Index of a function of the program. */
  readonly func: number;
  readonly args: readonly WitValue[];
  /** `undefined` for functions without result, `broken` when the host throws an error that is no value. */
  readonly answer: WitValue | undefined | typeof BROKEN;
}

/** Stands for a host function that fails. */
export const BROKEN = Symbol('broken');

export interface Program {
  readonly seed: number;
  readonly encoding: Encoding;
  readonly dirty: boolean;
  readonly functions: readonly ProgramFunction[];
  readonly steps: readonly Step[];
}

const FUNCTIONS_MAX = 4;
const STEPS_MAX = 8;

/** jco stops a program at the first value that it takes wrongly, so most programs have none of those. */
const arbCarried = fc.oneof(
  { weight: 15, arbitrary: arbWitType().filter((type) => !has(type, joinsToI64)) },
  { weight: 1, arbitrary: arbWitType() },
);

/** Functions of a few numbers: bindings may have a way of their own for them. */
const arbScalarFunction = fc.record({
  place: fc.constantFrom(...PLACES),
  params: fc.array(arbNumber, { maxLength: 3 }),
  result: fc.option(arbNumber, { nil: undefined }),
});

const arbAnyFunction = fc.record({
  place: fc.constantFrom(...PLACES),
  params: fc.array(arbCarried, { maxLength: 3 }),
  result: fc.option(arbCarried, { nil: undefined, freq: 5 }),
});

export function program(seed: number): Program {
  const [guest] = pick(
    fc.record({
      encoding: arbEncoding,
      dirty: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
      functions: fc.array(fc.oneof({ weight: 2, arbitrary: arbAnyFunction }, { weight: 1, arbitrary: arbScalarFunction }), {
        minLength: 1,
        maxLength: FUNCTIONS_MAX,
      }),
    }),
    seed,
    1,
  );
  const functions = guest!.functions.map((one, at) => ({ ...one, name: `call-${'abcd'[at]}` }));
  const [steps] = pick(fc.array(arbStep(functions), { minLength: 1, maxLength: STEPS_MAX }), seed, 1);
  return { ...guest!, seed, functions, steps: steps! };
}

function arbStep(functions: readonly ProgramFunction[]): fc.Arbitrary<Step> {
  return fc.nat({ max: functions.length - 1 }).chain((func) => {
    const { params, result } = functions[func]!;
    const answer = result === undefined ? fc.constant(undefined) : arbDeepValue(result);
    return fc.record({
      func: fc.constant(func),
      args: fc.tuple(...params.map(arbDeepValue)),
      answer: fc.oneof({ weight: 30, arbitrary: answer }, { weight: 1, arbitrary: fc.constant(BROKEN) }),
    });
  });
}
