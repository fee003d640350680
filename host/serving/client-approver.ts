import type { Asked } from '../approvals/index.ts';
import type { LiveWarden } from './live-warden.ts';

/**
 * The way by which an agent's MCP client brings the answer of the person before it. It is there only for questions whose rule names a channel
 * `mcp:NAME` of that agent: then the operator trusts that client to show the question and to answer for that person.
 */
export interface ClientApprover {
  /** The question, where this client may show it; undefined where it may not, or where nothing waits. */
  question(approval: string): Promise<Asked | undefined>;
  /** @throws CodedError as `ApprovalsDesk.approve`: the digest is that of what was shown. */
  answer(asked: Asked, answer: { readonly event: 'approved' | 'denied'; readonly reason?: string | undefined }): Promise<void>;
}

export function clientApprover(live: LiveWarden, agent: string): ClientApprover {
  const channelOf = (asked: Asked) => {
    const channels = [...live.current.policy.approverChannels.values()].filter((channel) => channel.kind === 'mcp');
    return channels.find((channel) => channel.agent === agent && asked.channels.includes(channel.name));
  };
  return {
    async question(id) {
      const approval = (await live.current.approvals.list()).find(({ asked }) => asked.approval === id);
      if (approval === undefined || approval.approved !== undefined || approval.asked.subject.agent !== agent) return undefined;
      const { asked } = approval;
      return channelOf(asked) === undefined ? undefined : asked;
    },
    async answer(asked, { event, reason }) {
      const channel = channelOf(asked);
      if (channel === undefined) return; // the policy has changed meanwhile: nobody has answered
      const { approvals } = live.current;
      const answer = {
        by: channel.person,
        channel: channel.name,
        digest: asked.digest,
        ...(reason === undefined || reason === '' ? {} : { reason }),
      };
      await (event === 'approved' ? approvals.approve(asked.approval, answer) : approvals.deny(asked.approval, answer));
    },
  };
}
