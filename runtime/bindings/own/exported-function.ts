import { CodedError } from '../../error.ts';
import { ByteReader } from '../../value/byte-reader.ts';
import type { BoundFunction } from '../bindings.ts';
import { bytesSignature } from './bytes-signature.ts';
import type { CoreValue, FlatValues } from './codec.ts';
import { enter, enteringSet, leave, runPostReturn } from './entry.ts';
import { guestBytes } from './guest-bytes.ts';
import type { CoreFunction, Store } from './store.ts';

/**
 * A function that a component lifts, as the host calls it: from canonical bytes to canonical bytes.
 *
 * @param liftIndex - of `LinkPlan.lifts`.
 * @throws CodedError `component/not-callable` when its types hold handles.
 */
export function bindExport(store: Store, liftIndex: number): BoundFunction {
  const lift = store.plan.lifts[liftIndex];
  if (lift === undefined) throw new CodedError('internal/invariant', `there is no lifted function ${liftIndex}`);
  const { postReturn } = lift.options;
  const signature = bytesSignature(lift.type);
  const instance = store.instance(lift.instance);
  const abi = store.abi(lift.options, lift.instance);
  const entering = enteringSet(store, lift.instance, undefined);
  const callee = store.coreFunction(lift.callee);
  const afterwards = postReturn === undefined ? undefined : store.coreFunction(postReturn);
  const flat: FlatValues = { values: [], at: 0 };
  return {
    lower: (params) =>
      guarded(store, () => {
        enter(entering);
        abi.refresh();
        signature.lowerParams(abi, flat, new ByteReader(params, PARAMS_SLOTS_MAX));
        return flat.values;
      }),
    call: (core) => guarded(store, () => callCore(callee, core as CoreValue[])), // what `lower` gave
    lift: (raw) =>
      guarded(store, () => {
        abi.refresh();
        const core = raw as CoreValue | undefined; // what `call` gave
        const bytes = guestBytes(store.limits.result, 'result', (out) => signature.liftResult(abi, core, out));
        if (afterwards !== undefined) runPostReturn(instance, () => callCore(afterwards, core === undefined ? [] : [core]));
        leave(entering);
        return bytes;
      }),
  };
}

/** Elements of parameters; checked by the encoder that made them, so this is only an upper bound. */
const PARAMS_SLOTS_MAX = 2 ** 31;

/** Runs a part of a call. Whatever is thrown ends the store; what guest code has caught before is thrown after all. */
function guarded<T>(store: Store, run: () => T): T {
  store.checkUsable();
  try {
    const result = run();
    store.checkUsable();
    return result;
  } catch (thrown) {
    throw store.fail(thrown);
  }
}

function callCore(callee: CoreFunction, core: readonly CoreValue[]): CoreValue | undefined {
  return (callee as (...args: CoreValue[]) => CoreValue | undefined)(...core); // core functions take and give core values
}
