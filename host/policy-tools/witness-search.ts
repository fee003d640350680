import { isCoded } from '../../runtime/index.ts';
import { textWitness } from '../policy/conditions/index.ts';
import type { Decision, DecisionRequest, Policy } from '../policy/index.ts';
import type { Rule } from '../policy/rule.ts';
import { combinations } from './combinations.ts';
import { modeOf, type NeverReason, neverAt, SESSION } from './never.ts';
import { type ParameterPlan, type Plain, planParameters, type Wanted } from './parameter-plan.ts';
import { functionsOf, type Place, placesOf } from './places.ts';
import { Atlas, type Surroundings } from './surroundings.ts';
import type { ToolComponents } from './tool-components.ts';
import { Tries } from './tries.ts';
import { fromPlan, type TypedParameters } from './typed-parameters.ts';
import type { RuleResult, Witness } from './witness.ts';

const TRIES_PER_PLAN_MAX = 400;
const PLACES_TRIED_MAX = 24;
const PARTNERS_MAX = 6;

/** Why a rule is about nothing that could happen: not wrong for a rule that is there for tomorrow. */
export const NOBODY_MAY = 'no agent that it covers may call what it covers';

/** Looks for requests that make rules fire. Each one that it gives was put before `decide`. */
export class WitnessSearch {
  readonly #policy: Policy;
  readonly #components: ToolComponents;
  readonly #atlas: Atlas;

  /** @param nowMs - requests are of this instant, or the first after it at which the hours of rules fit. */
  constructor(policy: Policy, components: ToolComponents, nowMs: number) {
    this.#policy = policy;
    this.#components = components;
    this.#atlas = new Atlas(components, nowMs);
  }

  /** A witness, the reason why there can be none, or why none was found. */
  find(rule: Rule): RuleResult {
    const empty = emptyList(this.#policy, rule);
    if (empty !== undefined) return { result: 'never', reason: empty };
    const { places, isWhole } = placesOf(this.#policy, rule);
    if (places.length === 0 && isWhole) return { result: 'never', reason: NOBODY_MAY };
    const nevers = places.map((place) => neverAt(rule, place, this.#components));
    if (isWhole && nevers.every((never) => never !== undefined)) return { result: 'never', ...together(nevers) };
    const open = places.filter((_, index) => nevers[index] === undefined);
    return this.#search(rule, open.slice(0, PLACES_TRIED_MAX));
  }

  #search(rule: Rule, places: readonly Place[]): RuleResult {
    const tries = new Tries(rule, this.#policy);
    for (const place of places) {
      for (const attempt of attemptsAt(rule, place)) {
        const witness = this.#tryOut(rule, place, attempt, tries);
        if (witness !== undefined) return { result: 'fires', witness };
        if (tries.areUsedUp) return { result: 'unknown', reason: tries.reason() };
      }
    }
    return { result: 'unknown', reason: tries.reason() };
  }

  #tryOut(rule: Rule, place: Place, { partner, apart, bare }: Attempt, tries: Tries): Witness | undefined {
    const { agent } = place;
    const around = this.#atlas.of(place);
    const rules = partner === undefined ? [rule] : [rule, partner];
    const { params, hints, named, hasExpressions } = around;
    const scope = { agent, session: SESSION };
    const plan = planParameters(
      rules.flatMap((one) => wantedBy(one, bare === true)),
      { params, scope, hints, apart, filled: hasExpressions && bare !== true, named },
    );
    if ('reason' in plan) return tries.failed(plan.reason);
    const texts = { justification: textsFor(rules, 'justification', around), source: textsFor(rules, 'source', around) };
    if (texts.justification.length === 0 || texts.source.length === 0) {
      return tries.failed('no text was found that it takes as justification or source');
    }
    for (const { parameters, instantMs, ...rest } of candidates(plan, texts, around)) {
      const request = { agent, toolName: `${place.tool.name}.${place.functionName}`, parameters: parameters.record, ...rest };
      const decision = tries.decide(request, instantMs, place);
      if (decision !== undefined) return witnessOf(request, parameters, instantMs, decision, params !== undefined);
      if (tries.areUsedUp) return undefined;
    }
    return undefined;
  }
}

interface Attempt {
  /** A rule that allows, for a rule that decides nothing alone. */
  readonly partner?: Rule;
  readonly apart: boolean;
  /** Leave out what may be left out. */
  readonly bare?: boolean;
}

function* attemptsAt({ effect }: Rule, { candidates }: Place): Generator<Attempt, void, void> {
  if (effect !== 'ask' && effect !== 'limit') {
    yield { apart: false };
    yield effect === 'allow' ? { apart: false, bare: true } : { apart: true };
    return;
  }
  for (const partner of candidates.allows.slice(0, PARTNERS_MAX)) for (const apart of [false, true]) yield { partner, apart };
}

function wantedBy(rule: Rule, bare: boolean): Wanted[] {
  const { parameters } = rule.spec;
  if (parameters === undefined) return [];
  const wanted = Object.entries(parameters).filter(([, spec]) => !bare || spec.optional !== true);
  return [{ parameters: Object.fromEntries(wanted), mode: modeOf(rule) }];
}

type TextName = 'justification' | 'source';
type Texts = readonly (string | undefined)[];

/** Texts to choose from; empty when a demand takes none that was found. */
function textsFor(rules: readonly Rule[], name: TextName, around: Surroundings): Texts {
  const demands = rules.flatMap(({ spec }) => spec[name] ?? []);
  return demands.length === 0 ? around.texts : demands.flatMap((demand) => textWitness(demand) ?? []);
}

type Candidate = Omit<DecisionRequest, 'agent' | 'toolName' | 'parameters'> & {
  readonly parameters: TypedParameters;
  readonly instantMs: number;
};

/** Requests of a plan, in all that can be chosen; those that are no values of the types are left out. */
function* candidates(
  plan: ParameterPlan,
  texts: { readonly [name in TextName]: Texts },
  { instants, sessions, params }: Surroundings,
): Generator<Candidate, void, void> {
  const { justification, source } = texts;
  const sizes = [instants, justification, source, sessions, ...plan.choices].map(({ length }) => length);
  for (const [instant, why, from, session, ...chosen] of combinations(sizes, TRIES_PER_PLAN_MAX)) {
    const plain = chosen.map((index, place) => plan.choices[place]![index]!);
    const parameters = typedOrNone(plan, plain, params);
    if (parameters === undefined) continue;
    const fields = { justification: justification[why!], source: source[from!], session: sessions[session!] };
    yield { parameters, instantMs: instants[instant!]!, ...present(fields) };
  }
}

/** What a plan makes may be no value of the types after all. */
function typedOrNone(plan: ParameterPlan, chosen: readonly Plain[], params: Surroundings['params']): TypedParameters | undefined {
  try {
    return fromPlan(plan.build(chosen), params);
  } catch (error) {
    if (isCoded(error)) return undefined;
    throw error;
  }
}

function emptyList(policy: Policy, rule: Rule): string | undefined {
  if (rule.agents !== 'any' && rule.agents.size === 0) return 'its list of agents is empty';
  if (policy.agents.size === 0) return 'the policy has no agents';
  if (rule.tools !== 'any' && rule.tools.size === 0) return 'its list of tools is empty';
  return functionsOf(policy, rule).length === 0 ? 'the policy has no tools' : undefined;
}

function together(nevers: readonly (NeverReason | undefined)[]): NeverReason {
  const reasons = [...new Set(nevers.map((never) => never!.reason))];
  const shadows = [...new Set(nevers.flatMap((never) => never!.shadowedBy ?? []))];
  const more = reasons.length > 3 ? `; and ${reasons.length - 3} more reasons` : '';
  return { reason: `${reasons.slice(0, 3).join('; ')}${more}`, ...(shadows.length === 0 ? {} : { shadowedBy: shadows }) };
}

function present<Name extends string>(fields: { readonly [K in Name]: string | undefined }): { readonly [K in Name]?: string } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    readonly [K in Name]?: string;
  };
}

function witnessOf(
  { agent, toolName, justification, source, session }: DecisionRequest,
  { json }: TypedParameters,
  instantMs: number,
  { effect }: Decision,
  isTyped: boolean,
): Witness {
  const request = { agent, tool_name: toolName, parameters: json, ...present({ justification, source, session }) };
  return { request, at: new Date(instantMs).toISOString(), effect, isTyped };
}
