import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { CodedError } from '../../runtime/index.ts';
import type { Policy } from '../policy/index.ts';
import { quote } from '../policy/quote.ts';
import {
  type HttpEntry,
  MCP_CLIENTS,
  type McpClient,
  type McpServerEntry,
  type Platform,
  TOKEN_PLACEHOLDER,
} from './mcp-clients.ts';
import { onlyAgent } from './only-agent.ts';
import { note, print } from './output.ts';

interface ConfigOptions {
  readonly client: string;
  readonly policy: string;
  readonly agent?: string;
  readonly url?: string;
  readonly token?: string;
  readonly tokenEnv: string;
  readonly name: string;
  readonly json?: boolean;
}

const CLIENT_NAMES = Object.keys(MCP_CLIENTS).join(', ');
/** What every client takes as the name of a server, and TOML as a bare key. */
const SERVER_NAME = /^[A-Za-z0-9_-]{1,64}$/;
/** As a header may have it (RFC 6750, section 2.1): a token of ours, or a JWT. */
const TOKEN = /^[A-Za-z0-9._~+/-]{1,8192}={0,2}$/;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
/** The program beside this file, as it is built. */
const PROGRAM = fileURLToPath(new URL('main.js', import.meta.url));

/**
 * Adds `cellblock mcp config`. It reads the policy for the names of its agents, and writes nothing: people put the snippet into their file
 * themselves. Errors are thrown as `CodedError`, for the program to show.
 *
 * @param platform - whose file names are told; as `process.platform`.
 */
export function addMcp(program: Command, platform: string = process.platform): void {
  const group = program
    .command('mcp')
    .summary('connect MCP clients')
    .description('Helps to connect MCP clients to `cellblock serve`.');
  group
    .command('config')
    .summary('print what an MCP client needs in its configuration file')
    .description(
      'Prints the snippet for the configuration file of an MCP client on standard output, and on standard error where that file is. Without --url the client starts `cellblock serve` itself.',
    )
    .requiredOption('--client <name>', `one of: ${CLIENT_NAMES}`)
    .option('--policy <file>', 'policy file', 'cellblock.yaml')
    .option('--agent <name>', 'agent that the client is; may be left out where the policy has only one')
    .option('--url <url>', 'a server that is running already, such as http://127.0.0.1:7420/mcp; its token says which agent')
    .option('--token-env <name>', 'environment variable that has the token', 'CELLBLOCK_TOKEN')
    .option('--token <token>', 'write this token into the snippet; whoever reads the file has it')
    .option('--name <name>', 'what the client calls the server', 'cellblock')
    .option('--json', 'print one JSON document: client, file, format, config, text')
    .addHelpText(
      'after',
      `
Example:
  cellblock mcp config --client claude-desktop --agent triage
  cellblock mcp config --client vscode --url http://127.0.0.1:7420/mcp
  cellblock mcp config --client codex --url https://cellblock.example.com/mcp --token-env TRIAGE_TOKEN`,
    )
    .action((options: ConfigOptions) => configCommand(options, platformOf(platform)));
}

async function configCommand(options: ConfigOptions, platform: Platform): Promise<void> {
  const client = clientOf(options.client);
  check('--name', options.name, SERVER_NAME, 'letters, digits, `_` and `-`');
  const { url } = options;
  const { server, notes } = url === undefined ? await started(options) : running(httpServer(options, url), client);
  const config = client.config(options.name, server);
  const text = client.format === 'json' ? JSON.stringify(config, null, 2) : tomlOf(config);
  const file = client.file(platform);
  if (options.json === true) return print(JSON.stringify({ client: options.client, file, format: client.format, config, text }));
  print(text);
  note(`${client.title}: put this into ${file}, beside what is there`);
  for (const line of notes) note(line);
}

function clientOf(name: string): McpClient {
  const client = Object.hasOwn(MCP_CLIENTS, name) ? MCP_CLIENTS[name] : undefined;
  if (client !== undefined) return client;
  throw new CodedError('usage/invalid-argument', `there is no client ${quote(name)}`, { help: `one of: ${CLIENT_NAMES}` });
}

function check(option: string, value: string, form: RegExp, what: string): void {
  if (form.test(value)) return;
  throw new CodedError('usage/invalid-argument', `expected ${what} for \`${option}\`, and got ${quote(value)}`);
}

/** Other systems that Node runs on have their files where Linux has them. */
function platformOf(platform: string): Platform {
  return platform === 'darwin' || platform === 'win32' ? platform : 'linux';
}

/** What the client has to reach, and what else people must know. */
interface Told {
  readonly server: McpServerEntry;
  readonly notes: readonly string[];
}

function running(server: HttpEntry, client: McpClient): Told {
  return { server, notes: tokenNotes(client, server) };
}

async function started(options: ConfigOptions): Promise<Told> {
  if (options.token !== undefined) {
    throw new CodedError(
      'usage/invalid-argument',
      '`--token` is for `--url`: over stdio the client is the agent, and needs no token',
    );
  }
  // Absolute: a client starts the command in a folder of its own.
  const file = resolve(options.policy);
  const { loadPolicy } = await import('../policy/index.ts'); // its schema is slow to load
  const policy = await loadPolicy(file, { knownGrants: 'any' });
  // This very program, by its path. `npx cellblock` would be whatever a registry has under that name, wherever the client starts it: a
  // stranger's code in the warden's place.
  const args = [PROGRAM, 'serve', '--policy', file, '--agent', agentOf(policy, options.agent)];
  return {
    server: { kind: 'stdio', command: process.execPath, args },
    notes: ['it starts this installation, by its path: print it anew after Node or Cellblock has moved', ...secretNotes(policy)],
  };
}

/** Most clients start servers with a few variables of their own alone: a secret would be missing, and only the trail would say so. */
function secretNotes({ secrets }: Policy): readonly string[] {
  const variables = [...secrets.values()].flatMap((source) => (source.kind === 'env' ? [source.variable] : []));
  if (variables.length === 0) return [];
  return [`the policy has secrets in environment variables: the client must start it with ${variables.join(', ')}`];
}

function agentOf(policy: Policy, wanted: string | undefined): string {
  if (wanted === undefined) return onlyAgent(policy);
  if (policy.agents.has(wanted)) return wanted;
  throw new CodedError('usage/invalid-argument', `the policy has no agent ${quote(wanted)}`, {
    help: `one of: ${[...policy.agents.keys()].join(', ')}`,
  });
}

function httpServer({ token, tokenEnv, agent }: ConfigOptions, text: string): HttpEntry {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '' || url.hash !== '') {
    throw new CodedError(
      'usage/invalid-argument',
      'expected a URL such as `http://127.0.0.1:7420/mcp` for `--url`, without user or fragment',
    );
  }
  if (agent !== undefined) {
    throw new CodedError('usage/invalid-argument', '`--agent` does not go with `--url`: there the token says which agent it is');
  }
  if (url.pathname === '/') url.pathname = '/mcp'; // the address that `cellblock serve` has; nothing answers MCP at its root
  check('--token-env', tokenEnv, VARIABLE_NAME, 'the name of an environment variable');
  if (token === undefined) return { kind: 'http', url: url.href, token: { variable: tokenEnv } };
  // Never in the message: it may be a real token with a slip of the hand.
  if (!TOKEN.test(token))
    throw new CodedError('usage/invalid-argument', 'expected a token as `cellblock token` prints it, or a JWT, for `--token`');
  return { kind: 'http', url: url.href, token: { literal: token } };
}

function tokenNotes(client: McpClient, server: HttpEntry): readonly string[] {
  const { protocol, hostname } = new URL(server.url);
  const isOpen = protocol === 'http:' && !/^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(hostname);
  return [
    ...('literal' in server.token
      ? ['the token is in it: keep the file to yourself, and out of version control']
      : placeNote(client, server.token)),
    ...(isOpen ? [`warning: over http the token can be read on the way to ${hostname}: use https`] : []),
  ];
}

function placeNote({ tokenFrom, title }: McpClient, { variable }: { readonly variable: string }): readonly string[] {
  if (tokenFrom === 'variable')
    return [`the token comes from the environment variable ${variable}, as ${title} has it when it starts`];
  if (tokenFrom === 'prompt') return [`${title} asks for the token once, and keeps it`];
  return [`${title} takes no variables there: replace ${TOKEN_PLACEHOLDER} by the token, and keep the file to yourself`];
}

/** Tables of tables, down to texts, lists of texts and one mapping of texts: all that a snippet has. JSON's texts are texts of TOML, too. */
function tomlOf(config: object): string {
  const lines: string[] = [];
  for (const [section, servers] of Object.entries(config)) {
    for (const [name, server] of Object.entries(servers as object)) {
      lines.push(
        `[${section}.${name}]`,
        ...Object.entries(server as object).map(([key, value]) => `${key} = ${tomlValue(value)}`),
      );
    }
  }
  return lines.join('\n');
}

function tomlValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([key, item]) => `${key} = ${tomlValue(item)}`)
    .join(', ')} }`;
}
