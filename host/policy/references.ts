import type { PlacedCeiling } from './ceiling.ts';
import type { Document } from './document.ts';
import { splitEntry } from './names.ts';
import { quote, quoteList } from './quote.ts';
import type { PolicyDocument } from './schema.ts';
import type { ScopeNames } from './scope-names.ts';
import { serveIssues } from './serve.ts';
import type { PolicyIssue } from './source.ts';
import type { GrantDocument } from './tool-schema.ts';
import { allRules, type WrittenRule } from './written-rule.ts';

/** What a policy defines, for its rules to name. */
export interface Defined {
  readonly agents: ReadonlySet<string>;
  readonly sinks: ReadonlySet<string>;
  readonly channels: ReadonlySet<string>;
  readonly approvers: ReadonlySet<string>;
}

export function definedIn({ agents, alerts = {}, approvers = {}, serve = {} }: PolicyDocument): Defined {
  const { people = [], webhooks = {}, slack = {}, mcp = {} } = approvers;
  const channels = [
    'terminal',
    ...Object.keys(webhooks).map((name) => `webhook:${name}`),
    ...Object.keys(slack).map((name) => `slack:${name}`),
    ...Object.keys(mcp).map((name) => `mcp:${name}`),
  ];
  const users = Object.values(slack).flatMap((workspace) => Object.values(workspace.users));
  return {
    agents: new Set(Object.keys(agents)),
    sinks: new Set(Object.keys(alerts)),
    channels: new Set(channels),
    approvers: new Set([
      ...people,
      ...users,
      ...Object.values(mcp).map(({ person }) => person),
      ...Object.keys(serve.operators ?? {}),
    ]),
  };
}

type Report = (path: readonly PropertyKey[], message: string) => void;

/**
 * Names that stand for nothing, and ids that stand for two rules.
 *
 * @returns issues by the document that they are in; empty when there is none.
 */
export function referenceIssues(
  policy: Document<PolicyDocument>,
  ceilings: readonly PlacedCeiling[],
  knownGrants: ReadonlySet<string> | 'any',
): ReadonlyMap<Document<unknown>, readonly PolicyIssue[]> {
  const issues = new Map<Document<unknown>, PolicyIssue[]>();
  const reportIn =
    (document: Document<unknown>): Report =>
    (path, message) => {
      if (!issues.has(document)) issues.set(document, []);
      issues.get(document)!.push(document.issueAt(path, message));
    };
  const knownHere = knownGrants === 'any' ? '' : `known here: ${quoteList([...knownGrants].sort())}`;
  const checkGrants = (report: Report, path: readonly PropertyKey[], grants: readonly GrantDocument[] = []): void =>
    grants.forEach(({ name: grant }, index) => {
      if (knownGrants !== 'any' && !knownGrants.has(grant))
        report([...path, index], `unknown capability ${quote(grant)}; ${knownHere}`);
    });
  for (const [name, tool] of Object.entries(policy.data.tools))
    checkGrants(reportIn(policy), ['tools', name, 'grants'], tool.grants);
  for (const { document, ceiling } of ceilings) checkGrants(reportIn(document), ['ceiling', 'grants'], ceiling.grants);
  const defined = definedIn(policy.data);
  const rules = allRules(policy, ceilings);
  for (const rule of rules) checkRule(policy.data, defined, rule, reportIn(rule.document));
  serveIssues(policy.data.serve ?? {}, defined.agents, (path, message) => reportIn(policy)(['serve', ...path], message));
  for (const [name, { agent }] of Object.entries(policy.data.approvers?.mcp ?? {})) {
    const known = quoteList([...defined.agents].sort());
    if (!defined.agents.has(agent))
      reportIn(policy)(['approvers', 'mcp', name, 'agent'], `unknown agent ${quote(agent)}; agents here: ${known}`);
  }
  for (const [rule, first] of doubles(rules)) {
    reportIn(rule.document)(
      [...rule.path, 'id'],
      `${first.document.placeOf(first.path)} has this id, too; give each rule its own`,
    );
  }
  return issues;
}

function checkRule(
  policy: PolicyDocument,
  defined: Defined,
  { path, origin, agents, tools, fields }: WrittenRule,
  report: Report,
): void {
  const each = (
    names: readonly string[] | undefined,
    where: readonly PropertyKey[],
    problem: (name: string) => string | undefined,
  ): void =>
    names?.forEach((name, index) => {
      const message = problem(name);
      if (message !== undefined) report([...path, ...where, index], message);
    });
  const among =
    (kind: string, known: ReadonlySet<string>) =>
    (name: string): string | undefined =>
      known.has(name) ? undefined : `unknown ${kind} ${quote(name)}; ${kind}s here: ${quoteList([...known].sort())}`;
  if (origin === 'agent') {
    const message = entryProblem(policy, tools[0]!);
    if (message !== undefined) report(locateTool(policy, path), message);
  } else {
    if (agents !== 'any') each(agents, ['agents'], among('agent', defined.agents));
    if (tools !== 'any') each(tools, ['tools'], (entry) => entryProblem(policy, entry));
  }
  each(fields.ask?.channels, ['ask', 'channels'], among('channel', defined.channels));
  each(fields.ask?.approvers, ['ask', 'approvers'], among('approver', defined.approvers));
  each(fields.alert?.sinks, ['alert', 'sinks'], among('sink', defined.sinks));
}

/** Where an entry of an agent has its tool: it is one, or has one. */
function locateTool(policy: PolicyDocument, path: readonly PropertyKey[]): readonly PropertyKey[] {
  const [, agent, , index] = path as readonly [string, string, string, number]; // as `entriesOf` makes it
  return typeof policy.agents[agent]!.tools[index] === 'string' ? path : [...path, 'tool'];
}

/** Names of a scope that stand for nothing, with what there is. */
export function scopeNameProblems(policy: PolicyDocument, names: ScopeNames): readonly string[] {
  const { channels, approvers } = definedIn(policy);
  const unknown = (kind: string, wanted: readonly string[] = [], known: Iterable<string>): readonly string[] => {
    const all = new Set(known);
    const here = quoteList([...all].sort());
    return wanted.filter((name) => !all.has(name)).map((name) => `unknown ${kind} ${quote(name)}; ${kind}s here: ${here}`);
  };
  return [
    ...unknown('secret', names.secrets, Object.keys(policy.secrets ?? {})),
    ...unknown('channel', names.channels, channels),
    ...unknown('approver', names.approvers, approvers),
    ...(names.tools ?? []).flatMap((entry) => entryProblem(policy, entry) ?? []),
  ];
}

function entryProblem(policy: PolicyDocument, entry: string): string | undefined {
  const { tool: name, functionName } = splitEntry(entry);
  const tool = Object.hasOwn(policy.tools, name) ? policy.tools[name] : undefined;
  if (!tool) return `unknown tool ${quote(name)}; tools here: ${quoteList(Object.keys(policy.tools).sort())}`;
  if (functionName === undefined || tool.functions.includes(functionName)) return undefined;
  return `tool ${quote(name)} offers no function ${quote(functionName)}; it offers: ${quoteList(tool.functions)}`;
}

/** Rules whose id an earlier rule has, each with that one. */
function doubles(rules: readonly WrittenRule[]): [WrittenRule, WrittenRule][] {
  const first = new Map<string, WrittenRule>();
  return rules.flatMap((rule): [WrittenRule, WrittenRule][] => {
    const { id } = rule.fields;
    if (id === undefined) return [];
    const known = first.get(id);
    if (known !== undefined) return [[rule, known]];
    first.set(id, rule);
    return [];
  });
}
