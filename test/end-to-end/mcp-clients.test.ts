import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { POLICY, useMcpPlace } from '../support/mcp.ts';
import { CLIENTS, type ClientKind, connect, type Person, type TestClient, type Where } from '../support/mcp-clients.ts';
import { expectWholeTrail, recordsOf } from '../support/wardens.ts';

/* Real clients of both SDKs and both revisions, over HTTP and over stdio: the same policy, the same answers. */

const place = useMcpPlace();
const WAYS = ['http', 'stdio'] as const;

const outcomeOf = ({ _meta }: { _meta?: Record<string, unknown> | undefined }) => _meta?.['cellblock/outcome'];
const textOf = ({ content }: { content: readonly { type: string }[] }) =>
  content.map((block) => ('text' in block ? block.text : block.type));

describe.each(WAYS)('over %s', (way) => {
  let site: string;
  let reload: () => Promise<unknown> = async () => undefined; // the process looks for itself
  let whereOf: (agent: string) => Where;
  /** Those without a person before them, by kind and agent; all others end with their test. */
  const lasting = new Map<string, Promise<TestClient>>();
  const passing: TestClient[] = [];

  beforeAll(async () => {
    site = place.site(POLICY);
    if (way === 'stdio') {
      whereOf = (agent) => ({ site, cacheDirectory: place.cacheDirectory, agent });
      return;
    }
    const { live, mcp } = await place.live(site);
    const { url } = await place.http(mcp);
    reload = () => live.reload();
    whereOf = (agent) => ({ url, agent });
  });
  afterEach(async () => {
    for (const client of passing.splice(0)) await client.close();
  });
  afterAll(async () => {
    for (const client of lasting.values()) await (await client).close();
    await expectWholeTrail(site);
  });

  const open = async (kind: ClientKind, person?: Person, agent = 'triage'): Promise<TestClient> => {
    if (person === undefined) {
      const known = lasting.get(`${kind} ${agent}`) ?? connect(kind, whereOf(agent));
      lasting.set(`${kind} ${agent}`, known);
      return known;
    }
    const client = await connect(kind, whereOf(agent), person);
    passing.push(client);
    return client;
  };
  /** What an operator does, in another process as far as the server can tell. */
  const operator = () => place.open(site);

  describe.each(CLIENTS)('%s', (kind) => {
    it("lists what this agent may use, described and with schemas, and to another agent only that one's", async () => {
      const tools = await (await open(kind)).tools();
      expect(tools.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['plain_echo', 'plain_work', 'surface_exact', 'surface_picture']),
      );
      expect(tools.find(({ name }) => name === 'plain_work')).toMatchObject({
        title: 'plain: work',
        description: expect.stringContaining('A human is asked before each call runs'),
        inputSchema: { type: 'object', required: ['turns'] },
        outputSchema: { type: 'object', required: ['value'] },
        annotations: { readOnlyHint: true },
      });
      const others = await (await open(kind, undefined, 'other')).tools();
      expect(others.map(({ name }) => name).sort()).toEqual(['plain_echo', 'plain_work']);
    });

    it('gives results as text and as structured content, and files as what they are', async () => {
      const client = await open(kind);
      const echo = await client.call('plain_echo', { text: 'hi "there"' });
      expect(echo).toMatchObject({ content: [{ type: 'text', text: 'hi "there"' }], structuredContent: { value: 'hi "there"' } });
      expect(echo.isError ?? false).toBe(false);
      expect(outcomeOf(echo)).toMatchObject({
        kind: 'ok',
        audit: expect.stringMatching(/^[0-9a-f-]{36}$/),
        fuel: expect.stringMatching(/^[1-9]\d*$/),
      });
      expect(await client.call('surface_point', { x: 1, y: 2 })).toMatchObject({
        content: [{ type: 'text', text: '{"x":1,"y":2}' }],
        structuredContent: { x: 1, y: 2 },
      });
      const picture = await client.call('surface_picture', {});
      expect(picture.content).toEqual([{ type: 'image', data: 'UE5H', mimeType: 'image/png' }]);
      expect(picture.structuredContent).toBeUndefined();
    });

    it('ends what goes wrong with an error that says what to do, and an unknown tool with a protocol error that is in the trail', async () => {
      const client = await open(kind);
      expect(await client.call('plain_fail', { text: 'no disk' })).toMatchObject({
        isError: true,
        content: [{ text: 'no disk' }],
      });
      const wrong = await client.call('plain_echo', { txt: 'hi' });
      expect(textOf(wrong)).toEqual([
        'refused: expected string at `$.text`, got nothing [params/invalid]\nhelp: change the request, and ask again',
      ]);
      const trapped = await client.call('plain_panic', {});
      expect(outcomeOf(trapped)).toMatchObject({ kind: 'trapped', code: 'trap/unreachable' });
      await expect(client.call(`plain_nope-${kind}`, {})).rejects.toMatchObject({
        code: -32602,
        message: expect.stringContaining('unknown tool'),
      });
      expect(recordsOf(site)).toContainEqual(
        expect.objectContaining({ kind: 'requested', agent: 'triage', tool: `plain_nope-${kind}` }),
      );
    });

    it('says that a human is asked, and lets the same call run once that human has agreed, once', async () => {
      const client = await open(kind);
      const args = { path: `/${way}/${kind}`, n: 7 };
      const first = await client.call('plain_take', args);
      const { approval } = outcomeOf(first) as { approval: { id: string } };
      expect(first.isError).toBe(true);
      expect(textOf(first)[0]).toContain(`cellblock approvals show ${approval.id}`);
      expect(textOf(first)[0]).toContain('call again with the same arguments');
      const desk = (await operator()).approvals;
      const { asked } = await desk.show(approval.id);
      await desk.approve(approval.id, { by: 'ann', channel: 'cli', digest: asked.digest });
      expect(await client.call('plain_take', args)).toMatchObject({ structuredContent: { value: 7 } });
      expect(outcomeOf(await client.call('plain_take', args))).toMatchObject({ kind: 'pending' });
    });

    it('asks the person before a client that is trusted, with the exact call, and does as they say', async () => {
      const shown: string[] = [];
      let answer: 'approve' | 'deny' | 'decline' | 'cancel' = 'approve';
      const client = await open(kind, {
        elicit: (message) => {
          shown.push(message);
          if (answer === 'decline' || answer === 'cancel') return { action: answer };
          return { action: 'accept', content: { decision: answer, reason: 'as I like' } };
        },
      });
      const turns = 100 + CLIENTS.indexOf(kind) * 10;
      expect(await client.call('plain_work', { turns })).toMatchObject({ structuredContent: { value: 7 } });
      expect(shown).toHaveLength(1);
      expect(shown[0]).toContain(`  > \`turns\` = ${turns}`);
      expect(recordsOf(site).filter(({ kind: of, event }) => of === 'approval' && event === 'approved')).toContainEqual(
        expect.objectContaining({ by: 'ann', channel: 'mcp:desk', reason: 'as I like' }),
      );
      answer = 'deny';
      expect(outcomeOf(await client.call('plain_work', { turns: turns + 1 }))).toMatchObject({
        kind: 'refused',
        code: 'denied/approval-denied',
      });
      answer = 'decline';
      expect(outcomeOf(await client.call('plain_work', { turns: turns + 2 }))).toMatchObject({ code: 'denied/approval-denied' });
      answer = 'cancel';
      expect(outcomeOf(await client.call('plain_work', { turns: turns + 3 }))).toMatchObject({ kind: 'pending' });
      expect(shown).toHaveLength(4);
    });

    it('asks nobody through a client that the rule does not name, nor through that of another agent', async () => {
      const elicit = () => {
        throw new Error('asked');
      };
      const turns = 900 + CLIENTS.indexOf(kind);
      expect(outcomeOf(await (await open(kind, { elicit })).call('plain_take', { path: '/', n: turns }))).toMatchObject({
        kind: 'pending',
      });
      const other = await open(kind, { elicit }, 'other');
      expect(outcomeOf(await other.call('plain_work', { turns }))).toMatchObject({ kind: 'pending' });
    });

    it('reports progress to those who ask for it, and log lines to those who set a level', async () => {
      const client = await open(kind, {});
      const reports: object[] = [];
      // A client of the SDK loses a report that it reads together with the result: it forgets whom to tell first.
      const call = () => client.call('surface_watched', { done: 3 }, { onprogress: (progress) => void reports.push(progress) });
      await expect.poll(async () => [await call(), reports.length][1], { interval: 1, timeout: 20_000 }).toBeGreaterThan(0);
      expect(reports).toEqual([{ progress: 3, total: 3, message: 'step' }]);
      expect(client.logged).toEqual([]);
      await client.setLevel('error');
      await client.call('surface_watched', { done: 3 });
      expect(client.logged).toEqual([]);
      await client.setLevel('debug');
      await client.call('surface_watched', { done: 3 });
      expect(client.logged).toEqual([{ level: 'warning', data: 'step', logger: 'surface' }]);
    });

    it('cancels a call whose client does not want it any more, and serves the next one', async () => {
      const client = await open(kind);
      const spinning = () => recordsOf(site).filter(({ kind: of, tool }) => of === 'requested' && tool === 'plain.spin');
      const before = spinning().length;
      const cancel = new AbortController();
      const call = client.call('plain_spin', {}, { signal: cancel.signal });
      call.catch(() => undefined);
      await expect.poll(() => spinning().length, { interval: 5, timeout: 10_000 }).toBe(before + 1);
      const { audit } = spinning().at(-1)!;
      await expect
        .poll(() => recordsOf(site).some((record) => record.kind === 'intent' && record.audit === audit), { interval: 5 })
        .toBe(true);
      cancel.abort();
      await expect(call).rejects.toThrow();
      const end = () => recordsOf(site).find((record) => record.kind === 'outcome' && record.audit === audit);
      await expect.poll(end, { interval: 5, timeout: 10_000 }).toMatchObject({ outcome: 'cancelled' });
      expect(await client.call('plain_echo', { text: 'next' })).toMatchObject({ structuredContent: { value: 'next' } });
    });

    it('keeps what a call says of itself in the trail, and refuses what is malformed', async () => {
      const client = await open(kind);
      const meta = { 'cellblock/justification': `because ${kind}`, 'cellblock/source': 'line 7', 'cellblock/session': 's1' };
      const { audit } = outcomeOf(await client.call('plain_echo', { text: 'x' }, { meta })) as { audit: string };
      expect(recordsOf(site).find((record) => record.audit === audit && record.kind === 'requested')).toMatchObject({
        justification: `because ${kind}`,
        source: 'line 7',
        session: 's1',
      });
      await expect(client.call('plain_echo', { text: 'x' }, { meta: { 'cellblock/source': 7 } })).rejects.toMatchObject({
        code: -32602,
      });
      const late = await client.call('plain_echo', { text: 'x' }, { meta: { 'cellblock/deadline': '2020-01-01T00:00:00Z' } });
      expect(outcomeOf(late)).toMatchObject({ kind: 'limited', code: 'limit/deadline' });
    });

    it('tells of tools that are other ones now', async () => {
      let told = 0;
      const onToolsChanged = () => {
        told += 1;
      };
      const client = await open(kind, { onToolsChanged });
      expect((await client.tools()).map(({ name }) => name)).toContain('plain_echo');
      place.rewrite(site, POLICY.replace('      - plain.echo\n      - plain.fail', '      - plain.fail'));
      await reload();
      await expect.poll(() => told, { timeout: 10_000 }).toBeGreaterThan(0);
      await expect
        .poll(async () => (await client.tools()).map(({ name }) => name), { timeout: 10_000 })
        .not.toContain('plain_echo');
      const before = told;
      place.rewrite(site, POLICY);
      await reload();
      await expect.poll(() => told, { timeout: 10_000 }).toBeGreaterThan(before);
    });
  });
});
