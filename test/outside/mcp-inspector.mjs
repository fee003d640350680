// The inspector's command line against `cellblock serve`, over stdio and HTTP; see HELP.

import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { MAIN, makeSite, serveHttp } from '../support/serve-site.mjs';

const USAGE = 'usage: node test/outside/mcp-inspector.mjs [--isolation process|thread] FOLDER';
const HELP = `${USAGE}

Runs \`mcp-inspector-cli --cli\` of the package @modelcontextprotocol/inspector-cli against \`cellblock serve\`, started by it over stdio and running
already over HTTP: lists the tools, calls one, calls with a parameter that the policy refuses, asks for a tool that the agent may not use, and for a
call that waits for a human. Then it comes over HTTP without a token, and with one that is nobody's. Prints a table, and exits with 1 when an
answer is not as it should be. Needs the build (npm run build).

  FOLDER       a folder with node_modules that has the package: npm install --prefix FOLDER @modelcontextprotocol/inspector-cli@1.0.3
  --isolation  the wall; process by default
  --help       this text`;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { isolation: { type: 'string', default: 'process' }, help: { type: 'boolean', default: false } },
});
if (options.help) {
  console.log(HELP);
  process.exit(0);
}
if (positionals.length !== 1) {
  console.error(USAGE);
  process.exit(2);
}

const [folder] = positionals;
const INSPECTOR = [join(folder, 'node_modules/@modelcontextprotocol/inspector-cli/build/cli.js'), join(folder, 'build/cli.js')]
  .map((path) => resolve(path))
  .find((path) => existsSync(path));
if (INSPECTOR === undefined) {
  console.error(`no inspector in ${folder}`);
  process.exit(2);
}

const AGENT = 'inspector';
const RUN_MS_MAX = 60_000;

/** @returns what the inspector printed: the result as JSON, and its errors as text. */
function inspect(args) {
  return new Promise((done, failed) => {
    // It looks for its own package.json from where it is started.
    const child = spawn(process.execPath, [INSPECTOR, '--cli', ...args], { cwd: dirname(INSPECTOR), timeout: RUN_MS_MAX });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child
      .once('error', failed)
      .once('close', (code) => done({ code, stderr, result: code === 0 ? JSON.parse(stdout) : undefined }));
  });
}

const call = (name, ...args) => ['--method', 'tools/call', '--tool-name', name, ...args.flatMap((arg) => ['--tool-arg', arg])];
const first = ({ result }) => result?.content?.[0]?.text ?? '';
const outcome = ({ result }) => result?._meta?.['cellblock/outcome'] ?? {};

/** What is asked, what has to hold of the answer, and what to show of it. */
const CHECKS = [
  {
    what: 'tools/list',
    args: ['--method', 'tools/list'],
    holds: ({ result }) =>
      result?.tools.some(({ name }) => name === 'test_echo') && !result.tools.some(({ name }) => name === 'test_wait'),
    shown: ({ result }) => `${result?.tools.length} tools`,
  },
  {
    what: 'tools/call',
    args: call('test_echo', 'text=hello'),
    holds: (answer) => first(answer) === 'hello' && answer.result.structuredContent?.value === 'hello' && !answer.result.isError,
    shown: first,
  },
  {
    what: 'tools/call, a picture',
    args: call('test_multiple_content_types'),
    holds: ({ result }) => ['text', 'image', 'resource'].every((type) => result?.content.some((block) => block.type === type)),
    shown: ({ result }) => result?.content.map(({ type }) => type).join(', '),
  },
  {
    what: 'tools/call, an error of the tool',
    args: call('test_error_handling'),
    holds: (answer) => answer.result?.isError === true && /intentionally/.test(first(answer)),
    shown: first,
  },
  {
    what: 'a refusal, by the parameters',
    args: call('test_add', 'a=101', 'b=1'),
    holds: (answer) => answer.result?.isError === true && outcome(answer).code === 'denied/parameters',
    shown: first,
  },
  {
    what: 'a refusal, of a tool that it may not use',
    args: call('test_wait'),
    holds: ({ code, stderr }) => code === 1 && /unknown tool/i.test(stderr),
    shown: ({ stderr }) => stderr.split('\n').find((line) => /unknown tool/i.test(line)),
  },
  {
    what: 'a pending approval',
    args: call('test_delete_thing', 'path=/tmp/a'),
    holds: (answer) =>
      answer.result?.isError === true &&
      outcome(answer).kind === 'pending' &&
      /^[\w-]{8,}$/.test(outcome(answer).approval?.id ?? ''),
    shown: first,
  },
];

const refusedAtTheDoor = {
  what: '',
  args: ['--method', 'tools/list'],
  holds: ({ code }) => code === 1,
  shown: ({ stderr }) => lastLine(stderr),
};

function lastLine(text) {
  return text.trim().split('\n').at(-1);
}

async function report(transport, check, target) {
  const answer = await inspect([...target, ...check.args]);
  const good = check.holds(answer) === true;
  const shown = String(check.shown(answer) ?? lastLine(answer.stderr)).split('\n', 1)[0];
  console.log(`| ${transport} | ${check.what} | ${good ? 'ok' : 'WRONG'} | ${shown.slice(0, 100)} |`);
  if (!good) {
    process.exitCode = 1;
    console.error(JSON.stringify(answer, null, 2));
  }
}

async function main() {
  const [stdio, http] = [0, 1].map(() => makeSite({ agents: [AGENT], isolation: options.isolation }));
  console.log('| transport | what | | answer |\n|---|---|---|---|');
  const started = { command: process.execPath, args: [MAIN, 'serve', '--policy', stdio.policy, '--agent', AGENT] };
  const config = join(stdio.folder, 'mcp.json');
  writeFileSync(config, JSON.stringify({ mcpServers: { cellblock: started } }));
  for (const check of CHECKS) await report('stdio', check, ['--config', config, '--server', 'cellblock']);
  const server = await serveHttp({ policy: http.policy });
  try {
    const over = (token) => [server.url, '--transport', 'http', ...(token ? ['--header', `Authorization: Bearer ${token}`] : [])];
    for (const check of CHECKS) await report('http', check, over(http.tokens[AGENT]));
    await report('http', { ...refusedAtTheDoor, what: 'without a token' }, over(undefined));
    await report('http', { ...refusedAtTheDoor, what: 'with a token of nobody' }, over(`cb_${'x'.repeat(43)}`));
  } finally {
    await server.stop();
    for (const site of [stdio, http]) site.remove();
  }
}

await main();
