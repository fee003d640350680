import type { DecisionRequest, ParameterValue } from '../../../host/policy/index.ts';
import {
  EXPRESSIONS,
  PATTERNS,
  type PlainAsk,
  type PlainBudget,
  type PlainCall,
  type PlainCondition,
  type PlainEntry,
  type PlainPolicy,
  type PlainRule,
} from './naive-decide.ts';

/** Random numbers of a seed. Source: mulberry32, by Tommy Ettinger. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 to 1, exclusive. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** 0 to `below`, exclusive. */
  whole(below: number): number {
    return Math.floor(this.next() * below);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.whole(items.length)]!;
  }

  /** Some of the items, in their order; `least` or more. */
  some<Item>(items: readonly Item[], least = 0): Item[] {
    const chosen = items.filter(() => this.chance(0.5));
    return chosen.length >= least ? chosen : [this.pick(items)];
  }

  shuffled<Item>(items: readonly Item[]): Item[] {
    return items
      .map((item) => ({ item, at: this.next() }))
      .sort((a, b) => a.at - b.at)
      .map(({ item }) => item);
  }

  list<Item>(atMost: number, make: () => Item): Item[] {
    return Array.from({ length: this.whole(atMost + 1) }, make);
  }
}

// Few names and values, so that random ones meet.
const AGENTS = ['ann', 'bob', 'toString'];
const TOOLS = { one: ['run'], two: ['get', 'put'], three: ['n:p/i@1.0.0#run', 'run'] } as const;
const TOOL_ENTRIES = Object.entries(TOOLS).flatMap(([tool, functions]) => [tool, ...functions.map((name) => `${tool}.${name}`)]);
const TEXTS = ['a', 'aa', 'web', 'web-1', 'web-12', 'bash', '', 'Web'];
const PATHS = ['name', 'n', 'flag', 'list[*]', 'rec.name', 'rec.n'];
const PEOPLE = ['ann', 'mia', 'zoe'];
const SINKS = ['file', 'console'];
const CHANNELS = ['terminal', 'webhook:ops', 'slack:team'];
const SESSIONS = ['s1', 's2', '"s1" x', undefined];
/** Monday, 2 March 2026, 00:00 UTC. */
const MONDAY = Date.UTC(2026, 2, 2);
const DAY_MS = 86_400_000;

/** Fields of YAML that the naive evaluator does not read. */
export const SURROUNDINGS = {
  version: 1,
  alerts: { file: { file: 'alerts.jsonl' }, console: { stderr: true } },
  approvers: {
    people: ['ann', 'mia'],
    webhooks: { ops: { url: 'https://approvals.example.com/x', secretEnv: 'SECRET' } },
    slack: { team: { urlEnv: 'URL', signingSecretEnv: 'SIGNING', users: { U1: 'zoe' } } },
  },
};

function condition(random: Random, path: string, isAllow: boolean): PlainCondition {
  const text = (): string => random.pick(TEXTS);
  const kinds: (() => PlainCondition)[] = path.endsWith('n')
    ? [
        () => ({ equals: random.whole(8) }),
        () => ({ min: random.whole(6) }),
        () => ({ max: 2 + random.whole(6) }),
        () => ({ min: random.whole(3), max: 3 + random.whole(4) }),
        () => ({ oneOf: [random.whole(4), 4 + random.whole(4)] }),
      ]
    : path === 'flag'
      ? [() => ({ equals: random.chance(0.5) })]
      : [
          () => ({ equals: text() }),
          () => ({ oneOf: [...new Set([text(), text(), text(), text()])] }),
          () => ({ notOneOf: [...new Set([text(), text()])] }),
          () => ({ pattern: random.pick(Object.keys(PATTERNS)) }),
          () => ({ lengthMin: random.whole(3), lengthMax: 3 + random.whole(3) }),
          () => ({ lengthMax: 5, pattern: random.pick(Object.keys(PATTERNS)) }),
          () => (isAllow ? { deny: random.some(Object.keys(PATTERNS), 1) } : { equals: text() }),
          () => ({ equals: random.pick([3, true]) }),
        ];
  return { ...random.pick(kinds)(), ...(isAllow && random.chance(0.2) ? { optional: true } : {}) };
}

function parameters(random: Random, isAllow: boolean): { parameters?: Record<string, PlainCondition> } {
  if (random.chance(0.35)) return {};
  const paths = random.shuffled(PATHS).slice(0, 1 + random.whole(2));
  return { parameters: Object.fromEntries(paths.map((path) => [path, condition(random, path, isAllow)])) };
}

function during(random: Random) {
  if (random.chance(0.85)) return {};
  const days = random.chance(0.5) ? { days: random.some(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], 1) } : {};
  const hours = random.pick([{}, { from: '08:00', to: '18:00' }, { from: '22:30', to: '06:00' }, { from: '12:00', to: '24:00' }]);
  return { during: { ...days, ...hours, zone: 'UTC' as const } };
}

function budget(random: Random): PlainBudget {
  const calls = random.chance(0.8) ? { calls: 1 + random.whole(3), per: random.pick(['60s', '3600s'] as const) } : {};
  const concurrent = !('calls' in calls) || random.chance(0.3) ? { concurrent: 1 + random.whole(2) } : {};
  const by = random.chance(0.7) ? { by: random.shuffled(random.some(['agent', 'tool', 'session'] as const, 1)) } : {};
  return { ...calls, ...concurrent, ...by };
}

function ask(random: Random): PlainAsk {
  return {
    ...(random.chance(0.5) ? { channels: random.some(CHANNELS, 1) } : {}),
    ...(random.chance(0.5) ? { approvers: random.some(PEOPLE, 1) } : {}),
    ...(random.chance(0.5) ? { expires: random.pick(['60s', '600s'] as const) } : {}),
    ...(random.chance(0.5) ? { useWithin: random.pick(['30s', '900s'] as const) } : {}),
  };
}

const when = (random: Random) => (random.chance(0.15) ? { when: random.pick(Object.keys(EXPRESSIONS)) } : {});
const mode = (random: Random) => (random.chance(0.12) ? { mode: 'log-only' as const } : {});
const alert = (random: Random) => ({ alert: { severity: random.pick(['info', 'critical']), sinks: random.some(SINKS, 1) } });

function allowing(random: Random) {
  return {
    ...parameters(random, true),
    ...during(random),
    ...when(random),
    ...(random.chance(0.15) ? { source: 'required' as const } : {}),
    ...(random.chance(0.2) ? { justification: random.pick(['required' as const, { lengthMin: 4 }]) } : {}),
    ...(random.chance(0.2) ? { budget: budget(random) } : {}),
    ...(random.chance(0.2) ? { ask: ask(random) } : {}),
    ...(random.chance(0.1) ? alert(random) : {}),
  };
}

function covered(random: Random) {
  return {
    agents: random.chance(0.5) ? ('any' as const) : random.some(AGENTS),
    tools: random.chance(0.5) ? ('any' as const) : random.shuffled(TOOL_ENTRIES).slice(0, random.whole(4)),
  };
}

function rule(random: Random, effects: readonly PlainRule['effect'][], isCeiling: boolean): PlainRule {
  const effect = random.pick(effects);
  const fields = effect === 'allow' ? allowing(random) : { ...parameters(random, false), ...during(random), ...when(random) };
  return {
    effect,
    ...covered(random),
    ...fields,
    ...(effect === 'limit' ? { budget: budget(random) } : {}),
    ...(effect === 'ask' && random.chance(0.7) ? { ask: ask(random) } : {}),
    ...(effect === 'alert' || random.chance(0.2) ? alert(random) : {}),
    ...(effect === 'allow' || isCeiling ? {} : mode(random)),
  };
}

/** One rule for some of these agents. */
export function randomRule(
  random: Random,
  effects: readonly PlainRule['effect'][],
  agents: readonly string[],
  isCeiling = false,
): PlainRule {
  const one = rule(random, effects, isCeiling);
  return one.agents === 'any' ? one : { ...one, agents: one.agents.filter((name) => agents.includes(name)) };
}

function entry(random: Random): PlainEntry {
  const tool = random.pick(TOOL_ENTRIES);
  return random.chance(0.3) ? tool : { tool, ...allowing(random), ...mode(random) };
}

/** A policy in which rules of all kinds meet. */
export function randomPolicy(random: Random): PlainPolicy {
  const agents = random.some(AGENTS, 1).map((name) => {
    const entries = random.list(8, () => entry(random));
    // A plain name may be there once.
    return [name, { tools: entries.filter((one, index) => typeof one !== 'string' || entries.indexOf(one) === index) }];
  });
  const known = agents.map(([name]) => name as string);
  let count = 0;
  const named = (one: PlainRule): PlainRule => (random.chance(0.6) ? { ...one, id: `rule-${count++}` } : one);
  const effects = ['allow', 'allow', 'forbid', 'ask', 'limit', 'alert'] as const;
  return {
    ...(random.chance(0.1) ? { mode: 'log-only' } : {}),
    tools: Object.fromEntries(Object.entries(TOOLS).map(([tool, functions]) => [tool, { component: `${tool}.wasm`, functions }])),
    agents: Object.fromEntries(agents),
    rules: random.list(5, () => named(randomRule(random, effects, known))),
    ceiling: { rules: random.list(1, () => named(randomRule(random, ['forbid', 'ask', 'limit'], known, true))) },
  };
}

function parameterValues(random: Random): Record<string, ParameterValue> {
  const text = (): ParameterValue => random.pick(TEXTS);
  const number = (): ParameterValue => BigInt(random.whole(9));
  // Now and then a value of another type, or none: nothing may be coerced.
  const odd = (usual: () => ParameterValue): ParameterValue =>
    random.chance(0.06) ? random.pick<ParameterValue>([null, true, 'a', 3n, [], ['a'], 2.5, { name: 'a' }]) : usual();
  const record: Record<string, ParameterValue> = {};
  if (random.chance(0.9)) record.name = odd(text);
  if (random.chance(0.9)) record.n = odd(number);
  if (random.chance(0.8)) record.flag = odd(() => random.chance(0.5));
  if (random.chance(0.8)) record.list = odd(() => random.list(3, () => odd(text)));
  if (random.chance(0.8)) record.rec = odd(() => ({ name: odd(text), n: odd(number) }));
  return record;
}

/** A request that most random policies have something to say about. */
export function randomRequest(random: Random, policy: PlainPolicy): DecisionRequest {
  const agents = Object.keys(policy.agents);
  const tool = random.pick(Object.keys(TOOLS) as (keyof typeof TOOLS)[]);
  const toolName = random.chance(0.05)
    ? random.pick(['', 'One', 'one.', 'four', 'two.run', 'two', '.run'])
    : random.chance(0.2)
      ? tool
      : `${tool}.${random.pick(TOOLS[tool])}`;
  return {
    agent: random.chance(0.03) ? random.pick(['', 'Ann', 'valueOf', ...AGENTS]) : random.pick(agents),
    toolName,
    parameters: parameterValues(random),
    justification: random.chance(0.3) ? undefined : random.pick(['', '   ', 'why', 'because', ' fix ']),
    source: random.chance(0.3) ? undefined : random.pick(['', 'line 7']),
    session: random.pick(SESSIONS),
  };
}

export function randomInstant(random: Random): number {
  return MONDAY + random.whole(7 * DAY_MS);
}

/** Calls that were counted, by key; any key has some for one in two. */
export function randomCalls(random: Random, at: number): (key: string) => readonly PlainCall[] {
  const known = new Map<string, readonly PlainCall[]>();
  const make = (): PlainCall[] =>
    random.list(4, () => ({
      at: at - random.pick([0, 1, 59_999, 60_000, 60_001, 3_599_999, 3_600_000, 1_000_000]),
      isOpen: random.chance(0.3),
    }));
  return (key) => {
    if (!known.has(key)) known.set(key, random.chance(0.5) ? [] : make());
    return known.get(key)!;
  };
}
