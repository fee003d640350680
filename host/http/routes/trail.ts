import { z } from '@hono/zod-openapi';
import type { ReadRecord, TrailFilter } from '../../audit/index.ts';
import { operatorDoor } from '../../serving/index.ts';
import type { House, Operator, Visit } from '../house.ts';
import { described, json, queryOf, type Route } from '../route.ts';
import { callSchema, EXAMPLE_AUDIT, TRAIL_LIMIT, trailPageSchema, trailQuery, verifiedSchema } from '../schemas.ts';

/** Bytes of the records of one page; at least one record is there. */
const PAGE_BYTES_MAX = 8 * 1024 * 1024;
const RECORD_EXAMPLE = {
  kind: 'intent',
  audit: EXAMPLE_AUDIT,
  writer: 'w1',
  tool: 'plain.take',
  seq: 42,
  at: 1767225600000,
  link: `sha256:${'1c'.repeat(32)}`,
};

const query: Route = {
  access: 'operator',
  config: described({
    method: 'get',
    path: '/v1/trail',
    id: 'queryTrail',
    tag: 'trail',
    summary: 'Records of the trail, in order, page by page',
    access: 'operator',
    request: { query: trailQuery },
    good: [
      {
        status: 200,
        description: 'Each record was checked against its link.',
        schema: trailPageSchema,
        example: { records: [RECORD_EXAMPLE], next: 42 },
      },
    ],
    problems: [503],
  }),
  async handle(visit, operator) {
    const { after, limit = TRAIL_LIMIT.default, ...rest } = queryOf(visit, trailQuery);
    const filter = { ...given(rest), ...(after === undefined ? {} : { afterSeq: after }) };
    const { audit } = operatorDoor(visit.house.live, operator, 'http');
    const { signal } = visit.request;
    const { records, isMore } = await reading(visit, operator, () => pageOf(audit.query(filter, { signal }), limit, signal));
    const last = records.at(-1);
    return json({ records, ...(isMore && last !== undefined ? { next: last.seq } : {}) });
  },
};

/** @throws CodedError `busy/overloaded`. */
async function reading<T>({ house }: Visit, { kind, name }: Operator, read: () => Promise<T>): Promise<T> {
  const leave = house.trailReaders.take(`${kind} ${name}`);
  try {
    return await read();
  } finally {
    leave();
  }
}

async function pageOf(
  found: AsyncIterable<ReadRecord>,
  limit: number,
  signal: AbortSignal,
): Promise<{ readonly records: readonly ReadRecord[]; readonly isMore: boolean }> {
  const records: ReadRecord[] = [];
  let bytes = 0;
  for await (const record of found) {
    bytes += JSON.stringify(record).length;
    const isFull = records.length >= limit || (records.length > 0 && bytes > PAGE_BYTES_MAX);
    if (isFull || signal.aborted) return { records, isMore: true };
    records.push(record);
  }
  return { records, isMore: false };
}

/** Without what was not asked for. */
function given(filter: { readonly [Name in keyof TrailFilter]?: TrailFilter[Name] | undefined }): TrailFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

const verify: Route = {
  access: 'operator',
  config: described({
    method: 'get',
    path: '/v1/trail/verify',
    id: 'verifyTrail',
    tag: 'trail',
    summary: 'Reads the whole trail and says whether it is as it was written',
    description: 'Takes time for all of it. Whoever asks while it is being read gets the same answer.',
    access: 'operator',
    good: [
      {
        status: 200,
        description: 'With `ok: false`: the first record that is not what was written.',
        schema: verifiedSchema,
        example: { ok: true, records: 42, segments: 1, firstSeq: 1, lastSeq: 42, headLink: `sha256:${'1c'.repeat(32)}` },
      },
    ],
    problems: [503],
  }),
  handle: async ({ house }) => json(await verification(house)),
};

/** One at a time for each server: it costs as much as the trail is long. */
const verifying = new WeakMap<House, ReturnType<House['live']['current']['audit']['verify']>>();

function verification(house: House) {
  const running = verifying.get(house) ?? house.live.current.audit.verify().finally(() => verifying.delete(house));
  verifying.set(house, running);
  return running;
}

const show: Route = {
  access: 'operator',
  config: described({
    method: 'get',
    path: '/v1/trail/{audit}',
    id: 'showCall',
    tag: 'trail',
    summary: 'All records of one request, and of its approvals',
    access: 'operator',
    request: {
      params: z.object({ audit: z.string().openapi({ example: EXAMPLE_AUDIT, description: 'The id, or its beginning.' }) }),
    },
    good: [
      {
        status: 200,
        description: 'In order.',
        schema: callSchema,
        example: { audit: EXAMPLE_AUDIT, records: [RECORD_EXAMPLE] },
      },
    ],
    problems: [404, 503],
  }),
  async handle(visit, operator) {
    const { audit } = operatorDoor(visit.house.live, operator, 'http');
    return json(await reading(visit, operator, () => audit.show(visit.params.audit ?? '')));
  },
};

export const trailRoutes: readonly Route[] = [query, verify, show]; // `verify` before what takes any name
