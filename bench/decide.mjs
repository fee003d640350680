// `decide` on a large policy, beside Cedar's engine on the same rules: same process, in turns.
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { decide, parsePolicy } from 'cellblock';
import { duration, ratio, rounded, summarise, table } from './stats.mjs';

const AGENTS = 100;
const TOOLS = 200;
const RULES = 1000;
/** Rules that let the measured request through. */
const MATCHING = 24;
/** Forbids that are about it, as about every other, and do not match. */
const FORBIDS_OF_ALL = 4;

const MEASURED = { agent: 'agent-7', tool: 'tool-13' };
const PARAMETERS = { namespace: 'web', target: 'deployment/webapp', verb: 'restart', replicas: 3, dry: false };
const JUSTIFICATION = 'the pod restarts in a loop';

/** Conditions of allows that the measured request meets, as both languages have them. */
const MET = [
  [{ parameters: { namespace: { equals: 'web' } } }, 'context.namespace == "web"'],
  [{ parameters: { verb: { oneOf: ['get', 'restart'] } } }, '["get", "restart"].contains(context.verb)'],
  [{ parameters: { replicas: { min: 1, max: 5 } } }, 'context.replicas >= 1 && context.replicas <= 5'],
  [{ parameters: { dry: { equals: false } } }, 'context.dry == false'],
  [
    { parameters: { namespace: { notOneOf: ['kube-system', 'vault'] }, verb: { equals: 'restart' } } },
    '!["kube-system", "vault"].contains(context.namespace) && context.verb == "restart"',
  ],
];
const PATTERN = [{ parameters: { target: { pattern: 'deployment/[a-z0-9-]{1,40}' } } }, 'context.target like "deployment/*"'];
const EXPRESSION = [
  { when: 'parameters.replicas < 5 && justification != null' },
  'context.replicas < 5 && context has justification',
];
/** Of rules that are about others. */
const OTHER = [
  [{ parameters: { namespace: { equals: 'db' } } }, 'context.namespace == "db"'],
  [{ parameters: { target: { pattern: 'pod/.*' } } }, 'context.target like "pod/*"'],
  [{ when: 'parameters.replicas > 7' }, 'context.replicas > 7'],
];

/** The rules, each as `{effect, agent?, tool?, ours, theirs}`; without agent and tool it is about all. */
function rules() {
  const matching = Array.from({ length: MATCHING }, (_, at) => {
    const [ours, theirs] = at === 0 ? PATTERN : at === 1 ? EXPRESSION : MET[at % MET.length];
    return { effect: 'allow', ...MEASURED, ours, theirs };
  });
  const ofAll = Array.from({ length: FORBIDS_OF_ALL }, (_, at) => {
    const namespace = `closed-${at}`;
    return {
      effect: 'forbid',
      ours: { parameters: { namespace: { equals: namespace } } },
      theirs: `context.namespace == "${namespace}"`,
    };
  });
  const others = Array.from({ length: RULES - MATCHING - FORBIDS_OF_ALL }, (_, at) => {
    const [ours, theirs] = at % 2 === 0 ? OTHER[at % OTHER.length] : MET[at % MET.length];
    // Steps that share no factor with the counts: every agent and tool has its share. None is the measured pair.
    const [agent, tool] = [`agent-${(at * 37) % AGENTS}`, `tool-${(at * 89 + 1) % TOOLS}`];
    const isMeasured = agent === MEASURED.agent && tool === MEASURED.tool;
    return { effect: at % 5 === 0 ? 'forbid' : 'allow', agent, tool: isMeasured ? 'tool-0' : tool, ours, theirs };
  });
  return [...others.slice(0, 500), ...matching, ...others.slice(500), ...ofAll];
}

function ourPolicy(all) {
  const named = (count, word, value) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`${word}-${at}`, value]));
  return parsePolicy(
    JSON.stringify(
      {
        version: 1,
        tools: named(TOOLS, 'tool', { component: 'tool.wasm', functions: ['run'] }),
        agents: named(AGENTS, 'agent', { tools: [] }),
        rules: all.map(({ effect, agent, tool, ours }, at) => ({
          id: `rule-${at}`,
          effect,
          agents: agent === undefined ? 'any' : [agent],
          tools: tool === undefined ? 'any' : [tool],
          ...ours,
        })),
      },
      null,
      1,
    ),
    'cellblock.yaml',
  );
}

function theirPolicies(all) {
  const text = ({ effect, agent, tool, theirs }) => {
    const principal = agent === undefined ? 'principal' : `principal == Agent::"${agent}"`;
    const resource = tool === undefined ? 'resource' : `resource == Tool::"${tool}"`;
    return `${effect === 'allow' ? 'permit' : 'forbid'}(${principal}, action == Action::"call", ${resource}) when { ${theirs} };`;
  };
  return Object.fromEntries(all.map((rule, at) => [`rule-${at}`, text(rule)]));
}

const USAGE = { used: () => 0, inFlight: () => 0, oldest: () => undefined };

/** Ours: parameters as the warden hands them over, integers as bigints. */
function openOurs(all) {
  const policy = ourPolicy(all);
  const request = {
    agent: MEASURED.agent,
    toolName: MEASURED.tool,
    parameters: { ...PARAMETERS, replicas: BigInt(PARAMETERS.replicas) },
    justification: JUSTIFICATION,
  };
  const instantMs = Date.UTC(2026, 2, 2, 12);
  const run = () => decide(policy, request, instantMs, USAGE);
  const { effect, rules: refs } = run();
  // The last one is the entry of the tool that offers the function.
  return { name: 'cellblock decide', run, effect, matched: refs.slice(0, -1).map((ref) => ref.split(' ')[0]) };
}

/** Cedar's stateful interface: policies were parsed before, the request goes in as objects. */
function openTheirs(all) {
  const parsed = cedar.preparsePolicySet('bench', { staticPolicies: theirPolicies(all) });
  if (parsed.type !== 'success')
    throw new Error(`Cedar does not take the policies: ${JSON.stringify(parsed.errors.slice(0, 3))}`);
  const call = {
    principal: { type: 'Agent', id: MEASURED.agent },
    action: { type: 'Action', id: 'call' },
    resource: { type: 'Tool', id: MEASURED.tool },
    context: { ...PARAMETERS, justification: JUSTIFICATION },
    preparsedPolicySetId: 'bench',
    entities: [],
  };
  const run = () => cedar.statefulIsAuthorized(call);
  const { type, response } = run();
  if (type !== 'success') throw new Error('Cedar does not answer');
  const name = `cedar-wasm ${cedar.getCedarVersion()}, statefulIsAuthorized`;
  return { name, run, effect: response.decision, matched: response.diagnostics.reason };
}

/** Both have to say the same, for the reasons that the policy was made for. */
function check(contenders, all) {
  const expected = all
    .flatMap(({ agent, tool }, at) => (agent === MEASURED.agent && tool === MEASURED.tool ? [`rule-${at}`] : []))
    .sort();
  const has = (part) => expected.some((id) => all[Number(id.slice('rule-'.length))].ours === part[0]);
  if (all.length !== RULES || expected.length < 20 || !has(PATTERN) || !has(EXPRESSION))
    throw new Error('the policy is not as it should be');
  for (const { name, effect, matched } of contenders) {
    if (effect !== 'allow' || [...matched].sort().join() !== expected.join()) {
      throw new Error(`${name} says ${effect} by ${matched.length} rules, expected allow by ${expected.length}`);
    }
  }
}

/**
 * Measures one decision by batches; the contenders take turns, so that whatever else the machine does meets both alike.
 *
 * @returns rows of `{contender, rules, matching, batch, latencyMs: summary, samplesMs}`; a sample is the mean of a batch.
 */
export function measureDecide({ quick }) {
  const all = rules();
  const contenders = [openOurs(all), openTheirs(all)];
  check(contenders, all);
  const rounds = quick ? 300 : 2000;
  const results = contenders.map(({ name, matched }, at) => ({
    contender: name,
    rules: all.length,
    matching: matched.length,
    batch: at === 0 ? 100 : 1, // samples as short as the clock can tell apart, so that few of them are interrupted
    samplesMs: [],
  }));
  for (let round = -100; round < rounds; round += 1) {
    for (const [at, { run }] of contenders.entries()) {
      const { batch, samplesMs } = results[at];
      const began = performance.now();
      for (let count = 0; count < batch; count += 1) run();
      const ms = (performance.now() - began) / batch;
      if (round >= 0) samplesMs.push(ms); // the first rounds warm up the compiler
    }
  }
  return results.map(({ samplesMs, ...row }) => ({ ...row, latencyMs: summarise(samplesMs), samplesMs: rounded(samplesMs) }));
}

export function decideTable(rows) {
  return table(
    ['one decision', 'rules', 'matching', 'p50', 'p90', 'p99', 'p50 / ours'],
    rows.map(({ contender, rules: count, matching, latencyMs }) => [
      contender,
      count,
      matching,
      duration(latencyMs.p50),
      duration(latencyMs.p90),
      duration(latencyMs.p99),
      ratio(latencyMs.p50, rows[0].latencyMs.p50),
    ]),
  );
}
