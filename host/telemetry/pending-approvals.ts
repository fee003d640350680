import type { LiveWarden } from '../serving/index.ts';

/** Questions of the trail, by whichever process, that wait for an answer. @throws CodedError as `ApprovalsDesk.list`. */
export async function pendingApprovals(live: LiveWarden): Promise<number> {
  const open = await live.current.approvals.list();
  return open.filter(({ approved }) => approved === undefined).length;
}
