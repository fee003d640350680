import { CodedError } from '../../../runtime/index.ts';
import type { ParameterRecord, ParameterValue } from '../parameter-value.ts';
import { conditionError } from './condition-error.ts';
import type { ConditionMode, ConditionScope } from './condition-scope.ts';
import { isRecord, type PathStep, parseParameterPath, stepInto } from './parameter-path.ts';
import { type ConditionName, compileValueCondition, type ValueCondition, type ValueConditionSpec } from './value-condition.ts';

/** Conditions by parameter path: the `parameters` of a rule. At least one path. */
export type ParameterConditionsSpec = Readonly<Record<string, ValueConditionSpec>>;

export interface ParameterFailure {
  /** The path as the policy writes it. */
  readonly path: string;
  /** `present`: the path, or a branch of it, selects nothing; `type`: what is on the way can have no such field or item. */
  readonly condition: ConditionName | 'present' | 'type';
}

export interface ParameterConditions {
  /**
   * The first path that does not hold, in the order of the policy; undefined when all hold.
   *
   * In mode `allow` a path holds for every value that it selects, and it selects at least one (unless `optional`). A field or item that is not
   * there, and an option without a value, is a failure as well where `[*]` selects others beside it: what a tool does without a value is not
   * what the rule looked at. An empty list below `[*]` is none. In mode `restrict` a path holds when some value satisfies its conditions; values are
   * asked in order until one does.
   *
   * Failures are made at load: they cost nothing here.
   *
   * @throws CodedError `denied/condition-failed`, in mode `restrict` only, when a value cannot be judged.
   * Thread: any. Pure.
   */
  failure(parameters: ParameterRecord, scope: ConditionScope): ParameterFailure | undefined;
}

/** What a path says about a value and all below it. */
type Verdict = ParameterFailure | typeof HELD | typeof NOTHING;
const HELD = 'held';
const NOTHING = 'nothing';

type Walk = (value: ParameterValue, scope: ConditionScope) => Verdict;

/** @throws CodedError `usage/invalid-argument` for no path at all, and for a path or condition that cannot be used. */
export function compileParameterConditions(spec: ParameterConditionsSpec, mode: ConditionMode): ParameterConditions {
  const entries = Object.entries(spec);
  if (entries.length === 0)
    throw new CodedError('usage/invalid-argument', 'expected conditions for one or more parameter paths, got none');
  const compile = mode === 'allow' ? compileEvery : compileSome;
  const paths = entries.map(([path, conditions]) => compile(path, conditions));
  return Object.freeze({
    failure: (parameters: ParameterRecord, scope: ConditionScope): ParameterFailure | undefined => {
      for (const path of paths) {
        const failure = path(parameters, scope);
        if (failure !== undefined) return failure;
      }
      return undefined;
    },
  });
}

type CompiledPath = (parameters: ParameterRecord, scope: ConditionScope) => ParameterFailure | undefined;

function failuresOf(path: string): (condition: ParameterFailure['condition']) => ParameterFailure {
  const made = new Map<string, ParameterFailure>();
  return (condition) => {
    const known = made.get(condition) ?? Object.freeze({ path, condition });
    made.set(condition, known);
    return known;
  };
}

function compileEvery(path: string, spec: ValueConditionSpec): CompiledPath {
  const failure = failuresOf(path);
  const absent: Verdict = spec.optional === true ? NOTHING : failure('present');
  const condition = compileValueCondition(spec, 'allow');
  const walk = walkOf(parseParameterPath(path).steps, leaf(condition, failure), {
    absent,
    mistyped: () => failure('type'),
    // The first failure ends it.
    isFinal: (verdict) => verdict !== HELD && verdict !== NOTHING,
  });
  return (parameters, scope) => {
    const verdict = walk(parameters, scope);
    if (verdict === HELD) return undefined;
    if (verdict !== NOTHING) return verdict;
    return spec.optional === true ? undefined : failure('present');
  };
}

function compileSome(path: string, spec: ValueConditionSpec): CompiledPath {
  if (spec.optional !== undefined) {
    throw new CodedError(
      'usage/invalid-argument',
      '`optional` is for rules that allow: other rules match where a value is there',
    );
  }
  const failure = failuresOf(path);
  const condition = compileValueCondition(spec, 'restrict');
  const walk = walkOf(parseParameterPath(path).steps, leaf(condition, failure), {
    absent: NOTHING,
    mistyped: () => {
      throw conditionError('type', 'what is on the way of its path can have no such field or item');
    },
    isFinal: (verdict) => verdict === HELD,
  });
  return (parameters, scope) => {
    const verdict = walk(parameters, scope);
    if (verdict === HELD) return undefined;
    return verdict === NOTHING ? failure('present') : verdict;
  };
}

function leaf(condition: ValueCondition, failure: (name: ConditionName) => ParameterFailure): Walk {
  return (value, scope) => {
    const failed = condition.failure(value, scope);
    return failed === undefined ? HELD : failure(failed);
  };
}

interface Quantifier {
  readonly absent: Verdict;
  readonly mistyped: () => Verdict;
  readonly isFinal: (verdict: Verdict) => boolean;
}

/** Composes the walk from the end of the path to its start, so that no step is looked up when a request comes. */
function walkOf(steps: readonly PathStep[], atEnd: Walk, quantifier: Quantifier): Walk {
  const { absent } = quantifier;
  const end: Walk = (value, scope) => (value === null ? absent : atEnd(value, scope));
  return steps.reduceRight<Walk>(
    (next, step) => (step.kind === 'every' ? everyWalk(next, quantifier) : stepWalk(next, step, quantifier)),
    end,
  );
}

function stepWalk(next: Walk, step: Exclude<PathStep, { kind: 'every' }>, { absent, mistyped }: Quantifier): Walk {
  const fits = step.kind === 'field' ? isRecord : Array.isArray;
  return (value, scope) => {
    if (value === null) return absent;
    if (!fits(value)) return mistyped();
    const inner = stepInto(value, step);
    return inner === undefined ? absent : next(inner, scope);
  };
}

function everyWalk(next: Walk, { absent, mistyped, isFinal }: Quantifier): Walk {
  return (value, scope) => {
    if (value === null) return absent;
    if (!Array.isArray(value)) return mistyped();
    let verdict: Verdict = NOTHING;
    for (const item of value as readonly ParameterValue[]) {
      const one = next(item, scope);
      if (isFinal(one)) return one;
      // One item that selects nothing takes nothing away from what others select.
      if (one !== NOTHING) verdict = one;
    }
    return verdict;
  };
}
