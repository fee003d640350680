/** What a client has to reach: a process that it starts, or a URL with a bearer token. */
export type McpServerEntry =
  | { readonly kind: 'stdio'; readonly command: string; readonly args: readonly string[] }
  | {
      readonly kind: 'http';
      readonly url: string;
      /** The token itself where the operator gave it; else the environment variable that has it. */
      readonly token: { readonly literal: string } | { readonly variable: string };
    };

export type Platform = 'darwin' | 'linux' | 'win32';

/** Where the token is to come from, as the snippet says. `file`: the client's file takes no variables, so somebody has to put it in there. */
export type TokenPlace = 'variable' | 'prompt' | 'file';

/** The configuration of one client: what its file is called, and what stands in it. */
export interface McpClient {
  readonly title: string;
  readonly format: 'json' | 'toml';
  /** As people write it, with `~` or `%APPDATA%`. */
  readonly file: (platform: Platform) => string;
  /** Plain JSON data. */
  readonly config: (name: string, server: McpServerEntry) => object;
  /** Of a token that was not given. */
  readonly tokenFrom: TokenPlace;
}

export type HttpEntry = Extract<McpServerEntry, { kind: 'http' }>;

/** Stands where a client's file has to hold the token itself. */
export const TOKEN_PLACEHOLDER = 'PUT-THE-TOKEN-HERE';

const home = (path: string) => (platform: Platform) =>
  platform === 'win32' ? `%USERPROFILE%\\${path.replaceAll('/', '\\')}` : `~/${path}`;

function bearer({ token }: HttpEntry, variable: (name: string) => string): { readonly Authorization: string } {
  return { Authorization: `Bearer ${'literal' in token ? token.literal : variable(token.variable)}` };
}

function commandOf({ command, args }: Extract<McpServerEntry, { kind: 'stdio' }>): object {
  return { command, args };
}

/** The form that most clients share; `remote` is what they have for a URL. */
function mcpServers(remote: (server: HttpEntry) => object): McpClient['config'] {
  return (name, server) => ({ mcpServers: { [name]: server.kind === 'stdio' ? commandOf(server) : remote(server) } });
}

/** Claude Desktop's file has commands only; `mcp-remote` is the usual bridge from one to a URL. */
function bridged(server: HttpEntry): object {
  const { protocol, hostname } = new URL(server.url);
  const isPlain = protocol === 'http:' && hostname !== 'localhost' && hostname !== '127.0.0.1';
  // Without a space: on Windows the client does not quote arguments. The bridge replaces the variable itself.
  const args = ['-y', 'mcp-remote', server.url, '--header', `Authorization:\${CELLBLOCK_AUTHORIZATION}`];
  const { Authorization } = bearer(server, () => TOKEN_PLACEHOLDER);
  return {
    command: 'npx',
    args: isPlain ? [...args, '--allow-http'] : args,
    env: { CELLBLOCK_AUTHORIZATION: Authorization },
  };
}

const VSCODE_INPUT = 'cellblock-token';

function vscode(name: string, server: McpServerEntry): object {
  if (server.kind === 'stdio') return { servers: { [name]: { type: 'stdio', ...commandOf(server) } } };
  const { url, token } = server;
  const headers = bearer(server, () => `\${input:${VSCODE_INPUT}}`);
  const input = { type: 'promptString', id: VSCODE_INPUT, description: `Token for ${name}`, password: true };
  return { ...('literal' in token ? {} : { inputs: [input] }), servers: { [name]: { type: 'http', url, headers } } };
}

/** Codex takes the name of the variable; a token itself only as a header. */
function codex(name: string, server: McpServerEntry): object {
  if (server.kind === 'stdio') return { mcp_servers: { [name]: commandOf(server) } };
  const { url, token } = server;
  const rest = 'literal' in token ? { http_headers: bearer(server, String) } : { bearer_token_env_var: token.variable };
  return { mcp_servers: { [name]: { url, ...rest } } };
}

/** By the name that `--client` takes. Each form was looked up in the page that stands above it. */
export const MCP_CLIENTS: Readonly<Record<string, McpClient>> = {
  // https://modelcontextprotocol.io/quickstart/user and https://github.com/geelen/mcp-remote
  'claude-desktop': {
    title: 'Claude Desktop',
    format: 'json',
    file: (platform) =>
      ({
        darwin: '~/Library/Application Support/Claude/claude_desktop_config.json',
        linux: '~/.config/Claude/claude_desktop_config.json',
        win32: '%APPDATA%\\Claude\\claude_desktop_config.json',
      })[platform],
    config: mcpServers(bridged),
    tokenFrom: 'file',
  },
  // https://code.claude.com/docs/en/mcp
  'claude-code': {
    title: 'Claude Code',
    format: 'json',
    file: () => '.mcp.json in the folder of the project',
    config: mcpServers((server) => ({ type: 'http', url: server.url, headers: bearer(server, (name) => `\${${name}}`) })),
    tokenFrom: 'variable',
  },
  // https://code.visualstudio.com/docs/copilot/reference/mcp-configuration
  vscode: {
    title: 'VS Code',
    format: 'json',
    file: () => '.vscode/mcp.json in the workspace',
    config: vscode,
    tokenFrom: 'prompt',
  },
  // https://cursor.com/docs/mcp
  cursor: {
    title: 'Cursor',
    format: 'json',
    file: home('.cursor/mcp.json'),
    config: mcpServers((server) => ({ url: server.url, headers: bearer(server, (name) => `\${env:${name}}`) })),
    tokenFrom: 'variable',
  },
  // https://docs.windsurf.com/windsurf/cascade/mcp
  windsurf: {
    title: 'Windsurf',
    format: 'json',
    file: home('.codeium/windsurf/mcp_config.json'),
    config: mcpServers((server) => ({ serverUrl: server.url, headers: bearer(server, (name) => `\${env:${name}}`) })),
    tokenFrom: 'variable',
  },
  // https://zed.dev/docs/ai/mcp
  zed: {
    title: 'Zed',
    format: 'json',
    file: (platform) => (platform === 'win32' ? '%APPDATA%\\Zed\\settings.json' : '~/.config/zed/settings.json'),
    config: (name, server) => ({
      context_servers: {
        [name]:
          server.kind === 'stdio'
            ? { ...commandOf(server), env: {} }
            : { url: server.url, headers: bearer(server, () => TOKEN_PLACEHOLDER) },
      },
    }),
    tokenFrom: 'file',
  },
  // https://developers.openai.com/codex/mcp
  codex: {
    title: 'Codex',
    format: 'toml',
    file: home('.codex/config.toml'),
    config: codex,
    tokenFrom: 'variable',
  },
  // https://geminicli.com/docs/tools/mcp-server
  'gemini-cli': {
    title: 'Gemini CLI',
    format: 'json',
    file: home('.gemini/settings.json'),
    config: mcpServers((server) => ({ httpUrl: server.url, headers: bearer(server, (name) => `\${${name}}`) })),
    tokenFrom: 'variable',
  },
};
