import { isCoded } from '../../runtime/index.ts';
import { compileParameterConditions, compileTextDemand, compileWhen, compileWindow } from './conditions/index.ts';
import type { Ask, Budget, Rule, RuleSpec } from './rule.ts';
import type { RuleRef } from './rule-ref.ts';
import { formatPath, invalidDocument } from './source.ts';
import type { RuleFields, WrittenRule } from './written-rule.ts';

const EXPIRES_MS = 15 * 60_000;
const USE_WITHIN_MS = 60 * 60_000;

/** Rules without conditions share one. */
const NO_CONDITIONS: RuleSpec = Object.freeze({});

/**
 * Compiles a rule whose references were checked.
 *
 * @param isLogOnly - the policy is.
 * @throws CodedError `policy/invalid-document`.
 */
export function buildRule(written: WrittenRule, isLogOnly: boolean): Rule {
  try {
    return compileRule(written, isLogOnly);
  } catch (error) {
    // The schema compiled each part before; what it let pass is refused here, as any rule that cannot be asked.
    if (!isCoded(error)) throw error;
    const { document, path } = written;
    throw invalidDocument(document.source, [document.issueAt(path, error.message)], error);
  }
}

function compileRule({ document, path, origin, isApart, agents, tools, fields }: WrittenRule, isLogOnly: boolean): Rule {
  const { effect, budget, alert } = fields;
  // The place in a file of its own must not be taken for the same place in the policy.
  const id = fields.id ?? `${isApart ? 'file:' : ''}${formatPath(path)}`;
  const ref = document.refAt(path, fields.id);
  const isAsking = effect === 'ask' || fields.ask !== undefined;
  return Object.freeze({
    id,
    ref,
    effect,
    origin,
    isEnforced: origin === 'ceiling' || !(isLogOnly || fields.mode === 'log-only'),
    agents: agents === 'any' ? agents : new Set(agents),
    tools: tools === 'any' ? tools : new Set(tools),
    isPlain: origin === 'agent' && Object.keys(fields).length === 1, // the effect alone
    ...conditions(fields),
    ...(budget === undefined ? {} : { budget: buildBudget(budget) }),
    ...(isAsking ? { ask: buildAsk(fields.ask ?? {}) } : {}),
    ...(alert === undefined ? {} : { alert: buildAlert(alert, ref) }),
  });
}

function conditions({ effect, parameters, during, source, justification, when }: RuleFields) {
  const mode = effect === 'allow' ? 'allow' : 'restrict';
  const spec = {
    ...(parameters === undefined ? {} : { parameters }),
    ...(during === undefined ? {} : { during }),
    ...(source === undefined ? {} : { source }),
    ...(justification === undefined ? {} : { justification }),
    ...(when === undefined ? {} : { when }),
  };
  return {
    spec: Object.keys(spec).length === 0 ? NO_CONDITIONS : Object.freeze(spec),
    ...(parameters === undefined ? {} : { parameters: compileParameterConditions(parameters, mode) }),
    ...(during === undefined ? {} : { during: compileWindow(during) }),
    ...(source === undefined ? {} : { source: compileTextDemand(source) }),
    ...(justification === undefined ? {} : { justification: compileTextDemand(justification) }),
    ...(when === undefined ? {} : { when: compileWhen(when) }),
  };
}

function buildBudget({ calls, per, concurrent, by = [] }: NonNullable<RuleFields['budget']>): Budget {
  return Object.freeze({
    ...(calls === undefined ? {} : { callsMax: calls }),
    windowMs: per ?? 0,
    ...(concurrent === undefined ? {} : { concurrentMax: concurrent }),
    // In one order, so that a key does not depend on how the list is written.
    by: Object.freeze([...by].sort()),
  });
}

function buildAsk({ channels = ['terminal'], approvers = [], expires, useWithin }: NonNullable<RuleFields['ask']>): Ask {
  return Object.freeze({
    channels: Object.freeze([...channels]),
    approvers: Object.freeze([...approvers]),
    expiresMs: expires ?? EXPIRES_MS,
    useWithinMs: useWithin ?? USE_WITHIN_MS,
  });
}

function buildAlert({ severity = 'warning', sinks }: NonNullable<RuleFields['alert']>, rule: RuleRef) {
  return Object.freeze({ rule, severity, sinks: Object.freeze([...sinks]) });
}
