// Runs the server scenarios of MCP's conformance suite against our HTTP server, whose tools are a real component; see HELP.
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as send } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HELP = `usage: node test/outside/mcp-conformance.mjs FOLDER

Runs each server scenario of @modelcontextprotocol/conformance against our HTTP server, whose tools are test/fixtures/mcp-tool. The suite sends no
bearer token, so a listener before the server adds that of the one agent. All else goes through as it came, the names in Host and Origin, too; their
port becomes the server's. Prints a table: passed, or why a scenario is none for a server of tools. Exits with 1 when a scenario that applies
fails, or when the server does not answer any more. Needs the build (npm run build).

  FOLDER   a folder with node_modules that has the package: npm install --prefix FOLDER @modelcontextprotocol/conformance@0.1.13
  --help   this text`;

const [folderArgument] = process.argv.slice(2);
if (folderArgument === undefined || folderArgument.startsWith('-')) {
  console.log(HELP);
  process.exit(folderArgument === '--help' ? 0 : 2);
}
const packagePath = join(folderArgument, 'node_modules', '@modelcontextprotocol', 'conformance');
const component = fileURLToPath(new URL('../fixtures/mcp-tool/mcp-tool.wasm', import.meta.url));
const SUITE = join(packagePath, 'dist', 'index.js');
const SCENARIO_MS_MAX = 60_000;

/** Why a scenario is none for a server of tools whose tools run in cells. By the first pattern that fits. */
const NOT_FOR_US = [
  [/^resources-|^sep-2164/, 'no resources: the server has tools only'],
  [/^prompts-/, 'no prompts: the server has tools only'],
  [/^completion-/, 'no completions: they are for prompts and resources'],
  [/sampling/, 'no sampling: a tool cannot reach the model of whoever called it'],
  [/^elicitation-sep/, "a tool's own form: forms are for approvals only, which have a form of their own"],
  [/^input-required-|^mrtr/, "a tool's own form: forms are for approvals only, which have a form of their own"],
  [/^tasks-/, 'no tasks: the extension is not offered'],
  [/^caching$/, 'it wants prompts and resources listed, too'],
  [/^http-custom-header-/, 'no parameter of a tool is declared as a header'],
  [/^server-stateless$/, 'some of its checks want tools that log, ask and stream at will, which it calls not testable'],
];

const built = (path) => import(new URL(`../../dist/host/${path}`, import.meta.url).href);
const { agentDoor, clientApprover, LiveWarden, newToken, tokenDigest } = await built('serving/index.js');
const { openMcpHttp } = await built('mcp/index.js');
const token = newToken();

const folder = mkdtempSync(join(tmpdir(), 'cellblock-conformance-'));
copyFileSync(component, join(folder, 'mcp-tool.wasm'));
writeFileSync(
  join(folder, 'cellblock.yaml'),
  `version: 1
approvers: { people: [ann], mcp: { desk: { agent: suite, person: ann } } }
serve: { agents: { suite: { tokens: ["${tokenDigest(token)}"] } } }
tools:
  test:
    component: mcp-tool.wasm
    functions: [simple-text, image-content, audio-content, embedded-resource, multiple-content-types, tool-with-logging, tool-with-progress,
      error-handling, elicitation, reconnection]
    grants: [log, progress, clock]
  json: { component: mcp-tool.wasm, functions: [schema-2020-12-tool], grants: [log, progress] }
agents:
  suite:
    tools:
      - test
      - json
      - test.elicitation
rules:
  - { id: form, effect: ask, agents: [suite], tools: [test.elicitation], ask: { channels: ["mcp:desk"], approvers: [ann] } }
`,
);
const problems = [];
const onProblem = (problem) => problems.push(problem);
const live = await LiveWarden.open({
  policy: join(folder, 'cellblock.yaml'),
  cacheDirectory: join(folder, 'cache'),
  isolation: 'thread',
  onProblem,
});
const doorOf = (agent) => agentDoor(live, agent);
const mcp = openMcpHttp({ doorOf, approverOf: (agent) => clientApprover(live, agent), linkOf: () => undefined, onProblem });
const { openHttpServer } = await built('http/index.js');
const server = await openHttpServer({ live, doorOf, port: 0, mcp, onProblem });
const front = createServer(withToken);
await new Promise((resolve) => front.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${front.address().port}/mcp`;

/** Passes a request on with the token, and its answer back as it comes; whoever goes away is gone on both sides. */
function withToken(incoming, answer) {
  const { hostname, port } = new URL(server.url);
  const headers = { ...incoming.headers, authorization: `Bearer ${token}` };
  for (const name of ['host', 'origin']) {
    if (headers[name] !== undefined) headers[name] = headers[name].replace(`:${front.address().port}`, `:${port}`);
  }
  const outgoing = send({ hostname, port, method: incoming.method, path: incoming.url, headers }, (response) => {
    answer.writeHead(response.statusCode, response.headers);
    answer.flushHeaders();
    response.on('error', () => answer.destroy()).pipe(answer);
  });
  outgoing.on('error', () => answer.destroy());
  answer.on('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}

function suite(...args) {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [SUITE, ...args],
      { cwd: folder, timeout: SCENARIO_MS_MAX, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : (error.code ?? error.signal), text: `${stdout}\n${stderr}` }),
    );
  });
}

async function scenarios() {
  const { text } = await suite('list', '--server');
  const all = text.includes('- ') ? text : (await suite('list')).text;
  const [, servers = all] = all.split(/Server scenarios[^\n]*\n/);
  return (
    servers
      .split(/\n\s*\n/)[0]
      .match(/^\s*- ([a-z0-9-]+)/gm)
      ?.map((line) => line.replace(/^\s*- /, '')) ?? []
  );
}

/** What the suite says of its checks, in its own words. */
function summaryOf(text) {
  const counted = /Passed: (\d+)\/(\d+), (\d+) failed, (\d+) warnings/.exec(text);
  const errors = text.match(/^ *Error: .*/gm) ?? [];
  return [counted?.[0] ?? 'no summary', ...errors.map((line) => line.trim())].join('\n    ');
}

const rows = [];
for (const name of await scenarios()) {
  const reason = NOT_FOR_US.find(([pattern]) => pattern.test(name))?.[1];
  const { code, text } = await suite('server', '--url', url, '--scenario', name);
  rows.push({
    name,
    result: code === 0 ? 'passed' : reason === undefined ? 'FAILED' : 'does not apply',
    say: code === 0 ? summaryOf(text) : (reason ?? text),
  });
}
const alive = await fetch(url, {
  method: 'POST',
  headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
  body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
});
const width = Math.max(...rows.map(({ name }) => name.length));
const { version } = JSON.parse(readFileSync(join(packagePath, 'package.json'), 'utf8'));
console.log(`@modelcontextprotocol/conformance ${version}, Node ${process.version}\n`);
for (const { name, result, say } of rows) console.log(`${name.padEnd(width)}  ${result.padEnd(14)}  ${say}`);
console.log(
  `\nserver answers afterwards: ${alive.status === 200 ? 'yes' : `NO (${alive.status})`}; problems of its own: ${problems.length}`,
);
for (const problem of problems) console.log(`  ${problem}`);

front.closeAllConnections();
await new Promise((resolve) => front.close(resolve));
await server.close(1000);
await mcp.close();
await live.close();
rmSync(folder, { recursive: true, force: true });
process.exit(
  rows.length > 0 && rows.every(({ result }) => result !== 'FAILED') && alive.status === 200 && problems.length === 0 ? 0 : 1,
);
