import type { CallableFunction } from '../component/functions.ts';
import type { Param } from '../component/types.ts';
import { CodedError } from '../error.ts';
import { PARAMS_BYTES_MAX } from '../limits.ts';
import type { CellOutcome } from '../outcome.ts';
import { decodeParams, encodeParams, type WitValue } from '../value/index.ts';
import { type CallPlan, type InvokeOptions, runCall } from './call.ts';
import { failure } from './call-outcome.ts';
import type { CallSpec } from './plan.ts';
import type { CellPool } from './pool.ts';

/** A plan with the function that it calls. */
export interface InvokablePlan<Plan extends CallSpec> extends CallPlan<Plan> {
  readonly function: CallableFunction;
}

/** The calls of a pool's plans: a plan is forgotten when it was released and its last call has ended. */
export class PlanCalls<Plan extends CallSpec> {
  readonly #pool: CellPool<Plan>;
  /** Calls that have not ended, by plan. */
  readonly #running = new Map<number, number>();
  /** Plans that were released: one that a late call brings back is forgotten again after it. */
  readonly #released = new WeakSet<Plan>();
  readonly #onOutcome: (plan: Plan, outcome: CellOutcome) => void;

  /** @param onOutcome - hears how each call ended. */
  constructor(pool: CellPool<Plan>, onOutcome: (plan: Plan, outcome: CellOutcome) => void = () => undefined) {
    this.#pool = pool;
    this.#onOutcome = onOutcome;
  }

  /** As `Runner.invoke`. */
  invoke(
    call: InvokablePlan<Plan>,
    params: readonly WitValue[] | Uint8Array,
    options: InvokeOptions | undefined,
  ): Promise<CellOutcome> {
    try {
      const bytes = paramsBytes(params, call.function.type.params);
      if (bytes.length > PARAMS_BYTES_MAX) {
        throw new CodedError('params/too-large', `the parameters have ${bytes.length} bytes, more than ${PARAMS_BYTES_MAX}`);
      }
      const { plan } = call;
      this.#running.set(plan.planId, (this.#running.get(plan.planId) ?? 0) + 1);
      return runCall(this.#pool, call, bytes, options, (outcome) => this.#ended(plan, outcome));
    } catch (error) {
      return Promise.resolve(failure(error, 0));
    }
  }

  /** As `Runner.release`. */
  release({ plan }: CallPlan<Plan>): void {
    this.#released.add(plan);
    if (!this.#running.has(plan.planId)) this.#pool.forget(plan.planId);
  }

  /** A plan is forgotten only between its calls: a worker must not lose it while one is on its way. */
  #ended(plan: Plan, outcome: CellOutcome): void {
    this.#onOutcome(plan, outcome);
    const { planId } = plan;
    const left = (this.#running.get(planId) ?? 1) - 1;
    if (left > 0) return void this.#running.set(planId, left);
    this.#running.delete(planId);
    if (this.#released.has(plan)) this.#pool.forget(planId);
  }
}

/** INVARIANT: a cell gets bytes that the encoder wrote, or could have: it carries them into the guest's memory unread. */
function paramsBytes(params: readonly WitValue[] | Uint8Array, types: readonly Param[]): Uint8Array {
  if (!(params instanceof Uint8Array)) return encodeParams(params, types);
  decodeParams(params, types);
  return params;
}
