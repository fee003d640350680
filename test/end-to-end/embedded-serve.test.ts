import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { agentDoor, clientApprover, LiveWarden } from 'cellblock';
import { openConsole } from 'cellblock/console';
import { openHttpServer } from 'cellblock/http';
import { openMcpHttp } from 'cellblock/mcp';
import { openTelemetry } from 'cellblock/telemetry';
import { expect, it } from 'vitest';
import { SERVE, TOKENS } from '../host/http/fixture.ts';
import { connect } from '../support/mcp-clients.ts';
import { hostFunctions, TOOLS, usePlace } from '../support/wardens.ts';

const place = usePlace();

/* The example of docs/serving.md: the surfaces in a program that has a capability of its own. */

async function serve(policy: string, capabilities: ReturnType<typeof hostFunctions>, port: number) {
  const live = await LiveWarden.open({ policy, capabilities });
  const telemetry = openTelemetry(live);
  const doorOf = (agent: string) => telemetry.traced(agentDoor(live, agent));
  const mcp = openMcpHttp({ doorOf, approverOf: (agent) => clientApprover(live, agent), linkOf: () => undefined });
  const server = await openHttpServer({
    live,
    doorOf,
    port,
    mcp,
    console: openConsole({ live }),
    metrics: () => telemetry.metrics(),
  });
  return { live, telemetry, server };
}

it('a program with a capability of its own serves tools that use it', async () => {
  const acts: number[] = [];
  const site = place.site(`${TOOLS}agents: { a: { tools: [acting] }, b: { tools: [] } }\n${SERVE}`);
  const capabilities = hostFunctions({ act: ([n]) => acts.push(Number(n)) && Number(n) });
  const { live, telemetry, server } = await serve(join(site, 'cellblock.yaml'), capabilities, 0);
  const client = await connect('v2', { url: new URL(`${server.url}/mcp`), agent: TOKENS.a });
  expect(await client.call('acting_act', { path: '/x', n: 7 })).toMatchObject({ structuredContent: { value: 7 } });
  expect(acts).toEqual([7]);
  const metrics = await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${TOKENS.ann}` } });
  expect(await metrics.text()).toMatch(/cellblock_requests_total\{agent="a",tool="acting",outcome="ok",code=""\} 1/);
  await client.close();
  await server.close(1000);
  await live.drain(1000);
  telemetry.close();
});

it('is the example of the docs', () => {
  const flat = (code: string): string => code.replace(/\s+/g, ' ');
  const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
  const shown = [...read('../../docs/serving.md').matchAll(/```ts\n([^`]+)```/g)].map(([, code = '']) => flat(code).trim());
  expect(shown).toHaveLength(1);
  expect(flat(read('embedded-serve.test.ts'))).toContain(shown[0]);
});
