import { ByteReader } from '../../value/byte-reader.ts';
import type { BoundFunction } from '../bindings.ts';
import type { Abi } from './abi.ts';
import { type BytesSignature, bytesSignature } from './bytes-signature.ts';
import type { CoreValue, FlatValues } from './codec.ts';
import { enter, enteringSet, leave, runPostReturn } from './entry.ts';
import { guestBytes } from './guest-bytes.ts';
import type { Lift } from './link-plan.ts';
import type { ComponentInstance, CoreFunction, Store } from './store.ts';

/** Elements of parameters; checked by the encoder that made them, so this is only an upper bound. */
const PARAMS_SLOTS_MAX = 2 ** 31;

/**
 * A function that a component lifts, as the host calls it: from canonical bytes to canonical bytes.
 *
 * Whatever is thrown on the way ends the store. What guest code has caught of it is thrown after all.
 */
export class ExportedFunction implements BoundFunction {
  readonly #store: Store;
  readonly #signature: BytesSignature;
  readonly #instance: ComponentInstance;
  readonly #abi: Abi;
  readonly #entering: readonly ComponentInstance[];
  readonly #callee: CoreFunction;
  readonly #postReturn: CoreFunction | undefined;
  readonly #flat: FlatValues = { values: [], at: 0 };

  /** @throws CodedError `component/not-callable` when its types hold handles. */
  constructor(store: Store, lift: Lift) {
    const { postReturn } = lift.options;
    this.#store = store;
    this.#signature = bytesSignature(lift.type);
    this.#instance = store.instance(lift.instance);
    this.#abi = store.abi(lift.options, lift.instance);
    this.#entering = enteringSet(store, lift.instance, undefined);
    this.#callee = store.coreFunction(lift.callee);
    this.#postReturn = postReturn && store.coreFunction(postReturn);
  }

  lower(params: Uint8Array): readonly CoreValue[] {
    this.#store.checkUsable();
    try {
      enter(this.#entering);
      this.#instance.context = undefined;
      this.#abi.refresh();
      this.#abi.sourceEncoding = undefined;
      this.#signature.lowerParams(this.#abi, this.#flat, new ByteReader(params, PARAMS_SLOTS_MAX));
      return this.#flat.values;
    } catch (thrown) {
      throw this.#store.fail(thrown);
    }
  }

  call(core: unknown): CoreValue | undefined {
    return this.#run(this.#callee, core as CoreValue[]); // what `lower` gave
  }

  lift(raw: unknown): Uint8Array {
    const core = raw as CoreValue | undefined; // what `call` gave
    this.#store.checkUsable();
    try {
      this.#abi.refresh();
      const bytes = guestBytes(this.#store.limits.result, 'result', (out) => this.#signature.liftResult(this.#abi, core, out));
      this.#abi.budget.chargeCrossing(bytes.length);
      const postReturn = this.#postReturn;
      if (postReturn !== undefined) {
        runPostReturn(this.#store, this.#instance, () => this.#run(postReturn, core === undefined ? [] : [core]));
      }
      leave(this.#entering);
      return bytes;
    } catch (thrown) {
      throw this.#store.fail(thrown);
    }
  }

  #run(callee: CoreFunction, core: readonly CoreValue[]): CoreValue | undefined {
    this.#store.checkUsable();
    try {
      const result = (callee as (...args: CoreValue[]) => CoreValue | undefined)(...core); // core functions take and give core values
      this.#store.checkUsable();
      return result;
    } catch (thrown) {
      throw this.#store.fail(thrown);
    }
  }
}
