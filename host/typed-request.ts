import {
  bareObject,
  encodeParams,
  type Param,
  type PlainJson,
  type PreparedCall,
  paramsFromJson,
  toJson,
  type WitValue,
} from '../runtime/index.ts';
import type { Redactor } from './audit/index.ts';
import { digestOf } from './digest.ts';
import type { ParameterRecord, ToolPolicy } from './policy/index.ts';
import { parameterRecord } from './policy/parameter-value.ts';
import type { RequestSnapshot } from './request.ts';

/** A request whose parameters have their types: everything that is decided, approved, recorded and run. */
export interface TypedRequest {
  readonly snapshot: RequestSnapshot;
  /** The same as the trail and approvers have it: secrets in the agent's words are keyed digests. */
  readonly told: RequestSnapshot;
  readonly tool: ToolPolicy;
  readonly call: PreparedCall;
  /** Names of the capabilities that this call gets. */
  readonly grants: readonly string[];
  /** The same with their scopes, as the trail and approvals have them. */
  readonly grantTexts: readonly string[];
  /** Those that the tools on whose behalf it is have with other scopes, which hold, too. */
  readonly callerGrantTexts: readonly string[];
  /** Canonical bytes of the parameters: what is hashed is what the cell decodes. */
  readonly bytes: Uint8Array;
  readonly parametersDigest: string;
  /** True when the parameters hold secrets: then the digests of parameters and result are keyed. */
  readonly isSecret: boolean;
  /** As rules see them. */
  readonly record: ParameterRecord;
  /** As the trail and approvers see them: secrets are keyed digests. Undefined where they are too large to be kept. */
  readonly shown: PlainJson | undefined;
  /** Audit ids of the calls on whose behalf it is, outermost first. */
  readonly chain: readonly string[];
}

/** Bytes of canonical parameters beyond which the trail has their digest alone. */
const KEPT_BYTES_MAX = 256 * 1024;

/** What the warden knows of a request beside what the agent said. */
export interface RequestSetting {
  readonly tool: ToolPolicy;
  readonly call: PreparedCall;
  readonly grants: readonly string[];
  readonly callerGrantTexts?: readonly string[];
  readonly chain: readonly string[];
  readonly redactor: Redactor;
  /** Paths of secret parameters; the same array for the same tool. */
  readonly secrets: readonly string[];
}

const NONE: readonly string[] = [];

/**
 * Gives the parameters of a request their types, once: the values that rules see, the bytes that are hashed and run, and what people see all come
 * from the same reading.
 *
 * @throws CodedError `params/invalid`, `params/too-large`, as `paramsFromJson`.
 */
export function typedRequest(snapshot: RequestSnapshot, setting: RequestSetting): TypedRequest {
  const { tool, call, grants, callerGrantTexts = NONE, chain, redactor, secrets } = setting;
  const { params } = call.function.type;
  const values = paramsFromJson(snapshot.parameters, params);
  const bytes = encodeParams(values, params);
  const before = redactor.hidden;
  const shown = bytes.length <= KEPT_BYTES_MAX ? redactor.redactParameters(jsonOf(values, params), secrets) : undefined;
  // A short secret could be guessed from the digest of its parameters, so where there is one, that has a key, too.
  const isSecret = redactor.hidden > before || (shown === undefined && secrets.length > 0);
  return {
    snapshot,
    told: toldRequest(snapshot, redactor),
    tool,
    call,
    grants,
    grantTexts: grantTextsOf(tool, grants),
    callerGrantTexts,
    bytes,
    parametersDigest: isSecret ? redactor.digestOf(digestOf(bytes)) : digestOf(bytes),
    record: parameterRecord(values, params),
    shown,
    isSecret,
    chain,
  };
}

/** What a call gets in the words of its tool's policy. */
export function grantTextsOf({ grantTexts }: ToolPolicy, grants: readonly string[]): readonly string[] {
  return grants.map((name) => grantTexts.get(name) ?? name);
}

/** A request as the trail and approvers have it: secrets in the agent's words, names among them, are keyed digests. */
export function toldRequest(snapshot: RequestSnapshot, redactor: Redactor): RequestSnapshot {
  const { agent, toolName, justification, source, session, requestId } = snapshot;
  const told = (text: string): string => redactor.redactText(text);
  return {
    ...snapshot,
    agent: told(agent),
    toolName: told(toolName),
    ...(justification === undefined ? {} : { justification: told(justification) }),
    ...(source === undefined ? {} : { source: told(source) }),
    ...(session === undefined ? {} : { session: told(session) }),
    ...(requestId === undefined ? {} : { requestId: told(requestId) }),
  };
}

function jsonOf(values: readonly WitValue[], params: readonly Param[]): { readonly [name: string]: PlainJson } {
  const json = bareObject<PlainJson>();
  for (const [index, { name, type }] of params.entries()) json[name] = toJson(values[index]!, type);
  return json;
}
