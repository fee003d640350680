import type { CallableFunction } from '../component/functions.ts';
import type { Param } from '../component/types.ts';
import { CodedError } from '../error.ts';
import { PARAMS_BYTES_MAX } from '../limits.ts';
import type { CellOutcome } from '../outcome.ts';
import { decodeParams, encodeParams, type WitValue } from '../value/index.ts';
import { type CallPlan, failure, type InvokeOptions, runCall } from './call.ts';
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
  readonly #released = new Set<number>();

  constructor(pool: CellPool<Plan>) {
    this.#pool = pool;
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
      const { planId } = call.plan;
      this.#running.set(planId, (this.#running.get(planId) ?? 0) + 1);
      return runCall(this.#pool, call, bytes, options).finally(() => this.#ended(planId));
    } catch (error) {
      return Promise.resolve(failure(error, 0));
    }
  }

  /** As `Runner.release`. */
  release({ plan: { planId } }: CallPlan<Plan>): void {
    this.#released.add(planId);
    if (!this.#running.has(planId)) this.#forget(planId);
  }

  #ended(planId: number): void {
    const left = (this.#running.get(planId) ?? 1) - 1;
    if (left > 0) return void this.#running.set(planId, left);
    this.#running.delete(planId);
    if (this.#released.has(planId)) this.#forget(planId);
  }

  /** Only between calls: a worker must not lose a plan while a call of it is on its way. */
  #forget(planId: number): void {
    this.#released.delete(planId);
    this.#pool.forget(planId);
  }
}

/** INVARIANT: a cell gets bytes that the encoder wrote, or could have: it carries them into the guest's memory unread. */
function paramsBytes(params: readonly WitValue[] | Uint8Array, types: readonly Param[]): Uint8Array {
  if (!(params instanceof Uint8Array)) return encodeParams(params, types);
  decodeParams(params, types);
  return params;
}
