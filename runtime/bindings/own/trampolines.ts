import type { CoreValue } from './codec.ts';
import { contains } from './contains.ts';
import { encodedCall } from './encoded-call.ts';
import { checkMayLeave, enter, enteringSet, leave, runPostReturn } from './entry.ts';
import type { Task } from './handles.ts';
import { callHost, findHostTarget, type HostTarget } from './host-function.ts';
import type { Lift, Trampoline } from './link-plan.ts';
import { jcoShape, witShape } from './shape.ts';
import { signatureCodec } from './signature.ts';
import type { ComponentInstance, Store } from './store.ts';
import { abiTrap } from './trap.ts';

/** A function that core wasm imports. */
export type ImportedFunction = (...core: CoreValue[]) => CoreValue | undefined;

type Lower = Extract<Trampoline, { kind: 'lower' }>;

/**
 * Makes the core function of a trampoline. What it needs is looked up at its first call: an instance lives for one call
 * and uses few of its imports.
 */
export function makeTrampoline(store: Store, trampoline: Trampoline): ImportedFunction {
  const instance = store.instance(trampoline.instance);
  const run = body(store, trampoline, instance);
  const leaves = trampoline.kind !== 'resource-rep';
  return (...core) => {
    store.checkUsable();
    try {
      if (leaves) checkMayLeave(instance);
      return run(core);
    } catch (thrown) {
      throw store.fail(thrown);
    }
  };
}

type Body = (core: CoreValue[]) => CoreValue | undefined;

function body(store: Store, trampoline: Trampoline, instance: ComponentInstance): Body {
  switch (trampoline.kind) {
    case 'lower': {
      let run: Body | undefined;
      return (core) => {
        run ??= lowerBody(store, trampoline, instance);
        return run(core);
      };
    }
    case 'resource-new':
      return ([representation]) =>
        instance.handles.add({ resource: trampoline.resource, representation, own: true, task: undefined, lends: 0 });
    case 'resource-rep':
      return ([handle]) => instance.handles.get(handle as number, trampoline.resource).representation as number;
    case 'resource-drop':
      return ([handle]) => dropHandle(store, instance, trampoline, handle as number);
    case 'unsupported':
      return () => {
        throw abiTrap(`the built-in \`${trampoline.name}\` of the asynchronous ABI is not supported`);
      };
  }
}

function dropHandle(
  store: Store,
  instance: ComponentInstance,
  trampoline: { readonly resource: number; readonly instance: number },
  index: number,
): undefined {
  const handle = instance.handles.remove(index, trampoline.resource);
  if (!handle.own) {
    if (handle.task !== undefined) handle.task.borrows--;
    return undefined;
  }
  const planned = store.plan.resources[trampoline.resource];
  if (planned?.from === 'import') return disposeOf(handle.representation);
  if (planned?.dtor === undefined) return undefined;
  const entering = enteringSet(store, planned.instance, trampoline.instance);
  enter(entering);
  store.coreFunction(planned.dtor)(handle.representation as never); // a core function of one i32
  leave(entering);
  return undefined;
}

function disposeOf(representation: unknown): undefined {
  const dispose = (representation as { [Symbol.dispose]?: unknown })[Symbol.dispose];
  if (typeof dispose === 'function') dispose.call(representation);
  return undefined;
}

function lowerBody(store: Store, lower: Lower, instance: ComponentInstance): Body {
  const { func } = lower;
  if (func.from === 'lift') return componentCall(store, lower, store.plan.lifts[func.index] as Lift, instance); // the plan's own index
  const target = findHostTarget(store.imports, func.interface, func.name);
  const call = hostCall(store, lower, target);
  return contains(lower.type, 'borrow') ? lending(instance, call) : call;
}

/** A call of the guest's to a function of the host's. */
function hostCall(store: Store, lower: Lower, target: HostTarget): Body {
  const { type } = lower;
  const abi = store.abi(lower.options, lower.instance);
  const { budget } = store;
  const limits = store.limits.hostCall;
  if (target.form === 'encoded') return encodedCall(abi, type, target.call, limits);
  const codec = signatureCodec(type, target.form === 'jco' ? jcoShape : witShape);
  return (core) => {
    abi.refresh();
    abi.sourceEncoding = undefined;
    budget.start(limits);
    const args = codec.liftParams(abi, core);
    const answer = callHost(target, type.result, args);
    return codec.lowerResult(abi, core, answer);
  };
}

/** Handles that are lent to a call cannot be dropped before it ends. */
function lending(instance: ComponentInstance, call: Body): Body {
  return (core) => {
    const lenders: ComponentInstance['lenders'] = [];
    const before = instance.lenders;
    instance.lenders = lenders;
    const answer = call(core);
    instance.lenders = before;
    for (const handle of lenders) handle.lends--;
    return answer;
  };
}

/** A call from one component instance to another: lifted from the one memory, lowered into the other. */
function componentCall(store: Store, lower: Lower, lift: Lift, caller: ComponentInstance): Body {
  const callee = store.instance(lift.instance);
  const from = signatureCodec(lower.type, witShape);
  const to = signatureCodec(lift.type, witShape);
  const callerAbi = store.abi(lower.options, lower.instance);
  const calleeAbi = store.abi(lift.options, lift.instance);
  const target = store.coreFunction(lift.callee) as (...core: CoreValue[]) => CoreValue | undefined; // core values in and out
  const postReturn = lift.options.postReturn && (store.coreFunction(lift.options.postReturn) as typeof target);
  const entering = enteringSet(store, lift.instance, lower.instance);
  const { budget } = store;
  const call: Body = (core) => {
    enter(entering);
    callerAbi.refresh();
    calleeAbi.refresh();
    budget.start(TRANSFER_LIMITS);
    const args = from.liftParams(callerAbi, core);
    calleeAbi.sourceEncoding = callerAbi.encoding;
    const task: Task = { borrows: 0 };
    const raw = target(...inTask(callee, task, () => to.lowerParams(calleeAbi, args)));
    calleeAbi.refresh();
    budget.start(TRANSFER_LIMITS);
    const value = to.liftResult(calleeAbi, raw);
    if (task.borrows !== 0) throw abiTrap('borrow handles still remain at the end of the call');
    callerAbi.refresh();
    callerAbi.sourceEncoding = calleeAbi.encoding;
    const answer = from.lowerResult(callerAbi, core, value);
    if (postReturn !== undefined) runPostReturn(callee, () => postReturn(...(raw === undefined ? [] : [raw])));
    leave(entering);
    return answer;
  };
  return contains(lower.type, 'borrow') ? lending(caller, call) : call;
}

/** What one call between component instances may carry: the host holds it for a moment. */
const TRANSFER_LIMITS = { bytesMax: 64 * 1024 * 1024, elementsMax: 1_048_576 };

function inTask<T>(instance: ComponentInstance, task: Task, lower: () => T): T {
  const before = instance.task;
  instance.task = task;
  const lowered = lower();
  instance.task = before;
  return lowered;
}
