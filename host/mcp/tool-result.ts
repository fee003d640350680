import { Buffer } from 'node:buffer';
import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/server';
import { jsonText, type PlainJson } from '../../runtime/index.ts';
import { type AgentOutcome, type Media, type ToolListing, withoutMedia } from '../serving/index.ts';

/** Key of `_meta` in each result: how the call ended, for programs. */
export const OUTCOME_META = 'cellblock/outcome';

/**
 * An outcome as the result of a `tools/call`. Everything but `ok` is an error with a text that a model can act on.
 *
 * @param result - of the function's listing: which form its results have.
 * @param linkOf - where a person answers a question; undefined: only the command line.
 * Pure.
 */
export function toolResult(
  outcome: AgentOutcome,
  result: ToolListing['result'],
  linkOf: (approval: string) => string | undefined,
): CallToolResult {
  const url = outcome.approval === undefined ? undefined : linkOf(outcome.approval.id);
  const _meta = { [OUTCOME_META]: outcomeMeta(outcome, url) };
  switch (outcome.kind) {
    case 'ok':
      return { ...okResult(outcome.value, result), _meta };
    case 'pending':
      return { ...failed(pendingText(outcome, url)), _meta };
    case 'tool-error':
      return { ...failed(outcome.value === undefined ? errorText(outcome) : valueText(outcome.value)), _meta };
    default:
      return { ...failed(errorText(outcome)), _meta };
  }
}

function okResult(value: PlainJson | undefined, { form, type }: ToolListing['result']): CallToolResult {
  if (form === 'none') return { content: [text('null')] };
  // It ran before, by the same request id, and the trail has only the digest of what it returned: there is nothing that would fit the output schema.
  if (value === undefined) return failed('ok: this request ran before, and its result was not kept\nhelp: do not send it again');
  if (form === 'media' && type !== undefined) return { content: mediaContent(value, type) };
  const content = [text(valueText(value))];
  // A record is an object in JSON; whatever else there is stands in an object of one member.
  if (form === 'object') return { content, structuredContent: value as { readonly [name: string]: PlainJson } };
  return { content, structuredContent: { value } };
}

type MediaType = NonNullable<ToolListing['result']['type']>;

/** The value without its media goes first, where it says anything. */
function mediaContent(value: PlainJson, type: MediaType): ContentBlock[] {
  const { media, rest } = withoutMedia(value, type);
  return [...(saysNothing(rest) ? [] : [text(valueText(rest))]), ...media.map(mediaBlock)];
}

/** True for what is left of a value that was nothing but media. */
function saysNothing(rest: PlainJson): boolean {
  if (Array.isArray(rest)) return rest.length > 0 && rest.every(saysNothing);
  if (rest === null || typeof rest !== 'object') return false;
  const names = Object.keys(rest);
  return names.length === 1 && names[0] === 'media';
}

function mediaBlock({ mimeType, data }: Media, at: number): ContentBlock {
  if (/^image\//i.test(mimeType)) return { type: 'image', data, mimeType };
  if (/^audio\//i.test(mimeType)) return { type: 'audio', data, mimeType };
  const uri = `cellblock:media/${at}`;
  const words = /^text\//i.test(mimeType) ? utf8Of(data) : undefined;
  return { type: 'resource', resource: words === undefined ? { uri, mimeType, blob: data } : { uri, mimeType, text: words } };
}

function utf8Of(base64: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64'));
  } catch {
    return undefined; // it says that it is text, and is not
  }
}

function outcomeMeta({ kind, error, approval, receipt }: AgentOutcome, url: string | undefined) {
  return {
    kind,
    ...(receipt.audit === undefined ? {} : { audit: receipt.audit }),
    ...(error === undefined ? {} : { code: error.code }),
    ...(approval === undefined
      ? {}
      : { approval: { id: approval.id, expiresAt: approval.expiresAt, ...(url === undefined ? {} : { url }) } }),
    fuel: receipt.fuel,
    wallMs: receipt.wallMs,
  };
}

function errorText({ kind, error }: AgentOutcome): string {
  if (error === undefined) return `${kind}: the call has no result`;
  return `${kind}: ${error.message} [${error.code}]\nhelp: ${error.help}`;
}

function pendingText({ approval }: AgentOutcome, url: string | undefined): string {
  if (approval === undefined) return 'pending: a human is asked\nhelp: call again later with the same arguments';
  return [
    `pending: nothing has run; a human is asked whether this call may run (approval ${approval.id})`,
    `until: ${new Date(approval.expiresAt).toISOString()}; no answer by then is a no`,
    url === undefined ? `where: \`cellblock approvals show ${approval.id}\`` : `where: ${url}`,
    'help: tell your user, and call again with the same arguments after that',
  ].join('\n');
}

/** Text as it is, all else as JSON. */
function valueText(value: PlainJson): string {
  return typeof value === 'string' ? value : jsonText(value);
}

function failed(words: string): CallToolResult {
  return { content: [text(words)], isError: true };
}

function text(words: string): ContentBlock {
  return { type: 'text', text: words };
}
