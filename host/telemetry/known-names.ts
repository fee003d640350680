import { CODES } from '../../runtime/index.ts';
import type { Policy } from '../policy/index.ts';
import { modelName } from '../serving/index.ts';

/** Stands for every name that the policy does not have: whoever asks must not be able to make labels. */
export const OTHER = 'other';

/** Names of one kind that are ever told, over all policies of this process's life. */
const NAMES_MAX = 1000;
/** Combinations of agent, tool, outcome and code; one more is counted for `other`. */
const SERIES_MAX = 10_000;

/** The labels of figures: names of the policy and codes of our table, each from a set that cannot grow without end. */
export class KnownNames {
  readonly #policy: () => Policy;
  readonly #told = { agent: new Set<string>(), tool: new Set<string>() };
  readonly #series = new Set<string>();
  readonly #functions = new WeakMap<Policy, ReadonlyMap<string, string>>();

  /** @param policy - the one in force. */
  constructor(policy: () => Policy) {
    this.#policy = policy;
  }

  agent(name: string): string {
    return this.#policy().agents.has(name) ? this.#bounded('agent', name) : OTHER;
  }

  /** @param name - as it came: a tool's, or a function's as models or the warden know it. @returns the tool's name alone. */
  tool(name: string): string {
    const tool = toolOf(this.#functionOf(name) ?? name);
    return this.#policy().tools.has(tool) ? this.#bounded('tool', tool) : OTHER;
  }

  /** @param name - as models know it, or as the warden does. @returns `tool.function`. */
  function(name: string): string {
    return this.#functionOf(name) ?? OTHER;
  }

  code(code: string | undefined): string {
    return code === undefined ? '' : Object.hasOwn(CODES, code) ? code : OTHER;
  }

  /** Whether a combination may have a series of its own. */
  isTold(...labels: readonly string[]): boolean {
    const key = labels.join(' ');
    if (this.#series.has(key)) return true;
    if (this.#series.size >= SERIES_MAX) return false;
    this.#series.add(key);
    return true;
  }

  #functionOf(name: string): string | undefined {
    const policy = this.#policy();
    const known = this.#functions.get(policy) ?? functionNames(policy);
    this.#functions.set(policy, known);
    return known.get(name);
  }

  #bounded(kind: 'agent' | 'tool', name: string): string {
    const told = this.#told[kind];
    if (told.has(name)) return name;
    if (told.size >= NAMES_MAX) return OTHER;
    told.add(name);
    return name;
  }
}

/** A function's name may have dots of its own, in a version. */
function toolOf(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? name : name.slice(0, dot);
}

/** Every name by which a function of the policy can be called. */
function functionNames({ tools }: Policy): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { name: tool, functions } of tools.values()) {
    for (const name of functions) {
      names.set(`${tool}.${name}`, `${tool}.${name}`);
      names.set(modelName(tool, name), `${tool}.${name}`);
    }
    if (functions.length === 1) names.set(tool, `${tool}.${functions[0]}`);
  }
  return names;
}
