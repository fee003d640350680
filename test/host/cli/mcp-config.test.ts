import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { MCP_CLIENTS } from '../../../host/cli/mcp-clients.ts';
import { addMcp } from '../../../host/cli/mcp-config.ts';
import { isCoded } from '../../../runtime/index.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'cellblock-test-'));
const URL_GIVEN = 'http://127.0.0.1:7420/mcp';
const TOKEN = `cb_${'a'.repeat(43)}`;

function policy(name: string, agents: string): string {
  writeFileSync(join(FOLDER, name), `version: 1\ntools: {}\nagents: ${agents}\n`);
  return join(FOLDER, name);
}

const ONE = policy('one.yaml', '{ triage: { tools: [] } }');
const TWO = policy('two agents.yaml', '{ triage: { tools: [] }, on-call: { tools: [] } }');

interface Ran {
  readonly out: string;
  readonly notes: string;
  readonly error?: { readonly code: string; readonly message: string; readonly help: string | undefined };
}

/** Runs `cellblock mcp config ...` as the program does. */
async function config(args: readonly string[], platform = 'linux'): Promise<Ran> {
  const out: string[] = [];
  const notes: string[] = [];
  const into = (texts: string[]) => (text: string | Uint8Array) => {
    texts.push(String(text));
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(into(out));
  vi.spyOn(process.stderr, 'write').mockImplementation(into(notes));
  const program = new Command('cellblock').exitOverride();
  addMcp(program, platform);
  try {
    await program.parseAsync(['mcp', 'config', ...args], { from: 'user' });
    return { out: out.join(''), notes: notes.join('') };
  } catch (error) {
    if (!isCoded(error)) throw error;
    const { code, message, help } = error;
    return { out: out.join(''), notes: notes.join(''), error: { code, message, help } };
  } finally {
    vi.restoreAllMocks();
  }
}

afterEach(() => vi.restoreAllMocks());
afterAll(() => rmSync(FOLDER, { recursive: true }));

/** The program beside the command, never a name that some registry resolves. */
const PROGRAM = resolve('host/cli/main.js');
const STDIO = { command: process.execPath, args: [PROGRAM, 'serve', '--policy', TWO, '--agent', 'on-call'] };

/** What each client's pages say a server looks like in its file: started by the client, and at a URL. */
const GOLDEN: Readonly<Record<string, readonly [string, unknown, unknown]>> = {
  'claude-desktop': [
    '~/.config/Claude/claude_desktop_config.json',
    { mcpServers: { cellblock: STDIO } },
    {
      mcpServers: {
        cellblock: {
          command: 'npx',
          args: ['-y', 'mcp-remote', URL_GIVEN, '--header', 'Authorization:$' + '{CELLBLOCK_AUTHORIZATION}'],
          env: { CELLBLOCK_AUTHORIZATION: 'Bearer PUT-THE-TOKEN-HERE' },
        },
      },
    },
  ],
  'claude-code': [
    '.mcp.json in the folder of the project',
    { mcpServers: { cellblock: STDIO } },
    { mcpServers: { cellblock: { type: 'http', url: URL_GIVEN, headers: { Authorization: 'Bearer $' + '{CELLBLOCK_TOKEN}' } } } },
  ],
  vscode: [
    '.vscode/mcp.json in the workspace',
    { servers: { cellblock: { type: 'stdio', ...STDIO } } },
    {
      inputs: [{ type: 'promptString', id: 'cellblock-token', description: 'Token for cellblock', password: true }],
      servers: {
        cellblock: { type: 'http', url: URL_GIVEN, headers: { Authorization: 'Bearer $' + '{input:cellblock-token}' } },
      },
    },
  ],
  cursor: [
    '~/.cursor/mcp.json',
    { mcpServers: { cellblock: STDIO } },
    { mcpServers: { cellblock: { url: URL_GIVEN, headers: { Authorization: 'Bearer $' + '{env:CELLBLOCK_TOKEN}' } } } },
  ],
  windsurf: [
    '~/.codeium/windsurf/mcp_config.json',
    { mcpServers: { cellblock: STDIO } },
    { mcpServers: { cellblock: { serverUrl: URL_GIVEN, headers: { Authorization: 'Bearer $' + '{env:CELLBLOCK_TOKEN}' } } } },
  ],
  zed: [
    '~/.config/zed/settings.json',
    { context_servers: { cellblock: { ...STDIO, env: {} } } },
    { context_servers: { cellblock: { url: URL_GIVEN, headers: { Authorization: 'Bearer PUT-THE-TOKEN-HERE' } } } },
  ],
  codex: [
    '~/.codex/config.toml',
    `[mcp_servers.cellblock]\ncommand = ${JSON.stringify(process.execPath)}\nargs = [${JSON.stringify(PROGRAM)}, "serve", "--policy", ${JSON.stringify(TWO)}, "--agent", "on-call"]\n`,
    `[mcp_servers.cellblock]\nurl = "${URL_GIVEN}"\nbearer_token_env_var = "CELLBLOCK_TOKEN"\n`,
  ],
  'gemini-cli': [
    '~/.gemini/settings.json',
    { mcpServers: { cellblock: STDIO } },
    { mcpServers: { cellblock: { httpUrl: URL_GIVEN, headers: { Authorization: 'Bearer $' + '{CELLBLOCK_TOKEN}' } } } },
  ],
};

describe('mcp config', () => {
  it('knows the form of every client', () => {
    expect(Object.keys(GOLDEN)).toEqual(Object.keys(MCP_CLIENTS));
  });

  it.each(Object.entries(GOLDEN))('prints what %s needs, and says where', async (client, [file, started, remote]) => {
    const own = await config(['--client', client, '--policy', TWO, '--agent', 'on-call']);
    expect(client === 'codex' ? own.out : JSON.parse(own.out)).toEqual(started);
    expect(own.notes).toBe(
      `${MCP_CLIENTS[client]?.title}: put this into ${file}, beside what is there\nit starts this installation, by its path: print it anew after Node or Cellblock has moved\n`,
    );
    const there = await config(['--client', client, '--url', URL_GIVEN]);
    expect(client === 'codex' ? there.out : JSON.parse(there.out)).toEqual(remote);
  });

  it.each([
    ['claude-desktop', 'darwin', '~/Library/Application Support/Claude/claude_desktop_config.json'],
    ['claude-desktop', 'win32', '%APPDATA%\\Claude\\claude_desktop_config.json'],
    ['cursor', 'darwin', '~/.cursor/mcp.json'],
    ['cursor', 'win32', '%USERPROFILE%\\.cursor\\mcp.json'],
    ['zed', 'win32', '%APPDATA%\\Zed\\settings.json'],
    ['cursor', 'freebsd', '~/.cursor/mcp.json'],
  ])('says where the file of %s is on %s', async (client, platform, file) => {
    expect((await config(['--client', client, '--policy', ONE], platform)).notes).toContain(`put this into ${file},`);
  });

  it('starts its own program on Windows, too, which needs no shell', async () => {
    const { out } = await config(['--client', 'claude-code', '--policy', ONE], 'win32');
    expect(JSON.parse(out)).toMatchObject({
      mcpServers: { cellblock: { command: process.execPath, args: expect.arrayContaining([PROGRAM]) } },
    });
    expect(out).not.toMatch(/npx|"cmd"/);
  });

  it('takes the address of a server for that of its MCP, and any path as it is', async () => {
    const urlOf = async (url: string) =>
      JSON.parse((await config(['--client', 'cursor', '--url', url])).out).mcpServers.cellblock.url;
    expect(await urlOf('http://127.0.0.1:7420')).toBe(URL_GIVEN);
    expect(await urlOf('http://127.0.0.1:7420/')).toBe(URL_GIVEN);
    expect(await urlOf('https://cells.example.com/behind/mcp')).toBe('https://cells.example.com/behind/mcp');
  });

  it('makes the path of the policy absolute', async () => {
    const { out } = await config(['--client', 'cursor', '--policy', relative(process.cwd(), ONE)]);
    expect(JSON.parse(out)).toMatchObject({ mcpServers: { cellblock: { args: expect.arrayContaining([ONE]) } } });
  });

  it('takes the only agent of a policy, and does not choose among two', async () => {
    const { out } = await config(['--client', 'cursor', '--policy', ONE]);
    expect(JSON.parse(out)).toMatchObject({ mcpServers: { cellblock: { args: expect.arrayContaining(['triage']) } } });
    expect(await config(['--client', 'cursor', '--policy', TWO])).toMatchObject({
      out: '',
      error: { code: 'usage/invalid-argument', help: 'add `--agent NAME`, one of: triage, on-call' },
    });
  });

  it('names an agent only where the policy has it', async () => {
    expect(await config(['--client', 'cursor', '--policy', ONE, '--agent', 'nobody'])).toMatchObject({
      out: '',
      error: { message: 'the policy has no agent `nobody`', help: 'one of: triage' },
    });
  });

  it('lists the clients where it does not know one', async () => {
    for (const client of ['notepad', 'constructor']) {
      expect(await config(['--client', client, '--policy', ONE])).toEqual({
        out: '',
        notes: '',
        error: {
          code: 'usage/invalid-argument',
          message: `there is no client \`${client}\``,
          help: 'one of: claude-desktop, claude-code, vscode, cursor, windsurf, zed, codex, gemini-cli',
        },
      });
    }
  });

  it.each(Object.keys(GOLDEN))('writes a token for %s only where it is given one', async (client) => {
    vi.stubEnv('CELLBLOCK_TOKEN', TOKEN);
    const without = await config(['--client', client, '--url', URL_GIVEN]);
    expect(`${without.out}${without.notes}`).not.toContain(TOKEN);
    vi.unstubAllEnvs();
    const given = await config(['--client', client, '--url', URL_GIVEN, '--token', TOKEN]);
    expect(given.out).toContain(`Bearer ${TOKEN}`);
    expect(given.out).not.toMatch(/PUT-THE-TOKEN-HERE|CELLBLOCK_TOKEN|promptString|bearer_token/);
    expect(given.notes).toContain('the token is in it: keep the file to yourself');
    expect(given.notes).not.toContain(TOKEN);
  });

  it('says where the token comes from', async () => {
    expect((await config(['--client', 'codex', '--url', URL_GIVEN, '--token-env', 'MINE'])).out).toContain(
      'bearer_token_env_var = "MINE"',
    );
    const notes = async (client: string) => (await config(['--client', client, '--url', URL_GIVEN, '--token-env', 'MINE'])).notes;
    expect(await notes('codex')).toContain(
      'the token comes from the environment variable MINE, as Codex has it when it starts\n',
    );
    expect(await notes('vscode')).toContain('VS Code asks for the token once, and keeps it\n');
    expect(await notes('zed')).toContain('replace PUT-THE-TOKEN-HERE by the token, and keep the file to yourself\n');
  });

  it('warns of a token that travels in the open, and of no other', async () => {
    const notes = async (url: string) => (await config(['--client', 'cursor', '--url', url])).notes;
    expect(await notes('http://cells.example.com/mcp')).toContain('warning: over http the token can be read on the way');
    for (const url of [URL_GIVEN, 'http://localhost:1/mcp', 'http://[::1]:1/mcp', 'https://cells.example.com/mcp']) {
      expect(await notes(url)).not.toContain('warning');
    }
  });

  it.each([
    [['--url', 'ftp://127.0.0.1/mcp'], /for `--url`/],
    [['--url', 'not a url'], /for `--url`/],
    [['--url', 'http://ann:secret@127.0.0.1/mcp'], /without user or fragment/],
    [['--url', URL_GIVEN, '--agent', 'triage'], /the token says which agent/],
    [['--url', URL_GIVEN, '--token', 'two words'], /expected a token/],
    [['--url', URL_GIVEN, '--token-env', 'NOT-A-NAME'], /for `--token-env`/],
    [['--policy', ONE, '--token', TOKEN], /`--token` is for `--url`/],
    [['--policy', ONE, '--name', 'a.b"]'], /for `--name`/],
  ])('refuses %j', async (args, message) => {
    const { out, error } = await config(['--client', 'codex', ...args]);
    expect(out).toBe('');
    expect(error).toMatchObject({ code: 'usage/invalid-argument', message: expect.stringMatching(message) });
    expect(error?.message).not.toMatch(/secret|two words/);
  });

  it('refuses a policy that is none', async () => {
    writeFileSync(join(FOLDER, 'broken.yaml'), 'version: 2\n');
    expect((await config(['--client', 'cursor', '--policy', join(FOLDER, 'broken.yaml')])).error?.code).toBe(
      'policy/invalid-document',
    );
  });

  it('says which secrets the client has to hand on, where it starts the server', async () => {
    const text =
      'version: 1\ntools: {}\nagents: { triage: { tools: [] } }\nsecrets: { kube: { env: KUBE_TOKEN }, other: { file: other.txt } }\n';
    writeFileSync(join(FOLDER, 'secrets.yaml'), text);
    const { notes } = await config(['--client', 'cursor', '--policy', join(FOLDER, 'secrets.yaml')]);
    expect(notes).toContain('the policy has secrets in environment variables: the client must start it with KUBE_TOKEN\n');
    expect((await config(['--client', 'cursor', '--policy', ONE])).notes).not.toContain('secrets');
  });

  it('prints one JSON document for machines', async () => {
    const { out, notes } = await config(['--client', 'codex', '--url', URL_GIVEN, '--json']);
    expect(notes).toBe('');
    expect(JSON.parse(out)).toEqual({
      client: 'codex',
      file: '~/.codex/config.toml',
      format: 'toml',
      config: { mcp_servers: { cellblock: { url: URL_GIVEN, bearer_token_env_var: 'CELLBLOCK_TOKEN' } } },
      text: `[mcp_servers.cellblock]\nurl = "${URL_GIVEN}"\nbearer_token_env_var = "CELLBLOCK_TOKEN"`,
    });
  });
});
