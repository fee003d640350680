import { agentDoor, type LiveWarden } from 'cellblock';
import { expect, it } from 'vitest';
import { useServers } from '../host/http/fixture.ts';
import { keptLog, openTelemetry, useOpenTelemetry } from '../host/telemetry/stage.ts';
import { POLICY, useMcpPlace } from '../support/mcp.ts';
import { connect } from '../support/mcp-clients.ts';

/* A caller's trace goes in with a call, and the span of the call comes back with its answer: over MCP and over HTTP, with OpenTelemetry's SDK. */

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const TRACEPARENT = `00-${TRACE}-b7ad6b7169203331-01`;
const OF_THAT_TRACE = expect.stringMatching(new RegExp(`^00-${TRACE}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`));

const WORK = { tool_name: 'plain.take', parameters: { path: '/x', n: 1 }, justification: 'why' };

const otel = useOpenTelemetry();
const mcpPlace = useMcpPlace();
const servers = useServers();

const tracedDoors = (live: () => LiveWarden) => {
  const telemetry = () => openTelemetry(live(), { destination: keptLog().destination });
  let opened: ReturnType<typeof telemetry> | undefined;
  return (agent: string) => {
    opened ??= telemetry();
    return opened.traced(agentDoor(live(), agent));
  };
};

it('over MCP: in by `_meta`, out by `_meta`', async () => {
  const { live, mcp } = await mcpPlace.live(mcpPlace.site(POLICY));
  const { url } = await mcpPlace.http({ ...mcp, doorOf: tracedDoors(() => live) });
  const client = await connect('v2', { url, agent: 'triage' });
  const result = await client.call('plain_echo', { text: 'x' }, { meta: { traceparent: TRACEPARENT } });
  expect(result).toMatchObject({ structuredContent: { value: 'x' }, _meta: { traceparent: OF_THAT_TRACE } });
  expect(otel.spans().map((span) => span.spanContext().traceId)).toEqual([TRACE]);
  await client.close();
});

it('over HTTP: in by a header, out by a header', async () => {
  const at: { live?: LiveWarden } = {};
  const served = await servers.open(undefined, { doorOf: tracedDoors(() => at.live!) });
  at.live = served.live as never; // built and source classes are one thing at run time and two to the compiler
  const answer = await served.as('a').post('/v1/requests', WORK, { traceparent: TRACEPARENT });
  expect(answer.headers.get('traceparent')).toEqual(OF_THAT_TRACE);
  expect(otel.spans().map((span) => span.spanContext().traceId)).toEqual([TRACE]);
});

it('where nothing is traced, answers say nothing of it', async () => {
  const served = await servers.open();
  const answer = await served.as('a').post('/v1/requests', WORK);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('traceparent')).toBeNull();
});
