import type { ApprovalBook } from '../approvals/index.ts';
import { createRedactor, type Journal, openRedactionKey } from '../audit/index.ts';
import { openPolicyTrail } from '../open-warden.ts';
import { loadPolicy } from '../policy/index.ts';

/**
 * Opens the trail that a policy file names, to read and to write in, beside whoever else has it open.
 *
 * @throws CodedError `policy/*`, `failed/audit-unavailable`, `audit/broken-chain`.
 */
export async function openTrailOf(policyPath: string): Promise<{
  readonly journal: Journal;
  readonly approvals: ApprovalBook;
  readonly redactText: (text: string) => string;
  close(): Promise<void>;
}> {
  const policy = await loadPolicy(policyPath, { knownGrants: 'any' });
  const trail = await openPolicyTrail(policy, { decides: false });
  const { redactText } = createRedactor(openRedactionKey(policy.trail.folder));
  return { journal: trail.journal, approvals: trail.state.approvals, redactText, close: () => trail.close() };
}
