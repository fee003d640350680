import { EventEmitter, setMaxListeners } from 'node:events';
import { CodedError, failure, isCoded, type LoadedComponent, type PreparedCall } from '../runtime/index.ts';
import type { AdmissionOptions } from './admission.ts';
import { Alarm } from './alarm.ts';
import type { Alerts, SinkCounts } from './alerts/index.ts';
import { ApprovalsDesk } from './approvals-desk.ts';
import type { AlertEntry } from './audit/entries.ts';
import type { Redactor } from './audit/index.ts';
import type { TrailRecord } from './audit/trail.ts';
import { AuditDesk } from './audit-desk.ts';
import { CallQuestions } from './call-questions.ts';
import { Calls } from './calls.ts';
import type { CapabilityEntry } from './capabilities/index.ts';
import { type CallProgress, capabilityHost } from './capability-host.ts';
import { Filing } from './filing.ts';
import { HostStates, openCapabilities } from './open-capabilities.ts';
import { DURATION_MS_MAX, decide, decideAccess, type Policy, type ToolPolicy } from './policy/index.ts';
import { type PreparedTool, PreparedTools, type PreparedToolsOptions, type RunnerSource } from './prepared-tools.ts';
import { Questions, type QuestionsOptions } from './questions.ts';
import { type Outcome, pendingOutcome, toOutcome } from './receipt.ts';
import { outcomeEntry, refusedEntry, untypedEntry } from './records.ts';
import { Repeats } from './repeats.ts';
import { type RequestSnapshot, requestFromJson, snapshotRequest, type ToolRequest } from './request.ts';
import { chainOf, depthBelow, grantsWithin, type RunningCall } from './running-calls.ts';
import { type AgentCatalog, ToolCatalog } from './tool-catalog.ts';
import type { Trail } from './trail.ts';
import { grantTextsOf, type TypedRequest, typedRequest } from './typed-request.ts';
import { type AskedEntry, asRulesSee, type Judged, judge, type Verdict } from './verdict.ts';

/** What the program that files a request for an agent may add; an agent cannot. */
export interface RequestOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds to wait for a human where one is asked; by default the outcome is `pending` at once. */
  readonly waitMs?: number;
  /**
   * Audit id of the running call on whose behalf this one is filed: host functions know it as `context.ref`. It gets only the grants that
   * the whole chain has, and ends with it.
   */
  readonly parent?: string;
  /** The most fuel that the call may use, where that is less than its tool's limit. */
  readonly fuelMax?: bigint;
  /** With `parent`: levels of calls that may be below it, this one among them. */
  readonly depthMax?: number;
  /** Hears how far this call is, by its own word, as long as it runs; so do `events`. */
  readonly onProgress?: (progress: CallProgress) => void;
}

/** What `Warden.events` tells: each record as it is appended to the trail, by whichever process, and what calls say of how far they are. */
export interface WardenEvents {
  record: [TrailRecord];
  progress: [CallProgress];
}

/** Figures of a warden at one instant, for those who watch it. */
export interface WardenVitals {
  /** What `requested` and `intent` records of this warden have as `writer`. */
  readonly writer: string;
  /** Number of the last record of the trail that this warden knows. */
  readonly seq: number;
  /** Requests that have no outcome yet, waiting and running calls among them. */
  readonly requestsInFlight: number;
  /** Calls that wait for their turn. */
  readonly callsWaiting: number;
  /** What became of alerts, by the name of the sink. */
  readonly alerts: ReadonlyMap<string, SinkCounts>;
}

/** The parts of a warden, made by `openWarden`. */
export interface WardenParts extends Omit<AdmissionOptions, 'callsPerToolMax'> {
  readonly policy: Policy;
  readonly entries: readonly CapabilityEntry[];
  readonly runners: RunnerSource & { close(): Promise<void> };
  readonly trail: Trail;
  readonly alerts: Alerts;
  /** What sends questions to the channels of the policy. */
  readonly questions: Omit<QuestionsOptions, 'channels'>;
  readonly redactor: Redactor;
  /** The value of a secret by the name that the policy gives it. @throws CodedError `capability/unavailable`. */
  readonly secret: (name: string) => string;
  /** Calls of one tool at a time. */
  readonly threads?: number;
  /** As in `CallsOptions`. */
  readonly explainTraps?: boolean;
}

/**
 * The order of checks for every request, and the only caller of the runtime's invoke: shape, access, component, imports, parameters, rules
 * and approvals, trail, cell, trail. Each step can only refuse; none can be skipped.
 */
export class Warden {
  readonly policy: Policy;
  /** Where humans answer. */
  readonly approvals: ApprovalsDesk;
  /** The trail, to read. */
  readonly audit: AuditDesk;
  readonly events = new EventEmitter<WardenEvents>();
  readonly #parts: WardenParts;
  readonly #tools: PreparedTools;
  readonly #catalog: ToolCatalog;
  /** Who wants to hear of the progress of a call, by its audit id. */
  readonly #watchers = new Map<string, NonNullable<RequestOptions['onProgress']>>();
  readonly #calls: Calls;
  readonly #repeats: Repeats;
  readonly #alarm: Alarm;
  readonly #questions: Questions;
  /** Capabilities whose use changes something outside of the call. */
  readonly #effectful: ReadonlySet<string>;
  /** Paths of secret parameters by tool, as the redactor takes them. */
  readonly #secrets: ReadonlyMap<string, readonly string[]>;
  /** Cancels every request that has not ended. */
  readonly #stop = new AbortController();
  readonly #states = new HostStates();
  readonly #inFlight = new Set<Promise<Outcome>>();
  #isDraining = false;

  constructor(parts: WardenParts) {
    const { policy, entries, runners, trail } = parts;
    this.#parts = parts;
    this.policy = policy;
    this.#calls = new Calls(parts);
    this.#alarm = new Alarm(parts.alerts, trail, policy);
    this.#questions = new Questions(trail, { ...parts.questions, channels: policy.approverChannels });
    this.#effectful = new Set(entries.filter((entry) => entry.effect !== 'none').map((entry) => entry.name));
    this.#secrets = new Map([...policy.tools.values()].map((tool) => [tool.name, tool.secrets.map((path) => path.text)]));
    this.approvals = new ApprovalsDesk(trail, parts.redactor.redactText);
    this.#tools = new PreparedTools({ entries, runners, open: this.#opener(entries) });
    this.#catalog = new ToolCatalog({ policy, entries, tools: this.#tools });
    this.audit = new AuditDesk(policy.trail.folder);
    this.#repeats = new Repeats(this.audit, policy.trail.results === 'keep');
    trail.state.onRecord((record) => this.#tell('record', record));
    setMaxListeners(0, this.#stop.signal); // each request listens
  }

  /**
   * Decides a request and runs it if every check allows.
   *
   * @returns the outcome with its receipt, once everything that it says is in the trail. Never rejects.
   */
  request(request: ToolRequest, options: RequestOptions = {}): Promise<Outcome> {
    return this.#begin(request, options, snapshotRequest);
  }

  /**
   * The same for a request that came as JSON text: duplicate keys and numbers that a program would round are seen for what they are.
   *
   * @param agent - who asks, where the text does not say it; a text that names another agent is refused.
   */
  requestJson(json: string | Uint8Array, options: RequestOptions & { readonly agent?: string } = {}): Promise<Outcome> {
    return this.#begin({ agent: options.agent, tool_name: '' }, options, () => requestFromJson(json, options.agent));
  }

  get vitals(): WardenVitals {
    const { journal, state } = this.#parts.trail;
    return {
      writer: journal.writer,
      seq: state.seq,
      requestsInFlight: this.#inFlight.size,
      callsWaiting: this.#calls.waiting,
      alerts: this.#alarm.counts(),
    };
  }

  /** What an agent may call, with types and documentation, for surfaces to show. Nothing is run. */
  tools(agent: string): Promise<AgentCatalog> {
    return this.#catalog.for(agent);
  }

  /**
   * The component in a file that the policy names, decoded by the runner of the tool that it is of: its bytes are nobody's friend.
   *
   * @throws CodedError `usage/unreadable-file` for any other file; `policy/component-missing`, `policy/digest-mismatch`, `component/*`.
   */
  async component(path: string): Promise<LoadedComponent> {
    const tool = [...this.policy.tools.values()].find(({ componentPath }) => componentPath === path);
    if (tool !== undefined) return this.#tools.component(tool);
    throw new CodedError('usage/unreadable-file', 'the policy in force names no such component');
  }

  #begin(request: unknown, options: RequestOptions, read: (request: unknown) => RequestSnapshot): Promise<Outcome> {
    const outcome = this.#answer(request, options, read);
    this.#inFlight.add(outcome);
    const end = (): boolean => this.#inFlight.delete(outcome);
    outcome.then(end, end);
    return outcome;
  }

  /**
   * Ends in peace: takes no more requests, lets those in flight end, cancels what has not after a while, and closes.
   *
   * @param graceMs - milliseconds that calls in flight have.
   */
  async drain(graceMs: number): Promise<void> {
    this.#isDraining = true;
    const timer = setTimeout(() => this.#stop.abort(), Math.min(graceMs, DURATION_MS_MAX));
    await Promise.all(this.#inFlight);
    clearTimeout(timer);
    await this.close();
  }

  /** Ends all threads and processes at once. Calls that still run end as `failed`, and the trail says so. */
  async close(): Promise<void> {
    this.#isDraining = true;
    const { runners, trail, questions } = this.#parts;
    try {
      await runners.close();
    } finally {
      this.#stop.abort();
      await Promise.all(this.#inFlight);
      await this.#states.close(questions.onProblem);
      await Promise.all([this.#alarm.close(), this.#questions.close()]);
      await trail.close();
    }
  }

  /** Listeners are the embedding program's code: they run after the trail's lock is free, and can neither hold it nor break it. */
  #tell<Name extends keyof WardenEvents>(name: Name, ...what: WardenEvents[Name]): void {
    if (this.events.listenerCount(name) === 0) return;
    queueMicrotask(() => {
      try {
        (this.events as EventEmitter).emit(name, ...what);
      } catch {
        this.#parts.questions.onProblem(`a listener of \`${name}\` events threw an error`);
      }
    });
  }

  #watched(progress: CallProgress): void {
    try {
      this.#watchers.get(progress.audit)?.(progress);
    } catch {
      this.#parts.questions.onProblem('a listener of `onProgress` threw an error');
    }
  }

  /** What components are linked with: capabilities that know this warden's calls. */
  #opener(entries: readonly CapabilityEntry[]): PreparedToolsOptions['open'] {
    const { policy, secret, trail, redactor } = this.#parts;
    const { running } = this.#calls;
    const questions = new CallQuestions(trail, this.approvals, (audit) => running.get(audit)?.shown?.(), redactor.redactText);
    const host = capabilityHost({
      policy,
      secret,
      states: this.#states,
      ask: (question, call) => questions.ask(question, call),
      file: (request, options) => this.request(request, options),
      report: (progress) => {
        this.#tell('progress', progress);
        this.#watched(progress);
      },
    });
    const calls = this.#calls.capabilities;
    return ({ name: tool, scopes, ceilingScopes }, grants) =>
      openCapabilities(entries, grants, { tool, scopes, ceilingScopes, host, calls });
  }

  /** Files a request; while its caller waits for a human, files it again once there is an answer. */
  async #answer(request: unknown, options: RequestOptions, read: (request: unknown) => RequestSnapshot): Promise<Outcome> {
    const untilMs = performance.now() + (options.waitMs ?? 0);
    let filing = new Filing(request, this.policy, this.#stop.signal, read); // now: what its owner does later changes nothing
    for (;;) {
      const outcome = await this.#file(filing, options);
      const leftMs = untilMs - performance.now();
      if (outcome.approval === undefined || leftMs <= 0) return outcome;
      try {
        if (!(await this.approvals.waitFor(outcome.approval.id, leftMs, filing.signal))) return outcome;
      } catch (error) {
        return this.#refuse(filing, error); // the trail is gone, so nobody will hear of an answer
      }
      filing = filing.again(outcome.approval.id);
    }
  }

  async #file(filing: Filing, options: RequestOptions): Promise<Outcome> {
    if (options.onProgress !== undefined) this.#watchers.set(filing.audit, options.onProgress);
    try {
      // Calls that may still end may also ask on their own behalf.
      const isLate = this.#isDraining && (options.parent === undefined || this.#stop.signal.aborted);
      if (isLate) throw new CodedError('usage/closed', 'the warden takes no more requests: it is about to end');
      filing.signal = eitherSignal(this.#stop.signal, options.signal);
      return await this.#check(filing, options);
    } catch (error) {
      return this.#refuse(filing, error);
    } finally {
      if (options.onProgress !== undefined) this.#watchers.delete(filing.audit);
    }
  }

  /** All that can refuse without the trail; then the verdict, under the trail's lock. */
  async #check(filing: Filing, options: RequestOptions): Promise<Outcome> {
    const { context } = filing;
    const snapshot = filing.takeSnapshot();
    const { running } = this.#calls;
    const parent = running.parent(options.parent, snapshot.agent);
    if (parent !== undefined) {
      filing.chain = chainOf(parent);
      const end = running.endOf(parent); // which is cancelled when this warden is
      filing.signal = options.signal === undefined ? end : AbortSignal.any([filing.signal, end]);
    }
    const { tool, functionName } = this.#access(filing, snapshot);
    const grants = grantsWithin(tool.grants, parent);
    Object.assign(context, { tool: tool.name, function: functionName, grants: grantTextsOf(tool, grants) });
    filing.fuelMax = options.fuelMax;
    filing.depthLeft = depthBelow(parent, tool.name, options.depthMax);
    const prepared = this.#tools.for(tool, functionName, grants);
    const call = prepared.ready ?? (await this.#prepared(filing, prepared));
    context.call = call;
    const { redactor } = this.#parts;
    const secrets = this.#secrets.get(tool.name) ?? [];
    const above =
      parent === undefined ? {} : { callerGrantTexts: this.#grantTextsAbove(parent, grantTextsOf(tool, grants), grants) };
    const request = typedRequest(snapshot, { tool, call, grants, chain: filing.chain, redactor, secrets, ...above });
    return this.#decide(filing, request, prepared, parent);
  }

  /** What its callers have in other words than the tool itself, the nearest first. */
  #grantTextsAbove(parent: RunningCall, own: readonly string[], grants: readonly string[]): readonly string[] {
    const texts: string[] = [];
    for (let caller: RunningCall | undefined = parent; caller !== undefined; caller = caller.parent) {
      const tool = this.policy.tools.get(caller.tool);
      if (tool !== undefined) texts.push(...grantTextsOf(tool, grants).filter((text) => !own.includes(text)));
    }
    return texts;
  }

  async #prepared(filing: Filing, prepared: PreparedTool): Promise<PreparedCall> {
    filing.context.digest = (await filing.orCancelled(prepared.component)).digest; // a refusal after this names the component that it is about
    return filing.orCancelled(prepared.call);
  }

  /** Gets the call its turn, its verdict and its run: a call that was decided upon never has to be told that there is no room. */
  async #decide(
    filing: Filing,
    request: TypedRequest,
    prepared: PreparedTool,
    parent: RunningCall | undefined,
  ): Promise<Outcome> {
    let turn = this.#calls.tryAdmit(request, parent);
    try {
      if (turn === undefined && this.#wouldRun(request)) turn = await this.#calls.admit(request, parent, filing.signal);
      const verdict = await this.#judge(filing, request);
      if (verdict.kind === 'refused') throw verdict.error;
      if (verdict.kind === 'pending') return pendingOutcome(approvalOf(verdict.asked), filing.elapsedMs(), filing.context);
      if (verdict.kind === 'repeat') return await this.#repeats.answer(filing, verdict.known);
      const running = this.#calls.run(filing, request, prepared, parent, turn);
      if (request.snapshot.requestId !== undefined) this.#repeats.keep(filing.audit, running);
      return await running;
    } finally {
      turn?.admitted.leave();
    }
  }

  /** Whether it is worth waiting for a turn: a guess, which only the verdict makes true. */
  #wouldRun(request: TypedRequest): boolean {
    const { state } = this.#parts.trail;
    return decide(this.policy, asRulesSee(request), Date.now(), state.usage).effect !== 'deny';
  }

  #access(filing: Filing, { agent, toolName }: RequestSnapshot): { tool: ToolPolicy; functionName: string } {
    const access = decideAccess(this.policy, { agent, toolName });
    filing.decidedBy(access.rules);
    if (access.effect === 'allow') return access;
    const { code, message, help, rules } = access;
    throw new CodedError(code, message, { help, data: { rules } });
  }

  async #judge(filing: Filing, request: TypedRequest): Promise<Verdict> {
    const { policy } = this;
    const { trail, redactor } = this.#parts;
    const { journal, state } = trail;
    const { audit } = filing;
    const parent = request.chain.at(-1);
    const isWanted = (): boolean => parent === undefined || this.#calls.running.get(parent) !== undefined;
    let judged: Judged | undefined;
    await trail.pay(); // a call that is owed its outcome still counts as running
    // Nothing has an effect before its intent is on the disk. A call that can have none may begin before.
    const mayBegin = !request.grants.some((name) => this.#effectful.has(name));
    await journal
      .transact(
        (nowMs) => {
          judged = judge({
            policy,
            state,
            audit,
            writer: journal.writer,
            request,
            nowMs,
            isWanted: isWanted(),
            redactText: redactor.redactText,
          });
          return judged.entries;
        },
        () => (mayBegin && judged?.verdict.kind === 'run' ? 'written' : 'durable'),
      )
      .catch((error: unknown) => {
        const nothingRan = failure(error, filing.elapsedMs());
        trail.owe(outcomeEntry(audit, nothingRan, undefined, redactor, { result: false, isSecret: request.isSecret }));
        throw error;
      });
    if (judged === undefined) throw new CodedError('internal/invariant', 'the trail was written without a verdict');
    filing.judged(judged.verdict);
    return judged.verdict;
  }

  /** Records a refusal that came before the verdict, and answers it. */
  async #refuse(filing: Filing, thrown: unknown): Promise<Outcome> {
    const error = isCoded(thrown) ? thrown : new CodedError('internal/invariant', 'the request failed', { cause: thrown });
    const outcome = (refusal: CodedError): Outcome => toOutcome(failure(refusal, filing.elapsedMs()), filing.context);
    if (error.code === 'failed/audit-unavailable') return this.#unavailable(filing, error);
    if (filing.isJudged) return outcome(error);
    if (error.code === 'usage/closed') return this.#unavailable(filing, error); // the trail is closed, or about to be
    const { trail, redactor } = this.#parts;
    const { journal } = trail;
    const entries = [
      untypedEntry(filing, journal.writer, redactor),
      refusedEntry(filing, error, this.policy.digest, redactor),
      ...this.#alertsFor(filing, error),
    ];
    try {
      await journal.transact(() => entries, 'durable');
      return outcome(error);
    } catch (failed) {
      return this.#unavailable(
        filing,
        isCoded(failed) ? failed : new CodedError('failed/audit-unavailable', 'the trail cannot be written'),
      );
    }
  }

  /** Nothing runs that cannot be written down; and the answer names no record that nobody will find. */
  #unavailable(filing: Filing, error: CodedError): Outcome {
    if (error.code === 'failed/audit-unavailable') this.#alarm.trailUnavailable(filing, error);
    if (!filing.isJudged) delete filing.context.audit;
    return toOutcome(failure(error, filing.elapsedMs()), filing.context);
  }

  /** A component that is not the pinned one is somebody's mistake or somebody's attack. */
  #alertsFor({ audit, context: { tool = '' } }: Filing, { code }: CodedError): readonly AlertEntry[] {
    const rule = this.policy.tools.get(tool)?.rules.tool;
    if (code !== 'policy/digest-mismatch' || rule === undefined) return [];
    return [{ kind: 'alert', audit, rule, severity: 'critical', sinks: [...this.policy.alertSinks.keys()] }];
  }
}

function approvalOf({ approval: id, expiresAt, channels }: AskedEntry): NonNullable<Outcome['approval']> {
  return { id, expiresAt, channels };
}

/** Aborts when either does. @throws CodedError `usage/invalid-argument` for a signal that is none. */
function eitherSignal(own: AbortSignal, theirs: unknown): AbortSignal {
  if (theirs === undefined) return own;
  if (theirs instanceof AbortSignal) return AbortSignal.any([theirs, own]);
  throw new CodedError('usage/invalid-argument', '`signal` is no AbortSignal');
}
