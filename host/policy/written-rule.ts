import type { PlacedCeiling } from './ceiling.ts';
import type { Document } from './document.ts';
import type { Rule } from './rule.ts';
import type { AgentEntryDocument, RuleDocument } from './rule-schema.ts';
import type { PolicyDocument } from './schema.ts';

/** A rule as it is written, and where. */
export interface WrittenRule {
  readonly document: Document<unknown>;
  readonly path: readonly PropertyKey[];
  readonly origin: Rule['origin'];
  /** In a ceiling's file of its own. */
  readonly isApart: boolean;
  readonly agents: 'any' | readonly string[];
  readonly tools: 'any' | readonly string[];
  /** All else; an entry that is only a name has nothing else. */
  readonly fields: RuleFields;
}

/** The fields of any rule: each effect has some of them. */
export type RuleFields = Pick<RuleDocument, 'effect'> & Omit<Exclude<AgentEntryDocument, string>, 'tool'>;

/** The entries of one agent's list. */
export function entriesOf(policy: Document<PolicyDocument>, agent: string): WrittenRule[] {
  return policy.data.agents[agent]!.tools.map((entry, index) => {
    const { tool, ...fields } = typeof entry === 'string' ? { tool: entry } : entry;
    const path = ['agents', agent, 'tools', index];
    return {
      document: policy,
      path,
      origin: 'agent',
      isApart: false,
      agents: [agent],
      tools: [tool],
      fields: { ...fields, effect: 'allow' },
    };
  });
}

/** `rules`, then the rules of the ceilings. */
export function generalRules(policy: Document<PolicyDocument>, ceilings: readonly PlacedCeiling[]): WrittenRule[] {
  const placed = (
    document: Document<unknown>,
    path: readonly PropertyKey[],
    origin: Rule['origin'],
    isApart: boolean,
    rules: readonly RuleDocument[],
  ): WrittenRule[] =>
    rules.map(({ agents, tools, ...fields }, index) => ({
      document,
      path: [...path, index],
      origin,
      isApart,
      agents,
      tools,
      fields,
    }));
  return [
    ...placed(policy, ['rules'], 'rules', false, policy.data.rules ?? []),
    ...ceilings.flatMap(({ document, ceiling, isApart }) =>
      placed(document, ['ceiling', 'rules'], 'ceiling', isApart, ceiling.rules ?? []),
    ),
  ];
}

/** Every rule of a policy. */
export function allRules(policy: Document<PolicyDocument>, ceilings: readonly PlacedCeiling[]): WrittenRule[] {
  return [...Object.keys(policy.data.agents).flatMap((agent) => entriesOf(policy, agent)), ...generalRules(policy, ceilings)];
}
