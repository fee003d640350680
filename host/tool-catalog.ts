import { type CallableFunction, isCoded, resolveFunction } from '../runtime/index.ts';
import type { CapabilityEntry } from './capabilities/index.ts';
import { decideAccess, type Policy, type Rule, type ToolPolicy } from './policy/index.ts';
import type { PreparedTools } from './prepared-tools.ts';

/** Whether a request needs some words to be allowed: by every rule that could allow it, by some, or by none. */
export type TextNeed = 'required' | 'sometimes' | 'no';

/** One function that an agent may call, as a surface shows it. */
export interface OfferedFunction {
  readonly tool: ToolPolicy;
  /** As the policy writes it: a name or `interface#function`. */
  readonly functionName: string;
  /** Types and documentation, from the component. */
  readonly function: CallableFunction;
  readonly componentDigest: string;
  readonly justification: TextNeed;
  readonly source: TextNeed;
  /** Whether a human is asked: always, by some rule under some condition, or never. */
  readonly asks: TextNeed;
  /** Names of granted capabilities by which a call may change something outside of it. */
  readonly effects: readonly string[];
}

/** A tool that the policy offers and that cannot be shown, since its component cannot be used. For the operator. */
export interface CatalogProblem {
  readonly tool: string;
  readonly code: string;
  readonly message: string;
}

export interface AgentCatalog {
  /** In the order of the policy. */
  readonly functions: readonly OfferedFunction[];
  readonly problems: readonly CatalogProblem[];
}

export interface ToolCatalogOptions {
  readonly policy: Policy;
  readonly tools: Pick<PreparedTools, 'component'>;
  readonly entries: readonly CapabilityEntry[];
}

/**
 * What an agent may call, with its types: what `decideAccess` allows, and nothing else. Components are read and decoded by their runners; nothing
 * of them is run or prepared.
 */
export class ToolCatalog {
  readonly #options: ToolCatalogOptions;
  readonly #effects: ReadonlySet<string>;

  constructor(options: ToolCatalogOptions) {
    this.#options = options;
    this.#effects = new Set(options.entries.filter(({ effect }) => effect !== 'none').map(({ name }) => name));
  }

  /** @returns nothing for an agent that the policy does not have. */
  async for(agent: string): Promise<AgentCatalog> {
    const tools = await Promise.all([...this.#options.policy.tools.values()].map((tool) => this.#tool(agent, tool)));
    return { functions: tools.flatMap(({ functions }) => functions), problems: tools.flatMap(({ problems }) => problems) };
  }

  async #tool(agent: string, tool: ToolPolicy): Promise<AgentCatalog> {
    const { policy, tools } = this.#options;
    const names = tool.functions.filter((name) => {
      return decideAccess(policy, { agent, toolName: `${tool.name}.${name}` }).effect === 'allow';
    });
    if (names.length === 0) return { functions: [], problems: [] };
    try {
      const component = await tools.component(tool);
      const functions: OfferedFunction[] = [];
      const problems: CatalogProblem[] = [];
      for (const name of names) {
        try {
          functions.push(this.#offered(agent, tool, name, resolveFunction(component, name), component.digest));
        } catch (error) {
          problems.push(problemOf(tool, error));
        }
      }
      return { functions, problems };
    } catch (error) {
      return { functions: [], problems: [problemOf(tool, error)] };
    }
  }

  #offered(agent: string, tool: ToolPolicy, functionName: string, found: CallableFunction, digest: string): OfferedFunction {
    const { allows, others } = this.#options.policy.ruleSet.candidates(agent, tool.name, functionName);
    const enforced = (rule: Rule): boolean => rule.isEnforced;
    const asking = others.some((rule) => rule.effect === 'ask' && enforced(rule));
    const asks = needOf(allows.filter(enforced), (rule) => rule.ask !== undefined);
    return {
      tool,
      functionName,
      function: found,
      componentDigest: digest,
      justification: needOf(allows.filter(enforced), (rule) => rule.justification !== undefined),
      source: needOf(allows.filter(enforced), (rule) => rule.source !== undefined),
      asks: asks === 'no' && asking ? 'sometimes' : asks,
      effects: tool.grants.filter((name) => this.#effects.has(name)),
    };
  }
}

function needOf(allows: readonly Rule[], needs: (rule: Rule) => boolean): TextNeed {
  const count = allows.filter(needs).length;
  if (count === 0) return 'no';
  return count === allows.length ? 'required' : 'sometimes';
}

function problemOf(tool: ToolPolicy, error: unknown): CatalogProblem {
  if (!isCoded(error)) return { tool: tool.name, code: 'internal/invariant', message: 'the tool cannot be shown' };
  return { tool: tool.name, code: error.code, message: error.message };
}
