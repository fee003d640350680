import type { ToolSet } from 'ai';
import type { AgentDoor, AgentOutcome, ToolListing } from '../serving/index.ts';
import { argumentsText } from './arguments-text.ts';
import { type ModelAnswer, modelAnswer } from './model-answer.ts';
import { type AdapterOptions, callTool, parametersOf } from './tool-call.ts';
import { CellblockToolError } from './tool-error.ts';

export { type AdapterOptions, CellblockToolError };

type AiTool = ToolSet[string];
type ModelOutput = Awaited<ReturnType<NonNullable<AiTool['toModelOutput']>>>;

/**
 * The tools of an agent for the Vercel AI SDK: `generateText({ model, tools: await cellblockTools(door) })`.
 *
 * - A call that runs, or waits for a human, gives its whole outcome, plain JSON with the receipt, as the tool's output; the model reads its value.
 * - Any other outcome is thrown as a `CellblockToolError`, which the SDK makes a `tool-error` of.
 * - `needsApproval` is false: the warden asks a human itself, who sees the exact call; a yes from this program would let nothing through.
 *
 * @param door - of `agentDoor` or `connectAgent`. The set is what the agent may call now; ask again after `door.onToolsChanged`.
 */
export async function cellblockTools(door: AgentDoor, options: AdapterOptions = {}): Promise<ToolSet> {
  const listings = await door.tools();
  return Object.fromEntries(listings.map((listing) => [listing.name, toolOf(door, listing, options)]));
}

function toolOf(door: AgentDoor, listing: ToolListing, options: AdapterOptions): AiTool {
  return {
    type: 'dynamic',
    title: listing.title,
    description: listing.description,
    inputSchema: schemaOf(listing),
    needsApproval: false,
    async execute(input: unknown, { toolCallId, abortSignal }: { toolCallId: string; abortSignal?: AbortSignal }) {
      const call = { name: listing.name, argumentsJson: argumentsText(input), callId: toolCallId, signal: abortSignal };
      const { outcome, answer } = await callTool(door, call, options, listing);
      if (answer.isError) throw new CellblockToolError(outcome, answer.text);
      return outcome;
    },
    toModelOutput: (told: unknown) => modelOutput(told, listing, options),
  };
}

/** Marks a schema as the SDK's `jsonSchema()` does. */
const SCHEMA = Symbol.for('vercel.ai.schema');
/** Version 5 wants this one as well. */
const VALIDATOR = Symbol.for('vercel.ai.validator');

/** What `jsonSchema()` makes, without `validate`: the warden checks the arguments, against the types themselves, and writes down what it refuses. */
function schemaOf(listing: ToolListing): AiTool['inputSchema'] {
  const schema = { [SCHEMA]: true, [VALIDATOR]: true, _type: undefined, validate: undefined, jsonSchema: parametersOf(listing) };
  return schema as unknown as AiTool['inputSchema']; // `as`: the SDK does not export the symbol by which its type marks schemas
}

/** @param told - `{ toolCallId, input, output }`, or, in version 5, the output itself. */
function modelOutput(told: unknown, listing: ToolListing, { linkOf }: AdapterOptions): ModelOutput {
  const isWhole = typeof told === 'object' && told !== null && 'toolCallId' in told && 'output' in told;
  // `as`: `execute` gave it, and the SDK keeps outputs as they are
  const outcome = (isWhole ? told.output : told) as AgentOutcome;
  const answer = modelAnswer(outcome, listing, linkOf);
  if (answer.isError) return { type: 'error-text', value: answer.text };
  if (answer.media.length > 0) return { type: 'content', value: contentOf(answer, isWhole) };
  // `as`: the value is in the JSON mapping of its type
  if (outcome.kind === 'ok' && typeof outcome.value === 'object') return { type: 'json', value: outcome.value as never };
  return { type: 'text', value: answer.text };
}

/** @param isNew - false for version 5, which has `media` for all kinds of files. */
function contentOf({ text, media }: ModelAnswer, isNew: boolean): Extract<ModelOutput, { type: 'content' }>['value'] {
  const items = media.map(({ mimeType: mediaType, data }) => {
    if (!isNew) return { type: 'media', data, mediaType } as const;
    if (/^image\//i.test(mediaType)) return { type: 'image-data', data, mediaType } as const;
    return { type: 'file-data', data, mediaType } as const;
  });
  return text === '' ? items : [{ type: 'text', text }, ...items];
}
