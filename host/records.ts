import { types } from 'node:util';
import { type CellOutcome, type PreparedCall, toJson, type ValueType } from '../runtime/index.ts';
import type { ApprovalSubject, DecidedEntry, IntentEntry, OutcomeEntry, RequestedEntry } from './audit/entries.ts';
import type { Redactor } from './audit/index.ts';
import { digestOf } from './digest.ts';
import type { AnswerRecorder } from './host-answers.ts';
import type { RequestSnapshot } from './request.ts';
import type { TypedRequest } from './typed-request.ts';

/* What one request leaves in the trail, and the digests that bind its parts together. Pure. */

/** UTF-16 units of names and text in a record of a request that may be nothing of the kind. */
const SHOWN_CHARS_MAX = 256;

/** Of a request that was refused before its parameters had types. @param told - without secrets, where it had at least the right shape. */
export function untypedEntry(audit: string, writer: string, request: unknown, told: RequestSnapshot | undefined): RequestedEntry {
  if (told !== undefined) return { kind: 'requested', audit, writer, ...wordsOf(told) };
  return { kind: 'requested', audit, writer, agent: namedIn(request, 'agent'), tool: namedIn(request, 'tool_name') };
}

/** Looks without running code of the request's owner; what is no text is not shown. */
function namedIn(request: unknown, name: string): string {
  if (typeof request !== 'object' || request === null) return '';
  const value: unknown = types.isProxy(request) ? undefined : Object.getOwnPropertyDescriptor(request, name)?.value;
  return typeof value === 'string' ? value.slice(0, SHOWN_CHARS_MAX) : '';
}

export function typedEntry(audit: string, writer: string, request: TypedRequest): RequestedEntry {
  const { told, shown, parametersDigest, chain } = request;
  return {
    kind: 'requested',
    audit,
    writer,
    ...wordsOf(told),
    ...(shown === undefined ? {} : { parameters: shown }),
    parametersDigest,
    ...(chain.length === 0 ? {} : { chain }),
  };
}

function wordsOf(snapshot: RequestSnapshot) {
  const { agent, toolName, justification, source, requestId, session, deadlineMs } = snapshot;
  return {
    agent,
    tool: toolName,
    ...(justification === undefined ? {} : { justification }),
    ...(source === undefined ? {} : { source }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(session === undefined ? {} : { session }),
    ...(deadlineMs === undefined ? {} : { deadline: deadlineMs }),
  };
}

/** What an approval of a request is bound to. */
export function subjectOf(request: TypedRequest, policyDigest: string): ApprovalSubject {
  const { told, tool, call, grants, parametersDigest } = request;
  const { agent, session, justification, source } = told;
  return {
    agent,
    tool,
    function: call.function.id,
    component: call.component.digest,
    parametersDigest,
    ...(session === undefined ? {} : { session }),
    grants,
    limits: limitTexts(call),
    policy: policyDigest,
    ...(justification === undefined ? {} : { justification }),
    ...(source === undefined ? {} : { source }),
  };
}

const limitTextsOf = new WeakMap<PreparedCall, Readonly<Record<string, string>>>();

/** All limits of a call as decimal strings, in the order of their names; made once for each prepared call. */
export function limitTexts(call: PreparedCall): Readonly<Record<string, string>> {
  let texts = limitTextsOf.get(call);
  if (texts === undefined) {
    const sorted = Object.entries(call.limits).sort(([a], [b]) => (a < b ? -1 : 1));
    texts = Object.freeze(Object.fromEntries(sorted.map(([name, value]) => [name, String(value)])));
    limitTextsOf.set(call, texts);
  }
  return texts;
}

/** What a `request_id` stands for: every word of the agent. Length-prefixed, so that no two requests have one text. */
export function requestDigest({ snapshot, parametersDigest }: TypedRequest): string {
  const { agent, toolName, justification, source, session } = snapshot;
  const parts = [agent, toolName, parametersDigest, justification, source, session];
  const text = parts.map((part) => (part === undefined ? '-;' : `${part.length}:${part};`)).join('');
  return digestOf(`cellblock/request/1\n${text}`);
}

export function intentEntry(
  audit: string,
  writer: string,
  request: TypedRequest,
  by: Pick<DecidedEntry, 'approval' | 'shape'>,
): IntentEntry {
  const { tool, call, grants, parametersDigest } = request;
  return {
    kind: 'intent',
    audit,
    writer,
    tool,
    function: call.function.id,
    component: call.component.digest,
    parametersDigest,
    grants,
    limits: limitTexts(call),
    ...(by.approval === undefined ? {} : { approval: by.approval }),
    ...(by.shape === undefined ? {} : { shape: by.shape }),
  };
}

/**
 * @param result - type of the outcome's value.
 * @param kept - `result`: keep the value itself beside its digest; `recorder`: answers of host functions to keep.
 */
export function outcomeEntry(
  audit: string,
  cell: CellOutcome,
  result: ValueType | undefined,
  redactor: Redactor,
  kept: { readonly result: boolean; readonly recorder?: AnswerRecorder | undefined },
): OutcomeEntry {
  const { usage, error, value, valueBytes } = cell;
  const { recorder } = kept;
  const hasResult = kept.result && result !== undefined && value !== undefined;
  return {
    kind: 'outcome',
    audit,
    outcome: cell.kind,
    ...(error === undefined ? {} : { code: error.code, message: redactor.redactText(error.message) }),
    fuel: String(usage.fuel),
    memoryBytesPeak: usage.memoryBytesPeak,
    wallMs: Math.round(usage.wallMs * 1000) / 1000,
    hostCalls: usage.hostCalls,
    ...(valueBytes === undefined ? {} : { resultDigest: digestOf(valueBytes) }),
    ...(hasResult ? { result: redactor.redactParameters(toJson(value, result), NO_PATHS) } : {}),
    ...(recorder === undefined || recorder.overflowed ? {} : { hostAnswers: recorder.answers }),
  };
}

const NO_PATHS: readonly string[] = [];
