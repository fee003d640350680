import { randomBytes } from 'node:crypto';
import {
  BACK_FUNCTIONS,
  type BackName,
  bareObject,
  type Capability,
  decodeParams,
  decodeValue,
  type ErrorInfo,
  type FunctionType,
  type HostCall,
  type HostCallTap,
  isWellFormed,
  jsonText,
  type PlainJson,
  type PreparedCall,
  type TappedAnswer,
  toJson,
  type WitValue,
} from '../runtime/index.ts';
import { createRedactor, type Redactor } from './audit/redact.ts';
import { ruleOf } from './capabilities/http/rule-of.ts';
import type { HttpScope } from './capabilities/http/scope.ts';
import { type CapabilityUse, grantFor, openerOf } from './capabilities/index.ts';
import type { Scopes } from './policy/index.ts';

/** One host call as it happened. Texts are cut, and without what looks like a secret. */
export interface TracedCall {
  /** From 1, in the order in which they ended. */
  readonly number: number;
  /** `interface#function`; of files and `wasi:http` also what they asked of the trusted side, as `files.read`. */
  readonly function: string;
  readonly args: string;
  /** `closed`: served inside the cell, in memory, to everybody. */
  readonly decision: 'allowed' | 'refused' | 'closed' | 'failed';
  /** What allowed it: the grant, and the part of its scope where that is known. */
  readonly by?: string;
  /** Why it was refused, or failed. */
  readonly why?: string;
  readonly answer?: string;
  readonly milliseconds: number;
  /** Units that the guest had used when it asked. */
  readonly fuelUsed: string;
}

/** Calls that are kept and shown of one call; more are counted. */
const CALLS_MAX = 10_000;
/** UTF-16 units of arguments, and of an answer. */
const TEXT_CHARS_MAX = 300;
const TRACE_WASI = 'trace.wasi';
const BACK_IMPORT = 'cellblock:runtime/back';

export interface CallTraceOptions {
  /** Names of capabilities. */
  readonly grants: readonly string[];
  readonly scopes: Scopes;
  /** Hears of each call when it has ended. */
  readonly onCall?: (call: TracedCall) => void;
}

/** Looks at the host calls of one call as they happen. It changes nothing of the call: neither fuel nor results nor their number. */
export class CallTrace implements HostCallTap {
  readonly calls: TracedCall[] = [];
  /** Beyond those kept. */
  dropped = 0;
  readonly #options: CallTraceOptions;
  readonly #redactor: Redactor = createRedactor(randomBytes(32));
  #call: PreparedCall | undefined;
  #beganMs = 0;
  /** What capabilities noted since the last call ended. */
  #uses: CapabilityUse[] = [];

  constructor(options: CallTraceOptions) {
    this.#options = options;
  }

  /** To be granted beside the others: it lets the WASI inside the cell tell of its calls. */
  get capability(): Capability {
    return { kind: 'wasi', name: 'trace', setup: {}, back: { [TRACE_WASI]: () => undefined } };
  }

  /** The call that is about to be invoked. */
  begin(call: PreparedCall): void {
    this.#call = call;
  }

  /** What a capability noted, for the call that is being served. */
  readonly noted = (use: CapabilityUse): void => void this.#uses.push(use);

  answer(call: HostCall): TappedAnswer | undefined {
    this.#beganMs = performance.now();
    if (call.import !== BACK_IMPORT || call.name !== TRACE_WASI) return undefined;
    this.#wasi(call);
    return { value: new Uint8Array(0), charge: 0n };
  }

  answered(call: HostCall, { value }: TappedAnswer): void {
    const type = this.#typeOf(call);
    const result = type?.result;
    const denied = this.#uses.find((use) => use.result.startsWith('denied'));
    this.#uses = [];
    const decided =
      denied === undefined
        ? { decision: 'allowed' as const, ...this.#by(call, type) }
        : { decision: 'refused' as const, why: this.#redactor.redactText(denied.result) };
    const given = result === undefined ? undefined : decodeValue(value, result);
    const answer = given === undefined || result === undefined ? {} : { answer: this.#text(toJson(given, result), given) };
    this.#keep(call, { ...decided, ...answer });
  }

  failed(call: HostCall, { code, message }: ErrorInfo): void {
    this.#uses = [];
    const decision = code.startsWith('denied/') ? ('refused' as const) : ('failed' as const);
    this.#keep(call, { decision, why: this.#redactor.redactText(`${message} [${code}]`) });
  }

  /** A call that the cell has served already. */
  #wasi(call: HostCall): void {
    const [from, name, args, answer, hasFailed, microseconds] = decodeParams(
      call.args,
      BACK_FUNCTIONS[TRACE_WASI].params,
    ) as unknown as readonly [string, string, string, string, boolean, bigint]; // by their types
    const grant = grantFor(from) ?? openerOf(from);
    const isGranted = grant !== undefined && this.#options.grants.includes(grant);
    const given = answer === '' ? {} : { answer: this.#redactor.redactText(hasFailed ? `err ${answer}` : answer) };
    this.#push({
      function: `${from}#${name}`,
      args: this.#redactor.redactText(args),
      ...(isGranted ? { decision: 'allowed', by: grant } : { decision: 'closed' }),
      ...given,
      milliseconds: Number(microseconds) / 1000,
      fuelUsed: this.#fuelUsed(call),
    });
  }

  #keep(call: HostCall, ended: Pick<TracedCall, 'decision' | 'by' | 'why' | 'answer'>): void {
    const type = this.#typeOf(call);
    const isBack = call.import === BACK_IMPORT;
    this.#push({
      function: isBack ? call.name : `${call.import}#${call.name}`,
      args: type === undefined ? '' : this.#argsText(call, type),
      ...ended,
      milliseconds: performance.now() - this.#beganMs,
      fuelUsed: this.#fuelUsed(call),
    });
  }

  #push(call: Omit<TracedCall, 'number'>): void {
    if (this.calls.length >= CALLS_MAX) {
      this.dropped += 1;
      return;
    }
    const traced = { number: this.calls.length + 1, ...call, milliseconds: Math.round(call.milliseconds * 1000) / 1000 };
    this.calls.push(traced);
    this.#options.onCall?.(traced);
  }

  #typeOf({ import: from, name }: HostCall): FunctionType | undefined {
    return this.#call?.bridged.find((one) => one.import === from && one.name === name)?.type;
  }

  #fuelUsed({ fuelLeft }: HostCall): string {
    const fuelMax = this.#call?.limits.fuelMax ?? 0n;
    return String(fuelLeft > fuelMax ? 0n : fuelMax - fuelLeft);
  }

  #argsText({ args }: HostCall, { params }: FunctionType): string {
    const values = decodeParams(args, params);
    return params
      .map(({ name, type }, at) => {
        const named = { [name]: toJson(values[at]!, type) };
        const written = this.#text(named, { [name]: values[at]! });
        return `${name}: ${written.slice(written.indexOf(':') + 1, -1)}`;
      })
      .join(', ')
      .slice(0, TEXT_CHARS_MAX * 2);
  }

  /** As the trail would keep it, with bytes that are text as text: a secret in them is hidden, too. */
  #text(json: PlainJson, value: WitValue): string {
    const text = jsonText(this.#redactor.redactParameters(withBytes(json, value), []));
    return text.length > TEXT_CHARS_MAX ? `${text.slice(0, TEXT_CHARS_MAX)}…` : text;
  }

  #by({ import: from, name, args }: HostCall, type: FunctionType | undefined): Pick<TracedCall, 'by'> {
    const grant = from === BACK_IMPORT ? name.slice(0, name.indexOf('.')) : grantFor(from);
    if (grant === undefined) return {};
    if (grant !== 'http' || type === undefined) return { by: grant };
    const rule = requestOf(name, decodeParams(args, type.params));
    const scope = this.#options.scopes.get('http') as HttpScope | undefined; // by its schema
    const index = rule === undefined || scope === undefined ? undefined : ruleOf(scope, rule);
    return { by: index === undefined ? grant : `http, requests[${index}]` };
  }
}

/** What a host call of `http` asks for: `send` of `cellblock:host/http`, or the beginning of an exchange of `wasi:http`. */
function requestOf(name: string, values: readonly WitValue[]) {
  const start: BackName = 'http.start';
  if (name === start) {
    const [method, url, headers] = values as readonly [string, string, readonly (readonly [string, Uint8Array])[]]; // by `HTTP_BACK`
    return { method, url, headers: headers.map(([header]) => header) };
  }
  if (name !== 'send') return undefined;
  const { method, url, headers } = values[0] as { method: string; url: string; headers: readonly { name: string }[] }; // by its signature
  return { method, url, headers: headers.map((header) => header.name) };
}

/** The JSON of a value, with its bytes as text where they are text, and else as their number. */
function withBytes(json: PlainJson, value: WitValue): PlainJson {
  if (value instanceof Uint8Array) {
    const text = Buffer.from(value).toString('utf8');
    return isWellFormed(text) && Buffer.from(text, 'utf8').equals(value) ? text : `<${value.length} bytes>`;
  }
  if (Array.isArray(json) && Array.isArray(value))
    return json.map((item, at) => withBytes(item as PlainJson, value[at] as WitValue));
  const inner =
    typeof value === 'object' && value !== null && Object.keys(value).join() === 'some'
      ? (value as { some: WitValue }).some
      : undefined;
  if (inner !== undefined && !(isRecord(json) && Object.hasOwn(json, 'some'))) return withBytes(json, inner);
  if (!isRecord(json) || !isRecord(value)) return json;
  const copy = bareObject<PlainJson>();
  for (const [key, item] of Object.entries(json)) {
    copy[key] = Object.hasOwn(value, key)
      ? withBytes(item as PlainJson, (value as { [key: string]: WitValue })[key]!)
      : (item as PlainJson);
  }
  return copy;
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}
