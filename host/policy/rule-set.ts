import { coversAgent, coversFunction, type Rule } from './rule.ts';

/** The rules that are about one function for one agent, in the order of the file. */
export interface Candidates {
  /** Entries without conditions come first. */
  readonly allows: readonly Rule[];
  /** All others. */
  readonly others: readonly Rule[];
}

/**
 * The rules of a policy, found by agent and function.
 *
 * A list is made when it is first asked for, and kept: agents times functions can be many more than are ever used, and a list costs one look
 * at each rule. What is kept changes no answer.
 */
export class RuleSet {
  /** Entries of agents, then `rules`, then those of the ceiling. */
  readonly all: readonly Rule[];
  /** An agent may have thousands of entries, which are nobody else's. */
  readonly #entries: ReadonlyMap<string, readonly Rule[]>;
  readonly #general: readonly Rule[];
  readonly #known = new Map<string, Map<string, Map<string, Candidates>>>();

  /** @param entries - the rules in agents' lists, by agent. */
  constructor(entries: ReadonlyMap<string, readonly Rule[]>, general: readonly Rule[]) {
    this.#entries = entries;
    this.#general = general;
    this.all = Object.freeze([...[...entries.values()].flat(), ...general]);
  }

  /**
   * @param agent - of the policy.
   * @param tool, functionName - offered by the policy, so that what is kept is bounded by it.
   */
  candidates(agent: string, tool: string, functionName: string): Candidates {
    const byTool = entryOf(this.#known, agent, () => new Map<string, Map<string, Candidates>>());
    const byFunction = entryOf(byTool, tool, () => new Map<string, Candidates>());
    return entryOf(byFunction, functionName, () => this.#find(agent, tool, functionName));
  }

  #find(agent: string, tool: string, functionName: string): Candidates {
    const isAbout = (rule: Rule): boolean => coversAgent(rule, agent) && coversFunction(rule, tool, functionName);
    const rules = [...(this.#entries.get(agent) ?? []).filter(isAbout), ...this.#general.filter(isAbout)];
    const allows = rules.filter(({ effect }) => effect === 'allow');
    // First the entries without conditions, the one for the whole tool before that for the function.
    const rank = ({ isPlain, tools }: Rule): number => (!isPlain ? 2 : tools !== 'any' && tools.has(tool) ? 0 : 1);
    return { allows: allows.sort((a, b) => rank(a) - rank(b)), others: rules.filter(({ effect }) => effect !== 'allow') };
  }
}

function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
