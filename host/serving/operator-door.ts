import { CodedError, type LoadedComponent } from '../../runtime/index.ts';
import type { Approval, Shape, ShapeWish } from '../approvals/index.ts';
import type { AuditDesk } from '../audit-desk.ts';
import type { Policy, Principal } from '../policy/index.ts';
import { quote } from '../policy/quote.ts';
import type { LiveWarden, PolicyState } from './live-warden.ts';

/** What an operator says to a question. */
export interface OperatorAnswer {
  /** Digest of what was shown, in full. */
  readonly digest: string;
  readonly reason?: string | undefined;
  readonly shape?: ShapeWish | undefined;
}

/** Everything that an operator of the policy can reach through a surface: sees all, and answers questions in its own name. It changes no policy. */
export interface OperatorDoor {
  readonly name: string;
  readonly mayAnswer: boolean;
  readonly policy: Policy;
  readonly policyState: PolicyState;
  readonly audit: AuditDesk;
  /** As `Warden.component`: for who explains or compares policies. */
  component(path: string): Promise<LoadedComponent>;
  /** As `ApprovalsDesk.list`. */
  approvals(options?: { readonly all?: boolean }): Promise<readonly Approval[]>;
  shapes(): Promise<readonly Shape[]>;
  /** @throws CodedError `usage/not-found`, `usage/ambiguous`. */
  approval(id: string): Promise<Approval>;
  /** @throws CodedError `denied/not-an-approver`, and as `ApprovalsDesk.approve`. */
  approve(id: string, answer: OperatorAnswer): Promise<void>;
  deny(id: string, answer: OperatorAnswer): Promise<void>;
  revoke(id: string, reason?: string): Promise<void>;
}

/** @param channel - through which answers come, for the trail. */
export function operatorDoor(
  live: LiveWarden,
  { name, mayAnswer }: Extract<Principal, { kind: 'operator' }>,
  channel: 'console' | 'http',
): OperatorDoor {
  const checked = (): LiveWarden['current']['approvals'] => {
    if (mayAnswer) return live.current.approvals;
    throw new CodedError('denied/not-an-approver', `${quote(name)} may read and not answer: the policy says \`may: read\``);
  };
  const answer = ({ digest, reason, shape }: OperatorAnswer) => ({
    by: name,
    channel,
    digest,
    ...(reason === undefined || reason === '' ? {} : { reason }),
    ...(shape === undefined ? {} : { shape }),
  });
  return {
    name,
    mayAnswer,
    get policy() {
      return live.current.policy;
    },
    get policyState() {
      return live.policyState;
    },
    get audit() {
      return live.current.audit;
    },
    component: (path) => live.current.component(path),
    approvals: (options) => live.current.approvals.list(options),
    shapes: () => live.current.approvals.shapes(),
    approval: (id) => live.current.approvals.show(id),
    approve: async (id, said) => checked().approve(id, answer(said)),
    deny: async (id, said) => checked().deny(id, answer(said)),
    revoke: async (id, reason) =>
      checked().revoke(id, { by: name, channel, ...(reason === undefined || reason === '' ? {} : { reason }) }),
  };
}
