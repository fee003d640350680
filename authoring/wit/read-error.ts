import { CodedError } from '../../runtime/index.ts';
import { componentEmbed } from '../wasm-tools.ts';
import { placeOf, type WitSource } from './source.ts';
import { witTokens } from './tokens.ts';

/**
 * What went wrong when WIT was read, with the place in the author's file. jco's wasm-tools say what, and not where; the place is
 * found from outside: a syntax error is at the last word of the shortest beginning that gives the same message, and
 * every other message names something that stands in the source.
 *
 * @param thrown - what `componentEmbed` threw.
 * @returns CodedError `author/invalid-wit`, whose message begins with `file:line:col` where the place is known.
 */
export async function readError(source: WitSource, world: string | undefined, thrown: unknown): Promise<CodedError> {
  const message = messageOf(thrown);
  const worlds = /multiple worlds|World `|no world/i.test(message) ? worldNames(source) : [];
  if (worlds.length > 0 || /world/i.test(message)) return worldError(source, world, message, worlds);
  const at = (await syntaxErrorAt(source, message)) ?? namedAt(source, message);
  const place = at === undefined ? (source.files[0]?.path ?? '') : placeOf(source, at);
  return new CodedError('author/invalid-wit', `${place}: ${message}`, { cause: thrown, data: { place } });
}

/** What went wrong when WIT that could be read was put into binary form, which has limits of its own. */
export function encodeError(source: WitSource, thrown: unknown): CodedError {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const message = (text.trim().split('\n').at(-1) ?? '').trim().replace(/ \(at offset 0x[0-9a-f]+\)$/, '');
  // Of the limits, one can be found: a record without fields. WIT has it, the binary form has not.
  const empty = /at least one field/.test(message) ? /\brecord\s+%?[\w-]+\s*\{\s*\}/.exec(source.text) : null;
  const place = empty === null ? (source.files[0]?.path ?? '') : placeOf(source, empty.index);
  return new CodedError('author/invalid-wit', `${place}: ${message}`, { cause: thrown, data: { place } });
}

function messageOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  if (/wasm trap/.test(text)) return 'the WIT reader of jco failed on it';
  return (text.split('\n', 1)[0] ?? '').replace(/\.$/, '');
}

function worldError(source: WitSource, world: string | undefined, message: string, worlds: readonly string[]): CodedError {
  const path = source.files[0]?.path ?? '';
  const what =
    world === undefined
      ? message.replace(/; one must be explicitly chosen:?$/, ', and none was chosen')
      : `no world \`${world}\` in it`;
  const names = worlds.map((name) => `\`${name}\``).join(', ');
  return new CodedError('author/invalid-wit', `${path}: ${what}`, {
    help:
      worlds.length === 0 ? 'add a world to it: `world my-tool { export my-interface; }`' : `choose one of its worlds: ${names}`,
  });
}

/** Names of the worlds in the root package. */
function worldNames(source: WitSource): string[] {
  const tokens = witTokens(source.files[0]?.text ?? '').filter((token) => token.kind !== 'docs');
  return tokens.flatMap((token, index) =>
    token.text === 'world' && tokens[index + 2]?.text === '{' ? [tokens[index + 1]?.text ?? ''] : [],
  );
}

/** Reading goes from left to right, so whether a beginning fails in the same way can be searched by halves. */
async function syntaxErrorAt(source: WitSource, message: string): Promise<number | undefined> {
  const tokens = witTokens(source.text).filter((token) => token.kind !== 'docs');
  const failsAlike = async (count: number): Promise<boolean> => {
    const end = tokens[count - 1]?.end ?? 0;
    try {
      await componentEmbed({ dummy: true, witSource: source.text.slice(0, end), features: { tag: 'all' } });
      return false;
    } catch (error) {
      return messageOf(error) === message;
    }
  };
  let low = 0;
  let high = tokens.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (await failsAlike(middle)) high = middle;
    else low = middle;
  }
  // The whole text: nothing in it is wrong as such, a name is.
  return high === tokens.length && !/^(expected|unexpected|invalid|found)/.test(message) ? undefined : tokens[high - 1]?.at;
}

function namedAt(source: WitSource, message: string): number | undefined {
  const names = [...message.matchAll(/[`'[]([^`'\]]+)[`'\]]/g)].map((match) => match[1]);
  const tokens = witTokens(source.text);
  for (const name of names) {
    // The last one: a name that is used or defined again is wrong there, not where it was first.
    const found = tokens.findLast((token) => token.text === name || token.text.startsWith(`${name}@`));
    if (found !== undefined) return found.at;
  }
  return undefined;
}
