import { afterAll, describe, expect, it } from 'vitest';
import { openMcpHttp } from '../../../host/mcp/http.ts';
import type { AgentDoor, ClientApprover } from '../../../host/serving/index.ts';

/* The transport by itself, over a door that answers when it is told to. */

let answer: () => void = () => undefined;
const answers = new Promise<void>((resolve) => {
  answer = resolve;
});
const door = { tools: () => answers.then(() => []), onToolsChanged: () => () => undefined };
const mcp = openMcpHttp({
  doorOf: () => door as unknown as AgentDoor, // nothing else of it is asked for
  approverOf: () => ({}) as ClientApprover,
  linkOf: () => undefined,
});
afterAll(() => mcp.close());

let ids = 0;
function post(method: string, params: object, agent: string, session?: string): Promise<Response> {
  const headers = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' };
  const body = JSON.stringify({ jsonrpc: '2.0', id: ids++, method, params });
  const init = { method: 'POST', headers: { ...headers, ...(session === undefined ? {} : { 'mcp-session-id': session }) }, body };
  return mcp.fetch(new Request('http://127.0.0.1/mcp', init), agent);
}

async function begun(agent: string): Promise<string> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const response = await post('initialize', params, agent);
  await response.text();
  return response.headers.get('mcp-session-id') ?? '';
}

describe('requests of one agent', () => {
  it('are at most 256 at a time, also when their clients have gone', async () => {
    const sessions = [await begun('one'), await begun('one')];
    for (let count = 0; count < 256; count++) {
      const response = await post('tools/list', {}, 'one', sessions[count % 2]);
      await response.body?.cancel();
    }
    for (const session of [...sessions, undefined]) {
      expect(await (await post('tools/list', {}, 'one', session)).text()).toContain('"code":-32000');
    }
    const other = post('tools/list', {}, 'two', await begun('two'));
    answer();
    expect(await (await other).text()).toContain('"tools":[]');
    await expect.poll(async () => (await post('tools/list', {}, 'one', sessions[0])).text()).toContain('"tools":[]');
  });
});
