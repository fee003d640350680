import type { CodedError } from '../error.ts';
import type { ErrorInfo } from '../outcome.ts';
import type { CallSpec } from './plan.ts';

/** What a worker tells beside the frames of calls. */
export type WorkerNews =
  | { readonly type: 'up' }
  | { readonly type: 'ready'; readonly planId: number }
  | { readonly type: 'failed'; readonly planId: number; readonly error: ErrorInfo };

/** What is heard of one worker. Nothing more is said after `onGone`, which comes once. */
export interface WorkerListener {
  onNews(news: WorkerNews): void;
  /** A frame of a call: bytes that the listener owns and has to check. */
  onFrame(frame: Uint8Array): void;
  onGone(error: unknown): void;
}

/** One worker, seen from the trusted side. */
export interface WorkerLink<Plan> {
  /** Sends a plan, once; `ready` or `failed` follows. */
  load(plan: Plan): void;
  forget(planId: number): void;
  /** Gives a frame of a call away. @param planId - of a frame that begins one; undefined for an answer to a cell that sleeps. */
  send(frame: Uint8Array, planId?: number): void;
  /** The plan whose next instance the worker says it made ahead, 0 for none: a hint by which to choose between workers. */
  ahead(): number;
  /** Ends the worker wherever it is. */
  kill(): void;
  /** Ends whatever the worker could have reached: it sent what no worker of ours sends. */
  breach(error: CodedError): void;
}

/**
 * Where workers come from: threads of this process, or of runner processes. Each worker runs one call at a time and is thrown away
 * when anything went wrong in it.
 */
export interface Workers<Plan extends CallSpec = CallSpec> {
  /** Workers that run at one time. */
  readonly threads: number;
  /** Starts one more; its `up` or end comes to the listener. */
  start(listener: WorkerListener): WorkerLink<Plan>;
  /** Lets go of what is kept of a plan for all workers together. */
  forget(planId: number): void;
  close(): Promise<void>;
}
