import { dirname, relative } from 'node:path';
import type { Policy, RuleRef, ToolPolicy } from '../policy/index.ts';
import type { Rule } from '../policy/rule.ts';

/** One difference between two policies. */
export interface StructureChange {
  readonly change: 'added' | 'removed' | 'changed';
  /** `tool`, `agent`, `rule`, `policy`. */
  readonly what: string;
  readonly name: string;
  /** Of what changed: each field with both values, as JSON; absent where it was not set. */
  readonly fields?: readonly { readonly field: string; readonly old?: string; readonly new?: string }[];
  readonly ref?: RuleRef;
}

/** What `cellblock policy diff --json` prints without a trail. */
export interface StructureDiff {
  readonly old: string;
  readonly new: string;
  readonly changes: readonly StructureChange[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Compares what two policies say, wherever it stands in their files: tools with grants and limits, agents, rules. */
export function diffStructure(old: Policy, fresh: Policy): StructureDiff {
  const changes = [
    ...changed('policy', 'policy', policyFields(old), policyFields(fresh)),
    ...diffMaps(
      'tool',
      mapOf(old.tools, (tool) => toolFields(tool, old)),
      mapOf(fresh.tools, (tool) => toolFields(tool, fresh)),
    ),
    ...diffMaps(
      'agent',
      mapOf(old.agents, () => ({})),
      mapOf(fresh.agents, () => ({})),
    ),
    ...diffRules(old, fresh),
  ];
  return { old: old.digest, new: fresh.digest, changes };
}

function mapOf<In>(map: ReadonlyMap<string, In>, make: (value: In) => Fields): ReadonlyMap<string, Fields> {
  return new Map([...map].map(([name, value]) => [name, make(value)]));
}

function policyFields({ mode, trail, alertSinks, approverChannels, approverNames, secrets, file }: Policy): Fields {
  const sinks = [...alertSinks.values()].map((sink) =>
    sink.kind === 'file' ? { ...sink, file: relative(dirname(file), sink.file) } : sink,
  );
  const channels = [...approverChannels.values()].map((channel) =>
    channel.kind === 'slack' ? { ...channel, users: Object.fromEntries(channel.users) } : channel,
  );
  return {
    mode,
    trail: { ...trail, folder: relative(dirname(file), trail.folder) },
    alerts: byName(sinks),
    channels: byName(channels),
    approvers: [...approverNames].sort(),
    secrets: Object.fromEntries([...secrets].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function byName<Named extends { readonly name: string }>(items: readonly Named[]): readonly Named[] {
  return [...items].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Paths as the file has them, so that a copy of a policy in another folder is the same. */
function toolFields(
  { componentPath, componentDigest, functions, grantTexts, limits, secrets, isolation, group }: ToolPolicy,
  { file }: Policy,
): Fields {
  return {
    component: relative(dirname(file), componentPath),
    digest: componentDigest,
    functions: [...functions].sort(),
    grants: [...grantTexts.values()].sort(),
    limits,
    secrets: secrets.map(({ text }) => text).sort(),
    isolation,
    group,
  };
}

function ruleFields({ effect, origin, isEnforced, agents, tools, spec, budget, ask, alert }: Rule): Fields {
  return {
    effect,
    origin,
    enforced: isEnforced,
    agents: agents === 'any' ? agents : [...agents].sort(),
    tools: tools === 'any' ? tools : [...tools].sort(),
    ...spec,
    budget,
    ask,
    alert: alert && { severity: alert.severity, sinks: alert.sinks },
  };
}

/** Rules that are the same wherever they stand are no change; of the others, those of one id are. */
function diffRules(old: Policy, fresh: Policy): StructureChange[] {
  const [before, after] = [unmatched(old, fresh), unmatched(fresh, old)];
  const changes: StructureChange[] = [];
  for (const rule of before) {
    const same = after.find(({ id, origin }) => id === rule.id && origin === rule.origin && !id.includes('['));
    if (same === undefined) changes.push({ change: 'removed', what: 'rule', name: describeRule(rule), ref: rule.ref });
    else changes.push(...changed('rule', rule.id, ruleFields(rule), ruleFields(same), same.ref));
  }
  for (const rule of after) {
    const known = before.some(({ id, origin }) => id === rule.id && origin === rule.origin && !id.includes('['));
    if (!known) changes.push({ change: 'added', what: 'rule', name: describeRule(rule), ref: rule.ref });
  }
  return changes;
}

/** Rules of which the other policy has none that says the same; a rule that is there twice needs two. */
function unmatched(policy: Policy, other: Policy): Rule[] {
  const keyOf = (rule: Rule): string => json([rule.id.includes('[') ? '' : rule.id, ruleFields(rule)]) ?? '';
  const counts = new Map<string, number>();
  for (const rule of other.ruleSet.all) counts.set(keyOf(rule), (counts.get(keyOf(rule)) ?? 0) + 1);
  return policy.ruleSet.all.filter((rule) => {
    const left = counts.get(keyOf(rule)) ?? 0;
    counts.set(keyOf(rule), left - 1);
    return left <= 0;
  });
}

function describeRule(rule: Rule): string {
  const list = (names: Rule['agents']): string => (names === 'any' ? 'any' : [...names].join(', ') || 'none');
  return `${rule.id}: ${rule.effect} ${list(rule.tools)} for ${list(rule.agents)}`;
}

function diffMaps(what: string, old: ReadonlyMap<string, Fields>, fresh: ReadonlyMap<string, Fields>): StructureChange[] {
  const names = [...new Set([...old.keys(), ...fresh.keys()])];
  return names.flatMap((name): StructureChange[] => {
    const [before, after] = [old.get(name), fresh.get(name)];
    if (before === undefined)
      return [{ change: 'added', what, name, fields: fieldChanges({}, after!).filter((field) => !isEmpty(field.new)) }];
    if (after === undefined) return [{ change: 'removed', what, name }];
    return changed(what, name, before, after);
  });
}

function changed(what: string, name: string, old: Fields, fresh: Fields, ref?: RuleRef): StructureChange[] {
  const fields = fieldChanges(old, fresh);
  return fields.length === 0 ? [] : [{ change: 'changed', what, name, fields, ...(ref === undefined ? {} : { ref }) }];
}

function fieldChanges(old: Fields, fresh: Fields): NonNullable<StructureChange['fields']> {
  return [...new Set([...Object.keys(old), ...Object.keys(fresh)])].flatMap((field) => {
    const [before, after] = [json(old[field]), json(fresh[field])];
    if (before === after) return [];
    return [{ field, ...(before === undefined ? {} : { old: before }), ...(after === undefined ? {} : { new: after }) }];
  });
}

const isEmpty = (text: string | undefined): boolean => text === '[]' || text === '{}';

/** JSON whose keys are in one order, so that the order of the file does not matter; undefined for nothing at all. */
function json(value: unknown): string | undefined {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'bigint') return String(part);
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** A diff line by line; not yet escaped for a terminal. */
export function structureDiffLines({ changes }: StructureDiff): string[] {
  if (changes.length === 0) return ['no differences in tools, grants, limits, agents or rules'];
  const marks = { added: '+', removed: '-', changed: '~' } as const;
  return changes.flatMap(({ change, what, name, fields = [], ref }) => [
    `${marks[change]} ${what} ${name}${ref === undefined || what !== 'rule' ? '' : `  [${ref}]`}`,
    ...fields.map(
      (field) => `    ${field.field}: ${change === 'added' ? '' : `${field.old ?? 'not set'} -> `}${field.new ?? 'not set'}`,
    ),
  ]);
}
