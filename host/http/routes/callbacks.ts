import { z } from '@hono/zod-openapi';
import { CodedError, isCoded } from '../../../runtime/index.ts';
import { type Answer, checkSlackCallback, checkWebhookCallback, slackAnswer } from '../../approvals/index.ts';
import type { ApproverChannel } from '../../policy/index.ts';
import { headersOf } from '../gate.ts';
import type { House, Visit } from '../house.ts';
import { problemResponse } from '../problem.ts';
import { described, json, type Route, rawBodyOf } from '../route.ts';
import { answeredSchema, EXAMPLE_APPROVAL, slackReplySchema, webhookAnswerSchema } from '../schemas.ts';

const params = z.object({ name: z.string().openapi({ example: 'team', description: 'Of the channel in the policy.' }) });

const slack: Route = {
  access: 'signed',
  config: described({
    method: 'post',
    path: '/v1/callbacks/slack/{name}',
    id: 'slackCallback',
    tag: 'callbacks',
    summary: "A press of a button in Slack: the app's interactivity URL",
    description:
      "Signed by Slack (`X-Slack-Signature` over timestamp and raw body, 300 seconds, once) with the channel's signing secret.",
    access: 'signed',
    request: {
      params,
      headers: z.object({
        'X-Slack-Request-Timestamp': z.string().openapi({ example: '1767225600' }),
        'X-Slack-Signature': z.string().openapi({ example: `v0=${'a1'.repeat(32)}` }),
      }),
      body: {
        required: true,
        content: { 'application/x-www-form-urlencoded': { schema: z.object({ payload: z.string() }) } },
      },
    },
    good: [
      {
        status: 200,
        description: 'What became of it, also where the answer does not count: Slack shows it to whoever pressed.',
        schema: slackReplySchema,
        example: { response_type: 'ephemeral', replace_original: false, text: `Approval ${EXAMPLE_APPROVAL}: approved by ann.` },
      },
    ],
  }),
  async handle(visit) {
    const { house, incoming } = visit;
    const rawBody = await rawBodyOf(visit);
    const channel = channelOf(visit, 'slack'); // of the policy in force when all of it is there
    const check = checkSlackCallback({
      rawBody,
      headers: {
        'x-slack-request-timestamp': only(headersOf(incoming, 'x-slack-request-timestamp')),
        'x-slack-signature': only(headersOf(incoming, 'x-slack-signature')),
      },
      signingSecret: secretOf(channel?.signingSecretEnv),
      nowMs: Date.now(),
      seen: house.seen,
    });
    if ('status' in check) return problemResponse({ status: check.status, detail: check.reason });
    if (channel === undefined) return problemResponse({ status: 401, detail: 'there is no signing secret' });
    const { ok: press } = check;
    const text = await textOf(press.approval, async () => {
      const answer = slackAnswer(press, channel.name, channel.users);
      await give(house, answer);
      return answer;
    });
    return json({ response_type: 'ephemeral', replace_original: false, text });
  },
};

const webhook: Route = {
  access: 'signed',
  config: described({
    method: 'post',
    path: '/v1/callbacks/webhook/{name}',
    id: 'webhookCallback',
    tag: 'callbacks',
    summary: "An answer that a person gave in a program of the operator's",
    description:
      'Signed as Standard Webhooks have it (300 seconds, once) with the secret of the channel that the question went out by.',
    access: 'signed',
    request: {
      params,
      headers: z.object({
        'webhook-id': z.string().openapi({ example: 'msg_1' }),
        'webhook-timestamp': z.string().openapi({ example: '1767225600' }),
        'webhook-signature': z.string().openapi({ example: 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=' }),
      }),
      body: {
        required: true,
        content: {
          'application/json': {
            schema: webhookAnswerSchema,
            example: {
              type: 'approval.answered',
              data: { approval: EXAMPLE_APPROVAL, digest: `sha256:${'4f'.repeat(32)}`, answer: 'approve', by: 'ann' },
            },
          },
        },
      },
    },
    good: [
      {
        status: 200,
        description: 'It is in the trail.',
        schema: answeredSchema,
        example: { approval: EXAMPLE_APPROVAL, status: 'approved' },
      },
    ],
    problems: [404, 503],
  }),
  async handle(visit) {
    const { house, incoming } = visit;
    const rawBody = await rawBodyOf(visit);
    const channel = channelOf(visit, 'webhook'); // of the policy in force when all of it is there
    const check = checkWebhookCallback({
      rawBody,
      id: only(headersOf(incoming, 'webhook-id')),
      timestamp: only(headersOf(incoming, 'webhook-timestamp')),
      signature: only(headersOf(incoming, 'webhook-signature')),
      secret: secretOf(channel?.secretEnv),
      nowMs: Date.now(),
      seen: house.seen,
    });
    if ('status' in check) return problemResponse({ status: check.status, detail: check.reason });
    if (channel === undefined) return problemResponse({ status: 401, detail: 'there is no secret' });
    const { answer: event, by, ...said } = check.ok;
    if (!house.live.current.policy.approverNames.has(by)) {
      throw new CodedError('denied/not-an-approver', 'the policy names nobody like the one who answered');
    }
    await give(house, { ...said, event, by, channel: channel.name });
    return json({ approval: said.approval, status: event });
  },
};

export const callbackRoutes: readonly Route[] = [slack, webhook];

type Kind = 'slack' | 'webhook';

/** Who is not known is answered like who cannot sign: names of channels are nobody's to find out. */
function channelOf<K extends Kind>(
  { house, params: { name = '' } }: Visit,
  kind: K,
): Extract<ApproverChannel, { kind: K }> | undefined {
  const channel = house.live.current.policy.approverChannels.get(`${kind}:${name}`);
  return channel?.kind === kind ? (channel as Extract<ApproverChannel, { kind: K }>) : undefined; // as its kind says
}

function secretOf(variable: string | undefined): string {
  return variable === undefined ? '' : (process.env[variable] ?? '');
}

/** @throws CodedError as `ApprovalsDesk.approve`. */
async function give({ live }: House, { approval, event, by, channel, digest, reason }: Answer): Promise<void> {
  const { approvals } = live.current;
  const answer = { by, channel, ...(digest === undefined ? {} : { digest }), ...(reason === undefined ? {} : { reason }) };
  await (event === 'approved' ? approvals.approve(approval, answer) : approvals.deny(approval, answer));
}

/** What became of a press, for the person who pressed: an answer that does not count is told like one that does. */
async function textOf(approval: string, answer: () => Promise<Answer>): Promise<string> {
  try {
    const { event, by } = await answer();
    return slackEscaped(`Approval ${approval}: ${event} by ${by}.`);
  } catch (error) {
    if (!isCoded(error) || !/^(?:denied|usage)\//.test(error.code)) throw error;
    return slackEscaped(`Approval ${approval}: nothing was changed, since ${error.message}.`);
  }
}

/** The three characters that Slack gives a meaning to. */
function slackEscaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function only(values: readonly string[]): string | undefined {
  return values.length === 1 ? values[0] : undefined;
}
