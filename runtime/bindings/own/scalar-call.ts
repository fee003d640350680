import type { FunctionType } from '../../component/types.ts';
import type { WitValue } from '../../value/index.ts';
import type { CoreValue } from './codec.ts';
import { mayNotLeave } from './entry.ts';
import type { HostTarget } from './host-function.ts';
import { isScalarKind, SCALARS, type Scalar } from './scalars.ts';
import type { ComponentInstance, Store } from './store.ts';
import type { ImportedFunction } from './trampolines.ts';

/*
 * Host calls with a few numbers and nothing else: no memory is touched, no list of arguments made. They are what guests
 * call most often (clocks, pollables, counters), and all that there is to save is in the way there and back.
 */

/** A function of so few scalars that there is a way made for it. */
export interface ScalarSignature {
  readonly params: readonly Scalar[];
  readonly result: Scalar | undefined;
}

/** Parameters up to which there is one. */
const PARAMS_MAX = 2;

const signatures = new WeakMap<FunctionType, ScalarSignature | 'none'>();

/** @returns undefined for functions of any other kind. */
export function scalarSignature(type: FunctionType): ScalarSignature | undefined {
  let signature = signatures.get(type);
  if (signature === undefined) {
    signature = find(type) ?? 'none';
    signatures.set(type, signature);
  }
  return signature === 'none' ? undefined : signature;
}

function find({ params, result }: FunctionType): ScalarSignature | undefined {
  if (params.length > PARAMS_MAX) return undefined;
  const scalars: Scalar[] = [];
  for (const { type } of params) {
    if (!isScalarKind(type.kind)) return undefined;
    scalars.push(SCALARS[type.kind]);
  }
  if (result === undefined) return { params: scalars, result: undefined };
  return isScalarKind(result.kind) ? { params: scalars, result: SCALARS[result.kind] } : undefined;
}

/** What a call that the guest makes is served by, once it was looked up. */
type Found = Exclude<HostTarget, { form: 'encoded' }> | ((core: CoreValue[]) => CoreValue | undefined);

/**
 * @param find - looks up the host function, at the first call: as a target of values, or ready to take core values.
 */
export function scalarCall(
  store: Store,
  instance: ComponentInstance,
  signature: ScalarSignature,
  find: () => Found,
): ImportedFunction {
  let call: ImportedFunction | undefined;
  // As many formal parameters as core wasm passes: the engine has a short way for those.
  switch (signature.params.length) {
    case 0:
      return () => {
        if (!instance.mayLeave) throw mayNotLeave(store);
        try {
          call ??= prepare(signature, find());
          return call();
        } catch (thrown) {
          throw store.fail(thrown);
        }
      };
    case 1:
      return (first) => {
        if (!instance.mayLeave) throw mayNotLeave(store);
        try {
          call ??= prepare(signature, find());
          return call(first as CoreValue);
        } catch (thrown) {
          throw store.fail(thrown);
        }
      };
    default:
      return (first, second) => {
        if (!instance.mayLeave) throw mayNotLeave(store);
        try {
          call ??= prepare(signature, find());
          return call(first as CoreValue, second as CoreValue);
        } catch (thrown) {
          throw store.fail(thrown);
        }
      };
  }
}

/** From core values to the core value of the result. */
function prepare({ params, result }: ScalarSignature, found: Found): ImportedFunction {
  if (typeof found === 'function') return (...core) => found(core);
  const lifts = params.map((param) => param.lift);
  const lower = result === undefined ? () => undefined : result.lower;
  if (found.form === 'values') {
    return (...core) => lower(found.call(lifts.map((lift, at) => lift(core[at]!)) as WitValue[])); // lifted in that shape
  }
  const { call } = found;
  const [liftFirst, liftSecond] = lifts;
  if (liftFirst === undefined) return () => lower(call());
  if (liftSecond === undefined) return (first) => lower(call(liftFirst(first!)));
  return (first, second) => lower(call(liftFirst(first!), liftSecond(second!)));
}
