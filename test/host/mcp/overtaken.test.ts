import { describe, expect, it } from 'vitest';
import { Overtaken } from '../../../host/mcp/overtaken.ts';
import { POLICY, useMcpPlace } from '../../support/mcp.ts';
import { recordsOf } from '../../support/wardens.ts';

const cancel = (requestId: unknown) => ({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } });
const call = (id: number | string, text = 'hi') => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 'plain_echo', arguments: { text } },
});

describe('a cancellation that overtakes its call', () => {
  const place = useMcpPlace();

  it('keeps the call from running, and no other call', async () => {
    const site = place.site(POLICY);
    const { url } = await place.http((await place.live(site)).mcp);
    const send = async (message: object, session?: string) => {
      const headers = {
        authorization: 'Bearer triage',
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        ...(session === undefined ? {} : { 'mcp-session-id': session, 'mcp-protocol-version': '2025-06-18' }),
      };
      return fetch(url, { method: 'POST', headers, body: JSON.stringify(message) });
    };
    const clientInfo = { name: 'test', version: '1.0.0' };
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo };
    const begun = await send({ jsonrpc: '2.0', id: 0, method: 'initialize', params });
    await begun.text();
    const session = begun.headers.get('mcp-session-id') ?? undefined;
    expect((await send({ jsonrpc: '2.0', method: 'notifications/initialized' }, session)).status).toBe(202);
    expect((await send(cancel(7), session)).status).toBe(202);
    const overtaken = await send(call(7, 'never'), session);
    expect(await overtaken.json()).toEqual({ jsonrpc: '2.0', id: 7, error: { code: -32000, message: 'cancelled' } });
    expect(await (await send(call(8, 'runs'), session)).text()).toContain('runs');
    const asked = recordsOf(site).filter(({ kind }) => kind === 'requested');
    expect(asked).toHaveLength(1);
    expect(JSON.stringify(asked)).toContain('runs');
  });

  it('is of that id, and of its kind', () => {
    const overtaken = new Overtaken();
    overtaken.note(cancel(7));
    overtaken.note([cancel('a'), cancel({}), { jsonrpc: '2.0', method: 'notifications/other', params: { requestId: 9 } }]);
    expect(['7', 9, 1].map((id) => overtaken.take(call(id)))).toEqual([undefined, undefined, undefined]);
    expect([7, 'a'].map((id) => overtaken.take(call(id)))).toEqual([7, 'a']);
    expect(overtaken.take(call(7))).toBeUndefined();
  });

  it('is remembered among the newest 64 of its session', () => {
    const overtaken = new Overtaken();
    for (let id = 0; id < 65; id++) overtaken.note(cancel(id));
    expect(overtaken.take(call(0))).toBeUndefined();
    expect(overtaken.take(call(1))).toBe(1);
    expect(overtaken.take(call(64))).toBe(64);
  });
});
