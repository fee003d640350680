import { CodedError, isCoded } from '../runtime/index.ts';
import { type ApprovalUse, type Asked as AskedEntry, askEntry, expiryEntries, useEntries } from './approvals/index.ts';
import type { AlertEntry, DecidedEntry, TrailEntry } from './audit/entries.ts';
import {
  type AlertDemand,
  type Allowed,
  type ApprovalDemand,
  type Asked,
  type Decision,
  type DecisionRequest,
  type Denied,
  decide,
  type Policy,
} from './policy/index.ts';
import { intentEntry, requestDigest, subjectOf, typedEntry } from './records.ts';
import type { KnownRequest } from './request-ledger.ts';
import type { WardenState } from './trail-state.ts';
import type { TypedRequest } from './typed-request.ts';

/** What becomes of a request. */
export type Verdict =
  | (Reasons & { readonly kind: 'run' } & Permit)
  | (Reasons & { readonly kind: 'pending'; readonly asked: AskedEntry })
  | (Reasons & { readonly kind: 'refused'; readonly error: CodedError })
  /** It came before, with the same `request_id`, and is not run again. */
  | { readonly kind: 'repeat'; readonly known: KnownRequest };

type Reasons = Pick<Decision, 'rules' | 'logOnly'>;

/** What a human said yes to. */
interface Permit {
  readonly approval?: string;
  readonly shape?: string;
}

/** A verdict with what must be in the trail before it holds. */
export interface Judged {
  readonly verdict: Verdict;
  readonly entries: readonly TrailEntry[];
}

export type { AskedEntry };

export interface Judging {
  readonly policy: Policy;
  readonly state: WardenState;
  readonly audit: string;
  readonly writer: string;
  readonly request: TypedRequest;
  /** Instant of the decision. */
  readonly nowMs: number;
  /** False when the call on whose behalf it is has ended. */
  readonly isWanted: boolean;
  /** Takes secrets out of what the agent is told and the trail keeps. */
  readonly redactText: (text: string) => string;
}

/**
 * Judges one request by the policy, the approvals and everything that the trail knows; to be called while the trail is locked, so that an
 * approval is used once and a budget counts exactly, whoever else decides at the same time.
 *
 * Takes no clock and does no I/O. Throws nothing that a request could cause: what goes wrong is a refusal.
 */
export function judge(judging: Judging): Judged {
  try {
    return repeated(judging) ?? decided(judging);
  } catch (error) {
    const coded = isCoded(error)
      ? error
      : new CodedError('internal/invariant', 'the request could not be judged', { cause: error });
    return refusal(judging, coded, NO_RULES);
  }
}

function repeated(judging: Judging): Judged | undefined {
  const { state, request, nowMs, isWanted } = judging;
  if (!isWanted) throw new CodedError('usage/invalid-argument', 'the call on whose behalf this is filed has ended');
  const { agent, requestId, deadlineMs } = request.told;
  if (requestId !== undefined) {
    const known = state.requests.known(agent, requestId);
    if (known !== undefined && known.digest !== requestDigest(request)) {
      throw new CodedError('params/request-id-conflict', 'this `request_id` came before, with another request', {
        data: { audit: known.audit },
        help: 'give each request an id of its own',
      });
    }
    if (known !== undefined && (known.isRunning || known.outcome !== undefined)) {
      return { verdict: { kind: 'repeat', known }, entries: repeatEntries(judging, known) };
    }
  }
  if (deadlineMs !== undefined && deadlineMs <= nowMs) {
    throw new CodedError('limit/deadline', 'the deadline of the request has passed', {
      data: { limit: deadlineMs, used: nowMs },
    });
  }
  return undefined;
}

function decided(judging: Judging): Judged {
  const { policy, state, request, nowMs } = judging;
  const { approval } = request.snapshot;
  const decision = decide(policy, asRulesSee(request), nowMs, state.usage);
  if (decision.effect === 'deny') return denial(judging, decision);
  // An approval that is named must be for this call, even where nobody has to be asked.
  let found: ApprovalUse | undefined;
  try {
    if (decision.effect === 'ask' || approval !== undefined) found = findApproval(judging);
  } catch (error) {
    // The rules have spoken, too, and their alerts are raised whatever is decided: a wrong approval is a sign of an attack.
    if (isCoded(error)) return refusal(judging, error, decision, decision.alerts);
    throw error;
  }
  if (found !== undefined && 'use' in found) return permission(judging, decision, found);
  if (decision.effect === 'allow') return permission(judging, decision);
  try {
    return question(judging, decision, found);
  } catch (error) {
    if (isCoded(error)) return refusal(judging, error, decision, decision.alerts);
    throw error;
  }
}

/** A request as rules see it. */
export function asRulesSee({ snapshot, told, record }: TypedRequest): DecisionRequest {
  const { agent, toolName, justification, source } = snapshot;
  const { session } = told; // names budgets and directories, which the trail shows
  return { agent, toolName, parameters: record, justification, source, session };
}

function findApproval({ policy, state, audit, request, nowMs }: Judging): ApprovalUse | undefined {
  const { snapshot, shown } = request;
  if (shown === undefined) throw tooLargeToShow();
  const subject = subjectOf(request, policy.digest);
  return useEntries(state.approvals, { audit, subject, parameters: shown, approval: snapshot.approval }, nowMs);
}

function permission(judging: Judging, decision: Allowed | Asked, found?: Extract<ApprovalUse, { use: unknown }>): Judged {
  const { audit, writer, request } = judging;
  const permit = permitOf(found);
  const budgets = decision.budgets.length === 0 ? {} : { budgets: decision.budgets };
  const verdict: Verdict = { kind: 'run', rules: decision.rules, logOnly: decision.logOnly, ...permit };
  const entries = [...(found?.use ?? []), intentEntry(audit, writer, request, permit)];
  return judged(judging, verdict, { effect: 'allow', ...permit, ...budgets }, entries, [
    ...decision.alerts,
    ...changeAlerts(judging),
  ]);
}

function permitOf(found: Extract<ApprovalUse, { use: unknown }> | undefined): Permit {
  if (found === undefined) return {};
  return 'approval' in found ? { approval: found.approval } : { shape: found.shape };
}

function question(judging: Judging, decision: Asked, found: Extract<ApprovalUse, { pending: unknown }> | undefined): Judged {
  const { rules, logOnly, demand, alerts } = decision;
  const asked = found === undefined ? newQuestion(judging, demand) : found.pending.asked;
  const verdict: Verdict = { kind: 'pending', rules, logOnly, asked };
  // Whoever asks also writes down which questions nobody answered in time.
  const entries = found === undefined ? [...expiryEntries(judging.state.approvals, judging.nowMs), asked] : [];
  return judged(judging, verdict, { effect: 'ask', approval: asked.approval }, entries, [
    ...alerts,
    ...(found === undefined ? changeAlerts(judging) : []),
  ]);
}

function newQuestion({ policy, state, audit, request, nowMs }: Judging, demand: ApprovalDemand): AskedEntry {
  if (request.shown === undefined) throw tooLargeToShow();
  return askEntry(
    state.approvals,
    { audit, subject: subjectOf(request, policy.digest), parameters: request.shown },
    demand,
    nowMs,
  );
}

function denial(judging: Judging, { code, message, help, data, rules, alerts, logOnly }: Denied): Judged {
  return refusal(judging, new CodedError(code, message, { help, data: { ...data, rules } }), { rules, logOnly }, alerts);
}

function refusal(judging: Judging, error: CodedError, { rules, logOnly }: Reasons, alerts: readonly AlertDemand[] = []): Judged {
  const { code, message } = error;
  const how = { effect: 'deny', code, message: judging.redactText(message) } as const;
  return judged(judging, { kind: 'refused', rules, logOnly, error }, how, [], alerts);
}

/** The same request again is a request, too; nothing of it runs, and what it is answered is the first one's. */
function repeatEntries({ policy, audit, writer, request }: Judging, known: KnownRequest): readonly TrailEntry[] {
  const decided: DecidedEntry = {
    kind: 'decided',
    audit,
    effect: 'repeat',
    rules: [],
    policy: policy.digest,
    repeats: known.audit,
  };
  return [typedEntry(audit, writer, request), decided];
}

const NO_RULES: Reasons = { rules: [], logOnly: [] };

/** Puts the records of one request in their order. */
function judged(
  { policy, audit, writer, request }: Judging,
  verdict: Exclude<Verdict, { kind: 'repeat' }>,
  how: Pick<DecidedEntry, 'effect' | 'code' | 'message' | 'budgets' | 'approval' | 'shape'>,
  entries: readonly TrailEntry[],
  alerts: readonly AlertDemand[],
): Judged {
  const decided: DecidedEntry = {
    kind: 'decided',
    audit,
    ...how,
    rules: verdict.rules,
    policy: policy.digest,
    ...(verdict.logOnly.length === 0 ? {} : { logOnly: verdict.logOnly }),
    ...(request.told.requestId === undefined ? {} : { requestDigest: requestDigest(request) }),
  };
  const raised = alerts.map((alert): AlertEntry => ({ kind: 'alert', audit, ...alert }));
  return { verdict, entries: [typedEntry(audit, writer, request), decided, ...entries, ...raised] };
}

/** A component that is not the one which this tool ran before is worth a look, where the policy does not pin it. */
function changeAlerts({ policy, state, request }: Judging): readonly AlertDemand[] {
  const previous = state.requests.lastComponent(request.tool.name);
  const tool = policy.tools.get(request.tool.name);
  if (previous === undefined || previous === request.call.component.digest || tool === undefined) return [];
  return [{ rule: tool.rules.tool, severity: 'warning', sinks: [...policy.alertSinks.keys()] }];
}

function tooLargeToShow(): CodedError {
  return new CodedError('params/too-large', 'the parameters are too large for a human to be shown', {
    help: 'send less, or have the operator allow this without asking',
  });
}
