import { CodedError } from '../../../runtime/index.ts';
import type { ParameterValue } from '../parameter-value.ts';
import { conditionError } from './condition-error.ts';
import type { ConditionMode, ConditionScope } from './condition-scope.ts';
import { compileHostname } from './hostname.ts';
import { lengthAtLeast, lengthAtMost } from './length.ts';
import { compilePattern, type Dot } from './pattern.ts';
import { compileOneOf, isAtLeast, isAtMost, type Scalar } from './scalar.ts';
import { compileWithin } from './within.ts';

/** Conditions on the values of one parameter path; all that are given must hold. */
export interface ValueConditionSpec {
  readonly equals?: Scalar | undefined;
  readonly oneOf?: readonly Scalar[] | undefined;
  readonly notOneOf?: readonly Scalar[] | undefined;
  /** RE2, for the whole text: `compilePattern`. In mode `restrict`, and for `deny`, `.` takes line breaks as well. */
  readonly pattern?: string | undefined;
  /** At least one of these matches the whole text. */
  readonly patterns?: readonly string[] | undefined;
  /** Mode `allow` only: none of these matches the whole text. */
  readonly deny?: readonly string[] | undefined;
  readonly min?: number | bigint | undefined;
  readonly max?: number | bigint | undefined;
  /** Code points of text, bytes of `list<u8>`, items of other lists. */
  readonly lengthMin?: number | undefined;
  readonly lengthMax?: number | undefined;
  /** A folder that the text, as a path, stays in: `compileWithin`. */
  readonly within?: string | undefined;
  /** Hosts of which the text, a hostname or http(s) URL, names one: `compileHostname`. */
  readonly hostname?: readonly string[] | undefined;
  /** Mode `allow` only: the path may select nothing. */
  readonly optional?: boolean | undefined;
}

export type ConditionName = Exclude<keyof ValueConditionSpec, 'optional'>;

export interface ValueCondition {
  /**
   * The first condition that the value does not satisfy; undefined when it satisfies all. A condition never coerces: text is no number, a list of one
   * text no text, null nothing. NaN satisfies no condition on numbers.
   *
   * @throws CodedError `denied/condition-failed` in mode `restrict`, for a value that a condition cannot judge.
   * Thread: any. Pure. Allocates nothing but for paths and unusual hostnames.
   */
  failure(value: ParameterValue, scope: ConditionScope): ConditionName | undefined;
}

/** True or false: whether the value satisfies it; undefined: it is no value that this can be said of. */
type Test = (value: ParameterValue, scope: ConditionScope) => boolean | undefined;

/** In the order in which they are asked: the cheap ones first. */
const COMPILERS: {
  readonly [Name in ConditionName]: (given: NonNullable<ValueConditionSpec[Name]>, mode: ConditionMode) => Test;
} = {
  equals: (scalar) => compileOneOf([scalar]),
  oneOf: (scalars) => compileOneOf(notEmpty(scalars, 'oneOf')),
  notOneOf: (scalars) => negated(compileOneOf(notEmpty(scalars, 'notOneOf'))),
  min: (bound) => isAtLeast(bound),
  max: (bound) => isAtMost(bound),
  lengthMin: (bound) => lengthAtLeast(bound),
  lengthMax: (bound) => lengthAtMost(bound),
  pattern: (text, mode) => anyPattern([text], dotIn(mode)),
  patterns: (texts, mode) => anyPattern(notEmpty(texts, 'patterns'), dotIn(mode)),
  deny: (texts, mode) => {
    if (mode === 'allow') return negated(anyPattern(notEmpty(texts, 'deny'), 'any'));
    throw new CodedError(
      'usage/invalid-argument',
      '`deny` is for rules that allow; a rule that forbids has `pattern` or `patterns`',
    );
  },
  within: (base) => onText(compileWithin(base)),
  hostname: (entries, mode) => onText(compileHostname(entries, mode)),
};

/** @throws CodedError `usage/invalid-argument` for a spec that cannot be used: an empty list, a bad pattern, no condition at all. */
export function compileValueCondition(spec: ValueConditionSpec, mode: ConditionMode): ValueCondition {
  const tests: { readonly name: ConditionName; readonly test: Test }[] = [];
  for (const name of Object.keys(COMPILERS) as ConditionName[]) {
    const given = spec[name];
    // Each row of the table takes what the spec has under its own name.
    if (given !== undefined)
      tests.push({ name, test: (COMPILERS[name] as (given: unknown, mode: ConditionMode) => Test)(given, mode) });
  }
  checkWhole(spec);
  const unjudged = mode === 'allow' ? (name: ConditionName): ConditionName => name : refuseToJudge;
  return Object.freeze({
    failure: (value: ParameterValue, scope: ConditionScope): ConditionName | undefined => {
      for (const { name, test } of tests) {
        const satisfied = test(value, scope);
        if (satisfied === true) continue;
        return satisfied === false ? name : unjudged(name);
      }
      return undefined;
    },
  });
}

function refuseToJudge(name: ConditionName): never {
  throw conditionError(name, 'the value is none that it can judge');
}

function notEmpty<Item>(items: readonly Item[], name: string): readonly Item[] {
  if (items.length > 0) return items;
  throw new CodedError(
    'usage/invalid-argument',
    `expected one or more values for \`${name}\`, got an empty list, which nothing can match`,
  );
}

/**
 * What can be wrong with a spec although each of its conditions is right.
 *
 * @throws CodedError `usage/invalid-argument` for no condition at all, and for a range that nothing is in.
 */
export function checkWhole(spec: ValueConditionSpec): void {
  const { min, max, lengthMin, lengthMax } = spec;
  if (!Object.keys(COMPILERS).some((name) => spec[name as ConditionName] !== undefined)) {
    throw new CodedError('usage/invalid-argument', 'expected one or more conditions, got none');
  }
  if (min !== undefined && max !== undefined && min > max) {
    throw new CodedError('usage/invalid-argument', `expected a \`max\` of at least ${min}, got ${max}`);
  }
  if (lengthMin !== undefined && lengthMax !== undefined && lengthMin > lengthMax) {
    throw new CodedError('usage/invalid-argument', `expected a \`lengthMax\` of at least ${lengthMin}, got ${lengthMax}`);
  }
}

function negated(test: Test): Test {
  return (value, scope) => {
    const satisfied = test(value, scope);
    return satisfied === undefined ? undefined : !satisfied;
  };
}

function onText(test: (text: string, scope: ConditionScope) => boolean | undefined): Test {
  return (value, scope) => (typeof value === 'string' ? test(value, scope) : undefined);
}

const dotIn = (mode: ConditionMode): Dot => (mode === 'allow' ? 'line' : 'any');

function anyPattern(texts: readonly string[], dot: Dot): Test {
  const patterns = texts.map((text) => compilePattern(text, dot));
  const valueCharsMax = Math.min(...patterns.map((pattern) => pattern.valueCharsMax));
  return (value) => {
    if (typeof value !== 'string' || value.length > valueCharsMax) return undefined;
    for (const pattern of patterns) if (pattern.matches(value)) return true;
    return false;
  };
}
