import { z } from '@hono/zod-openapi';
import { CodedError } from '../../../runtime/index.ts';
import { type Approval, approvalStatus, wholeId } from '../../approvals/index.ts';
import { operatorDoor } from '../../serving/index.ts';
import type { Operator, Visit } from '../house.ts';
import { bodyOf, described, json, queryOf, type Route } from '../route.ts';
import {
  agentApprovalSchema,
  answeredSchema,
  approvalSchema,
  approvalsSchema,
  approveSchema,
  denySchema,
  EXAMPLE_APPROVAL,
  revokeSchema,
} from '../schemas.ts';

const params = z.object({ id: z.string().openapi({ example: EXAMPLE_APPROVAL }) });
const listQuery = z.strictObject({
  all: z.enum(['true', 'false']).optional().openapi({ description: 'For operators: also those of the last day that ended.' }),
});
const AGENT_EXAMPLE = {
  id: EXAMPLE_APPROVAL,
  tool: 'plain.take',
  status: 'pending',
  askedAt: 1767225600000,
  expiresAt: 1767226500000,
};
const DIGEST_EXAMPLE = `sha256:${'4f'.repeat(32)}`;

const list: Route = {
  access: 'either',
  config: described({
    method: 'get',
    path: '/v1/approvals',
    id: 'listApprovals',
    tag: 'approvals',
    summary: 'Questions to humans: operators see all in full, agents their own without what humans were shown',
    access: 'either',
    request: { query: listQuery },
    good: [
      {
        status: 200,
        description:
          'The newest last. An operator is shown those that are open, unless `all` is true; an agent its own, also those of the last day that ended.',
        schema: approvalsSchema,
        example: { approvals: [AGENT_EXAMPLE] },
      },
    ],
    problems: [503],
  }),
  async handle(visit, principal) {
    const { all } = queryOf(visit, listQuery);
    const { house } = visit;
    if (principal.kind === 'agent') return json({ approvals: await house.doorOf(principal.name).approvals() });
    const approvals = await doorOf(visit, principal).approvals({ all: all === 'true' });
    return json({ approvals: approvals.map(withStatus) });
  },
};

const show: Route = {
  access: 'either',
  config: described({
    method: 'get',
    path: '/v1/approvals/{id}',
    id: 'showApproval',
    tag: 'approvals',
    summary: 'One question, as the list has it',
    access: 'either',
    request: { params },
    good: [
      {
        status: 200,
        description: 'An operator gets exactly what an answer is bound to, and its digest.',
        schema: z.union([approvalSchema, agentApprovalSchema]),
        example: AGENT_EXAMPLE,
      },
    ],
    problems: [404, 503],
  }),
  async handle(visit, principal) {
    const id = idOf(visit);
    if (principal.kind === 'agent') return json(await visit.house.doorOf(principal.name).approval(id));
    return json(withStatus(await doorOf(visit, principal).approval(id)));
  },
};

const ANSWERS = {
  approve: {
    schema: approveSchema,
    summary: 'Lets the call run once; with `shape`, others like it for a while',
    status: 'approved',
  },
  deny: { schema: denySchema, summary: 'Says no', status: 'denied' },
  revoke: {
    schema: revokeSchema,
    summary: 'Takes back a yes that was not used, or a rule that was made with one',
    status: 'revoked',
  },
} as const;

function answerRoute<Name extends keyof typeof ANSWERS>(
  name: Name,
  answer: (visit: Visit, operator: Operator, id: string) => Promise<void>,
): Route {
  const { schema, summary, status } = ANSWERS[name];
  const example = { ...(name === 'revoke' ? {} : { digest: DIGEST_EXAMPLE }), reason: 'seen with the team' };
  return {
    access: 'operator',
    config: described({
      method: 'post',
      path: `/v1/approvals/{id}/${name}`,
      id: `${name}Approval`,
      tag: 'approvals',
      summary,
      description:
        'In the name of the operator whose token it is. An answer to anything but what the digest stands for is refused.',
      access: 'operator',
      request: { params, body: { required: true, content: { 'application/json': { schema, example } } } },
      good: [
        {
          status: 200,
          description: 'It is in the trail.',
          schema: answeredSchema,
          example: { approval: EXAMPLE_APPROVAL, status },
        },
      ],
      problems: [404, 503],
    }),
    async handle(visit, operator) {
      const id = idOf(visit);
      await answer(visit, operator, id);
      return json({ approval: id, status });
    },
  };
}

const approve = answerRoute('approve', async (visit, operator, id) =>
  doorOf(visit, operator).approve(id, await bodyOf(visit, approveSchema)),
);
const deny = answerRoute('deny', async (visit, operator, id) =>
  doorOf(visit, operator).deny(id, await bodyOf(visit, denySchema)),
);
const revoke = answerRoute('revoke', async (visit, operator, id) => {
  const { reason } = await bodyOf(visit, revokeSchema);
  await doorOf(visit, operator).revoke(id, reason);
});

export const approvalRoutes: readonly Route[] = [list, show, approve, deny, revoke];

function doorOf({ house }: Visit, operator: Operator) {
  return operatorDoor(house.live, operator, 'http');
}

/** Ids are whole here: a program has no need for their beginnings. */
function idOf({ params: { id = '' } }: Visit): string {
  if (wholeId(id) === id) return id;
  throw new CodedError('usage/not-found', 'there is no such approval', { help: 'an id is whole, such as `k7q2m-9xw4d`' });
}

function withStatus(approval: Approval) {
  return { status: approvalStatus(approval, Date.now()), ...approval };
}
