import { type CellOutcome, failure, threadsOf, WASM_PAGE_BYTES } from '../runtime/index.ts';
import { Admission, type AdmissionOptions, type Admitted } from './admission.ts';
import type { OutcomeEntry } from './audit/entries.ts';
import type { Redactor } from './audit/index.ts';
import { CapabilityCalls, type EndedCall } from './capability-calls.ts';
import type { Filing } from './filing.ts';
import { AnswerRecorder } from './host-answers.ts';
import type { Policy } from './policy/index.ts';
import type { PreparedTool } from './prepared-tools.ts';
import { type Outcome, payloadType, toOutcome } from './receipt.ts';
import { outcomeEntry, subjectOf, usesPart } from './records.ts';
import { type RunningCall, RunningCalls } from './running-calls.ts';
import type { Trail } from './trail.ts';
import type { TypedRequest } from './typed-request.ts';

/** A call's place among those that run, held from before its verdict, so that none is decided upon that could not run. */
export interface Turn {
  /** Milliseconds since 1970 at which it has to have ended: by its time limit, its deadline, and its callers'. */
  readonly endsMs: number;
  readonly admitted: Admitted;
}

export interface CallsOptions extends Omit<AdmissionOptions, 'callsPerToolMax'> {
  readonly policy: Policy;
  readonly trail: Trail;
  readonly redactor: Redactor;
  /** Calls of one tool at a time. */
  readonly threads?: number;
  /** Outcomes say where in its source a guest trapped: for authors, and slow. Nothing of it is in the trail, or told to agents. */
  readonly explainTraps?: boolean;
}

/** Runs calls whose intent is in the trail, and writes down how they ended before anybody hears of it. */
export class Calls {
  readonly running = new RunningCalls();
  readonly capabilities = new CapabilityCalls(this.running);
  readonly #options: CallsOptions;
  readonly #admission: Admission;

  constructor(options: CallsOptions) {
    this.#options = options;
    this.#admission = new Admission({ ...options, callsPerToolMax: threadsOf(options.threads) });
  }

  /** Calls that wait for their turn. */
  get waiting(): number {
    return this.#admission.waiting;
  }

  /** A turn, where one is free at once. */
  tryAdmit(request: TypedRequest, parent: RunningCall | undefined): Turn | undefined {
    const endsMs = endOf(request, parent);
    const admitted = this.#admission.tryEnter(turnOf(request, endsMs));
    return admitted && { endsMs, admitted };
  }

  /** Waits for a turn. @throws CodedError as `Admission.enter`. */
  async admit(request: TypedRequest, parent: RunningCall | undefined, signal: AbortSignal): Promise<Turn> {
    const endsMs = endOf(request, parent);
    return { endsMs, admitted: await this.#admission.enter(turnOf(request, endsMs), signal) };
  }

  /**
   * @param turn - is left when the call has ended; undefined: waits for one, since the verdict was another one than was foreseen.
   * @throws CodedError `failed/audit-unavailable` when the outcome cannot be written: then it is withheld, and owed to the trail.
   */
  async run(
    filing: Filing,
    request: TypedRequest,
    prepared: PreparedTool,
    parent: RunningCall | undefined,
    turn: Turn | undefined,
  ): Promise<Outcome> {
    const { audit, signal } = filing;
    const { snapshot, tool, grants, chain } = request;
    const { policy, trail, redactor } = this.#options;
    const endsMs = turn?.endsMs ?? endOf(request, parent);
    const { agent, session } = snapshot;
    const named = { audit, agent, tool: tool.name, ...(session === undefined ? {} : { session }) };
    const shown = () => ({ subject: subjectOf(request, policy.digest), parameters: request.shown ?? 'too large to be shown' });
    const { depthLeft } = filing;
    this.running.begin({ ...named, grants, scopes: tool.scopes, parent, depthLeft, shown, chain, endsMs, signal });
    const recorder = policy.trail.answers === 'keep' ? new AnswerRecorder(redactor.redactText) : undefined;
    const cell = await this.#invoke(filing, request, prepared, () => turn ?? this.admit(request, parent, signal), recorder);
    this.running.end(audit);
    const ended = await this.capabilities.end(audit, cell);
    const entry = this.#entryOf(audit, ended, request, recorder);
    try {
      await trail.journal.transact(() => [entry], 'durable');
    } catch (error) {
      trail.owe(entry);
      throw error;
    }
    Object.assign(filing.context, usesPart(ended, redactor, request.isSecret));
    const { runner } = prepared;
    const { call } = request;
    return toOutcome(this.#options.explainTraps === true ? await runner.explain(call, ended.cell) : ended.cell, filing.context);
  }

  async #invoke(
    filing: Filing,
    { call, bytes, chain }: TypedRequest,
    { runner }: PreparedTool,
    turnOfIt: () => Turn | Promise<Turn>,
    tap: AnswerRecorder | undefined,
  ): Promise<CellOutcome> {
    const { signal, audit } = filing;
    let admitted: Admitted | undefined;
    try {
      const turn = await turnOfIt();
      admitted = turn.admitted;
      const { endsMs } = turn;
      // What was used up elsewhere counts as waited.
      const waitedMs = Math.max(0, call.limits.timeoutMsMax - Math.max(0, endsMs - Date.now()));
      const fuel = filing.fuelMax === undefined ? {} : { fuelMax: filing.fuelMax };
      const options = {
        waitedMs,
        signal,
        ref: audit,
        isNested: chain.length > 0,
        ...fuel,
        ...(tap === undefined ? {} : { tap }),
      };
      const cell = await runner.invoke(call, bytes, options);
      return withWallTime(cell, filing.elapsedMs());
    } catch (error) {
      return failure(error, filing.elapsedMs());
    } finally {
      admitted?.leave();
    }
  }

  /** A result that cannot be put into words must not keep the outcome of its call out of the trail. */
  #entryOf(audit: string, ended: EndedCall, request: TypedRequest, recorder: AnswerRecorder | undefined): OutcomeEntry {
    const { policy, redactor } = this.#options;
    const { call, isSecret } = request;
    const { cell } = ended;
    const type = payloadType(cell, call);
    try {
      return outcomeEntry(audit, cell, type, redactor, { ended, result: policy.trail.results === 'keep', recorder, isSecret });
    } catch {
      return outcomeEntry(audit, cell, undefined, redactor, { ended, result: false, isSecret });
    }
  }
}

function endOf({ snapshot, call }: TypedRequest, parent: RunningCall | undefined): number {
  return Math.min(parent?.endsMs ?? Infinity, snapshot.deadlineMs ?? Infinity, Date.now() + call.limits.timeoutMsMax);
}

/**
 * Calls on behalf of others have turns of their own, at each depth of the chain: none waits for one that waits for it. The deepest can always go on.
 */
function turnOf({ snapshot, tool, call, chain }: TypedRequest, endsMs: number) {
  const { limits, wasi } = call.plan;
  const memoryBytes = limits.memoryPagesMax * WASM_PAGE_BYTES + (wasi.files?.bytesMax ?? 0);
  const named = chain.length === 0 ? tool.name : `${tool.name} at ${chain.length}`;
  const waitMsMax = Math.max(0, endsMs - Date.now());
  return { agent: snapshot.agent, tool: named, memoryBytes, waitMsMax, isNested: chain.length > 0 };
}

/** The caller's clock starts at the request, before the policy and the component were looked at. */
function withWallTime(cell: CellOutcome, wallMs: number): CellOutcome {
  return { ...cell, usage: { ...cell.usage, wallMs } };
}
