import { type Decision, type DecisionRequest, decide, type Policy, parsePolicy, type Usage } from '../../../host/policy/index.ts';
import { naiveDecide, type PlainCall, type PlainDecision, type PlainPolicy } from './naive-decide.ts';
import { Random, randomCalls, randomInstant, randomPolicy, randomRequest, SURROUNDINGS } from './random-policy.ts';

/** The policy as `decide` reads it. JSON is YAML: the tests need no writer of their own. */
export function toPolicy(plain: PlainPolicy): Policy {
  return parsePolicy(JSON.stringify({ ...SURROUNDINGS, ...plain }, null, 1), '/etc/cells/cellblock.yaml');
}

export function usageOf(counted: (key: string) => readonly PlainCall[]): Usage {
  const since = (key: string, sinceMs: number) => counted(key).filter(({ at }) => at > sinceMs);
  return {
    used: (key, sinceMs) => since(key, sinceMs).length,
    inFlight: (key) => counted(key).filter(({ isOpen }) => isOpen).length,
    oldest: (key, sinceMs) => {
      const instants = since(key, sinceMs).map(({ at }) => at);
      return instants.length === 0 ? undefined : Math.min(...instants);
    },
  };
}

/** Without file and line, which change with the layout. */
const names = (refs: readonly string[]): string[] => [...new Set(refs.map((ref) => ref.replace(/ \([^ ()]*\)$/, '')))].sort();

/** A decision without its words, and with sets where order means nothing. */
export function plain(decision: Decision): PlainDecision {
  const { effect, rules, alerts, logOnly } = decision;
  const common = {
    effect,
    rules: names(rules),
    alerts: names(alerts.map(({ rule }) => rule)),
    logOnly: logOnly.map((one) => [one.effect, ...(one.code === undefined ? [] : [one.code]), names(one.rules)].join(' ')).sort(),
  };
  if (decision.effect === 'deny') {
    const { code, data = {} } = decision;
    return { ...common, code, ...(typeof data.retryAfterMs === 'number' ? { retryAfterMs: data.retryAfterMs } : {}) };
  }
  const budgets = [...new Set(decision.budgets.map(({ key }) => key))].sort();
  if (decision.effect === 'allow') return { ...common, budgets };
  const { channels, approvers, expiresMs, useWithinMs } = decision.demand;
  return {
    ...common,
    budgets,
    demand: { channels: [...channels].sort(), approvers: [...approvers].sort(), expiresMs, useWithinMs },
  };
}

/** One request on one policy, decided twice. */
export interface Pair {
  readonly seed: number;
  readonly policy: PlainPolicy;
  readonly request: DecisionRequest;
  readonly instantMs: number;
  readonly counted: (key: string) => readonly PlainCall[];
  readonly ours: PlainDecision;
  readonly naive: PlainDecision;
}

const REQUESTS_PER_POLICY = 100;

/** The pairs of a seed: one policy, 100 requests at different instants with different usage. */
export function* pairsOf(seed: number): Generator<Pair> {
  const random = new Random(seed);
  const written = randomPolicy(random);
  const policy = toPolicy(written);
  for (let count = 0; count < REQUESTS_PER_POLICY; count++) {
    const request = randomRequest(random, written);
    const instantMs = randomInstant(random);
    const counted = randomCalls(random, instantMs);
    const ours = plain(decide(policy, request, instantMs, usageOf(counted)));
    yield { seed, policy: written, request, instantMs, counted, ours, naive: naiveDecide(written, request, instantMs, counted) };
  }
}

/** What two decisions do not agree in; undefined when they do. */
export function difference({ seed, policy, request, instantMs, ours, naive }: Pair): string | undefined {
  const [one, other] = [ours, naive].map((decision) => JSON.stringify(sortedKeys(decision)));
  if (one === other) return undefined;
  const shown = JSON.stringify({ policy, request, instantMs }, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
  return `seed ${seed}\nours:  ${one}\nnaive: ${other}\n${shown}`;
}

function sortedKeys(decision: PlainDecision): Record<string, unknown> {
  return Object.fromEntries(Object.entries(decision).sort(([a], [b]) => (a < b ? -1 : 1)));
}
