import { type AgentDoor, agentDoor, openWarden, wardenSource } from 'cellblock';
import { connectAgent } from 'cellblock/client';

export async function here(): Promise<AgentDoor> {
  const warden = await openWarden({ policy: 'cellblock.yaml' });
  const door = agentDoor(wardenSource(warden), 'triage');
  return door;
}

export function elsewhere(): AgentDoor {
  const door = connectAgent({ url: 'http://127.0.0.1:7420', token: process.env.CELLBLOCK_TOKEN ?? '' });
  return door;
}
