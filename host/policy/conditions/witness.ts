import { isCoded } from '../../../runtime/index.ts';
import type { ParameterValue } from '../parameter-value.ts';
import type { ConditionMode, ConditionScope } from './condition-scope.ts';
import { patternSamples } from './pattern-sample.ts';
import type { Scalar } from './scalar.ts';
import { compileTextDemand, type TextDemandSpec } from './text-demand.ts';
import { compileWindow, type WindowSpec } from './time-window.ts';
import { compileValueCondition, type ValueConditionSpec } from './value-condition.ts';

/** Longest text or list that is made for a length. */
const LENGTH_MAX = 10_000;
const MINUTE_MS = 60_000;
/** A window opens each week, but for a week whose clocks skip it. */
const WINDOW_MINUTES = 15 * 1_440;

/**
 * Values that satisfy all conditions of a spec, each verified: texts first, then integers, floats, booleans, bytes and lists, so that who asks can take
 * the first that fits a type. That there are none does not say that none exists.
 *
 * @param spec - one that compiles in this mode.
 */
export function* valueWitnesses(
  spec: ValueConditionSpec,
  scope: ConditionScope,
  mode: ConditionMode = 'allow',
): Generator<ParameterValue, void, void> {
  const condition = compileValueCondition(spec, mode);
  for (const value of candidates(spec, scope)) {
    if (holds(() => condition.failure(value, scope) === undefined)) yield value;
  }
}

/** The first of `valueWitnesses`. */
export function valueWitness(
  spec: ValueConditionSpec,
  scope: ConditionScope,
  mode: ConditionMode = 'allow',
): ParameterValue | undefined {
  for (const value of valueWitnesses(spec, scope, mode)) return value;
  return undefined;
}

/** Some instant inside the window at or after `fromMs`, verified; undefined when there is none within 15 days. */
export function windowWitness(spec: WindowSpec, fromMs: number): number | undefined {
  const window = compileWindow(spec);
  // By the quarter of an hour first: most windows are longer, and a week has 10,080 minutes.
  for (const step of [15, 1]) {
    for (let minutes = 0; minutes <= WINDOW_MINUTES; minutes += step) {
      if (window.contains(fromMs + minutes * MINUTE_MS)) return fromMs + minutes * MINUTE_MS;
    }
  }
  return undefined;
}

/** Some text that the demand accepts, verified; undefined when none was found. */
export function textWitness(spec: TextDemandSpec): string | undefined {
  const demand = compileTextDemand(spec);
  const { lengthMin = 1, lengthMax = LENGTH_MAX, pattern } = spec === 'required' ? {} : spec;
  const texts =
    pattern === undefined
      ? filled([20, lengthMin, lengthMax], 'because-it-is-asked-for-') // without spaces, which do not count at an end
      : patternSamples(pattern, [lengthMin, lengthMax]);
  for (const text of texts) {
    if (holds(() => demand(text) === undefined)) return text;
  }
  return undefined;
}

/** A value that cannot be judged is no witness. */
function holds(test: () => boolean): boolean {
  try {
    return test();
  } catch (error) {
    if (isCoded(error)) return false;
    throw error;
  }
}

function* candidates(spec: ValueConditionSpec, scope: ConditionScope): Generator<ParameterValue, void, void> {
  const named = spec.equals === undefined ? spec.oneOf : [spec.equals];
  if (named !== undefined) {
    for (const scalar of named) yield* spellings(scalar);
    return;
  }
  yield* texts(spec, scope);
  if (spec.min !== undefined || spec.max !== undefined || spec.notOneOf !== undefined) yield* numbers(spec);
  yield true;
  yield false;
  for (const length of lengthsOf(spec)) yield new Uint8Array(length);
  for (const length of lengthsOf(spec)) yield Array<ParameterValue>(length).fill('a');
}

/** An integer may be a parameter of either kind. */
function* spellings(scalar: Scalar): Generator<ParameterValue, void, void> {
  if (typeof scalar === 'number' && Number.isSafeInteger(scalar)) yield BigInt(scalar);
  yield scalar;
  if (typeof scalar === 'bigint' && BigInt(Number(scalar)) === scalar) yield Number(scalar);
}

function lengthsOf({ lengthMin, lengthMax }: ValueConditionSpec): readonly number[] {
  return [lengthMin, lengthMax, 1, 0].filter((length): length is number => length !== undefined && length <= LENGTH_MAX);
}

function* texts(spec: ValueConditionSpec, scope: ConditionScope): Generator<string, void, void> {
  const lengths = lengthsOf(spec);
  const matching = [spec.pattern ?? [], spec.patterns ?? []].flat();
  for (const pattern of matching) yield* patternSamples(pattern, lengths);
  for (const entry of spec.hostname ?? []) {
    const host = entry.replace(/^\*\./, 'host.');
    yield host;
    yield `https://${host}/`;
    yield `https://${host}/a/b`;
  }
  if (spec.within !== undefined) yield* pathsIn(spec.within, scope, lengths);
  yield* filled([1, ...lengths, 5, 20], 'a');
  yield* filled([1, ...lengths, 5, 20], 'text-0/1 ');
  // One more than are left out: at least one of these is none of them.
  for (let index = 0; index <= (spec.notOneOf?.length ?? 0); index++) yield `a${index}`;
}

function* pathsIn(base: string, scope: ConditionScope, lengths: readonly number[]): Generator<string, void, void> {
  const folder = base
    .replaceAll('{agent}', scope.agent)
    .replaceAll('{session}', scope.session ?? '')
    .replace(/^\/$/, '');
  yield `${folder}/a`;
  yield folder;
  for (const name of ['a.txt', 'a.json', 'a/b']) yield `${folder}/${name}`;
  for (const length of lengths) yield `${folder}/${'a'.repeat(Math.max(1, length - folder.length - 1))}`;
}

function* filled(lengths: readonly number[], text: string): Generator<string, void, void> {
  for (const length of lengths) {
    if (length <= LENGTH_MAX) yield text.repeat(Math.ceil(length / text.length)).slice(0, length);
  }
}

function* numbers({ min, max, notOneOf }: ValueConditionSpec): Generator<number | bigint, void, void> {
  const taken = notOneOf?.length ?? 0;
  const low = min ?? (max === undefined ? 0n : undefined);
  const starts = low === undefined ? [] : [ceiling(low)];
  for (const start of starts) for (let step = 0; step <= taken; step++) yield start + BigInt(step);
  if (max !== undefined) for (let step = 0; step <= taken; step++) yield floor(max) - BigInt(step);
  const floats = [min, max, 0.5].filter((bound) => bound !== undefined).map(Number);
  yield* floats;
  if (min !== undefined && max !== undefined) yield (Number(min) + Number(max)) / 2;
}

const ceiling = (bound: number | bigint): bigint => (typeof bound === 'bigint' ? bound : BigInt(Math.ceil(bound)));
const floor = (bound: number | bigint): bigint => (typeof bound === 'bigint' ? bound : BigInt(Math.floor(bound)));
