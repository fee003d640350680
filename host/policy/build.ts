import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { buildRule } from './build-rules.ts';
import { limitsUnder, type PlacedCeiling } from './ceiling.ts';
import type { Document } from './document.ts';
import { splitEntry } from './names.ts';
import type { AgentPolicy, AlertSink, ApproverChannel, Policy, ToolAccess, TrailPolicy } from './policy.ts';
import { definedIn } from './references.ts';
import type { Rule } from './rule.ts';
import type { RuleRef } from './rule-ref.ts';
import { RuleSet } from './rule-set.ts';
import type { PolicyDocument } from './schema.ts';
import { grantText, type PolicyScopes } from './scopes.ts';
import { secretSources } from './secrets-schema.ts';
import { buildServe } from './serve.ts';
import type { ToolPolicy } from './tool-policy.ts';
import { entriesOf, generalRules } from './written-rule.ts';

/**
 * Makes the policy of a document in which every reference was checked.
 *
 * @param file - absolute path of the policy file; components are found from its folder.
 * Thread: any. Reads no file.
 */
export function buildPolicy(
  document: Document<PolicyDocument>,
  ceilings: readonly PlacedCeiling[],
  scopes: PolicyScopes,
  file: string,
): Policy {
  const { data, source } = document;
  const folder = dirname(file);
  const isLogOnly = data.mode === 'log-only';
  const entries = mapOf(data.agents, (name) => entriesOf(document, name).map((entry) => buildRule(entry, isLogOnly)));
  const general = generalRules(document, ceilings).map((rule) => buildRule(rule, isLogOnly));
  return Object.freeze({
    digest: digestOf(source.text, ceilings.find(({ isApart }) => isApart)?.document.source.text),
    file,
    fileName: source.fileName,
    mode: data.mode ?? 'enforce',
    trail: buildTrail(data.trail ?? {}, folder),
    alertSinks: mapOf(data.alerts ?? {}, (name, sink) => buildSink(name, sink, folder)),
    approverChannels: buildChannels(data.approvers ?? {}),
    approverNames: definedIn(data).approvers,
    secrets: secretSources(data.secrets ?? {}),
    serve: buildServe(data.serve, folder),
    tools: mapOf(data.tools, (name) => buildTool(document, name, { ceilings, scopes, folder })),
    agents: mapOf(data.agents, (name) => buildAgent(name, document.refAt(['agents', name, 'tools']), entries.get(name)!)),
    rules: Object.freeze({ tools: document.refAt(['tools']), agents: document.refAt(['agents']) }),
    ruleSet: new RuleSet(entries, general),
  });
}

function mapOf<In, Out>(record: Readonly<Record<string, In>>, make: (name: string, value: In) => Out): ReadonlyMap<string, Out> {
  return new Map(Object.entries(record).map(([name, value]) => [name, make(name, value)]));
}

/** Of one file its own digest, as any tool prints it; two are told apart by their lengths, so that no text can move from one to the other. */
function digestOf(policyText: string, ceilingText: string | undefined): string {
  const hash = createHash('sha256');
  if (ceilingText === undefined) return sha256(policyText);
  hash.update('cellblock policy and ceiling, version 1\0');
  for (const text of [policyText, ceilingText]) {
    const bytes = Buffer.from(text, 'utf8');
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(bytes.length));
    hash.update(length).update(bytes);
  }
  return `sha256:${hash.digest('hex')}`;
}

const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;

/** What a tool's policy is made of beside its own fields. */
interface ToolSetting {
  readonly ceilings: readonly PlacedCeiling[];
  readonly scopes: PolicyScopes;
  readonly folder: string;
}

function buildTool(document: Document<PolicyDocument>, name: string, { ceilings, scopes, folder }: ToolSetting): ToolPolicy {
  const tool = document.data.tools[name]!;
  const granted = tool.grants ?? [];
  const ruleAt = (...path: PropertyKey[]): RuleRef => document.refAt(['tools', name, ...path]);
  return Object.freeze({
    name,
    componentPath: resolve(folder, tool.component),
    ...(tool.digest === undefined ? {} : { componentDigest: tool.digest }),
    functions: Object.freeze([...tool.functions]),
    grants: Object.freeze(granted.map((grant) => grant.name)),
    grantTexts: new Map(granted.map((grant) => [grant.name, grantText(grant, sha256)])),
    scopes: scopes.byTool.get(name)!,
    ceilingScopes: scopes.ceilings,
    limits: limitsUnder(tool.limits ?? {}, ceilings),
    secrets: Object.freeze([...(tool.secrets ?? [])]),
    ...(tool.isolation === undefined ? {} : { isolation: tool.isolation }),
    ...(tool.group === undefined ? {} : { group: tool.group }),
    rules: Object.freeze({
      tool: ruleAt(),
      functions: ruleAt('functions'),
      byFunction: new Map(tool.functions.map((text, index) => [text, ruleAt('functions', index)])),
    }),
  });
}

function buildTrail(
  { folder = '.cellblock', sync, segment, results, answers }: NonNullable<PolicyDocument['trail']>,
  from: string,
): TrailPolicy {
  return Object.freeze({
    folder: resolve(from, folder),
    sync: sync ?? 'group',
    segmentBytesMax: segment ?? 16 * 2 ** 20,
    results: results ?? 'digest',
    answers: answers ?? 'none',
  });
}

function buildSink(name: string, sink: NonNullable<PolicyDocument['alerts']>[string], folder: string): AlertSink {
  const { file, webhook, secretEnv, slack } = sink;
  if (file !== undefined) return Object.freeze({ kind: 'file', name, file: resolve(folder, file) });
  if (slack !== undefined) return Object.freeze({ kind: 'slack', name, urlEnv: slack.urlEnv });
  if (webhook === undefined) return Object.freeze({ kind: 'stderr', name });
  return Object.freeze({ kind: 'webhook', name, url: webhook, ...(secretEnv === undefined ? {} : { secretEnv }) });
}

function buildChannels({
  webhooks = {},
  slack = {},
  mcp = {},
}: NonNullable<PolicyDocument['approvers']>): ReadonlyMap<string, ApproverChannel> {
  const channels: ApproverChannel[] = [{ kind: 'terminal', name: 'terminal' }];
  for (const [name, { url, secretEnv }] of Object.entries(webhooks))
    channels.push({ kind: 'webhook', name: `webhook:${name}`, url, secretEnv });
  for (const [name, { urlEnv, signingSecretEnv, users }] of Object.entries(slack)) {
    channels.push({ kind: 'slack', name: `slack:${name}`, urlEnv, signingSecretEnv, users: new Map(Object.entries(users)) });
  }
  for (const [name, { agent, person }] of Object.entries(mcp)) channels.push({ kind: 'mcp', name: `mcp:${name}`, agent, person });
  return new Map(channels.map((channel) => [channel.name, Object.freeze(channel)]));
}

/** What the entries of an agent say of each tool. */
function buildAgent(name: string, rule: RuleRef, entries: readonly Rule[]): AgentPolicy {
  const access = new Map<string, { whole?: RuleRef; byFunction: Map<string, RuleRef>; conditional: RuleRef[] }>();
  for (const { tools, ref, isPlain } of entries) {
    const { tool, functionName } = splitEntry([...tools][0]!);
    const known = access.get(tool) ?? { byFunction: new Map<string, RuleRef>(), conditional: [] };
    access.set(tool, known);
    if (!isPlain) known.conditional.push(ref);
    else if (functionName === undefined) known.whole = ref;
    else known.byFunction.set(functionName, ref);
  }
  const frozen: ReadonlyMap<string, ToolAccess> = new Map([...access].map(([tool, one]) => [tool, Object.freeze(one)]));
  return Object.freeze({ name, access: frozen, rule });
}
