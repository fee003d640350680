import { describe, expect, it } from 'vitest';
import * as schemas from '../../../host/http/schemas.ts';
import { TOOLS } from '../../support/wardens.ts';
import { AGENTS, SERVE, TOKENS, useServers } from './fixture.ts';

/* The trail over HTTP, for operators: pages, verification, and how much of it at a time. */

const servers = useServers();

describe('the trail', () => {
  it('is read page by page, with filters, and verified', async () => {
    const own = await servers.open(`${TOOLS}${AGENTS}${SERVE}`);
    for (const n of [1, 2, 3]) await own.as('a').post('/v1/requests', { tool_name: 'plain.take', parameters: { path: 'p', n } });
    const { json: all } = await own.as('eve').get('/v1/trail');
    expect(schemas.trailPageSchema.parse(all).next).toBeUndefined();
    const seqs: number[] = [];
    for (let after = 0, isMore = true; isMore; ) {
      const { json: page } = await own.as('eve').get(`/v1/trail?limit=5&after=${after}`);
      seqs.push(...page.records.map(({ seq }) => seq));
      isMore = page.next !== undefined;
      after = page.next ?? 0;
    }
    expect(seqs).toEqual(all.records.map(({ seq }) => seq));
    const { json: outcomes } = await own.as('eve').get('/v1/trail?kind=outcome&agent=a&tool=plain&limit=2');
    expect(outcomes.records.map(({ kind }) => kind)).toEqual(['outcome', 'outcome']);
    const { audit } = outcomes.records[0]!;
    const { json: call } = await own.as('eve').get(`/v1/trail/${audit}`);
    expect(schemas.callSchema.parse(call).records.map(({ kind }) => kind)).toEqual(['requested', 'decided', 'intent', 'outcome']);
    expect(await own.as('eve').get('/v1/trail/ffffffff')).toMatchObject({ status: 404 });
    for (const bad of ['limit=0', 'limit=1001', 'limit=x', 'nothing=1', 'kind=a&kind=b', 'since=-1', 'after=1e3']) {
      expect((await own.as('eve').get(`/v1/trail?${bad}`)).status, bad).toBe(400);
    }
    expect(await own.as('eve').get('/v1/trail/verify')).toMatchObject({ status: 200, json: { ok: true } });
  });
});

describe('questions to the trail', () => {
  it('are so many at a time for each operator, and end with who asks', async () => {
    const own = await servers.open(undefined, { limits: { trailReadersPerPrincipalMax: 1 } });
    const { audit } = own.live.current;
    const { query } = audit;
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const signals: (AbortSignal | undefined)[] = [];
    audit.query = async function* (filter, options) {
      signals.push(options?.signal);
      await gate;
      yield* query.call(audit, filter, options);
    };
    const first = own.as('ann').get('/v1/trail?text=x');
    await expect.poll(() => signals.length).toBe(1);
    expect((await own.as('ann').get('/v1/trail?text=x')).status).toBe(429);
    expect((await own.as('ann').get('/v1/trail/ffffffff')).status).toBe(429);
    const abort = new AbortController();
    const headers = { authorization: `Bearer ${TOKENS.eve}` };
    const other = fetch(`${own.url}/v1/trail`, { headers, signal: abort.signal }).catch(() => undefined);
    await expect.poll(() => signals.length).toBe(2);
    abort.abort();
    await other;
    await expect.poll(() => signals[1]?.aborted).toBe(true);
    go();
    expect((await first).status).toBe(200);
    expect((await own.as('ann').get('/v1/trail')).status).toBe(200);
  });
});
