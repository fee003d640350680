import { Agent, run } from '@openai/agents';
import type { AgentDoor } from 'cellblock';
import { agentsTools } from 'cellblock/adapters/openai-agents';

export async function answer(door: AgentDoor, question: string) {
  const agent = new Agent({ name: 'triage', instructions: 'Help.', tools: await agentsTools(door) });
  const { finalOutput } = await run(agent, question);
  return finalOutput;
}
