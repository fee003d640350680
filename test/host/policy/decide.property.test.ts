import { describe, expect, test } from 'vitest';
import { decide } from '../../../host/policy/index.ts';
import { difference, pairsOf, plain, toPolicy, usageOf } from './decide-pair.ts';
import { naiveDecide, type PlainDecision, type PlainEntry, type PlainPolicy, type PlainRule } from './naive-decide.ts';
import { Random, randomPolicy, randomRule } from './random-policy.ts';

describe('a naive evaluator', () => {
  test('agrees on 24,000 random policies and requests (PO-13)', () => {
    const seen = new Map<string, number>();
    for (let seed = 1; seed <= 240; seed++) {
      for (const pair of pairsOf(seed)) {
        const found = difference(pair);
        if (found !== undefined) expect.fail(found);
        const kind = pair.ours.code ?? pair.ours.effect;
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
      }
    }
    // The comparison is worth something only where every kind of decision was met, and often.
    expect(
      [...seen]
        .filter(([, count]) => count >= 100)
        .map(([kind]) => kind)
        .sort(),
    ).toEqual([
      'allow',
      'ask',
      'denied/budget',
      'denied/condition-failed',
      'denied/forbidden',
      'denied/function-not-listed',
      'denied/justification-required',
      'denied/no-policy-for-agent',
      'denied/no-policy-for-tool',
      'denied/outside-hours',
      'denied/parameters',
      'denied/source-required',
      'denied/tool-not-granted',
    ]);
  });

  /** The first pair in which the naive evaluator, on a changed policy, is found out. */
  function firstDifference(change: (policy: PlainPolicy) => PlainPolicy): string | undefined {
    for (let seed = 1; seed <= 240; seed++) {
      for (const pair of pairsOf(seed)) {
        const { policy, request, instantMs, counted } = pair;
        const found = difference({ ...pair, naive: naiveDecide(change(policy), request, instantMs, counted) });
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  /** What a policy would be without one part of the language: an evaluator that does not know it must be found out. */
  const without: Readonly<Record<string, (rule: PlainRule) => PlainRule | undefined>> = {
    'forbid rules': (rule) => (rule.effect === 'forbid' ? undefined : rule),
    'ask rules': (rule) => (rule.effect === 'ask' ? undefined : rule),
    'limit rules': (rule) => (rule.effect === 'limit' ? undefined : rule),
    'alert rules': (rule) => (rule.effect === 'alert' ? undefined : rule),
    'allow rules': (rule) => (rule.effect === 'allow' ? undefined : rule),
    parameters: ({ parameters, ...rule }) => rule,
    hours: ({ during, ...rule }) => rule,
    expressions: ({ when, ...rule }) => rule,
    'log-only': ({ mode, ...rule }) => rule,
  };

  test.each(Object.keys(without))('is found out where it does not know %s', (part) => {
    const change = without[part]!;
    const all = (rules: readonly PlainRule[]) => rules.flatMap((rule) => change(rule) ?? []);
    expect(
      firstDifference((policy) => ({ ...policy, rules: all(policy.rules), ceiling: { rules: all(policy.ceiling.rules) } })),
    ).toBeDefined();
  });
});

/** How open a decision is. */
const RANK = { deny: 0, ask: 1, allow: 2 } as const;

/** Gives each rule its place as an id, so that its budget and its name stay when it moves. */
function withIds(policy: PlainPolicy): PlainPolicy {
  const named = (place: string) => (rule: PlainRule, index: number) => ({ ...rule, id: rule.id ?? `${place}-${index}` });
  const entries = (agent: string) => (entry: PlainEntry, index: number) =>
    typeof entry === 'string' ? entry : { ...entry, id: entry.id ?? `${agent.toLowerCase()}-${index}` };
  return {
    ...policy,
    agents: Object.fromEntries(
      Object.entries(policy.agents).map(([name, { tools }]) => [name, { tools: tools.map(entries(name)) }]),
    ),
    rules: policy.rules.map(named('general')),
    ceiling: { rules: policy.ceiling.rules.map(named('ceiling')) },
  };
}

/**
 * Decides the requests of each seed on its policy and on what is made of it.
 *
 * @param sameAs - the budget of the first policy that one of the second is to have the same calls in.
 */
function onBoth(
  seeds: number,
  change: (policy: PlainPolicy, random: Random) => PlainPolicy,
  check: (before: PlainDecision, after: PlainDecision, seed: number) => void,
  sameAs: (key: string) => string = (key) => key,
): void {
  for (let seed = 1; seed <= seeds; seed++) {
    let policies: ReturnType<typeof toPolicy>[] | undefined;
    for (const { policy, request, instantMs, counted } of pairsOf(seed)) {
      const named = withIds(policy);
      policies ??= [named, change(named, new Random(seed))].map(toPolicy);
      const usage = usageOf((key) => counted(sameAs(key)));
      const [before, after] = policies.map((each) => plain(decide(each, request, instantMs, usage)));
      check(before!, after!, seed);
    }
  }
}

const SEEDS = 15;

describe('the algebra of rules (PO-12)', () => {
  test('their order decides nothing', () => {
    onBoth(SEEDS, shuffled, (before, after) => expect(unplaced(after)).toEqual(unplaced(before)));
  });

  function shuffled(policy: PlainPolicy, random: Random): PlainPolicy {
    const agents = random
      .shuffled(Object.entries(policy.agents))
      .map(([name, { tools }]) => [name, { tools: random.shuffled(tools) }]);
    return {
      ...policy,
      tools: Object.fromEntries(random.shuffled(Object.entries(policy.tools))),
      agents: Object.fromEntries(agents),
      rules: random.shuffled(policy.rules),
      ceiling: { rules: random.shuffled(policy.ceiling.rules) },
    };
  }

  /** Entries that are only names are called by their places, which change with the order. */
  function unplaced(decision: PlainDecision): PlainDecision {
    const strip = (name: string) => name.replace(/^(agents\.[^[]*\.tools)\[\d+\]$/, '$1[]');
    return { ...decision, rules: decision.rules.map(strip).sort() };
  }

  test('to write one twice changes nothing', () => {
    const copied = ({ id, ...rule }: PlainRule): PlainRule => ({ ...rule, id: `${id}-copy` });
    const twice = (policy: PlainPolicy): PlainPolicy => ({
      ...policy,
      agents: Object.fromEntries(
        Object.entries(policy.agents).map(([name, { tools }]) => {
          const copies = tools.flatMap((entry) => (typeof entry === 'string' ? [] : [{ ...entry, id: `${entry.id}-copy` }]));
          return [name, { tools: [...tools, ...copies] }];
        }),
      ),
      rules: [...policy.rules, ...policy.rules.map(copied)],
      ceiling: { rules: [...policy.ceiling.rules.map(copied), ...policy.ceiling.rules] },
    });
    const check = (before: PlainDecision, after: PlainDecision, seed: number): void =>
      expect([seed, after.effect, after.code, after.demand]).toEqual([seed, before.effect, before.code, before.demand]);
    onBoth(SEEDS, twice, check, (key) => key.replace('-copy', ''));
  });

  test('one more allow for others opens nothing', () => {
    const wider = (policy: PlainPolicy): PlainPolicy => ({
      ...policy,
      tools: { ...policy.tools, unrelated: { component: 'x.wasm', functions: ['run'] } },
      agents: { ...policy.agents, other: { tools: ['unrelated', ...Object.keys(policy.tools)] } },
      rules: [
        { effect: 'allow', agents: 'any', tools: ['unrelated'] },
        ...policy.rules,
        { effect: 'allow', agents: ['other'], tools: 'any' },
        { effect: 'allow', agents: [], tools: 'any' },
        { effect: 'allow', agents: 'any', tools: [] },
      ],
    });
    onBoth(SEEDS, wider, (before, after, seed) => {
      expect([seed, after]).toEqual([seed, before]);
    });
  });

  test.each(['forbid', 'ask', 'limit', 'alert'] as const)('one more %s opens nothing', (effect) => {
    const stricter = (policy: PlainPolicy, random: Random): PlainPolicy => ({
      ...policy,
      rules: [...policy.rules, randomRule(random, [effect], Object.keys(policy.agents))],
    });
    onBoth(SEEDS, stricter, (before, after, seed) => {
      if (RANK[after.effect] > RANK[before.effect]) expect.fail(`seed ${seed}: ${before.effect}, then ${after.effect}`);
    });
  });

  test('one more ceiling opens nothing, in a log-only policy neither', () => {
    const stricter = (policy: PlainPolicy, random: Random): PlainPolicy => ({
      ...policy,
      ceiling: {
        rules: [...policy.ceiling.rules, randomRule(random, ['forbid', 'ask', 'limit'], Object.keys(policy.agents), true)],
      },
    });
    onBoth(SEEDS, stricter, (before, after, seed) => {
      if (RANK[after.effect] > RANK[before.effect]) expect.fail(`seed ${seed}: ${before.effect}, then ${after.effect}`);
    });
  });

  test('a forbid of everything denies everything, whatever allows', () => {
    for (const mode of ['rules', 'ceiling'] as const) {
      const closed = ({ mode: _, ...policy }: PlainPolicy): PlainPolicy => {
        const rule: PlainRule = { effect: 'forbid', agents: 'any', tools: 'any' };
        return mode === 'rules' ? { ...policy, rules: [rule, ...policy.rules] } : { ...policy, ceiling: { rules: [rule] } };
      };
      onBoth(10, closed, (_, after) => expect(after.effect).toBe('deny'));
    }
  });
});

test('a decision is a function of policy, request, instant and usage', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const policy = toPolicy(randomPolicy(new Random(seed)));
    for (const { request, instantMs, counted } of pairsOf(seed)) {
      const frozen = Object.freeze({ ...request, parameters: Object.freeze({ ...request.parameters }) });
      const [one, other] = [request, frozen].map((each) => decide(policy, each, instantMs, usageOf(counted)));
      expect(other).toEqual(one);
    }
  }
});
