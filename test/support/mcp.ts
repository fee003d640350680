import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { afterAll, beforeAll } from 'vitest';
import type { McpOptions } from '../../host/mcp/index.ts';
import type { LiveWarden } from '../../host/serving/index.ts';
import { surfaceTool } from './mcp-guests.ts';
import { type Place, usePlace } from './wardens.ts';

/* The built modules: threads and processes load those, whoever starts them. */
const built = (path: string): string => new URL(`../../dist/host/${path}`, import.meta.url).href;
const mcpModule = (await import(built('mcp/index.js'))) as typeof import('../../host/mcp/index.ts');
const serving = (await import(built('serving/index.js'))) as typeof import('../../host/serving/index.ts');

/** Two agents that share a tool. `triage` is asked about two functions: for one of them, `work`, its client is trusted to ask. */
export const POLICY = `version: 1
tools:
  plain: { component: plain.wasm, functions: [take, work, echo, fail, spin, panic], limits: { fuel: 100000000000, timeout: 60s } }
  surface: { component: surface.wasm, functions: [exact, picture, point, watched], grants: [log, progress] }
approvers:
  people: [ann]
  mcp:
    desk: { agent: triage, person: ann }
agents:
  triage:
    tools:
      - surface
      - plain.echo
      - plain.fail
      - plain.spin
      - plain.panic
      - { tool: plain.work, ask: { channels: ["mcp:desk"], approvers: [ann], expires: 15m } }
      - { tool: plain.take, ask: { channels: [terminal], approvers: [ann], expires: 15m } }
  other:
    tools:
      - plain.echo
      - { tool: plain.work, ask: { approvers: [ann], expires: 15m } }
`;

export interface McpPlace extends Place {
  /** Opens a warden that serves, and the options with which MCP is served over it. */
  live(site: string, more?: Partial<McpOptions>): Promise<{ readonly live: LiveWarden; readonly mcp: McpOptions }>;
  /** Serves MCP over HTTP on loopback. The agent is the bearer token, which is all that this stands in for. */
  http(mcp: McpOptions): Promise<{ readonly url: URL; close(): Promise<void> }>;
}

/** A place for tests of MCP: what is opened is closed after the tests of the file. */
export function useMcpPlace(): McpPlace {
  const place = usePlace();
  const ends: (() => Promise<unknown>)[] = [];
  let surface: Uint8Array;
  beforeAll(async () => {
    surface = await surfaceTool();
  });
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  });
  const site = (policy: string): string => {
    const folder = place.site(policy);
    writeFileSync(join(folder, 'surface.wasm'), surface);
    return folder;
  };
  return {
    ...place,
    site,
    async live(folder, more = {}) {
      const live = await serving.LiveWarden.open({
        policy: join(folder, 'cellblock.yaml'),
        cacheDirectory: place.cacheDirectory,
        isolation: 'thread',
        threads: 2,
        lookMs: 0,
      });
      ends.push(() => live.close());
      const mcp = {
        doorOf: (agent: string) => serving.agentDoor(live, agent),
        approverOf: (agent: string) => serving.clientApprover(live, agent),
        linkOf: () => undefined,
        ...more,
      };
      return { live, mcp };
    },
    async http(mcp) {
      const served = mcpModule.openMcpHttp(mcp);
      const fetch = (request: Request) => {
        const agent = request.headers.get('authorization')?.replace(/^Bearer /, '');
        return agent === undefined ? new Response(null, { status: 401 }) : served.fetch(request, agent);
      };
      const server = createServer(getRequestListener(fetch));
      const close = async () => {
        await served.close();
        await ended(server);
      };
      ends.push(close);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo; // it listens on a port, not on a pipe
      return { url: new URL(`http://127.0.0.1:${port}/mcp`), close };
    },
  };
}

async function ended(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
