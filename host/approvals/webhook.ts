import { jsonText } from '../../runtime/index.ts';
import { webhookHeaders } from '../outbound/index.ts';
import type { Asked } from './approval.ts';

export interface WebhookRequest {
  /** JSON. */
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The request that tells a program of the operator's of a question, signed as Standard Webhooks have it. Holds what the approver is shown;
 * secrets are keyed digests in it.
 *
 * @param nowMs - instant of this attempt; the id is the same in each attempt, by which a receiver knows what it has.
 */
export function webhookRequest(
  asked: Asked,
  { key, nowMs }: { readonly key: Buffer | undefined; readonly nowMs: number },
): WebhookRequest {
  const { kind: _kind, event: _event, ...data } = asked;
  const body = jsonText({ type: 'approval.asked', timestamp: new Date(asked.at).toISOString(), data });
  return { body, headers: webhookHeaders(`approval_${asked.approval}`, nowMs, body, key) };
}
