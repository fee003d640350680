/**
 * An agent's door over the HTTP API, for agent runtimes in another process than the warden.
 *
 * ```ts
 * import { connectAgent } from 'cellblock/client';
 *
 * const door = connectAgent({ url: 'http://127.0.0.1:7420', token: process.env.CELLBLOCK_TOKEN ?? '' });
 * const outcome = await door.call({ name: 'redact_redact', argumentsJson: '{"text":"hello","options":{}}' });
 * ```
 */

export { type ClientOptions, connectAgent } from './connect-agent.ts';
