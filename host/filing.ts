import { randomUUID } from 'node:crypto';
import { CodedError } from '../runtime/index.ts';
import type { Policy } from './policy/index.ts';
import type { ReceiptContext } from './receipt.ts';
import type { RequestSnapshot } from './request.ts';
import type { Verdict } from './verdict.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** One request on its way through the warden: its id in the trail, and what is known of it so far. */
export class Filing {
  readonly audit = randomUUID();
  /** As it came. Only the snapshot of it is ever used, but for its name where there is none. */
  readonly request: unknown;
  /** Aborts when the caller cancels it, or when the call on whose behalf it is ends. */
  signal: AbortSignal;
  /** Audit ids of the calls on whose behalf it is, outermost first. */
  chain: readonly string[] = [];
  /** Fuel that is left to the call on whose behalf it is; the call gets no more. */
  fuelMax: bigint | undefined;
  /** Levels of calls that may be on its behalf. */
  depthLeft = 0;
  readonly context: Writable<ReceiptContext>;
  readonly #began = performance.now();
  readonly #policy: Policy;
  readonly #snapshot: RequestSnapshot | undefined;
  readonly #malformed: unknown;
  #isJudged = false;

  /** @param read - makes the snapshot of the request, at once. */
  constructor(request: unknown, policy: Policy, signal: AbortSignal, read: (request: unknown) => RequestSnapshot) {
    this.request = request;
    this.signal = signal;
    this.#policy = policy;
    this.context = { audit: this.audit, policy: this.#policyPart([]) };
    try {
      this.#snapshot = read(request);
    } catch (error) {
      this.#malformed = error;
    }
    if (this.#snapshot === undefined) return;
    this.context.agent = this.#snapshot.agent;
    this.context.tool = this.#snapshot.toolName;
  }

  /** The same request, filed anew. @param approval - the one that it waited for: whatever became of that is the answer. */
  again(approval: string): Filing {
    return new Filing(this.request, this.#policy, this.signal, () => ({ ...this.takeSnapshot(), approval }));
  }

  /** Undefined for a request that has not the right shape. */
  get snapshot(): RequestSnapshot | undefined {
    return this.#snapshot;
  }

  /** @throws CodedError `params/*` for a request that has not the right shape. */
  takeSnapshot(): RequestSnapshot {
    if (this.#snapshot === undefined) throw this.#malformed;
    return this.#snapshot;
  }

  /** Lets a caller leave while something is made or awaited; what was begun goes on, for the next who asks. */
  orCancelled<T>(work: Promise<T>): Promise<T> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      const leave = () => reject(new CodedError('cancelled/by-caller', 'the call was cancelled'));
      if (signal.aborted) return leave();
      signal.addEventListener('abort', leave, { once: true });
      work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
    });
  }

  /** True once the trail has its decision: what goes wrong later is an outcome, and not recorded as a refusal. */
  get isJudged(): boolean {
    return this.#isJudged;
  }

  /** The rules that decided so far. */
  get rules(): readonly string[] {
    return this.context.policy?.rules ?? [];
  }

  /** Milliseconds since it was filed. */
  elapsedMs(): number {
    return performance.now() - this.#began;
  }

  decidedBy(rules: readonly string[]): void {
    this.context.policy = this.#policyPart(rules);
  }

  /** The trail has the verdict. */
  judged(verdict: Verdict): void {
    this.#isJudged = true;
    if (verdict.kind === 'repeat') return;
    this.decidedBy(verdict.rules);
    if (verdict.logOnly.length > 0) this.context.logOnly = verdict.logOnly;
    if (verdict.kind !== 'run') return;
    if (verdict.approval !== undefined) this.context.approval = verdict.approval;
    if (verdict.shape !== undefined) this.context.shape = verdict.shape;
  }

  #policyPart(rules: readonly string[]): NonNullable<ReceiptContext['policy']> {
    const { digest, mode } = this.#policy;
    return { digest, rules, ...(mode === 'log-only' ? { mode } : {}) };
  }
}
