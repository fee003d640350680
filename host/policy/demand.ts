import type { ApprovalDemand } from './decision.ts';
import type { Rule } from './rule.ts';

/**
 * One question for all rules that ask: the shortest times, all of their channels, and only approvers whom each of them names.
 *
 * @param rules - at least one, each with `ask`.
 * @returns undefined when rules name approvers and have none in common, so that nobody could answer.
 */
export function mergeDemands(rules: readonly Rule[]): ApprovalDemand | undefined {
  const asks = rules.map(({ ask }) => ask!);
  const lists = asks.map(({ approvers }) => approvers).filter(({ length }) => length > 0);
  const approvers = (lists[0] ?? []).filter((name) => lists.every((list) => list.includes(name)));
  if (lists.length > 0 && approvers.length === 0) return undefined;
  return {
    rules: rules.map(({ ref }) => ref),
    channels: [...new Set(asks.flatMap(({ channels }) => channels))],
    approvers,
    expiresMs: Math.min(...asks.map(({ expiresMs }) => expiresMs)),
    useWithinMs: Math.min(...asks.map(({ useWithinMs }) => useWithinMs)),
  };
}
