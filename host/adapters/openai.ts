import type {
  ChatCompletionFunctionTool,
  ChatCompletionMessage,
  ChatCompletionToolMessageParam,
} from 'openai/resources/chat/completions';
import type {
  FunctionTool,
  ResponseFunctionCallOutputItem,
  ResponseInputItem,
  ResponseOutputItem,
} from 'openai/resources/responses/responses';
import type { AgentDoor, Media } from '../serving/index.ts';
import { type ModelAnswer, mediaNote } from './model-answer.ts';
import { isStrictSchema } from './strict-schema.ts';
import { type AdapterOptions, callTools, parametersOf } from './tool-call.ts';

export type { AdapterOptions };

/** The tools of an agent for the Responses API: `client.responses.create({ tools, ... })`. Strict where the schema allows it. */
export async function responsesTools(door: AgentDoor): Promise<FunctionTool[]> {
  return (await door.tools()).map((listing) => {
    const parameters = parametersOf(listing);
    const { name, description } = listing;
    return { type: 'function', name, description, parameters, strict: isStrictSchema(parameters) };
  });
}

/** The same for Chat Completions: `client.chat.completions.create({ tools, ... })`. */
export async function chatTools(door: AgentDoor): Promise<ChatCompletionFunctionTool[]> {
  return (await responsesTools(door)).map(({ name, description = null, parameters, strict }) => ({
    type: 'function',
    function: { name, ...(description === null ? {} : { description }), ...(parameters === null ? {} : { parameters }), strict },
  }));
}

/** What runs calls may be told. */
export interface RunCallsOptions extends AdapterOptions {
  /** Functions that this program answers itself: their calls are left out. All others are filed, also those that no list has: the warden refuses them. */
  readonly except?: ReadonlySet<string>;
}

/**
 * Runs the function calls of a response. Arguments go on as the text that the model wrote, so every number stays exact.
 *
 * @param response - of `responses.create`, or any list of its output items.
 * @returns one item for each call, in their order, for the next `input`. The API has no mark for errors: the text says it.
 *   Never rejects, except with what `onOutcome` throws.
 */
export async function runFunctionCalls(
  door: AgentDoor,
  { output }: { readonly output: readonly ResponseOutputItem[] },
  options: RunCallsOptions = {},
): Promise<ResponseInputItem.FunctionCallOutput[]> {
  const asked = output.filter((item) => item.type === 'function_call').filter(({ name }) => options.except?.has(name) !== true);
  const calls = asked.map((item) => callOf(item.name, item.arguments, item.call_id));
  const answered = await callTools(door, calls, options);
  return asked.map(({ call_id }, at) => ({ type: 'function_call_output', call_id, output: outputOf(answered[at]!.answer) }));
}

/**
 * Runs the tool calls of a message of Chat Completions, in the same way.
 *
 * @returns one tool message for each, in their order. They can hold text only: of an image, a line says that it was there.
 */
export async function runToolCalls(
  door: AgentDoor,
  { tool_calls }: Pick<ChatCompletionMessage, 'tool_calls'>,
  options: RunCallsOptions = {},
): Promise<ChatCompletionToolMessageParam[]> {
  const asked = (tool_calls ?? [])
    .filter((call) => call.type === 'function')
    .filter((call) => options.except?.has(call.function.name) !== true);
  const calls = asked.map((call) => callOf(call.function.name, call.function.arguments, call.id));
  const answered = await callTools(door, calls, options);
  return asked.map(({ id }, at) => {
    const { text, media } = answered[at]!.answer;
    return { role: 'tool', tool_call_id: id, content: [text, ...media.map(mediaNote)].filter((line) => line !== '').join('\n') };
  });
}

/** For functions without parameters, models also write nothing at all. */
function callOf(name: string, argumentsText: string, callId: string) {
  return { name, argumentsJson: argumentsText.trim() === '' ? '{}' : argumentsText, callId };
}

function outputOf({ text, media }: ModelAnswer): string | ResponseFunctionCallOutputItem[] {
  if (media.length === 0) return text;
  const items = media.map(itemOf);
  return text === '' ? items : [{ type: 'input_text', text }, ...items];
}

function itemOf(media: Media): ResponseFunctionCallOutputItem {
  const { mimeType, data } = media;
  const url = `data:${mimeType};base64,${data}`;
  if (isImage(mimeType)) return { type: 'input_image', image_url: url, detail: 'auto' };
  if (mimeType === 'application/pdf') return { type: 'input_file', file_data: url, filename: 'file.pdf' };
  return { type: 'input_text', text: mediaNote(media) };
}

/** The images that the API takes. */
function isImage(mimeType: string): boolean {
  return ['image/jpeg', 'image/png', 'image/gif', 'image/webp'].includes(mimeType);
}
