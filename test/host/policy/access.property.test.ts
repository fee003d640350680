import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideAccess, type Policy } from '../../../host/policy/index.ts';
import { parse } from './fixture.ts';

/** A policy as plain data: functions by tool, entries by agent. Few names, so that random ones meet. */
interface Plain {
  readonly tools: ReadonlyMap<string, readonly string[]>;
  readonly agents: ReadonlyMap<string, readonly string[]>;
}

const TOOLS = ['a', 'b', 'a-b', 'c'];
const FUNCTIONS = ['a', 'b', 'run', 'n:p/i@1.0.0#run'];
const AGENTS = ['a', 'b', 'toString'];

const names = (from: readonly string[], minLength: number) => fc.shuffledSubarray([...from], { minLength });

const plainPolicy: fc.Arbitrary<Plain> = names(TOOLS, 0)
  .chain((tools) => fc.tuple(fc.constant(tools), fc.tuple(...tools.map(() => names(FUNCTIONS, 1))), names(AGENTS, 0)))
  .chain(([tools, functions, agents]) => {
    const entries = tools.flatMap((tool, index) => [tool, ...(functions[index] ?? []).map((name) => `${tool}.${name}`)]);
    return fc.tuple(...agents.map(() => names(entries, 0))).map((lists) => ({
      tools: new Map(tools.map((tool, index) => [tool, functions[index] ?? []])),
      agents: new Map(agents.map((agent, index) => [agent, lists[index] ?? []])),
    }));
  });

/** Every request over those names, and some that no policy can allow. */
const REQUESTS = ['x', ...AGENTS].flatMap((agent) =>
  ['', 'x', 'A', ...TOOLS].flatMap((tool) =>
    ['', '.', '.x', '.RUN', '.a.a', ...FUNCTIONS.map((name) => `.${name}`)].map((rest) => ({
      agent,
      toolName: `${tool}${rest}`,
    })),
  ),
);

function toPolicy({ tools, agents }: Plain): Policy {
  // JSON is YAML: the test needs no writer of its own.
  const toolFields = [...tools].map(([name, functions]) => [name, { component: `${name}.wasm`, functions }]);
  const agentFields = [...agents].map(([name, entries]) => [name, { tools: entries }]);
  return parse(
    JSON.stringify({ version: 1, tools: Object.fromEntries(toolFields), agents: Object.fromEntries(agentFields) }, null, 1),
  );
}

/** The allowed requests of one agent, by listing them all: from request name to function. Shares nothing with `decideAccess`. */
function allowedRequests({ tools, agents }: Plain, agent: string): Map<string, string> {
  const allowed = new Map<string, string>();
  for (const [tool, functions] of tools) {
    for (const name of functions) {
      const granted = agents.get(agent)?.some((entry) => entry === tool || entry === `${tool}.${name}`);
      if (granted) allowed.set(`${tool}.${name}`, name);
      if (granted && functions.length === 1) allowed.set(tool, name);
    }
  }
  return allowed;
}

/** The code of a denial, from the words of the policy's documentation. */
function naiveCode({ tools, agents }: Plain, agent: string, toolName: string): string {
  const [tool = '', ...rest] = toolName.split('.');
  const entries = agents.get(agent);
  const functions = tools.get(tool);
  if (!entries) return 'denied/no-policy-for-agent';
  if (!functions) return 'denied/no-policy-for-tool';
  if (!entries.some((entry) => entry === tool || entry.startsWith(`${tool}.`))) return 'denied/tool-not-granted';
  return functions.includes(rest.join('.')) ? 'denied/tool-not-granted' : 'denied/function-not-listed';
}

/** A decision without line numbers, which change with the layout of the file. */
function summary(policy: Policy, request: { agent: string; toolName: string }): string {
  const decision = decideAccess(policy, request);
  return decision.effect === 'allow' ? `allow ${decision.tool.name} ${decision.functionName}` : decision.code;
}

test('agrees with a naive evaluator on every request (PO-13)', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(plainPolicy, (plain) => {
      const policy = toPolicy(plain);
      for (const request of REQUESTS) {
        const name = allowedRequests(plain, request.agent).get(request.toolName);
        const tool = request.toolName.split('.')[0];
        const expected = name === undefined ? naiveCode(plain, request.agent, request.toolName) : `allow ${tool} ${name}`;
        const actual = summary(policy, request);
        if (actual !== expected) expect(`${request.agent} ${request.toolName}: ${actual}`).toBe(expected);
        seen.add(actual.split(' ')[0]!);
      }
    }),
    { numRuns: 400 },
  );
  // The comparison is worth something only when every kind of decision was met.
  expect([...seen].sort()).toEqual([
    'allow',
    'denied/function-not-listed',
    'denied/no-policy-for-agent',
    'denied/no-policy-for-tool',
    'denied/tool-not-granted',
  ]);
});

const shuffled = <Value>(values: Iterable<Value>) => fc.shuffledSubarray([...values], { minLength: [...values].length });

test('the order of tools, agents and lists changes no decision (PO-12)', () => {
  const pair = plainPolicy.chain((plain) =>
    fc.tuple(shuffled(plain.tools), shuffled(plain.agents), fc.boolean()).map(([tools, agents, reversed]): [Plain, Plain] => [
      plain,
      {
        tools: new Map(tools.map(([name, list]) => [name, reversed ? [...list].reverse() : list])),
        agents: new Map(agents.map(([name, list]) => [name, reversed ? [...list].reverse() : list])),
      },
    ]),
  );
  fc.assert(
    fc.property(pair, ([plain, other]) => {
      const [policy, reordered] = [toPolicy(plain), toPolicy(other)];
      for (const request of REQUESTS) expect(summary(reordered, request)).toBe(summary(policy, request));
    }),
    { numRuns: 100 },
  );
});

test('adding unrelated tools and agents opens nothing (PO-12)', () => {
  fc.assert(
    fc.property(plainPolicy, names(FUNCTIONS, 1), (plain, functions) => {
      const policy = toPolicy(plain);
      const wider = toPolicy({
        tools: new Map([['unrelated', functions], ...plain.tools]),
        agents: new Map([['other', ['unrelated', ...plain.tools.keys()]], ...plain.agents]),
      });
      for (const request of REQUESTS) expect(summary(wider, request)).toBe(summary(policy, request));
      for (const agent of AGENTS) expect(decideAccess(wider, { agent, toolName: 'unrelated.run' }).effect).toBe('deny');
    }),
    { numRuns: 100 },
  );
});

test('adding an entry for one agent opens only what the entry names', () => {
  fc.assert(
    fc.property(plainPolicy, fc.nat(), fc.nat(), (plain, agentIndex, entryIndex) => {
      const agents = [...plain.agents.keys()];
      const entries = [...plain.tools].flatMap(([tool, functions]) => functions.map((name) => `${tool}.${name}`));
      fc.pre(agents.length > 0 && entries.length > 0);
      const agent = agents[agentIndex % agents.length]!;
      const entry = entries[entryIndex % entries.length]!;
      const list = plain.agents.get(agent) ?? [];
      const wider = toPolicy({ ...plain, agents: new Map([...plain.agents, [agent, [...new Set([...list, entry])]]]) });
      const policy = toPolicy(plain);
      for (const request of REQUESTS) {
        const [before, after] = [decideAccess(policy, request), decideAccess(wider, request)];
        if (before.effect === 'allow') expect(after.effect).toBe('allow');
        else if (after.effect === 'allow')
          expect([request.agent, `${after.tool.name}.${after.functionName}`]).toEqual([agent, entry]);
      }
    }),
    { numRuns: 100 },
  );
});

test('a decision is a function of policy and request', () => {
  fc.assert(
    fc.property(plainPolicy, fc.constantFrom(...REQUESTS), (plain, request) => {
      expect(decideAccess(toPolicy(plain), request)).toEqual(decideAccess(toPolicy(plain), Object.freeze({ ...request })));
    }),
    { numRuns: 50 },
  );
});

test('any strings at all are decided, on one line, and allow nothing that is not listed', () => {
  const policy = toPolicy({ tools: new Map([['a', ['run']]]), agents: new Map([['b', ['a']]]) });
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (text, tail) => {
      fc.pre(text !== '' && !(text.startsWith('.') && `${text}${tail}`.startsWith('.run')));
      for (const request of [
        { agent: `b${text}`, toolName: 'a' },
        { agent: 'b', toolName: `a${text}${tail}` },
        { agent: text, toolName: tail },
      ]) {
        const decision = decideAccess(policy, request);
        if (decision.effect === 'allow') expect(request).toEqual({ agent: 'b', toolName: 'a' });
        else expect(`${decision.message} ${decision.help}`).toMatch(/^[\x20-\x7e]+$/);
      }
    }),
  );
});
