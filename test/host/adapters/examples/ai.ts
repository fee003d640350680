import { generateText, type LanguageModel, stepCountIs } from 'ai';
import type { AgentDoor } from 'cellblock';
import { cellblockTools } from 'cellblock/adapters/ai';

export async function answer(door: AgentDoor, model: LanguageModel, prompt: string): Promise<string> {
  const { text } = await generateText({ model, prompt, tools: await cellblockTools(door), stopWhen: stepCountIs(20) });
  return text;
}
