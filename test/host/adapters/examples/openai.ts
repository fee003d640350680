import type { AgentDoor } from 'cellblock';
import { chatTools, responsesTools, runFunctionCalls, runToolCalls } from 'cellblock/adapters/openai';
import type OpenAI from 'openai';

export async function responses(door: AgentDoor, client: OpenAI, input: OpenAI.Responses.ResponseInput): Promise<string> {
  const tools = await responsesTools(door);
  for (;;) {
    const response = await client.responses.create({ model: 'gpt-5', tools, input, store: false });
    const outputs = await runFunctionCalls(door, response);
    if (outputs.length === 0) return response.output_text;
    input.push(...(response.output as OpenAI.Responses.ResponseInput), ...outputs);
  }
}

export async function chat(door: AgentDoor, client: OpenAI, messages: OpenAI.ChatCompletionMessageParam[]): Promise<void> {
  const { choices } = await client.chat.completions.create({ model: 'gpt-5', tools: await chatTools(door), messages });
  const message = choices[0]!.message;
  messages.push(message, ...(await runToolCalls(door, message)));
}
