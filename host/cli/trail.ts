import type { ApprovalBook } from '../approvals/index.ts';
import type { Journal } from '../audit/trail.ts';
import { KNOWN_GRANTS } from '../capabilities/index.ts';
import { openPolicyTrail } from '../open-warden.ts';
import { loadPolicy } from '../policy/index.ts';

/**
 * Opens the trail that a policy file names, to read and to write in, beside whoever else has it open.
 *
 * @throws CodedError `policy/*`, `failed/audit-unavailable`, `audit/broken-chain`.
 */
export async function openTrailOf(
  policyPath: string,
): Promise<{ readonly journal: Journal; readonly approvals: ApprovalBook; close(): Promise<void> }> {
  const policy = await loadPolicy(policyPath, { knownGrants: KNOWN_GRANTS });
  const trail = await openPolicyTrail(policy, { decides: false });
  return { journal: trail.journal, approvals: trail.state.approvals, close: () => trail.close() };
}
