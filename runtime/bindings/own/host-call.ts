import type { FunctionType } from '../../component/types.ts';
import type { WitValue } from '../../value/index.ts';
import type { CoreValue } from './codec.ts';
import { contains } from './contains.ts';
import { encodedCall } from './encoded-call.ts';
import { mayNotLeave } from './entry.ts';
import { callForResult, findHostTarget, type HostTarget } from './host-function.ts';
import { endLends, startLends } from './lends.ts';
import type { ImportRef, LowerTrampoline } from './link-plan.ts';
import { scalarCall, scalarSignature } from './scalar-call.ts';
import { jcoShape, witShape } from './shape.ts';
import { signatureCodec } from './signature.ts';
import type { ComponentInstance, Store } from './store.ts';
import type { ImportedFunction } from './trampolines.ts';

/**
 * A call of the guest's to a function of the host's.
 *
 * What it needs is looked up at its first call: an instance lives for one call and uses few of its imports.
 */
export function hostCall(store: Store, lower: LowerTrampoline, instance: ComponentInstance, ref: ImportRef): ImportedFunction {
  const scalars = scalarSignature(lower.type);
  if (scalars !== undefined) {
    return scalarCall(store, instance, scalars, () => {
      const target = findHostTarget(store.imports, ref);
      return target.form === 'encoded' ? prepareCall(store, lower, instance, target) : target;
    });
  }
  let call: ((core: CoreValue[]) => CoreValue | undefined) | undefined;
  return (...core) => {
    if (!instance.mayLeave) throw mayNotLeave(store);
    try {
      call ??= prepareCall(store, lower, instance, findHostTarget(store.imports, ref));
      return call(core);
    } catch (thrown) {
      throw store.fail(thrown);
    }
  };
}

function prepareCall(
  store: Store,
  lower: LowerTrampoline,
  instance: ComponentInstance,
  target: HostTarget,
): (core: CoreValue[]) => CoreValue | undefined {
  const { type } = lower;
  const { budget } = store;
  const limits = store.limits.hostCall;
  const abi = store.abi(lower.options, lower.instance);
  if (target.form === 'encoded') return encodedCall(abi, type, target.call, limits);
  const codec = signatureCodec(type, target.form === 'jco' ? jcoShape : witShape);
  const call = valuesCall(type, target);
  const lends = lendsHandles(type);
  const serve = (core: CoreValue[]): CoreValue | undefined => {
    abi.refresh();
    abi.sourceEncoding = undefined;
    budget.start(limits, 'limit/host-calls');
    const args = codec.liftParams(abi, core);
    budget.chargeBuilt();
    return codec.lowerResult(abi, core, call(args));
  };
  if (!lends) return serve;
  return (core) => {
    const lent = startLends(instance);
    const answer = serve(core);
    endLends(lent);
    return answer;
  };
}

/** Calls the host function with values of its own shape. */
function valuesCall(type: FunctionType, target: Exclude<HostTarget, { form: 'encoded' }>): (args: unknown[]) => unknown {
  if (target.form === 'values') return (args) => target.call(args as WitValue[]); // lifted in that shape
  const { call } = target;
  if (type.result?.kind === 'result') return (args) => callForResult(call, args);
  return (args) => (args.length === 1 ? call(args[0]) : call(...args));
}

const lending = new WeakMap<FunctionType, boolean>();

function lendsHandles(type: FunctionType): boolean {
  let lends = lending.get(type);
  if (lends === undefined) {
    lends = contains(type, 'borrow');
    lending.set(type, lends);
  }
  return lends;
}
