import { z } from '@hono/zod-openapi';
import { type AgentOutcome, agentCode, type DoorOptions } from '../../serving/index.ts';
import type { Visit } from '../house.ts';
import { idempotencyKey, withRequestId } from '../idempotency.ts';
import { problemResponse, retryHeaders, statusOf } from '../problem.ts';
import { described, json, type Route, rawBodyOf } from '../route.ts';
import { EXAMPLE_AUDIT, outcomeSchema, requestSchema, statusSchema } from '../schemas.ts';

const RECEIPT = {
  audit: EXAMPLE_AUDIT,
  tool: 'plain',
  agent: 'triage',
  grants: [],
  fuel: '1204',
  wallMs: 0.412,
  memoryBytesPeak: 65536,
  hostCalls: 0,
};

const headers = z.object({
  'Idempotency-Key': z
    .string()
    .max(258)
    .optional()
    .openapi({ description: 'Becomes the `request_id`; such a call goes on when the client goes away.' }),
  Prefer: z
    .string()
    .optional()
    .openapi({ description: '`wait=SECONDS`: wait so long for a human, at most 300.', example: 'wait=30' }),
  traceparent: z.string().optional().openapi({ description: 'W3C trace context.' }),
  tracestate: z.string().optional(),
});

const file: Route = {
  access: 'agent',
  config: described({
    method: 'post',
    path: '/v1/requests',
    id: 'fileRequest',
    tag: 'requests',
    summary: 'Files a request and answers how it ended',
    description:
      'The body is read by a strict JSON reader: names are there once, and numbers count digit by digit. `ok`, `tool-error`, `trapped`, `limited` and ' +
      '`cancelled` are outcomes of a call, and 200. A refusal is a problem, with the outcome in it.',
    access: 'agent',
    request: {
      headers,
      body: {
        required: true,
        content: {
          'application/json': {
            schema: requestSchema,
            example: { tool_name: 'plain.take', parameters: { path: '/tmp', n: 7 }, justification: 'the disk is full' },
          },
        },
      },
    },
    good: [
      {
        status: 200,
        description: 'The call ended.',
        schema: outcomeSchema,
        example: { kind: 'ok', value: 7, receipt: RECEIPT },
      },
      {
        status: 202,
        description: 'A human is asked. File the same request again once there is an answer.',
        schema: outcomeSchema,
        headers: { Location: 'The approval that it waits for.' },
        example: {
          kind: 'pending',
          approval: { id: 'k7q2m-9xw4d', expiresAt: 1767225600000, channels: ['terminal'] },
          receipt: RECEIPT,
        },
      },
    ],
    problems: [409, 422, 503],
  }),
  async handle(visit, agent) {
    const key = idempotencyKey(visit.request);
    const body = await rawBodyOf(visit);
    const door = visit.house.doorOf(agent);
    const trace: { parent?: string } = {};
    const options = optionsOf(visit, key, (traceparent) => {
      trace.parent = traceparent;
    });
    const response = outcomeResponse(await door.request(key === undefined ? body : withRequestId(body, key), options));
    if (trace.parent !== undefined) response.headers.set('traceparent', trace.parent);
    return response;
  },
};

const status: Route = {
  access: 'agent',
  config: described({
    method: 'get',
    path: '/v1/requests/{audit}',
    id: 'requestStatus',
    tag: 'requests',
    summary: 'What became of a request of this agent',
    access: 'agent',
    request: { params: z.object({ audit: z.string().openapi({ example: EXAMPLE_AUDIT }) }) },
    good: [
      {
        status: 200,
        description: 'Its state.',
        schema: statusSchema,
        example: { audit: EXAMPLE_AUDIT, tool: 'plain.take', state: 'ok', at: 1767225600000, fuel: '1204', wallMs: 0.412 },
      },
    ],
    problems: [404, 503],
  }),
  handle: async ({ house, params }, agent) => json(await house.doorOf(agent).status(params.audit ?? '')),
};

export const requestRoutes: readonly Route[] = [file, status];

const ENDED: ReadonlySet<string> = new Set(['ok', 'tool-error', 'trapped', 'limited', 'cancelled']);

function outcomeResponse(outcome: AgentOutcome): Response {
  const { kind, approval, error, receipt } = outcome;
  if (ENDED.has(kind)) return json(outcome);
  if (kind === 'pending') return json(outcome, 202, approval === undefined ? {} : { location: `/v1/approvals/${approval.id}` });
  const { code = 'internal/invariant', message = 'the request failed', help, data } = error ?? {};
  const problemStatus = statusOf(code);
  return problemResponse({
    status: problemStatus,
    detail: message,
    code: agentCode(code),
    ...(help === undefined ? {} : { help }),
    ...(data === undefined ? {} : { data }),
    ...(receipt.audit === undefined ? {} : { audit: receipt.audit }),
    outcome,
    headers: retryHeaders(problemStatus, data),
  });
}

/** Whoever sent a key may come back for the answer, so its call goes on without it. */
function optionsOf({ request, house }: Visit, key: string | undefined, onSpan: (traceparent: string) => void): DoorOptions {
  const { headers: sent, signal } = request;
  const [traceparent, tracestate] = [sent.get('traceparent'), sent.get('tracestate')];
  return {
    ...(key === undefined ? { signal } : {}),
    waitMs: waitMsOf(sent.get('prefer'), house.limits.waitMsMax) ?? house.waitMs,
    trace: {
      ...(traceparent === null ? {} : { traceparent }),
      ...(tracestate === null ? {} : { tracestate }),
      onSpan,
    },
  };
}

/** RFC 7240: what is not understood is ignored. */
function waitMsOf(prefer: string | null, waitMsMax: number): number | undefined {
  const seconds = /(?:^|[,;\s])wait=(\d{1,6})(?:$|[,;\s])/i.exec(prefer ?? '')?.[1];
  return seconds === undefined ? undefined : Math.min(Number(seconds) * 1000, waitMsMax);
}
