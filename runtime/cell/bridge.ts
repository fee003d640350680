import { CodedError, isCoded } from '../error.ts';
import type { ErrorInfo } from '../outcome.ts';
import { decodeParams, encodeValue, type WitValue } from '../value/index.ts';
import type { CallContext } from './call-context.ts';
import { encodeHostAnswer, type HostCallFrame } from './frames.ts';
import type { ResolvedImports } from './grants.ts';

/** One host call as it crossed: which function, with the canonical bytes of its arguments. */
export interface HostCall {
  readonly import: string;
  readonly name: string;
  readonly args: Uint8Array;
  /** Fuel that the guest has left, by its own word. */
  readonly fuelLeft: bigint;
}

/** Looks at the host calls of one call, on the trusted side. Throwing ends the call as `internal/invariant`. */
export interface HostCallTap {
  /** Hears each answer of a capability. */
  answered?(call: HostCall, answer: TappedAnswer): void;
  /** Hears why there is no answer, which ends the call; what it throws is not heard. */
  failed?(call: HostCall, error: ErrorInfo): void;
  /** Answers in place of the capability, whose bytes the guest's side checks; undefined: the capability answers. */
  answer?(call: HostCall): TappedAnswer | undefined;
}

export interface TappedAnswer {
  /** Canonical bytes; none where the function returns nothing. */
  readonly value: Uint8Array;
  /** Fuel that the guest was charged. */
  readonly charge: bigint;
}

/**
 * Serves one host call on the trusted side: decodes the arguments for the granted function's own type, calls it,
 * encodes its answer. Everything that goes wrong becomes an answer, because the guest's thread is asleep until one comes.
 *
 * @returns the answer frame: at once where the function answers at once, since the guest's thread waits for each turn of
 * ours. Neither throws nor rejects.
 */
export function serveHostCall(
  frame: HostCallFrame,
  bridged: ResolvedImports['bridged'],
  hostCallBytesMax: number,
  context: CallContext,
  tap: HostCallTap | undefined,
): Uint8Array | Promise<Uint8Array> {
  const { callId } = frame;
  let call: HostCall | undefined;
  const failed = (error: unknown): Uint8Array => {
    const info = hostError(error);
    if (call !== undefined) tellFailure(tap, call, info);
    return encodeHostAnswer({ callId, charge: context.takeCharge(), value: NOTHING, error: info });
  };
  try {
    const target = bridged[frame.functionIndex];
    if (target === undefined) throw new CodedError('internal/invariant', 'the worker named a host function that was not granted');
    if (frame.args.length > hostCallBytesMax) throw tooLarge(frame.args.length, hostCallBytesMax);
    if (tap !== undefined) call = { import: target.import, name: target.name, args: frame.args, fuelLeft: frame.fuelLeft };
    const given = call === undefined ? undefined : tap?.answer?.(call);
    if (given !== undefined) return encodeHostAnswer({ callId, ...given });
    context.fuelLeft = frame.fuelLeft;
    const result = target.call(decodeParams(frame.args, target.type.params, { bytesMax: hostCallBytesMax }), context);
    const encoded = (value: WitValue | undefined): Uint8Array => {
      const answer = { value: encodeAnswer(target, value, hostCallBytesMax), charge: context.takeCharge() };
      if (call !== undefined) tap?.answered?.(call, answer);
      return encodeHostAnswer({ callId, ...answer });
    };
    return isPromise(result) ? Promise.resolve(result).then(encoded).catch(failed) : encoded(result);
  } catch (error) {
    return failed(error);
  }
}

const NOTHING = new Uint8Array(0);

/** The guest waits for an answer, whatever becomes of those who look on. */
function tellFailure(tap: HostCallTap | undefined, call: HostCall, info: ErrorInfo): void {
  try {
    tap?.failed?.(call, info);
  } catch {
    // there is an answer already: the failure
  }
}

function isPromise(result: WitValue | undefined | Promise<WitValue | undefined>): result is Promise<WitValue | undefined> {
  return typeof (result as { then?: unknown } | null | undefined)?.then === 'function';
}

/**
 * What the cell is told of an error: ours as it is, anything else as `capability/failed`. A host function may throw whatever
 * it likes, with getters, cycles or a code that looks like ours; none of that may stop this side from answering.
 */
function hostError(error: unknown): ErrorInfo {
  try {
    if (error instanceof CodedError) {
      const info = { code: error.code, message: error.message, data: error.data, help: error.help };
      return JSON.parse(JSON.stringify(info)) as ErrorInfo; // only what JSON can carry crosses
    }
    return { code: 'capability/failed', message: `the host function failed: ${firstLine(error)}` };
  } catch {
    return { code: 'capability/failed', message: 'the host function failed' };
  }
}

function encodeAnswer(
  { name, type: { result: type } }: ResolvedImports['bridged'][number],
  result: WitValue | undefined,
  hostCallBytesMax: number,
): Uint8Array {
  if (type === undefined) return NOTHING;
  try {
    return encodeValue(result as WitValue, type, { bytesMax: hostCallBytesMax }); // undefined is refused like any other wrong value
  } catch (error) {
    if (isCoded(error) && error.code === 'params/too-large')
      throw new CodedError('limit/host-calls', `the answer of a host call is too large: ${error.message}`, { data: error.data });
    const words = isCoded(error) ? error.message : firstLine(error);
    throw new CodedError('capability/failed', `the host function \`${name}\` answered with a value of the wrong type: ${words}`);
  }
}

function tooLarge(used: number, limit: number): CodedError {
  return new CodedError('limit/host-calls', `the arguments of a host call have ${used} bytes, more than ${limit}`, {
    data: { limit, used },
  });
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split(/[\r\n]/, 1)[0]?.slice(0, 200) ?? '';
}
