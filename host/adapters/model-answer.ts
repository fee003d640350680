import type { AgentOutcome, Media, ToolListing } from '../serving/index.ts';
import { mediaOf } from './media-of.ts';

/** An outcome in the words of a model: what each SDK's own result is made of. */
export interface ModelAnswer {
  /** True for everything but `ok` and `pending`: waiting for a human is no error. */
  readonly isError: boolean;
  /** What a model reads: the result, or what went wrong and what it can do about it. Empty only where the result is nothing but media. */
  readonly text: string;
  /** Images and the like, in their order; `text` has `{"media": 0}` and so on where they were. */
  readonly media: readonly Media[];
}

/**
 * Says an outcome to a model, in the same words for every SDK, which are those of the MCP server. Pure.
 *
 * @param listing - of the tool that was called; undefined where no such tool is listed.
 * @param linkOf - where a person answers a question; undefined: on the command line.
 */
export function modelAnswer(
  outcome: AgentOutcome,
  listing: ToolListing | undefined,
  linkOf: (approval: string) => string | undefined = () => undefined,
): ModelAnswer {
  const { kind, value } = outcome;
  if (kind === 'ok') return okAnswer(value, listing?.result);
  if (kind === 'pending') return inWords(false, pendingText(outcome, linkOf));
  if (kind === 'tool-error' && value !== undefined) return inWords(true, `tool-error: ${valueText(value)}`);
  return inWords(true, errorText(outcome));
}

function okAnswer(value: unknown, result: ToolListing['result'] = { form: 'wrapped' }): ModelAnswer {
  if (result.form === 'none') return inWords(false, 'null');
  // It ran before, by the same request id, and the trail has only the digest of what it returned.
  if (value === undefined) {
    return inWords(true, 'ok: this request ran before, and its result was not kept\nhelp: do not send it again');
  }
  if (result.form !== 'media') return inWords(false, valueText(value));
  const { media, rest } = mediaOf(value, result.type);
  return { isError: false, media, text: media.length > 0 && saysNothing(rest) ? '' : valueText(rest) };
}

function inWords(isError: boolean, text: string): ModelAnswer {
  return { isError, text, media: [] };
}

/** True for what is left of a value that was nothing but media. */
function saysNothing(rest: unknown): boolean {
  if (Array.isArray(rest)) return rest.every(saysNothing);
  if (rest === null || typeof rest !== 'object') return false;
  const names = Object.keys(rest);
  return names.length === 1 && names[0] === 'media';
}

/** Text as it is, all else as JSON; a model is never shown nothing at all. */
function valueText(value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : JSON.stringify(value);
}

function pendingText({ approval }: AgentOutcome, linkOf: (approval: string) => string | undefined): string {
  if (approval === undefined) return 'pending: a human is asked\nhelp: call again later with the same arguments';
  const url = linkOf(approval.id);
  return [
    `pending: nothing has run; a human is asked whether this call may run (approval ${approval.id})`,
    `until: ${new Date(approval.expiresAt).toISOString()}; no answer by then is a no`,
    `where: ${url ?? `\`cellblock approvals show ${approval.id}\``}`,
    'help: tell your user, and call again with the same arguments after that',
  ].join('\n');
}

function errorText({ kind, error }: AgentOutcome): string {
  if (error === undefined) return `${kind}: the call has no result`;
  return `${kind}: ${error.message} [${error.code}]\nhelp: ${error.help}`;
}

/** One line in place of media that an API does not take. */
export function mediaNote({ mimeType, data }: Media): string {
  const padding = data.endsWith('==') ? 2 : data.endsWith('=') ? 1 : 0;
  return `[${mimeType}, ${(data.length / 4) * 3 - padding} bytes: cannot be shown here]`;
}
