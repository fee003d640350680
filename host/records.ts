import { types } from 'node:util';
import {
  type CellOutcome,
  type CodedError,
  type PlainJson,
  type PreparedCall,
  toJson,
  type ValueType,
  type WitValue,
} from '../runtime/index.ts';
import type { ApprovalSubject, DecidedEntry, IntentEntry, OutcomeEntry, RequestedEntry } from './audit/entries.ts';
import type { Redactor } from './audit/index.ts';
import type { EndedCall } from './capability-calls.ts';
import { digestOf } from './digest.ts';
import type { AnswerRecorder } from './host-answers.ts';
import type { RequestSnapshot } from './request.ts';
import { type TypedRequest, toldRequest } from './typed-request.ts';

/* What one request leaves in the trail, and the digests that bind its parts together. Pure. */

/** UTF-16 units of names and text in a record of a request that may be nothing of the kind. */
const SHOWN_CHARS_MAX = 256;

/** What is known of a request that was refused before its parameters had types. */
interface Untyped {
  readonly audit: string;
  /** As it came; only names in it are looked at, and only where there is no snapshot. */
  readonly request: unknown;
  readonly snapshot: RequestSnapshot | undefined;
  readonly chain: readonly string[];
  readonly rules: readonly string[];
}

export function untypedEntry({ audit, request, snapshot, chain }: Untyped, writer: string, redactor: Redactor): RequestedEntry {
  const named = (name: string): string => redactor.redactText(namedIn(request, name));
  const words =
    snapshot === undefined ? { agent: named('agent'), tool: named('tool_name') } : wordsOf(toldRequest(snapshot, redactor));
  return { kind: 'requested', audit, writer, ...words, ...(chain.length === 0 ? {} : { chain }) };
}

export function refusedEntry(
  { audit, rules }: Untyped,
  { code, message }: CodedError,
  policy: string,
  redactor: Redactor,
): DecidedEntry {
  return { kind: 'decided', audit, effect: 'deny', code, message: redactor.redactText(message), rules, policy };
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
  const { told, tool, call, grantTexts, parametersDigest } = request;
  const { agent, session, justification, source } = told;
  return {
    agent,
    tool: tool.name,
    function: call.function.id,
    component: call.component.digest,
    parametersDigest,
    ...(session === undefined ? {} : { session }),
    grants: grantTexts,
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

/**
 * What a `request_id` stands for: every word of the agent, and what the call gets within the scopes of its callers, so that a weak caller is not
 * answered by what a strong one did. Length-prefixed, so that no two requests have one text.
 */
export function requestDigest({ told, parametersDigest, grantTexts, callerGrantTexts }: TypedRequest): string {
  const { agent, toolName, justification, source, session } = told;
  const parts = [agent, toolName, parametersDigest, justification, source, session, ...grantTexts, ...callerGrantTexts];
  const text = parts.map((part) => (part === undefined ? '-;' : `${part.length}:${part};`)).join('');
  return digestOf(`cellblock/request/1\n${text}`);
}

export function intentEntry(
  audit: string,
  writer: string,
  request: TypedRequest,
  by: Pick<DecidedEntry, 'approval' | 'shape'>,
): IntentEntry {
  const { tool, call, grantTexts, parametersDigest } = request;
  return {
    kind: 'intent',
    audit,
    writer,
    tool: tool.name,
    function: call.function.id,
    component: call.component.digest,
    parametersDigest,
    grants: grantTexts,
    limits: limitTexts(call),
    ...(by.approval === undefined ? {} : { approval: by.approval }),
    ...(by.shape === undefined ? {} : { shape: by.shape }),
  };
}

/**
 * @param result - type of the outcome's value.
 * @param kept - `ended`: what capabilities did; `result`: keep the value itself beside its digest; `recorder`: answers of host functions to keep.
 */
export function outcomeEntry(
  audit: string,
  cell: CellOutcome,
  result: ValueType | undefined,
  redactor: Redactor,
  kept: {
    readonly ended?: EndedCall;
    readonly result: boolean;
    readonly recorder?: AnswerRecorder | undefined;
    /** The parameters hold secrets: then the result may, too, and neither it nor anything that it can be guessed by is kept. */
    readonly isSecret: boolean;
  },
): OutcomeEntry {
  const { usage, error, value, valueBytes } = cell;
  const { ended, recorder, isSecret } = kept;
  const json =
    kept.result && !isSecret && result !== undefined && value !== undefined ? openJson(value, result, redactor) : undefined;
  return {
    kind: 'outcome',
    audit,
    outcome: cell.kind,
    ...(error === undefined ? {} : { code: error.code, message: redactor.redactText(error.message) }),
    fuel: String(usage.fuel),
    memoryBytesPeak: usage.memoryBytesPeak,
    wallMs: Math.round(usage.wallMs * 1000) / 1000,
    hostCalls: usage.hostCalls,
    ...(valueBytes === undefined
      ? {}
      : { resultDigest: isSecret ? redactor.digestOf(digestOf(valueBytes)) : digestOf(valueBytes) }),
    ...(json === undefined ? {} : { result: json }),
    ...(ended === undefined ? {} : usesPart(ended, redactor, isSecret)),
    ...(recorder === undefined || !recorder.isComplete || isSecret ? {} : { hostAnswers: recorder.answers }),
  };
}

const NO_PATHS: readonly string[] = [];

/**
 * What capabilities did in a call, for its outcome and its receipt.
 *
 * @param isSecret - the parameters hold secrets, which a guest may have put anywhere: then an act is a keyed digest, which can be compared, and of its result
 * the first word is kept.
 */
export function usesPart(
  { uses, usesDropped }: EndedCall,
  redactor: Redactor,
  isSecret: boolean,
): Pick<OutcomeEntry, 'uses' | 'usesDropped'> {
  if (uses.length === 0) return {};
  const told = uses.map(({ capability, act, result, data }) => ({
    capability,
    act: isSecret ? redactor.digestOf(act) : redactor.redactText(act),
    result: isSecret ? (/^[a-z0-9]+/i.exec(result)?.[0] ?? '') : redactor.redactText(result),
    ...(data === undefined || isSecret ? {} : { data: redactor.redactParameters(data, NO_PATHS) }),
  }));
  return { uses: told, ...(usesDropped === 0 ? {} : { usesDropped }) };
}

/** The JSON of a value that holds nothing secret: one with parts taken out would be another value, and is not kept. */
function openJson(value: WitValue, type: ValueType, redactor: Redactor): PlainJson | undefined {
  const before = redactor.hidden;
  const json = redactor.redactParameters(toJson(value, type), NO_PATHS);
  return redactor.hidden === before ? json : undefined;
}
