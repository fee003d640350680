import type { Param } from '../../runtime/index.ts';
import type { Scalar } from '../policy/conditions/index.ts';
import type { Rule } from '../policy/rule.ts';
import { hintsOf, literalsOf, parametersIn } from './hints.ts';
import { instantsAround } from './instants.ts';
import { SESSION } from './never.ts';
import type { Place } from './places.ts';
import { knownFunction, type ToolComponents } from './tool-components.ts';

/** What all rules about a place suggest for requests that meet or miss them. */
export interface Surroundings {
  /** Undefined where the component cannot be read. */
  readonly params: readonly Param[] | undefined;
  /** Values that rules name. */
  readonly hints: readonly Scalar[];
  /** Parameters that expressions name. */
  readonly named: readonly string[];
  readonly hasExpressions: boolean;
  /** Texts for a justification or source of which nothing is asked. */
  readonly texts: readonly (string | undefined)[];
  readonly sessions: readonly (string | undefined)[];
  readonly instants: readonly number[];
}

const HINTS_MAX = 64;
const REASON = 'the service is down, and users wait for it';

/** Works out the surroundings of places, each once. */
export class Atlas {
  readonly #components: ToolComponents;
  readonly #nowMs: number;
  readonly #known = new WeakMap<Place['candidates'], Surroundings>();
  readonly #instants = new Map<string, readonly number[]>();

  constructor(components: ToolComponents, nowMs: number) {
    this.#components = components;
    this.#nowMs = nowMs;
  }

  of(place: Place): Surroundings {
    const known = this.#known.get(place.candidates) ?? this.#find(place);
    this.#known.set(place.candidates, known);
    return known;
  }

  #find({ tool, functionName, candidates }: Place): Surroundings {
    const near = [...candidates.allows, ...candidates.others];
    const whens = near.flatMap(({ spec }) => spec.when ?? []);
    const literals = whens.flatMap(literalsOf);
    const values = near.flatMap(({ spec }) => Object.values(spec.parameters ?? {}).flatMap(hintsOf));
    const texts = literals.filter((literal) => typeof literal === 'string').slice(0, 5);
    return {
      params: knownFunction(this.#components, tool.name, functionName)?.type.params,
      hints: [...new Set([...literals, ...values])].slice(0, HINTS_MAX),
      named: whens.flatMap(parametersIn),
      hasExpressions: whens.length > 0,
      texts: whens.length === 0 ? [undefined] : [undefined, REASON, ...texts],
      sessions: near.some(usesSession) ? [SESSION] : [undefined],
      instants: this.#instantsOf(near),
    };
  }

  /** Many rules have the same hours. */
  #instantsOf(near: readonly Rule[]): readonly number[] {
    const windows = near.flatMap(({ spec }) => spec.during ?? []);
    const key = JSON.stringify(windows);
    const known = this.#instants.get(key) ?? instantsAround(windows, this.#nowMs);
    this.#instants.set(key, known);
    return known;
  }
}

function usesSession({ spec, budget }: Rule): boolean {
  if (spec.when?.includes('session') || budget?.by.includes('session')) return true;
  return Object.values(spec.parameters ?? {}).some(({ within }) => within?.includes('{session}'));
}
