import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { splitEntry } from './names.ts';
import type { AgentPolicy, Policy, RuleRef, ToolAccess, ToolLimits, ToolPolicy } from './policy.ts';
import type { PolicyDocument } from './schema.ts';
import { formatPath, type Source } from './source.ts';
import { locate, type YamlDocument } from './yaml.ts';

type RuleAt = (...path: PropertyKey[]) => RuleRef;

/**
 * Makes the policy of a document in which every reference was checked.
 *
 * @param file - absolute path of the policy file; components are found from its folder.
 * Thread: any. Reads no file.
 */
export function buildPolicy(source: Source, yaml: YamlDocument, document: PolicyDocument, file: string): Policy {
  const ruleAt: RuleAt = (...path) =>
    `${formatPath(path)} (${source.fileName}:${source.lineAt(locate(yaml.root, path).keyOffset)})`;
  const folder = dirname(file);
  return Object.freeze({
    digest: `sha256:${createHash('sha256').update(source.text, 'utf8').digest('hex')}`,
    file,
    fileName: source.fileName,
    tools: mapOf(document.tools, (name, tool) => buildTool(name, tool, folder, ruleAt)),
    agents: mapOf(document.agents, (name, agent) => buildAgent(name, agent.tools, ruleAt)),
    rules: Object.freeze({ tools: ruleAt('tools'), agents: ruleAt('agents') }),
  });
}

function mapOf<In, Out>(record: Readonly<Record<string, In>>, make: (name: string, value: In) => Out): ReadonlyMap<string, Out> {
  return new Map(Object.entries(record).map(([name, value]) => [name, make(name, value)]));
}

function buildTool(name: string, tool: PolicyDocument['tools'][string], folder: string, ruleAt: RuleAt): ToolPolicy {
  return Object.freeze({
    name,
    componentPath: resolve(folder, tool.component),
    ...(tool.digest === undefined ? {} : { componentDigest: tool.digest }),
    functions: Object.freeze([...tool.functions]),
    grants: Object.freeze([...(tool.grants ?? [])]),
    limits: buildLimits(tool.limits ?? {}),
    ...(tool.isolation === undefined ? {} : { isolation: tool.isolation }),
    ...(tool.group === undefined ? {} : { group: tool.group }),
    rules: Object.freeze({
      tool: ruleAt('tools', name),
      functions: ruleAt('tools', name, 'functions'),
      byFunction: new Map(tool.functions.map((text, index) => [text, ruleAt('tools', name, 'functions', index)])),
    }),
  });
}

function buildLimits(limits: NonNullable<PolicyDocument['tools'][string]['limits']>): ToolLimits {
  const { fuel, memory, tableElements, timeout, result, stdout } = limits;
  return Object.freeze({
    ...(fuel === undefined ? {} : { fuelMax: fuel }),
    ...(memory === undefined ? {} : { memoryPagesMax: memory }),
    ...(tableElements === undefined ? {} : { tableElementsMax: tableElements }),
    ...(timeout === undefined ? {} : { timeoutMsMax: timeout }),
    ...(result === undefined ? {} : { resultBytesMax: result }),
    ...(stdout === undefined ? {} : { stdioBytesMax: stdout }),
  });
}

function buildAgent(name: string, entries: readonly string[], ruleAt: RuleAt): AgentPolicy {
  const access = new Map<string, { whole?: RuleRef; byFunction: Map<string, RuleRef> }>();
  entries.forEach((entry, index) => {
    const { tool, functionName } = splitEntry(entry);
    const rule = ruleAt('agents', name, 'tools', index);
    const known = access.get(tool) ?? { byFunction: new Map<string, RuleRef>() };
    access.set(tool, known);
    if (functionName === undefined) known.whole = rule;
    else known.byFunction.set(functionName, rule);
  });
  const frozen: ReadonlyMap<string, ToolAccess> = new Map([...access].map(([tool, one]) => [tool, Object.freeze(one)]));
  return Object.freeze({ name, access: frozen, rule: ruleAt('agents', name, 'tools') });
}
