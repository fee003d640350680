import {
  type BindingsName,
  type CellOutcome,
  COST_MODELS,
  failure,
  INSTRUMENT_DEFAULTS,
  type Isolation,
  type OutcomeKind,
  type PlainJson,
  type PreparedCall,
  toJson,
  type ValueType,
  WASM_PAGE_BYTES,
} from '../runtime/index.ts';
import type { OutcomeEntry } from './audit/entries.ts';
import type { WouldHave } from './policy/index.ts';

/**
 * What one request did and under which rules: plain JSON data, made for every outcome.
 * Byte counts are bytes, times milliseconds; fuel is a decimal string because it may pass 2^53.
 */
export interface Receipt {
  /** Digest of the component; absent when the request was refused before a component was read. */
  readonly digest?: string;
  readonly function?: string;
  /** Tool and agent as the policy names them; absent for `cellblock run`, which has no policy. */
  readonly tool?: string;
  readonly agent?: string;
  /** Digest of the policy file and the rules that decided, as `file:line path`. */
  readonly policy?: { readonly digest: string; readonly rules: readonly string[]; readonly mode?: 'log-only' };
  /** Id of the request in the trail; absent for `cellblock run`, and where the trail could not be written. */
  readonly audit?: string;
  /** The approval that let it through, or that it waits for. */
  readonly approval?: string;
  /** The rule of an approver that let it through. */
  readonly shape?: string;
  /** What would have been refused or asked, had log-only rules been enforced. */
  readonly logOnly?: readonly WouldHave[];
  /** Names of capabilities, with their scopes as the policy has them. */
  readonly grants: readonly string[];
  /** What they did, or refused, in their order; absent where they did nothing worth a word. */
  readonly uses?: OutcomeEntry['uses'];
  /** Uses beyond those kept. */
  readonly usesDropped?: number;
  readonly fuel: string;
  readonly fuelMax?: string;
  readonly costModel: { readonly name: string; readonly version: number; readonly digest: string };
  readonly memoryBytesPeak: number;
  readonly memoryBytesMax?: number;
  readonly wallMs: number;
  readonly timeoutMsMax?: number;
  readonly hostCalls: number;
  readonly phases: CellOutcome['usage']['phases'];
  /** What linked the component: `own` or `jco`. */
  readonly bindings?: BindingsName;
  /** Which wall stood between the guest and this process; absent when nothing was prepared to run. */
  readonly isolation?: Isolation;
}

/** One answer to one request; with `--json`, exactly this is printed. */
export interface Outcome {
  readonly kind: OutcomeKind;
  /** The result (`ok`) or the `err` payload (`tool-error`) in the JSON mapping of its WIT type. */
  readonly value?: PlainJson;
  /** What a human is asked (`pending`): file the same request again once it was answered. */
  readonly approval?: { readonly id: string; readonly expiresAt: number; readonly channels: readonly string[] };
  readonly error?: { readonly code: string; readonly message: string; readonly help?: string; readonly data?: unknown };
  /** Text of the guest's output streams, where it wrote any; invalid UTF-8 is shown as U+FFFD. */
  readonly stdout?: string;
  readonly stderr?: string;
  /** True when stdout or stderr was cut at its limit. */
  readonly truncated?: boolean;
  readonly log?: readonly { readonly level: string; readonly message: string }[];
  /** Log lines beyond those kept. */
  readonly logDropped?: number;
  readonly receipt: Receipt;
}

/** What the host knows of a request beside the cell's own outcome. */
export interface ReceiptContext {
  /** Absent when the request was refused before its call was prepared. */
  readonly call?: PreparedCall;
  readonly digest?: string;
  readonly function?: string;
  readonly tool?: string;
  readonly agent?: string;
  readonly policy?: Receipt['policy'];
  readonly grants?: readonly string[];
  readonly audit?: string;
  readonly approval?: string;
  readonly shape?: string;
  readonly logOnly?: readonly WouldHave[];
  readonly uses?: OutcomeEntry['uses'];
  readonly usesDropped?: number;
}

/** Puts a cell's outcome and what the host knows into the one answer that every surface gives. */
export function toOutcome(cell: CellOutcome, context: ReceiptContext): Outcome {
  const payload = payloadType(cell, context.call);
  return {
    kind: cell.kind,
    ...(cell.value === undefined || payload === undefined ? {} : { value: toJson(cell.value, payload) }),
    ...errorPart(cell),
    ...outputPart(cell),
    ...(cell.log.length === 0 ? {} : { log: cell.log }),
    ...(cell.logDropped === 0 ? {} : { logDropped: cell.logDropped }),
    receipt: receiptOf(cell, context),
  };
}

/** The type of what a cell's outcome carries: of the result, or of its `ok` or `err`. */
export function payloadType(cell: CellOutcome, call: PreparedCall | undefined): ValueType | undefined {
  const type = call?.function.type.result;
  return type?.kind === 'result' ? (cell.kind === 'tool-error' ? type.err : type.ok) : type;
}

/** The outcome of a request that waits for a human. */
export function pendingOutcome(approval: NonNullable<Outcome['approval']>, wallMs: number, context: ReceiptContext): Outcome {
  const nothingRan = failure(undefined, wallMs);
  return { kind: 'pending', approval, receipt: receiptOf(nothingRan, { ...context, approval: approval.id }) };
}

/** The outcome of a request that was run before, from what the trail kept of it. */
export function recordedOutcome(entry: OutcomeEntry, context: ReceiptContext): Outcome {
  const { outcome: kind, code, message, result, audit, uses, usesDropped } = entry;
  const used = { ...(uses === undefined ? {} : { uses }), ...(usesDropped === undefined ? {} : { usesDropped }) };
  const receipt = { ...receiptOf(failure(undefined, 0), { ...context, ...used }), audit, fuel: entry.fuel };
  const measured = { memoryBytesPeak: entry.memoryBytesPeak, wallMs: entry.wallMs, hostCalls: entry.hostCalls };
  const error = code === undefined ? {} : { error: { code, message: message ?? code } };
  return { kind, ...(result === undefined ? {} : { value: result }), ...error, receipt: { ...receipt, ...measured } };
}

function errorPart({ error }: CellOutcome): Pick<Outcome, 'error'> {
  if (error === undefined) return {};
  const { code, message, help, data } = error;
  const hasData = data !== undefined && Object.keys(data).length > 0;
  return { error: { code, message, ...(help === undefined ? {} : { help }), ...(hasData ? { data } : {}) } };
}

const TEXT = new TextDecoder();

function outputPart({ stdout, stderr }: CellOutcome): Pick<Outcome, 'stdout' | 'stderr' | 'truncated'> {
  return {
    ...(stdout.bytes.length === 0 ? {} : { stdout: TEXT.decode(stdout.bytes) }),
    ...(stderr.bytes.length === 0 ? {} : { stderr: TEXT.decode(stderr.bytes) }),
    ...(stdout.truncated || stderr.truncated ? { truncated: true } : {}),
  };
}

/** What fuel counts; where nothing was prepared, what it would have counted by default. */
function costModelOf(call: PreparedCall | undefined): Receipt['costModel'] {
  const { name, version, digest } = COST_MODELS[call?.artifact.costModel ?? INSTRUMENT_DEFAULTS.model];
  return { name, version, digest };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Made for every outcome, so it is filled in field by field: an object from entries, or of many spreads, takes three times as long. */
function receiptOf({ usage }: CellOutcome, context: ReceiptContext): Receipt {
  const { call } = context;
  const receipt: Partial<Writable<Receipt>> = {};
  const digest = call?.component.digest ?? context.digest;
  if (digest !== undefined) receipt.digest = digest;
  const functionId = call?.function.id ?? context.function;
  if (functionId !== undefined) receipt.function = functionId;
  nameParts(receipt, context);
  receipt.grants = context.grants ?? [];
  if (context.uses !== undefined) receipt.uses = context.uses;
  if (context.usesDropped !== undefined) receipt.usesDropped = context.usesDropped;
  receipt.fuel = String(usage.fuel);
  if (call !== undefined) receipt.fuelMax = String(call.limits.fuelMax);
  receipt.costModel = costModelOf(call);
  receipt.memoryBytesPeak = usage.memoryBytesPeak;
  if (call !== undefined) receipt.memoryBytesMax = call.limits.memoryPagesMax * WASM_PAGE_BYTES;
  receipt.wallMs = round(usage.wallMs);
  if (call !== undefined) receipt.timeoutMsMax = call.limits.timeoutMsMax;
  receipt.hostCalls = usage.hostCalls;
  receipt.phases = phasesOf(usage.phases);
  if (call !== undefined) {
    receipt.bindings = call.artifact.bindings;
    receipt.isolation = call.isolation;
  }
  return receipt as Receipt; // every field that it must have was set above
}

/** Who asked for what, and what let it through. */
function nameParts(
  receipt: Partial<Writable<Receipt>>,
  { tool, agent, policy, audit, approval, shape, logOnly }: ReceiptContext,
): void {
  if (tool !== undefined) receipt.tool = tool;
  if (agent !== undefined) receipt.agent = agent;
  if (policy !== undefined) receipt.policy = policy;
  if (audit !== undefined) receipt.audit = audit;
  if (approval !== undefined) receipt.approval = approval;
  if (shape !== undefined) receipt.shape = shape;
  if (logOnly !== undefined) receipt.logOnly = logOnly;
}

function phasesOf({ instantiateMs, lowerMs, guestMs, liftMs }: Receipt['phases']): Receipt['phases'] {
  return {
    instantiateMs: round(instantiateMs),
    lowerMs: round(lowerMs),
    guestMs: round(guestMs),
    liftMs: round(liftMs),
  };
}

/** Microseconds are as fine as these clocks are worth reading. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
