/** MCP over an agent's door: the protocol in, the door's outcomes out. No rule is decided here. */

export { openMcpHttp } from './http.ts';
export type { McpOptions } from './options.ts';
export { type McpStdioOptions, serveMcpStdio } from './stdio.ts';
