import type { Duplex } from 'node:stream';
import { openStreamPort, type StreamPort } from '../cell/frame-stream.ts';
import { isHostCall } from '../cell/frames.ts';
import type { WorkerLink, WorkerListener } from '../cell/workers.ts';
import { CodedError } from '../error.ts';
import type { RunnerPlan } from './runner-process.ts';
import { decodeWorkerFrame, encodeWorkerFrame, isWorkerFrame, type WorkerOrder, type WorkerReport } from './worker-frames.ts';

/** What a worker's road asks of the process that the worker lives in. */
export interface RoadOwner {
  /** Kills the process, since the worker sent what does not belong. */
  breach(error: CodedError): void;
  /** Has a plan made and posted to the worker; `posted` follows. */
  post(plan: RunnerPlan): Promise<void>;
  end(): void;
  onUp(): void;
}

/** What frames have in front of them, of the few that can be on their way. */
const HEADERS_BYTES = 64;

/** The road to one worker of a runner process: its descriptor, and what its owner does for it. */
export class WorkerRoad implements WorkerLink<RunnerPlan> {
  readonly #port: StreamPort;
  readonly #listener: WorkerListener;
  readonly #owner: RoadOwner;
  /** Plans whose `ready` or `failed` may come. */
  readonly #loading = new Set<number>();
  /** The plan of the last call: its next instance is made, or about to be. */
  #ahead = 0;
  /** Bytes sent since a frame last came: all that a worker may not have read when it asks. */
  #sent = 0;
  #isUp = false;
  #ended = false;
  #gone = false;

  constructor(stream: Duplex, listener: WorkerListener, owner: RoadOwner) {
    this.#listener = listener;
    this.#owner = owner;
    this.#port = openStreamPort(stream, { onEnd: (error) => this.#onEnd(error) });
    this.#port.onFrame((frame, isLast) => this.#onFrame(frame, isLast));
  }

  load(plan: RunnerPlan): void {
    const { planId } = plan;
    this.#owner.post(plan).catch((error: unknown) => {
      const { code, message, data } = error as CodedError; // a runner's words, or ours of its end
      if (!this.#gone) this.#listener.onNews({ type: 'failed', planId, error: { code, message, data } });
    });
  }

  /** The runner's main thread has posted a plan: now the worker is told to take it. */
  posted(planId: number): void {
    this.#loading.add(planId);
    this.#tell({ type: 'load', planId });
  }

  forget(planId: number): void {
    if (this.#ahead === planId) this.#ahead = 0;
    this.#tell({ type: 'forget', planId });
  }

  send(frame: Uint8Array, planId?: number): void {
    if (planId !== undefined) this.#ahead = planId;
    this.#sent += frame.length;
    this.#port.send(frame);
  }

  ahead(): number {
    return this.#ahead;
  }

  /** Closing our end releases a worker that sleeps; the runner ends one that does not. */
  kill(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#port.close();
    this.#owner.end();
  }

  breach(error: CodedError): void {
    this.#owner.breach(error);
  }

  gone(error: CodedError): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#ended = true;
    this.#port.close();
    this.#listener.onGone(error);
  }

  #tell(order: WorkerOrder): void {
    if (this.#ended) return;
    const frame = encodeWorkerFrame(order);
    this.#sent += frame.length;
    this.#port.send(frame);
  }

  /** The worker closed its end before it was told to: it is about to be reported gone. */
  #onEnd(error: CodedError): void {
    if (!this.#ended && error.code === 'internal/invariant') this.#owner.breach(error);
  }

  #onFrame(frame: Uint8Array, isLast: boolean): void {
    if (this.#ended) return;
    const { unread } = this.#port;
    if (isHostCall(frame) && (!isLast || unread > this.#sent + HEADERS_BYTES)) {
      this.#ended = true;
      return this.#owner.breach(ranAhead());
    }
    this.#sent = 0;
    if (!isWorkerFrame(frame)) return this.#listener.onFrame(frame);
    try {
      this.#onReport(decodeWorkerFrame(frame));
    } catch (error) {
      this.#owner.breach(error as CodedError); // the decoder throws no other
    }
  }

  #onReport(report: WorkerOrder | WorkerReport): void {
    if (report.type === 'up' && !this.#isUp) {
      this.#isUp = true;
      this.#owner.onUp();
      return this.#listener.onNews(report);
    }
    if ((report.type === 'ready' || report.type === 'failed') && this.#loading.delete(report.planId)) {
      return this.#listener.onNews(report);
    }
    throw new CodedError('internal/invariant', `a worker sent a \`${report.type}\` message that nobody asked for`);
  }
}

/** A worker sleeps until its question is answered: one that sends more, or does not read the answers, would fill our memory. */
function ranAhead(): CodedError {
  return new CodedError('internal/invariant', 'a worker asked again before it had read the last answer');
}
