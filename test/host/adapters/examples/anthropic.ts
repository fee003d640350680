import type Anthropic from '@anthropic-ai/sdk';
import type { AgentDoor } from 'cellblock';
import { anthropicTools, runnableTools, runToolUses } from 'cellblock/adapters/anthropic';

export async function turn(door: AgentDoor, client: Anthropic, messages: Anthropic.MessageParam[]): Promise<void> {
  const tools = await anthropicTools(door);
  for (;;) {
    const message = await client.messages.create({ model: 'claude-sonnet-4-5', max_tokens: 4096, tools, messages });
    messages.push({ role: 'assistant', content: message.content });
    if (message.stop_reason !== 'tool_use') return;
    messages.push({ role: 'user', content: await runToolUses(door, message) });
  }
}

export async function runner(door: AgentDoor, client: Anthropic, messages: Anthropic.Beta.BetaMessageParam[]) {
  const tools = await runnableTools(door);
  return client.beta.messages.toolRunner({ model: 'claude-sonnet-4-5', max_tokens: 4096, tools, messages });
}
