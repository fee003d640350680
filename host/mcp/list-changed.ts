import type { ProtocolEra, Server } from '@modelcontextprotocol/server';
import type { AgentDoor } from '../serving/index.ts';

/**
 * Tells a client that stays connected when its tools have changed, for as long as it does.
 *
 * @param server - of that client alone, not yet connected.
 * @param era - a `legacy` client is told nothing before it has said that it is ready; a newer one hears only what it subscribes to.
 */
export function tellOfTools(server: Server, door: AgentDoor, era: ProtocolEra): void {
  let undo: () => void = () => undefined;
  const begin = () => {
    undo();
    undo = door.onToolsChanged(() => void server.sendToolListChanged().catch(() => undefined)); // it may have gone meanwhile
  };
  if (era === 'modern') begin();
  else server.oninitialized = begin;
  const before = server.onclose;
  server.onclose = () => {
    undo();
    before?.();
  };
}
