import { deserialize, serialize } from 'node:v8';
import type { ArtifactChoice } from '../artifact.ts';
import type { BindingsName } from '../bindings/bindings.ts';
import { readErrorInfo } from '../cell/frames.ts';
import { GUEST_FRAMES_MAX } from '../cell/guest-frames.ts';
import type { WasiSetup } from '../cell/plan.ts';
import { CodedError } from '../error.ts';
import type { Limits } from '../limits.ts';
import type { ErrorInfo, GuestFrame } from '../outcome.ts';
import { oneLine } from '../symbols/demangle.ts';
import type { StackFrame } from '../symbols/guest-stack.ts';

/*
 * What the trusted side and a runner's main thread tell each other, beside all calls, in frames. Orders are structured clones, which
 * only the runner reads; reports are JSON text, every part of which is checked. After a `decode` comes one frame with the
 * component's bytes.
 */

/** Who serves an import, by its name: the types are the component's own, which the runner knows. */
export type ImportSpec =
  | { readonly kind: 'wasi'; readonly name: string }
  | { readonly kind: 'local'; readonly name: string; readonly moduleUrl: string }
  | { readonly kind: 'bridged'; readonly name: string; readonly firstIndex: number };

/** A plan without what the runner makes itself. */
export interface PlanSpec {
  readonly planId: number;
  readonly digest: string;
  readonly choice: ArtifactChoice;
  /** Id of the function. */
  readonly function: string;
  readonly imports: readonly ImportSpec[];
  readonly wasi: WasiSetup;
  readonly limits: Limits;
}

export type RunnerOrder =
  /** Start a worker on one of the descriptors; each serves one worker. */
  | { readonly type: 'start'; readonly worker: number; readonly descriptor: number }
  | { readonly type: 'end'; readonly worker: number }
  | { readonly type: 'decode'; readonly job: number }
  /** With `isCached` the next frame is what `kept` gave at another time. */
  | {
      readonly type: 'prepare';
      readonly job: number;
      readonly digest: string;
      readonly choice: ArtifactChoice;
      readonly isCached: boolean;
    }
  | { readonly type: 'plan'; readonly job: number; readonly plan: PlanSpec }
  /** Say what frames of a trapped guest are in its source. */
  | {
      readonly type: 'explain';
      readonly job: number;
      readonly digest: string;
      readonly choice: ArtifactChoice;
      readonly frames: readonly GuestFrame[];
    }
  /** Hand a plan to a worker. */
  | { readonly type: 'post'; readonly worker: number; readonly planId: number }
  | { readonly type: 'forget'; readonly planId: number }
  /** Let go of a component and of what was prepared of it. Plans go on. */
  | { readonly type: 'drop'; readonly digest: string };

/** What the trusted side learns of a prepared component. */
export interface PreparedSummary {
  readonly bindings: BindingsName;
  readonly bindingsReason?: string;
  readonly memoryPagesInitial: number;
  readonly tableElementsInitial: number;
  readonly linkMs: number;
  readonly instrumentMs: number;
  readonly compileMs: number;
  readonly fromCache: boolean;
}

export type RunnerReport =
  | { readonly type: 'gone'; readonly worker: number; readonly error: ErrorInfo }
  | { readonly type: 'posted'; readonly worker: number; readonly planId: number }
  /** `component`: a description as `component/description-encode.ts` writes it. */
  | { readonly type: 'decoded'; readonly job: number; readonly component: string }
  | { readonly type: 'prepared'; readonly job: number; readonly summary: PreparedSummary }
  /** The next frame can be kept, for a runner of the same trust to prepare the component from. */
  | { readonly type: 'kept'; readonly job: number }
  | { readonly type: 'planned'; readonly job: number }
  | { readonly type: 'explained'; readonly job: number; readonly stack: readonly StackFrame[] }
  | { readonly type: 'failed'; readonly job: number; readonly error: ErrorInfo };

export function encodeOrder(order: RunnerOrder): Uint8Array {
  return serialize(order);
}

/** Reads what the trusted side wrote. Thread: a runner's main thread. */
export function decodeOrder(frame: Uint8Array): RunnerOrder {
  return deserialize(frame) as RunnerOrder; // by the trusted side
}

export function encodeReport(report: RunnerReport): Uint8Array {
  return Buffer.from(JSON.stringify(report));
}

/**
 * Reads what a runner wrote, which may be anything.
 *
 * @throws CodedError `internal/invariant`.
 */
export function decodeReport(frame: Uint8Array): RunnerReport {
  const value = parsed(frame);
  const { type } = value;
  const number = (name: string): number => countOf(value[name]);
  switch (type) {
    case 'gone':
      return { type, worker: number('worker'), error: readErrorInfo(value.error) };
    case 'posted':
      return { type, worker: number('worker'), planId: number('planId') };
    case 'decoded':
      return { type, job: number('job'), component: textOf(value.component) };
    case 'prepared':
      return { type, job: number('job'), summary: summaryOf(value.summary) };
    case 'kept':
    case 'planned':
      return { type, job: number('job') };
    case 'explained':
      return { type, job: number('job'), stack: stackOf(value.stack) };
    case 'failed':
      return { type, job: number('job'), error: readErrorInfo(value.error) };
    default:
      throw badReport();
  }
}

/** Frames of a stack; texts that are longer than ours are none of ours. */
function stackOf(value: unknown): StackFrame[] {
  if (!Array.isArray(value) || value.length > GUEST_FRAMES_MAX) throw badReport();
  return value.map((item: unknown) => {
    const { function: name, module, offset, file, line, column } = (item ?? {}) as Readonly<Record<string, unknown>>; // any value has members or none
    return {
      function: shortText(name),
      module: countOf(module),
      offset: countOf(offset),
      ...(file === undefined ? {} : { file: shortText(file) }),
      ...(line === undefined ? {} : { line: countOf(line) }),
      ...(column === undefined ? {} : { column: countOf(column) }),
    };
  });
}

function shortText(value: unknown): string {
  const text = textOf(value);
  if (text !== oneLine(text)) throw badReport();
  return text;
}

function summaryOf(value: unknown): PreparedSummary {
  if (typeof value !== 'object' || value === null) throw badReport();
  const summary = value as Readonly<Record<string, unknown>>; // just tested
  const { bindings, bindingsReason } = summary;
  if (bindings !== 'own' && bindings !== 'jco') throw badReport();
  const time = (name: string): number => {
    const ms = summary[name];
    if (typeof ms !== 'number' || !(ms >= 0)) throw badReport();
    return ms;
  };
  return {
    bindings,
    ...(bindingsReason === undefined ? {} : { bindingsReason: textOf(bindingsReason) }),
    memoryPagesInitial: countOf(summary.memoryPagesInitial),
    tableElementsInitial: countOf(summary.tableElementsInitial),
    linkMs: time('linkMs'),
    instrumentMs: time('instrumentMs'),
    compileMs: time('compileMs'),
    fromCache: summary.fromCache === true,
  };
}

function parsed(frame: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(frame));
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>; // just tested
  } catch {
    // reported below
  }
  throw badReport();
}

function countOf(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw badReport();
  return value;
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw badReport();
  return value;
}

function badReport(): CodedError {
  return new CodedError('internal/invariant', 'a message from a runner cannot be read');
}
