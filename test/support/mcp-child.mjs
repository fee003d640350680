/* An MCP server over stdio in a process of its own. One argument, JSON: `{site, cacheDirectory, agent}`. Problems go to stderr. */
import { join } from 'node:path';

const built = (path) => import(new URL(`../../dist/host/${path}`, import.meta.url).href);
const { agentDoor, clientApprover, LiveWarden } = await built('serving/index.js');
const { serveMcpStdio } = await built('mcp/index.js');

const { site, cacheDirectory, agent } = JSON.parse(process.argv[2]);
const onProblem = (problem) => console.error(problem);
const live = await LiveWarden.open({
  policy: join(site, 'cellblock.yaml'),
  cacheDirectory,
  isolation: 'thread',
  threads: 2,
  lookMs: 50,
  onProblem,
});
const served = serveMcpStdio({
  agent,
  doorOf: (name) => agentDoor(live, name),
  approverOf: (name) => clientApprover(live, name),
  linkOf: () => undefined,
  onProblem,
});
await served.closed;
await live.close();
