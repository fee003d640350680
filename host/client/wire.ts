import type { AgentApproval, AgentOutcome, RequestStatus, ToolListing } from '../serving/index.ts';
import { interrupted } from './http-client.ts';

/*
 * What the server sends, looked at before it is believed: wrong types are an error here, and not somewhere in an agent. Members that are not known stay:
 * a newer server may say more.
 */

type Fields = { readonly [name: string]: unknown };

const KINDS: ReadonlySet<unknown> = new Set([
  'ok',
  'tool-error',
  'refused',
  'trapped',
  'limited',
  'pending',
  'cancelled',
  'failed',
]);
const FORMS: ReadonlySet<unknown> = new Set(['none', 'object', 'wrapped', 'media']);
const NEEDS: ReadonlySet<unknown> = new Set(['no', 'sometimes', 'required']);
const STATUSES: ReadonlySet<unknown> = new Set(['pending', 'approved', 'denied', 'revoked', 'expired', 'used']);
/** Tools of one list. */
const TOOLS_MAX = 10_000;

/** @returns undefined for what is no outcome. */
export function readOutcome(body: unknown): AgentOutcome | undefined {
  if (!isFields(body) || !KINDS.has(body.kind) || !isReceipt(body.receipt)) return undefined;
  const { error, approval, kind } = body;
  if (error !== undefined && !(isFields(error) && areText(error, ['code', 'message', 'help']))) return undefined;
  if (approval !== undefined && !isQuestion(approval)) return undefined;
  if (kind !== 'ok' && kind !== 'pending' && error === undefined) return undefined;
  return body as unknown as AgentOutcome; // `as`: what is read of an outcome was looked at above
}

function isReceipt(receipt: unknown): boolean {
  if (!isFields(receipt) || !areText(receipt, ['fuel']) || !areNumbers(receipt, ['wallMs', 'memoryBytesPeak', 'hostCalls']))
    return false;
  const isAudit = receipt.audit === undefined || typeof receipt.audit === 'string';
  return isAudit && Array.isArray(receipt.grants) && receipt.grants.every((name) => typeof name === 'string');
}

function isQuestion(approval: unknown): boolean {
  return isFields(approval) && areText(approval, ['id']) && isInstant(approval.expiresAt) && Array.isArray(approval.channels);
}

/** @throws CodedError `failed/interrupted`, as all that follow. */
export function readListings(body: unknown): readonly ToolListing[] {
  const tools = isFields(body) ? body.tools : undefined;
  if (!Array.isArray(tools) || tools.length > TOOLS_MAX) throw unexpected('list of tools');
  return tools.map(readListing);
}

function readListing(tool: unknown): ToolListing {
  if (!isFields(tool) || !areText(tool, ['name', 'tool_name', 'title', 'description'])) throw unexpected('tool');
  const { tool_name: toolName, words = {}, result = {}, ...rest } = tool;
  const { inputSchema, outputSchema, hints, asks } = rest;
  const isDescribed = isFields(inputSchema) && (outputSchema === undefined || isFields(outputSchema)) && isFields(hints);
  if (!isDescribed || !NEEDS.has(asks) || !isFields(words) || !isFields(result)) throw unexpected('tool');
  const wordMap = new Map(Object.entries(words));
  if ([...wordMap.values()].some((word) => word !== 'justification' && word !== 'source')) throw unexpected('tool');
  const { form } = result;
  if (!FORMS.has(form)) throw unexpected('tool');
  return { ...rest, toolName, words: wordMap, result: { form } } as unknown as ToolListing; // `as`: looked at above
}

export function readApprovals(body: unknown): readonly AgentApproval[] {
  if (!isFields(body) || !Array.isArray(body.approvals)) throw unexpected('list of approvals');
  return body.approvals.map(readApproval);
}

export function readApproval(body: unknown): AgentApproval {
  const isGood =
    isFields(body) &&
    areText(body, ['id', 'tool']) &&
    STATUSES.has(body.status) &&
    isInstant(body.askedAt) &&
    isInstant(body.expiresAt);
  if (!isGood || (body.reason !== undefined && typeof body.reason !== 'string')) throw unexpected('approval');
  return body as unknown as AgentApproval; // `as`: looked at above
}

export function readStatus(body: unknown): RequestStatus {
  const isGood =
    isFields(body) &&
    areText(body, ['audit', 'tool']) &&
    isInstant(body.at) &&
    (KINDS.has(body.state) || body.state === 'running');
  if (!isGood) throw unexpected('status');
  return body as unknown as RequestStatus; // `as`: looked at above
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function areText(fields: Fields, names: readonly string[]): boolean {
  return names.every((name) => typeof fields[name] === 'string');
}

function areNumbers(fields: Fields, names: readonly string[]): boolean {
  return names.every((name) => typeof fields[name] === 'number');
}

/** Milliseconds since 1970, within what a `Date` can be. */
function isInstant(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= 8.64e15;
}

function unexpected(what: string) {
  return interrupted(`the server sent what is no ${what}`);
}
