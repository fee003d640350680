import type { FunctionTool } from '@openai/agents';
import type { AgentDoor, Media, ToolListing } from '../serving/index.ts';
import { type ModelAnswer, mediaNote } from './model-answer.ts';
import { isStrictSchema } from './strict-schema.ts';
import { type AdapterOptions, callTool, parametersOf } from './tool-call.ts';

export type { AdapterOptions };

/** A tool as the SDK's `tool()` makes it, for any context. */
export type AgentsTool = FunctionTool<unknown, AnyParameters, unknown>;

type AnyParameters = FunctionTool['parameters'];

/**
 * The tools of an agent for the OpenAI Agents SDK: `new Agent({ tools: await agentsTools(door) })`.
 *
 * - The arguments go on as the text that the model wrote, so every number stays exact.
 * - What did not end well is the tool's result, in words that the model can act on, and so is a call that waits for a human.
 * - `needsApproval` is false: the warden asks a human itself, who sees the exact call; resolving an interruption here would let nothing through.
 * - A tool that the agent may no longer call is not shown to the model in the next turn (`isEnabled`).
 */
export async function agentsTools(door: AgentDoor, options: AdapterOptions = {}): Promise<AgentsTool[]> {
  return (await door.tools()).map((listing) => toolOf(door, listing, options));
}

function toolOf(door: AgentDoor, listing: ToolListing, options: AdapterOptions): AgentsTool {
  const { name, description } = listing;
  const parameters = parametersOf(listing);
  return {
    type: 'function',
    name,
    description,
    parameters: parameters as AnyParameters, // `as`: the SDK's type knows no `$defs`, and sends what it gets
    strict: isStrictSchema(parameters),
    needsApproval: async () => false,
    isEnabled: () => isListed(door, name),
    async invoke(_context, input, details) {
      const argumentsJson = input.trim() === '' ? '{}' : input;
      const call = { name, argumentsJson, callId: details?.toolCall?.callId, signal: details?.signal };
      return resultOf((await callTool(door, call, options, listing)).answer);
    },
  };
}

/** Where the list cannot be had, the model may try: the warden has the last word. */
async function isListed(door: AgentDoor, name: string): Promise<boolean> {
  try {
    return (await door.tools()).some((listing) => listing.name === name);
  } catch {
    return true;
  }
}

function resultOf({ text, media }: ModelAnswer): unknown {
  if (media.length === 0) return text;
  const items = media.map(itemOf);
  return text === '' ? items : [{ type: 'text', text }, ...items];
}

/** The SDK's own forms of text, images and files in results. */
function itemOf(media: Media): object {
  const { mimeType: mediaType, data } = media;
  if (/^image\//i.test(mediaType)) return { type: 'image', image: { data, mediaType } };
  if (mediaType === 'application/pdf') return { type: 'file', file: { data, mediaType, filename: 'file.pdf' } };
  return { type: 'text', text: mediaNote(media) };
}
