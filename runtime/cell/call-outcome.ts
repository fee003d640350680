import { kindOf } from '../codes.ts';
import { CodedError, isCoded } from '../error.ts';
import type { CellOutcome, ErrorInfo, PhaseTimes } from '../outcome.ts';
import { decodeValue, type WitValue } from '../value/index.ts';
import type { CallLog } from './call-log.ts';
import type { ResultFrame } from './frames.ts';
import type { CallSpec } from './plan.ts';

const NO_PHASES: PhaseTimes = { instantiateMs: 0, lowerMs: 0, guestMs: 0, liftMs: 0 };
const NOTHING = { bytes: new Uint8Array(0), truncated: false };

/** The outcome of a call that its worker answered. @throws CodedError for a value that is none of its type. */
export function outcomeOf(frame: ResultFrame, plan: CallSpec, wallMs: number): CellOutcome {
  const usage = {
    fuel: frame.fuel,
    memoryBytesPeak: frame.memoryBytesPeak,
    wallMs,
    hostCalls: frame.hostCalls,
    phases: frame.phases,
  };
  return {
    kind: frame.kind,
    ...valuePart(frame, plan),
    ...errorPart(frame),
    usage,
    stdout: { bytes: frame.stdout, truncated: frame.stdoutTruncated },
    stderr: { bytes: frame.stderr, truncated: frame.stderrTruncated },
    log: frame.log,
    logDropped: frame.logDropped,
  };
}

function errorPart({ error }: ResultFrame): Pick<CellOutcome, 'error' | 'guestFrames'> {
  if (error === undefined) return {};
  const { frames, ...info } = error;
  return frames === undefined ? { error: info } : { error: info, guestFrames: frames };
}

/** The payload of a `result` function stands for itself: the outcome's kind already says whether it is ok or err. */
function valuePart(frame: ResultFrame, { target, limits }: CallSpec): Pick<CellOutcome, 'value' | 'valueBytes'> {
  const type = target.type.result;
  if (type === undefined || frame.value.length === 0) return {};
  const value = decodeValue(frame.value, type, { bytesMax: limits.resultBytesMax, elementsMax: limits.resultElementsMax });
  if (type.kind !== 'result') return { value, valueBytes: frame.value };
  const { ok, err } = value as { readonly ok?: WitValue; readonly err?: WitValue }; // decoded as a result
  const hasPayload = (ok === undefined ? type.err : type.ok) !== undefined;
  return hasPayload ? { value: (ok ?? err) as WitValue, valueBytes: frame.value } : { valueBytes: frame.value };
}

/** An outcome of a call that has no result frame. */
export function failure(error: unknown, wallMs: number): CellOutcome {
  const coded = isCoded(error) ? error : new CodedError('internal/invariant', `the call failed: ${String(error)}`);
  const kind = kindOf(coded.code);
  return {
    kind: kind === 'usage' ? 'failed' : kind,
    error: errorInfo(coded),
    usage: { fuel: 0n, memoryBytesPeak: 0, wallMs, hostCalls: 0, phases: NO_PHASES },
    stdout: NOTHING,
    stderr: NOTHING,
    log: [],
    logDropped: 0,
  };
}

/** An error as plain data. */
export function errorInfo(error: CodedError): ErrorInfo {
  const { code, message, data, help } = error;
  return { code, message, data, ...(help === undefined ? {} : { help }) };
}

export function deadlinePassed(timeoutMsMax: number): CodedError {
  return new CodedError('limit/deadline', `the call did not end within ${timeoutMsMax} ms`, {
    data: { limit: timeoutMsMax, used: timeoutMsMax },
    help: 'raise `timeout` for this tool, or give it less to do',
  });
}

export function crashed(error: unknown): CodedError {
  if ((error as { code?: unknown } | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new CodedError('limit/memory', 'the call used up the JavaScript heap of its worker', {
      help: 'return or pass smaller values',
    });
  }
  if (isCoded(error)) return error;
  const words = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
  return new CodedError('failed/worker-crashed', `the worker ended while it ran the call: ${words}`, { cause: error });
}

/** Lines that crossed the bridge come before those that the cell kept. */
export function withLog(outcome: CellOutcome, { lines, dropped }: CallLog): CellOutcome {
  return { ...outcome, log: [...lines, ...outcome.log], logDropped: dropped + outcome.logDropped };
}

/** The one place where a call's promise is fulfilled must not throw: nothing would ever fulfil it then. */
export function settled(outcome: () => CellOutcome, wallMs: number): CellOutcome {
  try {
    return outcome();
  } catch (error) {
    return failure(error, wallMs);
  }
}
