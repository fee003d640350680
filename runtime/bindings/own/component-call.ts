import type { Abi } from './abi.ts';
import type { CoreValue } from './codec.ts';
import { contains } from './contains.ts';
import { enter, enteringSet, leave, mayNotLeave, runPostReturn } from './entry.ts';
import type { Task } from './handles.ts';
import { endLends, startLends } from './lends.ts';
import type { Lift, LowerTrampoline } from './link-plan.ts';
import { witShape } from './shape.ts';
import { type SignatureCodec, signatureCodec } from './signature.ts';
import type { ComponentInstance, Store } from './store.ts';
import type { ImportedFunction } from './trampolines.ts';
import { abiTrap } from './trap.ts';

/** What one call between component instances may carry: the host holds it for a moment. */
const TRANSFER_LIMITS = { bytesMax: 16 * 1024 * 1024, elementsMax: 262_144 };

/**
 * A call from one component instance to another: values are lifted from the one memory and lowered into the other.
 *
 * What it needs is looked up at its first call: an instance lives for one call and uses few of its imports.
 */
export function componentCall(store: Store, lower: LowerTrampoline, caller: ComponentInstance, lift: Lift): ImportedFunction {
  let call: ((core: CoreValue[]) => CoreValue | undefined) | undefined;
  return (...core) => {
    if (!caller.mayLeave) throw mayNotLeave(store);
    try {
      call ??= prepareCall(store, lower, caller, lift);
      return call(core);
    } catch (thrown) {
      throw store.fail(thrown);
    }
  };
}

function prepareCall(
  store: Store,
  lower: LowerTrampoline,
  caller: ComponentInstance,
  lift: Lift,
): (core: CoreValue[]) => CoreValue | undefined {
  const callee = store.instance(lift.instance);
  const from = signatureCodec(lower.type, witShape);
  const to = signatureCodec(lift.type, witShape);
  const callerAbi = store.abi(lower.options, lower.instance);
  const calleeAbi = store.abi(lift.options, lift.instance);
  const target = store.coreFunction(lift.callee) as ImportedFunction; // core values in and out
  const postReturn = lift.options.postReturn && (store.coreFunction(lift.options.postReturn) as ImportedFunction);
  const entering = enteringSet(store, lift.instance, lower.instance);
  const lends = contains(lower.type, 'borrow');
  const { budget } = store;
  const passParams = paramsPassing(from, callerAbi, to, calleeAbi, callee);
  return (core) => {
    enter(entering);
    const { context } = callee;
    callee.context = undefined;
    callerAbi.refresh();
    calleeAbi.refresh();
    budget.start(TRANSFER_LIMITS, 'limit/result');
    const lent = lends ? startLends(caller) : undefined;
    const task: Task = { borrows: 0 };
    // INVARIANT: the values themselves are gone when the callee runs: it may call on, and each call would keep its own.
    const raw = target(...passParams(core, task));
    store.checkUsable(); // guest code may have caught what a host call threw
    calleeAbi.refresh();
    budget.start(TRANSFER_LIMITS, 'limit/result');
    const value = to.liftResult(calleeAbi, raw);
    budget.chargeBuilt();
    if (task.borrows !== 0) throw abiTrap('borrow handles still remain at the end of the call');
    callerAbi.refresh();
    callerAbi.sourceEncoding = calleeAbi.encoding;
    const answer = from.lowerResult(callerAbi, core, value);
    if (postReturn !== undefined) runPostReturn(store, callee, () => postReturn(...(raw === undefined ? [] : [raw])));
    callee.context = context;
    leave(entering);
    if (lent !== undefined) endLends(lent);
    return answer;
  };
}

/** From the core values that the caller passes to those that the callee gets; borrows that it gets count in `task`. */
function paramsPassing(
  from: SignatureCodec,
  callerAbi: Abi,
  to: SignatureCodec,
  calleeAbi: Abi,
  callee: ComponentInstance,
): (core: CoreValue[], task: Task) => CoreValue[] {
  return (core, task) => {
    const values = from.liftParams(callerAbi, core);
    callerAbi.budget.chargeBuilt();
    calleeAbi.sourceEncoding = callerAbi.encoding;
    const before = callee.task;
    callee.task = task;
    const lowered = to.lowerParams(calleeAbi, values);
    callee.task = before;
    return lowered;
  };
}
