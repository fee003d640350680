// Runs components of others that fetch over wasi:http, within their scope and outside of it; see HELP.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const USAGE = 'usage: node test/outside/wasi-http.mjs [--function get] [--isolation thread|process] COMPONENT...';
const HELP = `${USAGE}

Starts a server on loopback and lets each component fetch from it under the grant

  grants: [{ http: { requests: [{ methods: [GET], url: 'http://127.0.0.1:PORT/allowed', addresses: [127.0.0.1] }] } }]

A component exports get: func(url: string) -> result<string, string>, and answers the body, whatever it writes before it. It must get
what is below /allowed, 2 MiB of it too, and nothing else: another path, another port, another name for the same address, a redirect
to another path. What is refused must not reach the server. Prints a line for each, and exits with 1 when one is not as it should be.
Needs the build (npm run build).

  COMPONENT    path of a component; one that a JavaScript engine is in takes some seconds to prepare
  --function   the function's name or id; get by default
  --isolation  the wall; thread by default
  --help       this text

What was run with it: Rust programs with the crates wstd 0.6 (Client::new().send(...)) and waki 0.5, and a JavaScript program made a component by
@bytecodealliance/componentize-js (fetch(url).then((response) => response.text())), both for a world with that one export.

example: node test/outside/wasi-http.mjs wstd-fetch.wasm fetcher.wasm`;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    function: { type: 'string', default: 'get' },
    isolation: { type: 'string', default: 'thread' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(HELP);
  process.exit(0);
}
if (positionals.length === 0) {
  console.error(USAGE);
  process.exit(2);
}
// After the arguments: `--help` needs no build.
const { openWarden } = await import('cellblock');

const BIG = 'x'.repeat(2 * 1024 * 1024);

/** A server that notes what reached it. */
async function startServer() {
  const reached = [];
  const server = createServer((request, response) => {
    reached.push(request.url);
    if (request.url === '/allowed/away') response.writeHead(302, { location: '/secret' }).end();
    else response.end(request.url === '/allowed/big' ? BIG : `this is ${request.url}`);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address();
  return { port, reached, close: () => server.close() };
}

function policyText(port, component) {
  const grant = `{ http: { requests: [{ methods: [GET], url: 'http://127.0.0.1:${port}/allowed', addresses: [127.0.0.1] }] } }`;
  return `version: 1
tools:
  fetcher:
    component: ${JSON.stringify(resolve(component))}
    functions: [${JSON.stringify(options.function)}]
    grants: [${grant}]
    isolation: ${options.isolation}
    limits: { fuel: 100000000000, memory: 512MiB, timeout: 60s }
agents: { tester: { tools: [fetcher] } }
`;
}

/** Each use with what must come of it. */
function usesOf(port, otherPort) {
  const at = (authority, path) => `http://${authority}${path}`;
  return [
    { name: 'a path in the scope', url: at(`127.0.0.1:${port}`, '/allowed/one'), body: 'this is /allowed/one' },
    { name: '2 MiB in the scope', url: at(`127.0.0.1:${port}`, '/allowed/big'), body: BIG },
    { name: 'another path', url: at(`127.0.0.1:${port}`, '/secret') },
    { name: 'a path that climbs out', url: at(`127.0.0.1:${port}`, '/allowed/../secret') },
    { name: 'another port', url: at(`127.0.0.1:${otherPort}`, '/allowed/one') },
    { name: 'another name of the address', url: at(`localhost:${port}`, '/allowed/one') },
    {
      name: 'a redirect out of the scope',
      url: at(`127.0.0.1:${port}`, '/allowed/away'),
      reaches: '/allowed/away',
      secret: '/secret',
    },
  ];
}

/** Why an outcome is not what it should be; undefined when it is. */
function wrong({ body, reaches, secret }, outcome, reached) {
  if (body !== undefined) {
    if (outcome.kind !== 'ok') return `${outcome.kind} ${outcome.error?.code ?? ''} ${outcome.error?.message ?? ''}`;
    return String(outcome.value).endsWith(body) ? undefined : 'another body';
  }
  const text = JSON.stringify(outcome.value ?? '');
  if (text.includes('this is')) return 'it got an answer';
  const strays = reached.filter((path) => path !== reaches);
  if (strays.length > 0 || (secret !== undefined && reached.includes(secret))) return `${strays} reached the server`;
  return outcome.kind === 'tool-error' || (outcome.kind === 'ok' && reaches !== undefined) ? undefined : `${outcome.kind}`;
}

async function runAll(component, server, other) {
  const folder = mkdtempSync(join(tmpdir(), 'cellblock-wasi-http-'));
  let failures = 0;
  try {
    const policy = join(folder, 'cellblock.yaml');
    writeFileSync(policy, policyText(server.port, component));
    const warden = await openWarden({ policy });
    try {
      for (const use of usesOf(server.port, other.port)) {
        server.reached.length = 0;
        other.reached.length = 0;
        const outcome = await warden.request({ agent: 'tester', tool_name: 'fetcher', parameters: { url: use.url } });
        const reason = wrong(use, outcome, [...server.reached, ...other.reached]);
        if (reason !== undefined) failures += 1;
        console.log(`${reason === undefined ? 'ok    ' : 'WRONG '} ${use.name}${reason === undefined ? '' : `: ${reason}`}`);
      }
    } finally {
      await warden.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return failures;
}

const server = await startServer();
const other = await startServer();
let failures = 0;
for (const component of positionals) {
  console.log(component);
  failures += await runAll(component, server, other);
}
server.close();
other.close();
process.exitCode = failures === 0 ? 0 : 1;
