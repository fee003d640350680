import { describe, expect, it } from 'vitest';
import { openEvents, POLICY, TOKENS, useServers } from './fixture.ts';

/* The stream of events: who hears what, from where, and for how long. */

const servers = useServers();

describe('events', () => {
  it('tell operators all, and agents what is about their own requests, in their own words', async () => {
    const own = await servers.open();
    const [ann, a, b] = await Promise.all([
      openEvents(own.url, TOKENS.ann),
      openEvents(own.url, TOKENS.a),
      openEvents(own.url, TOKENS.b),
    ]);
    const work = { tool_name: 'plain.take', parameters: { path: 'secret-path', n: 1 }, justification: 'why' };
    await own.as('a').post('/v1/requests', work);
    await own.as('b').post('/v1/requests', { tool_name: 'plain.echo', parameters: { text: 'x' } });
    const kinds = ({ events }: typeof a) => events.map(({ data }) => data.kind);
    const whole = ['requested', 'decided', 'intent', 'outcome'];
    await Promise.all([
      ann.until(() => ann.events.length >= 8),
      a.until(() => a.events.length >= 4),
      b.until(() => b.events.length >= 4),
    ]);
    expect(kinds(ann)).toEqual([...whole, ...whole]);
    expect([kinds(a), kinds(b)]).toEqual([whole, whole]);
    expect(JSON.stringify(ann.events)).toContain('secret-path');
    expect(JSON.stringify(a.events)).not.toMatch(/secret-path|cellblock\.yaml|"rules"|"grants"|justification/);
    expect(a.events.map(({ id }) => Number(id))).toEqual(a.events.map(({ data }) => data.seq));
    expect(b.events.every(({ data }) => !a.events.some((event) => event.data.audit === data.audit))).toBe(true);
    for (const stream of [ann, a, b]) stream.close();
  });

  it('go on after the last one that was read, from the trail', async () => {
    const own = await servers.open();
    for (const n of [1, 2]) await own.as('a').post('/v1/requests', { tool_name: 'plain.take', parameters: { path: 'p', n } });
    await own.as('b').post('/v1/requests', { tool_name: 'plain.echo', parameters: { text: 'x' } });
    const all = await openEvents(own.url, TOKENS.a, { 'last-event-id': '0' });
    await all.until(() => all.events.length >= 8);
    const last = all.events[3]?.id ?? '';
    const rest = await openEvents(own.url, TOKENS.a, { 'last-event-id': last });
    await rest.until(() => rest.events.length >= 4);
    await own.as('a').post('/v1/requests', { tool_name: 'plain.take', parameters: { path: 'p', n: 3 } });
    await Promise.all([all.until(() => all.events.length >= 12), rest.until(() => rest.events.length >= 8)]);
    expect(all.events).toHaveLength(12);
    expect(rest.events).toEqual(all.events.slice(4));
    expect(new Set(all.events.map(({ id }) => id)).size).toBe(12);
    for (const stream of [all, rest]) stream.close();
    const bad = await openEvents(own.url, TOKENS.a, { 'last-event-id': 'x' });
    expect(bad.status).toBe(400);
  });

  it('are told of what other processes write, also where these asked before anybody here listened', async () => {
    const first = await servers.open();
    const { id } = (await first.as('a').post('/v1/requests', { tool_name: 'acting', parameters: { path: 'a', n: 1 } })).json
      .approval;
    const second = await first.another();
    const [a, b] = await Promise.all([openEvents(second.url, TOKENS.a), openEvents(second.url, TOKENS.b)]);
    const { digest } = (await first.as('ann').get(`/v1/approvals/${id}`)).json.asked;
    await first.as('ann').post(`/v1/approvals/${id}/deny`, { digest, reason: 'no' });
    await first.as('b').post('/v1/requests', { tool_name: 'plain.echo', parameters: { text: 'x' } });
    await Promise.all([a.until(() => a.events.length >= 1), b.until(() => b.events.length >= 4)]);
    expect(a.events.map(({ data }) => data)).toMatchObject([{ kind: 'approval', event: 'denied', approval: id, reason: 'no' }]);
    expect(b.events.map(({ data }) => data.kind)).toEqual(['requested', 'decided', 'intent', 'outcome']);
    for (const stream of [a, b]) stream.close();
  });

  it('go on from now for who asks for what comes after a record that is not there', async () => {
    const own = await servers.open();
    const a = await openEvents(own.url, TOKENS.a, { 'last-event-id': '999999999' });
    await own.as('a').post('/v1/requests', { tool_name: 'plain.take', parameters: { path: 'p', n: 1 } });
    await a.until(() => a.events.length >= 4);
    expect(a.events).toHaveLength(4);
    a.close();
  });

  it('of a stream that has sent its share end, and the reader comes back for the rest', async () => {
    const own = await servers.open(undefined, { limits: { streamReplayMax: 5 } });
    for (const n of [1, 2]) await own.as('a').post('/v1/requests', { tool_name: 'plain.take', parameters: { path: 'p', n } });
    const first = await openEvents(own.url, TOKENS.a, { 'last-event-id': '0' });
    await first.over;
    expect(first.events).toHaveLength(5);
    const second = await openEvents(own.url, TOKENS.a, { 'last-event-id': first.events.at(-1)?.id ?? '' });
    await second.until(() => second.events.length >= 3);
    expect([...first.events, ...second.events].map(({ data }) => data.kind).filter((kind) => kind === 'outcome')).toHaveLength(2);
    second.close();
  });

  it('end for whoever the policy does not know any more, and are told that it has changed', async () => {
    const own = await servers.open();
    const [ann, a, b] = await Promise.all([
      openEvents(own.url, TOKENS.ann),
      openEvents(own.url, TOKENS.a),
      openEvents(own.url, TOKENS.b),
    ]);
    servers.place.rewrite(own.site, POLICY.replace(/, b: \{ tokens[^}]*\}/, ''));
    expect(await own.live.reload()).toBe(true);
    await b.over;
    await Promise.all([ann.until(() => ann.events.some(({ name }) => name === 'reloaded')), a.until(() => a.events.length > 0)]);
    expect(a.events).toContainEqual({ name: 'tools-changed', data: {} });
    await own.as('a').post('/v1/requests', { tool_name: 'plain.take', parameters: { path: 'p', n: 1 } });
    await a.until(() => a.events.some(({ data }) => data.kind === 'outcome'));
    expect((await own.as('b').get('/v1/tools')).status).toBe(401);
    for (const stream of [ann, a]) stream.close();
  });

  it('tell operators of a record that is too large for a stream by its names, and go on', async () => {
    const own = await servers.open(undefined, { limits: { streamBytesMax: 20_000 } });
    const live = await openEvents(own.url, TOKENS.ann);
    const path = 'x'.repeat(30_000);
    for (const large of [path, 'p']) {
      const { status } = await own.as('a').post('/v1/requests', { tool_name: 'plain.take', parameters: { path: large, n: 1 } });
      expect(status).toBe(200);
    }
    await live.until(() => live.events.length >= 8);
    const replayed = await openEvents(own.url, TOKENS.ann, { 'last-event-id': String(Number(live.events[0]?.id) - 1) });
    await replayed.until(() => replayed.events.length >= 8);
    const [large] = live.events;
    const { seq, audit } = large?.data ?? {};
    expect(large?.data).toEqual({ seq, at: expect.any(Number), kind: 'requested', audit, tooLarge: true });
    expect(JSON.stringify((await own.as('ann').get(`/v1/trail/${audit}`)).json)).toContain(path);
    const kinds = ({ events }: typeof live) => events.map(({ data }) => data.kind);
    const whole = ['requested', 'decided', 'intent', 'outcome'];
    expect([kinds(live), kinds(replayed)]).toEqual([
      [...whole, ...whole],
      [...whole, ...whole],
    ]);
    for (const stream of [live, replayed]) stream.close();
  });

  it('are read from the trail for whoever is there, and for nobody else', async () => {
    const own = await servers.open(undefined, { limits: { streamsPerPrincipalMax: 2 } });
    let reading = 0;
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    // A long trail in which nothing is about this agent.
    own.live.current.audit.query = async function* (_filter, { signal } = {}) {
      reading += 1;
      await gate;
      while (signal?.aborted === false) await new Promise(setImmediate);
      yield* [];
      reading -= 1;
    };
    const streams = [await openEvents(own.url, TOKENS.a, { 'last-event-id': '0' })];
    streams.push(await openEvents(own.url, TOKENS.a, { 'last-event-id': '0' }));
    for (const stream of streams) stream.close();
    await Promise.all(streams.map(({ over }) => over));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await openEvents(own.url, TOKENS.a)).status).toBe(429); // what is read for them takes their place
    go();
    await expect.poll(() => reading).toBe(0);
    const again = await openEvents(own.url, TOKENS.a);
    expect(again.status).toBe(200);
    again.close();
  });

  it('begin anew where the policy has another trail', async () => {
    const own = await servers.open();
    for (const n of [1, 2]) await own.as('a').post('/v1/requests', { tool_name: 'plain.take', parameters: { path: 'p', n } });
    const before = await openEvents(own.url, TOKENS.a, { 'last-event-id': '0' });
    await before.until(() => before.events.length >= 8);
    servers.place.rewrite(own.site, `${POLICY}trail: { folder: another }\n`);
    expect(await own.live.reload()).toBe(true);
    await before.over;
    const after = await openEvents(own.url, TOKENS.a, { 'last-event-id': before.events.at(-2)?.id ?? '' });
    await own.as('a').post('/v1/requests', { tool_name: 'plain.take', parameters: { path: 'p', n: 3 } });
    await after.until(() => after.events.length >= 4);
    expect(after.events.map(({ data }) => data.kind)).toEqual(['requested', 'decided', 'intent', 'outcome']);
    after.close();
  });

  it('agents leave places for operators', async () => {
    const own = await servers.open(undefined, { limits: { streamsMax: 3, streamsOfAgentsMax: 2 } });
    const open = await Promise.all([openEvents(own.url, TOKENS.a), openEvents(own.url, TOKENS.b)]);
    expect((await openEvents(own.url, TOKENS.a)).status).toBe(429);
    const ann = await openEvents(own.url, TOKENS.ann);
    expect(ann.status).toBe(200);
    for (const stream of [...open, ann]) stream.close();
  });

  it('have so many streams for each principal, and in all', async () => {
    const own = await servers.open(undefined, { limits: { streamsPerPrincipalMax: 2, streamsMax: 3 } });
    const open = await Promise.all([openEvents(own.url, TOKENS.a), openEvents(own.url, TOKENS.a), openEvents(own.url, TOKENS.b)]);
    const more = await openEvents(own.url, TOKENS.a);
    expect([more.status, more.headers.get('retry-after')]).toEqual([429, '1']);
    expect((await openEvents(own.url, TOKENS.ann)).status).toBe(429);
    open[0]?.close();
    await expect
      .poll(async () => {
        const again = await openEvents(own.url, TOKENS.ann);
        again.close();
        return again.status;
      })
      .toBe(200);
    for (const stream of open) stream.close();
  });
});
