import { isCoded, isWellFormed, type ValueType } from '../../runtime/index.ts';
import {
  type ConditionMode,
  type ConditionName,
  type ConditionScope,
  compileValueCondition,
  type Scalar,
  type ValueCondition,
  type ValueConditionSpec,
  valueWitnesses,
} from '../policy/conditions/index.ts';
import type { ParameterValue } from '../policy/index.ts';
import { quote } from '../policy/quote.ts';
import { nearestName } from './nearest-name.ts';
import { withArticle, withoutOption } from './typed-path.ts';
import { integerRange, kindOfScalar, kindOfType, kindsOf, type ValueKind } from './value-kinds.ts';

/** Whether some value satisfies a spec. */
export type Fit =
  /** These do: at least one, not all. A list is shown by one of its length. */
  | { readonly kind: 'values'; readonly values: readonly ParameterValue[] }
  /** None does, whatever it is. `isUnjudged`: the conditions are about values of another kind. */
  | { readonly kind: 'never'; readonly reason: string; readonly isUnjudged: boolean }
  /** None was found. */
  | { readonly kind: 'unknown'; readonly reason: string };

export interface FitOptions {
  readonly mode: ConditionMode;
  readonly scope: ConditionScope;
  /** Undefined where it is not known: then any that a condition can be asked about. */
  readonly type: ValueType | undefined;
  /** Values that other rules name: worth a try. */
  readonly hints?: readonly Scalar[];
}

const VALUES_MAX = 12;

/** Looks for values of a type that satisfy a spec, or for the reason why there can be none. */
export function fitValue(spec: ValueConditionSpec, options: FitOptions): Fit {
  const type = options.type && withoutOption(options.type);
  const kinds = commonKinds(spec, type);
  if ('reason' in kinds) return { kind: 'never', reason: kinds.reason, isUnjudged: true };
  const never = rangeProblem(spec, kinds.kinds, type) ?? lengthProblem(spec, kinds.kinds, type);
  if (never !== undefined) return { kind: 'never', reason: never, isUnjudged: false };
  const judge = new Judge(spec, options, type);
  const domain = finiteDomain(spec, type);
  if (domain !== undefined) return fromDomain(spec, domain, judge, type);
  const values = judge.keep(openCandidates(spec, options, type));
  if (values.length > 0) return { kind: 'values', values };
  return { kind: 'unknown', reason: `no value was found that satisfies ${namesOf(spec)}` };
}

/** Tells values that satisfy a spec, and are of the type. */
class Judge {
  readonly condition: ValueCondition;
  readonly #scope: ConditionScope;
  readonly #type: ValueType | undefined;

  constructor(spec: ValueConditionSpec, { mode, scope }: FitOptions, type: ValueType | undefined) {
    this.condition = compileValueCondition(spec, mode);
    this.#scope = scope;
    this.#type = type;
  }

  /** The condition that does not hold; undefined when all hold; `type` for one that is not of the type, or cannot be judged. */
  failure(value: ParameterValue): ConditionName | 'type' | undefined {
    if (this.#type !== undefined && !isOfType(value, this.#type)) return 'type';
    try {
      return this.condition.failure(value, this.#scope);
    } catch (error) {
      if (isCoded(error)) return 'type';
      throw error;
    }
  }

  keep(candidates: Iterable<ParameterValue>): ParameterValue[] {
    const kept: ParameterValue[] = [];
    for (const value of candidates) {
      if (this.failure(value) !== undefined || kept.includes(value)) continue;
      kept.push(value);
      if (kept.length === VALUES_MAX) break;
    }
    return kept;
  }
}

function isOfType(value: ParameterValue, type: ValueType): boolean {
  const range = integerRange(type);
  if (range !== undefined) return typeof value === 'bigint' && value >= range[0] && value <= range[1];
  switch (type.kind) {
    case 'f32':
      return typeof value === 'number' && Math.fround(value) === value;
    case 'f64':
      return typeof value === 'number';
    case 'bool':
      return typeof value === 'boolean';
    case 'string':
      return typeof value === 'string' && isWellFormed(value);
    case 'char':
      return typeof value === 'string' && [...value].length === 1 && isWellFormed(value);
    case 'enum':
      return typeof value === 'string' && type.names.includes(value);
    case 'list':
      return type.element.kind === 'u8' ? value instanceof Uint8Array : Array.isArray(value);
    default:
      return Array.isArray(value); // tuple and flags; who builds them makes the items
  }
}

function commonKinds(
  spec: ValueConditionSpec,
  type: ValueType | undefined,
): { readonly kinds: readonly ValueKind[] } | { readonly reason: string } {
  let kinds: readonly ValueKind[] = type === undefined ? ['text', 'number', 'boolean', 'bytes', 'list'] : [kindOfType(type)];
  let before: ConditionName | undefined;
  for (const [name, able] of kindsOf(spec)) {
    const rest = kinds.filter((kind) => able.includes(kind));
    if (rest.length === 0) {
      const what = `${quote(name)} is for ${listed(able)}`;
      if (type !== undefined) return { reason: `${what}, and the parameter is ${withArticle(type.kind)}` };
      return { reason: `${what}, and ${quote(before ?? name)} for ${listed(kinds)}` };
    }
    kinds = rest;
    before = name;
  }
  return { kinds };
}

const KIND_WORDS: { readonly [kind in ValueKind]: string } = {
  text: 'text',
  number: 'numbers',
  boolean: 'booleans',
  bytes: 'bytes',
  list: 'lists',
  record: 'records',
};

function listed(kinds: readonly ValueKind[]): string {
  const words = kinds.map((kind) => KIND_WORDS[kind]);
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

const asNumber = (scalar: Scalar): scalar is number | bigint => typeof scalar === 'number' || typeof scalar === 'bigint';

/** No integer of the type is in the range, or every one in it is left out. */
function rangeProblem(
  { min, max, notOneOf = [] }: ValueConditionSpec,
  kinds: readonly ValueKind[],
  type: ValueType | undefined,
): string | undefined {
  const range = type && integerRange(type);
  if (range === undefined || kinds.length !== 1) return undefined;
  const low = min === undefined || min <= range[0] ? range[0] : ceiling(min);
  const high = max === undefined || max >= range[1] ? range[1] : floor(max);
  const bounds = [min === undefined ? [] : `at least ${min}`, max === undefined ? [] : `at most ${max}`].flat().join(' and ');
  if (low > high) return `no ${type!.kind} is ${bounds}`;
  const out = new Set(
    notOneOf
      .filter(asNumber)
      .filter((one) => Number.isInteger(Number(one)))
      .map(BigInt),
  );
  if (high - low + 1n > BigInt(out.size)) return undefined;
  for (let value = low; value <= high; value++) if (!out.has(value)) return undefined;
  return `every ${type!.kind}${bounds === '' ? '' : ` that is ${bounds}`} is left out by \`notOneOf\``;
}

const ceiling = (bound: number | bigint): bigint => (typeof bound === 'bigint' ? bound : BigInt(Math.ceil(bound)));
const floor = (bound: number | bigint): bigint => (typeof bound === 'bigint' ? bound : BigInt(Math.floor(bound)));

/** What has a fixed or largest length cannot have another. */
function lengthProblem(
  { lengthMin = 0, lengthMax = Number.POSITIVE_INFINITY }: ValueConditionSpec,
  kinds: readonly ValueKind[],
  type: ValueType | undefined,
): string | undefined {
  if (type === undefined || !kinds.some((kind) => kind === 'text' || kind === 'list')) return undefined;
  const fixed = type.kind === 'tuple' ? type.items.length : type.kind === 'char' ? 1 : undefined;
  if (fixed !== undefined && (fixed < lengthMin || fixed > lengthMax))
    return `the length of ${withArticle(type.kind)} here is always ${fixed}`;
  if (type.kind === 'flags' && type.names.length < lengthMin) return `there are only ${type.names.length} flags`;
  return undefined;
}

/** All values that there are to choose from, where they can be listed. */
function finiteDomain({ equals, oneOf }: ValueConditionSpec, type: ValueType | undefined): ParameterValue[] | undefined {
  if (equals !== undefined) return spellings(equals, type);
  if (oneOf !== undefined) return oneOf.flatMap((scalar) => spellings(scalar, type));
  if (type?.kind === 'bool') return [true, false];
  return type?.kind === 'enum' ? [...type.names] : undefined;
}

/** A number of the policy as a value of the type: integers are bigint, floats are not; undefined type: either. */
function spellings(scalar: Scalar, type: ValueType | undefined): ParameterValue[] {
  if (!asNumber(scalar)) return [scalar];
  const isInteger = typeof scalar === 'bigint' || Number.isInteger(scalar);
  const float = Number(scalar);
  const floats = typeof scalar === 'number' || BigInt(float) === scalar ? [float] : [];
  if (type === undefined) return isInteger ? [BigInt(scalar)] : floats;
  if (integerRange(type) !== undefined) return isInteger ? [BigInt(scalar)] : [];
  return floats;
}

function fromDomain(spec: ValueConditionSpec, domain: readonly ParameterValue[], judge: Judge, type: ValueType | undefined): Fit {
  const values = judge.keep(domain);
  if (values.length > 0) return { kind: 'values', values };
  const named = spec.equals !== undefined ? 'equals' : spec.oneOf !== undefined ? 'oneOf' : undefined;
  const failed = [...new Set(domain.map((value) => judge.failure(value)))].filter((name) => name !== undefined);
  if (named === undefined) {
    return {
      kind: 'never',
      reason: `no ${type?.kind === 'bool' ? 'boolean' : 'case of the enum'} satisfies ${namesOf(spec)}`,
      isUnjudged: false,
    };
  }
  if (failed.length === 0 || failed.includes('type'))
    return { kind: 'never', reason: notOfType(spec, named, type), isUnjudged: false };
  return {
    kind: 'never',
    reason: `no value of ${quote(named)} satisfies ${failed.map((name) => quote(name)).join(' and ')}`,
    isUnjudged: false,
  };
}

function notOfType(spec: ValueConditionSpec, named: 'equals' | 'oneOf', type: ValueType | undefined): string {
  const first = spec.equals ?? spec.oneOf?.[0];
  const names = type?.kind === 'enum' ? type.names : [];
  const near = typeof first === 'string' ? nearestName(first, names) : undefined;
  const hint = near === undefined ? '' : `; did you mean ${quote(near)}?`;
  return `no value of ${quote(named)} is ${type === undefined ? 'one that can be judged' : `one of this ${type.kind}`}${hint}`;
}

function namesOf(spec: ValueConditionSpec): string {
  return kindsOf(spec)
    .map(([name]) => quote(name))
    .join(' and ');
}

function* openCandidates(spec: ValueConditionSpec, options: FitOptions, type: ValueType | undefined): Generator<ParameterValue> {
  for (const value of valueWitnesses(spec, options.scope, options.mode)) yield* respelled(value, type);
  for (const hint of options.hints ?? []) yield* spellings(hint, type);
  if (type?.kind === 'char') yield* 'a0-Zé';
  const range = type && integerRange(type);
  // From either end: of as many as are left out and one more, one is not.
  for (let step = 0n; range !== undefined && step <= (spec.notOneOf?.length ?? 0); step++) {
    yield (lowest(spec.min) ?? range[0]) + step;
    yield (highest(spec.max) ?? range[1]) - step;
    yield range[0] + step;
    yield range[1] - step;
  }
  if (type?.kind === 'tuple') yield type.items.map(() => null);
  if (type?.kind === 'flags') for (let length = 0; length <= type.names.length; length++) yield type.names.slice(0, length);
}

function lowest(min: ValueConditionSpec['min']): bigint | undefined {
  return min === undefined ? undefined : BigInt(Math.ceil(Number(min)));
}

function highest(max: ValueConditionSpec['max']): bigint | undefined {
  return max === undefined ? undefined : BigInt(Math.floor(Number(max)));
}

/** A number that was found as one kind may be needed as the other. */
function respelled(value: ParameterValue, type: ValueType | undefined): ParameterValue[] {
  return typeof value === 'bigint' || typeof value === 'number' ? spellings(value, type) : [value];
}

/** True for a value of the type that satisfies the spec. */
export function satisfies(value: ParameterValue, spec: ValueConditionSpec, options: FitOptions): boolean {
  return new Judge(spec, options, options.type && withoutOption(options.type)).failure(value) === undefined;
}

/** A hint as values of the type; none where it is of another. */
export function spelledFor(hint: Scalar, type: ValueType): ParameterValue[] {
  if (kindOfScalar(hint) !== kindOfType(type)) return [];
  return spellings(hint, type).filter((value) => isOfType(value, type));
}
