import { type JsonSchema, paramsSchema, resultSchema, type ValueType } from '../../runtime/index.ts';
import { quote } from '../policy/quote.ts';
import type { AgentCatalog, OfferedFunction, TextNeed } from '../tool-catalog.ts';
import { holdsMedia } from './media.ts';
import { modelName } from './tool-name.ts';

/** What is known of the effects of a tool from its grants alone; clients show it and must not rely on it. As MCP's tool annotations. */
export interface ToolHints {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

/**
 * How a result becomes structured content: `none`: the function returns nothing; `object`: as it is; `wrapped`: as member `value` of an object,
 * since surfaces want an object; `media`: it holds images or the like, which go out as content of their own.
 */
export type ResultForm = 'none' | 'object' | 'wrapped' | 'media';

/** One function as models are shown it. Plain JSON data, but for `result`'s type. */
export interface ToolListing {
  /** Name for models. */
  readonly name: string;
  /** Name for the warden, `tool.function`. */
  readonly toolName: string;
  readonly title: string;
  readonly description: string;
  /** JSON Schema of the parameters; where the policy may ask for them, with `justification` and `source`. */
  readonly inputSchema: JsonSchema;
  /** JSON Schema of the structured content; absent with `none` and `media`. */
  readonly outputSchema?: JsonSchema;
  readonly hints: ToolHints;
  readonly asks: TextNeed;
  /** Names of the declared input properties that are no parameters of the function, with what they stand for. */
  readonly words: ReadonlyMap<string, 'justification' | 'source'>;
  readonly result: { readonly form: ResultForm; readonly type?: ValueType };
}

/** The functions of an agent as models are shown them; a function whose types no data can stand for is left out. */
export function toolListings({ functions }: AgentCatalog): readonly ToolListing[] {
  return functions.filter((offered) => offered.function.callable).map(listingOf);
}

function listingOf(offered: OfferedFunction): ToolListing {
  const { tool, functionName } = offered;
  const { params } = offered.function.type;
  const names = new Set(params.map(({ name }) => name));
  const words = wordsOf(offered, names);
  const type = payloadOf(offered.function.type.result);
  const form = formOf(type);
  return Object.freeze({
    name: modelName(tool.name, functionName),
    toolName: `${tool.name}.${functionName}`,
    title: `${tool.name}: ${functionName}`,
    description: descriptionOf(offered),
    inputSchema: withWords(paramsSchema(params), words, offered),
    ...(form === 'object' || form === 'wrapped' ? { outputSchema: outputSchema(type, form) } : {}),
    hints: hintsOf(offered),
    asks: offered.asks,
    words,
    result: type === undefined ? { form } : { form, type },
  });
}

/** The type of a result's `ok`, or of the result itself: an `err` is an error, and no content. */
function payloadOf(type: ValueType | undefined): ValueType | undefined {
  return type?.kind === 'result' ? type.ok : type;
}

function formOf(type: ValueType | undefined): ResultForm {
  if (type === undefined) return 'none';
  if (holdsMedia(type)) return 'media';
  return type.kind === 'record' ? 'object' : 'wrapped';
}

function outputSchema(type: ValueType | undefined, form: 'object' | 'wrapped'): JsonSchema {
  const { $schema, $defs, ...rest } = resultSchema(type);
  const defs = $defs === undefined ? {} : { $defs };
  if (form === 'object') return { $schema, type: 'object', ...rest, ...defs };
  return { $schema, type: 'object', properties: { value: rest }, required: ['value'], additionalProperties: false, ...defs };
}

const WORDS = {
  justification: 'Why this call is needed, in your own words.',
  source: 'What made you ask, such as the line of a log.',
};

/** A parameter of the same name goes first: then the word has `request_` before it. */
function wordsOf(offered: OfferedFunction, parameters: ReadonlySet<string>): ToolListing['words'] {
  const wanted = (['justification', 'source'] as const).filter(
    (word) => offered[word] !== 'no' || (word === 'justification' && offered.asks !== 'no'),
  );
  return new Map(wanted.map((word) => [parameters.has(word) ? `request_${word}` : word, word]));
}

function withWords(schema: JsonSchema, words: ToolListing['words'], offered: OfferedFunction): JsonSchema {
  if (words.size === 0) return schema;
  const { properties, required, ...rest } = schema as { readonly properties: object; readonly required?: readonly string[] };
  const added = [...words].map(([name, word]) => [name, { type: 'string', description: WORDS[word] }]);
  const needed = [...words].filter(([, word]) => offered[word] === 'required').map(([name]) => name);
  const all = [...(required ?? []), ...needed];
  return { ...rest, properties: { ...properties, ...Object.fromEntries(added) }, ...(all.length === 0 ? {} : { required: all }) };
}

function descriptionOf({ tool, functionName, function: { docs }, asks }: OfferedFunction): string {
  const about = docs ?? `Calls ${quote(functionName)} of the tool ${quote(tool.name)}.`;
  if (asks === 'no') return about;
  return `${about}\n\n${asks === 'required' ? 'A human is asked before each call runs.' : 'A human may be asked before a call runs.'}`;
}

/** What no grant can do, the tool cannot do. */
function hintsOf({ tool, effects }: OfferedFunction): ToolHints {
  const readOnly = effects.length === 0;
  return {
    readOnlyHint: readOnly,
    destructiveHint: !readOnly,
    idempotentHint: readOnly,
    openWorldHint: tool.grants.some((name) => name === 'http' || effects.includes(name)),
  };
}
