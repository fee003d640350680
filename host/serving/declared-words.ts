import { type JsonValue, parseJson } from '../../runtime/index.ts';
import { exactText } from './exact-text.ts';
import type { ToolListing } from './tool-listing.ts';

const ARGUMENTS_BYTES_MAX = 32 * 1024 * 1024;

/** The arguments of a model's call, apart: what the function takes, and what was said beside it. */
export interface SplitArguments {
  readonly parametersJson: string | Uint8Array;
  readonly words: { readonly [word: string]: string };
}

/**
 * Takes what is no parameter of the function out of the arguments. What is malformed goes on as it is, for the warden to refuse. Pure.
 *
 * @param argumentsJson - JSON text, an object. @param words - as the listing of the tool has them.
 */
export function splitWords(argumentsJson: string | Uint8Array, words: ToolListing['words']): SplitArguments {
  if (words.size === 0) return { parametersJson: argumentsJson, words: {} };
  const json = parsedObject(argumentsJson);
  if (json === undefined) return { parametersJson: argumentsJson, words: {} };
  const said: { [word: string]: string } = {};
  const rest = new Map(json);
  for (const [name, word] of words) {
    const value = json.get(name);
    if (value === null) rest.delete(name); // models write it for what they leave out
    if (typeof value !== 'string') continue;
    said[word] = value;
    rest.delete(name);
  }
  return { parametersJson: exactText(rest), words: said };
}

function parsedObject(text: string | Uint8Array): ReadonlyMap<string, JsonValue> | undefined {
  try {
    const json = parseJson(text, { bytesMax: ARGUMENTS_BYTES_MAX });
    return json instanceof Map ? json : undefined;
  } catch {
    return undefined;
  }
}
