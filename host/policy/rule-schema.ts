import { z } from 'zod';
import { allowParameters, restrictParameters, textDemand, timeWindow, whenSource } from './conditions/index.ts';
import { AGENT_NAME, TOOL_ENTRY, TOOL_NAME } from './names.ts';
import { expected, fields, listOf, name, parsedBy } from './schema-parts.ts';
import { grants, limits, unitText } from './tool-schema.ts';
import { PERIOD_FORM, PERIOD_PATTERN, parsePeriod } from './units.ts';

/** Most calls that a budget can count; a window's calls are held in memory. */
const CALLS_MAX = 1_000_000;

const period = (example: string) => unitText(PERIOD_FORM, PERIOD_PATTERN, example).transform(parsedBy(parsePeriod));

function count(what: string) {
  const error = expected(`${what}, a whole number from 1 to ${CALLS_MAX}`);
  return z.int({ error }).min(1, { error }).max(CALLS_MAX, { error });
}

function nonEmpty<Item extends z.ZodType<string>>(item: Item, what: string) {
  return listOf(item, what).min(1, { error: `expected ${what}, got an empty one` });
}

const scope = z.enum(['agent', 'tool', 'session'], { error: expected('`agent`, `tool` or `session`') });

const budget = fields('the fields of a budget', {
  calls: count('a number of calls').optional().describe('Calls in any period of the length `per`, those in flight among them.'),
  per: period('1h').optional().describe('The period, in ms, s, m, h or d.'),
  concurrent: count('a number of calls').optional().describe('Calls in flight at one time.'),
  by: nonEmpty(scope, 'a list of one or more of `agent`, `tool` and `session`')
    .optional()
    .describe('What has a budget of its own; absent: all calls under the rule share one.'),
}).superRefine(({ calls, per, concurrent }, context) => {
  const report = (message: string): void => context.addIssue({ code: 'custom', message });
  if (calls !== undefined && per === undefined) report('`calls` needs the period `per`, such as `1h`');
  if (per !== undefined && calls === undefined) report('`per` needs a number of `calls`');
  if (calls === undefined && per === undefined && concurrent === undefined) report('expected `calls` and `per`, or `concurrent`');
});

const CHANNEL = /^(?:terminal|(?:webhook|slack|mcp):[a-z][a-z0-9]*(?:-[a-z0-9]+)*)$/;

const ask = fields('the fields of a question', {
  channels: nonEmpty(name(CHANNEL, '`terminal`, or `webhook:`, `slack:` or `mcp:` and a name'), 'a list of one or more channels')
    .optional()
    .describe('Where the question goes; default `terminal`. The command line may always answer.'),
  approvers: nonEmpty(name(AGENT_NAME, 'the name of an approver'), 'a list of one or more approvers')
    .optional()
    .describe('Who may answer; absent: whoever operates the trail.'),
  expires: period('15m').optional().describe('After this long, silence is no. Default 15m.'),
  useWithin: period('1h').optional().describe('After this long, an approval that was not used is gone. Default 1h.'),
});

const alert = fields('the fields of an alert', {
  severity: z
    .enum(['info', 'warning', 'critical'], { error: expected('`info`, `warning` or `critical`') })
    .optional()
    .describe('Default `warning`.'),
  sinks: nonEmpty(name(TOOL_NAME, 'the name of a sink'), 'a list of one or more sinks').describe('Names from `alerts`.'),
});

const mode = z.enum(['enforce', 'log-only'], { error: expected('`enforce` or `log-only`') });

const id = name(TOOL_NAME, 'an id in kebab-case')
  .optional()
  .describe('Names the rule in decisions and in what budgets have counted; default: its place in the file.');

/** What every rule may have. */
const common = {
  id,
  when: whenSource.optional().describe('A CEL expression that must be true.'),
  during: timeWindow.optional().describe('Hours in which the rule is in force.'),
  alert: alert.optional().describe('Also raise an alert when the rule fires.'),
};

/** What only a rule that allows may have: in another, to leave out the text would be a way around the rule. */
const allowing = {
  parameters: allowParameters.optional().describe('Conditions by parameter path; all must hold, for every value.'),
  justification: textDemand.optional().describe('The request must say why.'),
  source: textDemand.optional().describe('The request must say what made the agent ask.'),
  budget: budget.optional().describe('The rule does not allow more calls than this.'),
  ask: ask.optional().describe('A human must say yes.'),
};

const restricting = {
  parameters: restrictParameters
    .optional()
    .describe('Conditions by parameter path; the rule matches when each path has some value that satisfies them.'),
};

const toolEntry = name(TOOL_ENTRY, '`tool` or `tool.function`');

/** An entry in the list of an agent: a name, or a mapping with conditions. */
export const agentEntry = z.union(
  [
    toolEntry,
    fields('the fields of an entry', {
      tool: toolEntry.describe('`tool` for all functions that it offers, or `tool.function`.'),
      ...common,
      ...allowing,
      mode: mode.optional().describe('`log-only`: conditions are recorded, and not enforced.'),
    }),
  ],
  { error: expected('`tool`, `tool.function` or a mapping with `tool`') },
);

function anyOr<List extends z.ZodType>(list: List, what: string) {
  return z.union([z.literal('any'), list], { error: expected(`\`any\` or ${what}`) });
}

const covered = {
  agents: anyOr(listOf(name(AGENT_NAME, 'the name of an agent'), '`any` or a list of agents'), 'a list of agents').describe(
    '`any`, or the agents that the rule is about; an empty list is about none.',
  ),
  tools: anyOr(listOf(toolEntry, '`any` or a list of tools'), 'a list of tools').describe(
    '`any`, or the tools that the rule is about, as `tool` or `tool.function`; an empty list is about none.',
  ),
};

const effectError = (effects: string) => {
  const words = expected(`the effect of a rule: ${effects}`);
  return (issue: { readonly code?: string; readonly input?: unknown }): string => {
    const { input } = issue;
    const isMapping = typeof input === 'object' && input !== null && !Array.isArray(input);
    return isMapping
      ? words({ input: (input as { effect?: unknown }).effect })
      : expected('a mapping of the fields of a rule')(issue);
  };
};

const forbidRule = { effect: z.literal('forbid'), ...covered, ...common, ...restricting };
const askRule = { effect: z.literal('ask'), ...covered, ...common, ...restricting, ask: ask.optional() };
const limitRule = { effect: z.literal('limit'), ...covered, ...common, ...restricting, budget };

const NAMED = 'the fields of a rule';
const observable = { mode: mode.optional().describe('`log-only`: the rule is recorded, and not enforced.') };

/** A rule across agents and tools. */
export const rule = z.discriminatedUnion(
  'effect',
  [
    fields(NAMED, { effect: z.literal('allow'), ...covered, ...common, ...allowing }),
    fields(NAMED, { ...forbidRule, ...observable }),
    fields(NAMED, { ...askRule, ...observable }),
    fields(NAMED, { ...limitRule, ...observable }),
    fields(NAMED, { effect: z.literal('alert'), ...covered, ...common, ...restricting, alert, ...observable }),
  ],
  { error: effectError('`allow`, `forbid`, `ask`, `limit` or `alert`') },
);

const ceilingRule = z.discriminatedUnion(
  'effect',
  [fields(NAMED, forbidRule), fields(NAMED, askRule), fields(NAMED, limitRule)],
  { error: effectError('`forbid`, `ask` or `limit`, which is what a ceiling can have') },
);

/** What no rule exceeds. */
export const ceiling = fields('the fields of a ceiling', {
  grants: grants.optional().describe('Capabilities that tools may have; absent: any.'),
  limits: limits.optional().describe('Limits that no tool exceeds; a tool that does not set one gets it.'),
  rules: z
    .array(ceilingRule, { error: expected('a list of rules') })
    .optional()
    .describe('Rules that are enforced even where the policy is log-only.'),
});

/** A ceiling in a file of its own. */
export const ceilingFileSchema = fields('`version` and `ceiling`', {
  version: z.literal(1, { error: expected('1') }),
  ceiling,
});

export type AgentEntryDocument = z.output<typeof agentEntry>;
export type RuleDocument = z.output<typeof rule> | z.output<typeof ceilingRule>;
export type CeilingDocument = z.output<typeof ceiling>;
