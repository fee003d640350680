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
  readonly grants: readonly string[];
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
  const { outcome: kind, code, message, result, audit } = entry;
  const receipt = { ...receiptOf(failure(undefined, 0), context), audit, fuel: entry.fuel };
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

function outputPart({ stdout, stderr }: CellOutcome): Pick<Outcome, 'stdout' | 'stderr' | 'truncated'> {
  const text = new TextDecoder();
  return {
    ...(stdout.bytes.length === 0 ? {} : { stdout: text.decode(stdout.bytes) }),
    ...(stderr.bytes.length === 0 ? {} : { stderr: text.decode(stderr.bytes) }),
    ...(stdout.truncated || stderr.truncated ? { truncated: true } : {}),
  };
}

/** What fuel counts; where nothing was prepared, what it would have counted by default. */
function costModelOf(call: PreparedCall | undefined): Receipt['costModel'] {
  const { name, version, digest } = COST_MODELS[call?.artifact.costModel ?? INSTRUMENT_DEFAULTS.model];
  return { name, version, digest };
}

function receiptOf(cell: CellOutcome, context: ReceiptContext): Receipt {
  const { call, digest, tool, agent, policy, grants = [], audit, approval, shape, logOnly } = context;
  const { usage } = cell;
  const functionId = call?.function.id ?? context.function;
  return {
    ...present({
      digest: call?.component.digest ?? digest,
      function: functionId,
      tool,
      agent,
      policy,
      audit,
      approval,
      shape,
      logOnly,
    }),
    grants,
    fuel: String(usage.fuel),
    ...(call === undefined ? {} : { fuelMax: String(call.limits.fuelMax) }),
    costModel: costModelOf(call),
    memoryBytesPeak: usage.memoryBytesPeak,
    ...(call === undefined ? {} : { memoryBytesMax: call.limits.memoryPagesMax * 65_536 }),
    wallMs: round(usage.wallMs),
    ...(call === undefined ? {} : { timeoutMsMax: call.limits.timeoutMsMax }),
    hostCalls: usage.hostCalls,
    phases: {
      instantiateMs: round(usage.phases.instantiateMs),
      lowerMs: round(usage.phases.lowerMs),
      guestMs: round(usage.phases.guestMs),
      liftMs: round(usage.phases.liftMs),
    },
    ...(call === undefined ? {} : { bindings: call.artifact.bindings, isolation: call.isolation }),
  };
}

/** Microseconds are as fine as these clocks are worth reading. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** The fields that have a value: with `exactOptionalPropertyTypes` an absent field is not one that is undefined. */
function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
