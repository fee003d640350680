import type { ToolMessage } from '@langchain/core/messages';
import type { DynamicStructuredTool, ToolRunnableConfig } from '@langchain/core/tools';
import type { AgentDoor, ToolListing } from '../serving/index.ts';
import { argumentsText } from './arguments-text.ts';
import { type ModelAnswer, mediaNote } from './model-answer.ts';
import { type AdapterOptions, type AnsweredCall, callTool, parametersOf } from './tool-call.ts';

export type { AdapterOptions };

/** The program's own classes: LangChain knows tools and messages by them, and this module loads none. */
export interface LangChainClasses {
  /** Of `@langchain/core/tools`. */
  readonly DynamicStructuredTool: typeof DynamicStructuredTool;
  /** Of `@langchain/core/messages`. */
  readonly ToolMessage: typeof ToolMessage;
}

/**
 * The tools of an agent for LangChain: `model.bindTools(await langchainTools(door, { DynamicStructuredTool, ToolMessage }))`.
 *
 * Invoked with a model's tool call, each gives a `ToolMessage`: its `status` is `error` for what did not end well, its `artifact` the whole outcome
 * with the receipt. Invoked with bare arguments, it gives the content alone. LangChain itself checks arguments against the schema first, and throws.
 */
export async function langchainTools(
  door: AgentDoor,
  classes: LangChainClasses,
  options: AdapterOptions = {},
): Promise<DynamicStructuredTool[]> {
  return (await door.tools()).map((listing) => toolOf(door, listing, classes, options));
}

function toolOf(
  door: AgentDoor,
  listing: ToolListing,
  classes: LangChainClasses,
  options: AdapterOptions,
): DynamicStructuredTool {
  const { name, description } = listing;
  return new classes.DynamicStructuredTool({
    name,
    description,
    schema: parametersOf(listing),
    verboseParsingErrors: true, // else a model hears only that something was wrong
    func: async (input: unknown, _manager: unknown, config?: ToolRunnableConfig) => {
      const callId = config?.toolCall?.id;
      const call = { name, argumentsJson: argumentsText(input), callId, signal: config?.signal };
      const answered = await callTool(door, call, options, listing);
      return callId === undefined ? contentOf(answered.answer) : messageOf(answered, name, callId, classes);
    },
  });
}

function messageOf({ outcome, answer }: AnsweredCall, name: string, callId: string, classes: LangChainClasses): ToolMessage {
  return new classes.ToolMessage({
    content: contentOf(answer),
    tool_call_id: callId,
    name,
    status: answer.isError ? 'error' : 'success',
    artifact: outcome,
  });
}

/** Images in the form that all model integrations read. */
function contentOf({ text, media }: ModelAnswer) {
  if (media.length === 0) return text;
  const items = media.map((item) =>
    /^image\//i.test(item.mimeType)
      ? { type: 'image_url', image_url: { url: `data:${item.mimeType};base64,${item.data}` } }
      : { type: 'text', text: mediaNote(item) },
  );
  return text === '' ? items : [{ type: 'text', text }, ...items];
}
