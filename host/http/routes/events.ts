import { z } from '@hono/zod-openapi';
import { CodedError } from '../../../runtime/index.ts';
import type { Principal } from '../../policy/index.ts';
import type { Visit } from '../house.ts';
import { described, type Route } from '../route.ts';
import { textSchema } from '../schemas.ts';

const headers = z.object({
  'Last-Event-ID': z
    .string()
    .optional()
    .openapi({ description: 'The last record that was read: what came after it is sent from the trail.', example: '42' }),
});

const stream: Route = {
  access: 'either',
  config: described({
    method: 'get',
    path: '/v1/events',
    id: 'streamEvents',
    tag: 'events',
    summary: 'What happens, as it happens: Server-Sent Events',
    description:
      'Operators: `record` (each record of the trail; `id` is its `seq`), `progress`, `reloaded`, `tools-changed`. Agents: `record` and `progress` of their ' +
      'own requests, without rules, parameters and people, and `tools-changed`. A reader that is too slow is cut off, and a stream ends after an hour: ' +
      'come back with `Last-Event-ID`.',
    access: 'either',
    request: { headers },
    good: [
      {
        status: 200,
        description: 'Comments keep it open.',
        type: 'text/event-stream',
        schema: textSchema,
        example: 'id: 42\nevent: record\ndata: {"seq":42,"at":1767225600000,"kind":"outcome","outcome":"ok"}\n\n',
      },
    ],
  }),
  handle(visit, principal) {
    const { house, outgoing } = visit;
    const body = house.hub.open({
      principal,
      isKnown: () => isStill(visit, principal),
      afterSeq: afterSeqOf(visit),
      cut: () => outgoing.destroy(),
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' } });
  },
};

export const eventRoutes: readonly Route[] = [stream];

function afterSeqOf({ request }: Visit): number | undefined {
  const header = request.headers.get('last-event-id');
  if (header === null || header === '') return undefined;
  if (/^\d{1,15}$/.test(header)) return Number(header);
  throw new CodedError('usage/invalid-argument', 'a Last-Event-ID is the number of a record');
}

async function isStill({ house, bearer }: Visit, { kind, name }: Principal): Promise<boolean> {
  const now = await house.principals.of(house.live.current.policy.serve, bearer ?? '');
  return now?.kind === kind && now.name === name;
}
