import type Anthropic from '@anthropic-ai/sdk';
import type { BetaRunnableTool } from '@anthropic-ai/sdk/lib/tools/BetaRunnableTool';
import type { AgentDoor, Media } from '../serving/index.ts';
import { argumentsText } from './arguments-text.ts';
import { type ModelAnswer, mediaNote } from './model-answer.ts';
import { type AdapterOptions, callTool, callTools, parametersOf } from './tool-call.ts';
import { CellblockToolError } from './tool-error.ts';

export { type AdapterOptions, CellblockToolError };

/** The tools of an agent for `client.messages.create({ tools, ... })`. */
export async function anthropicTools(door: AgentDoor): Promise<Anthropic.Tool[]> {
  return (await door.tools()).map((listing) => ({
    name: listing.name,
    description: listing.description,
    input_schema: { ...parametersOf(listing), type: 'object' },
  }));
}

/** What `runToolUses` may be told. */
export interface RunToolUsesOptions extends AdapterOptions {
  /** Tools that this program answers itself: their uses are left out. All others are filed, also those that no list has: the warden refuses them. */
  readonly except?: ReadonlySet<string>;
}

/**
 * Runs the tool uses of a message.
 *
 * @returns one block for each, in their order, for the next user message; none where the model used no tool. `is_error` for whatever did not end
 *   well; a call that waits for a human is no error. Never rejects, except with what `onOutcome` throws.
 */
export async function runToolUses(
  door: AgentDoor,
  { content }: Pick<Anthropic.Message, 'content'>,
  options: RunToolUsesOptions = {},
): Promise<Anthropic.ToolResultBlockParam[]> {
  const uses = content.filter((block) => block.type === 'tool_use').filter(({ name }) => options.except?.has(name) !== true);
  const calls = uses.map(({ id, name, input }) => ({ name, argumentsJson: argumentsText(input), callId: id }));
  const answered = await callTools(door, calls, options);
  return uses.map(({ id }, at) => {
    const { answer } = answered[at]!;
    return { type: 'tool_result', tool_use_id: id, content: contentOf(answer), ...(answer.isError ? { is_error: true } : {}) };
  });
}

/**
 * The same tools for `client.beta.messages.toolRunner({ tools, ... })`, which runs them itself.
 * What does not end well is thrown as a `CellblockToolError`: the runner makes an `is_error` result of its message.
 */
export async function runnableTools(door: AgentDoor, options: AdapterOptions = {}): Promise<BetaRunnableTool<unknown>[]> {
  return (await door.tools()).map((listing) => ({
    name: listing.name,
    description: listing.description,
    input_schema: { ...parametersOf(listing), type: 'object' },
    parse: (input: unknown) => input,
    run: async (input, context) => {
      const call = {
        name: listing.name,
        argumentsJson: argumentsText(input),
        callId: context?.toolUse.id,
        signal: context?.signal,
      };
      const { outcome, answer } = await callTool(door, call, options, listing);
      if (answer.isError) throw new CellblockToolError(outcome, answer.text);
      return contentOf(answer);
    },
  }));
}

type Block = Anthropic.TextBlockParam | Anthropic.ImageBlockParam | Anthropic.DocumentBlockParam;

function contentOf({ text, media }: ModelAnswer): string | Block[] {
  if (media.length === 0) return text;
  const blocks = media.map(blockOf);
  return text === '' ? blocks : [{ type: 'text', text }, ...blocks];
}

function blockOf(media: Media): Block {
  const { mimeType, data } = media;
  if (isImage(mimeType)) return { type: 'image', source: { type: 'base64', media_type: mimeType, data } };
  if (mimeType === 'application/pdf') return { type: 'document', source: { type: 'base64', media_type: mimeType, data } };
  return { type: 'text', text: mediaNote(media) };
}

/** The images that the API takes. */
function isImage(mimeType: string): mimeType is Anthropic.Base64ImageSource['media_type'] {
  return ['image/jpeg', 'image/png', 'image/gif', 'image/webp'].includes(mimeType);
}
