import { CodedError, type OutcomeKind } from '../../runtime/index.ts';
import type { ReadRecord } from '../audit/index.ts';
import type { AuditDesk } from '../audit-desk.ts';
import { quote } from '../policy/quote.ts';
import { agentCode } from './agent-view.ts';

/** Where a request is on its way: read from the trail, so the same after a crash and from another process. Plain JSON data. */
export interface RequestStatus {
  readonly audit: string;
  readonly tool: string;
  /** `running`: its call has begun and not ended; else how it ended, or `pending`. */
  readonly state: OutcomeKind | 'running';
  readonly code?: string;
  /** The approval that it waits for, or that let it through. */
  readonly approval?: string;
  /** Instant at which it was filed, milliseconds since 1970. */
  readonly at: number;
  readonly fuel?: string;
  readonly wallMs?: number;
  /** The result, where the policy keeps results. */
  readonly result?: unknown;
}

const AUDIT_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * @param agent - whose request it has to be: those of others are not found.
 * @throws CodedError `usage/not-found`, `audit/*`.
 */
export async function requestStatus(desk: AuditDesk, agent: string, audit: string): Promise<RequestStatus> {
  if (!AUDIT_ID.test(audit)) throw notFound(audit);
  const { records } = await desk.show(audit);
  const own = records.filter((record) => 'audit' in record && record.audit === audit);
  const requested = own.find((record) => record.kind === 'requested');
  if (requested?.kind !== 'requested' || requested.agent !== agent) throw notFound(audit);
  const { tool, at } = requested;
  return { audit, tool, at, ...endOf(own) };
}

function endOf(
  records: readonly ReadRecord[],
): Pick<RequestStatus, 'state' | 'code' | 'approval' | 'fuel' | 'wallMs' | 'result'> {
  const outcome = records.find((record) => record.kind === 'outcome');
  const decided = records.find((record) => record.kind === 'decided');
  const approval = decided?.kind === 'decided' && decided.approval !== undefined ? { approval: decided.approval } : {};
  if (outcome?.kind === 'outcome') {
    const { outcome: state, code, fuel, wallMs, result } = outcome;
    return {
      state,
      ...(code === undefined ? {} : { code: agentCode(code) }),
      ...approval,
      fuel,
      wallMs,
      ...(result === undefined ? {} : { result }),
    };
  }
  if (decided?.kind !== 'decided' || decided.effect === 'allow' || decided.effect === 'repeat')
    return { state: 'running', ...approval };
  if (decided.effect === 'ask') return { state: 'pending', ...approval };
  return { state: 'refused', ...(decided.code === undefined ? {} : { code: agentCode(decided.code) }), ...approval };
}

function notFound(audit: string): CodedError {
  return new CodedError('usage/not-found', `this agent has filed no request ${quote(audit)}`);
}
