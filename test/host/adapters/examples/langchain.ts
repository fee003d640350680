import { ToolMessage } from '@langchain/core/messages';
import { DynamicStructuredTool } from '@langchain/core/tools';
import type { AgentDoor } from 'cellblock';
import { langchainTools } from 'cellblock/adapters/langchain';

export async function tools(door: AgentDoor): Promise<DynamicStructuredTool[]> {
  const tools = await langchainTools(door, { DynamicStructuredTool, ToolMessage });
  return tools;
}
