import type { CoreValue } from './codec.ts';
import { componentCall } from './component-call.ts';
import { enter, enteringSet, leave, mayNotLeave } from './entry.ts';
import { hostCall } from './host-call.ts';
import type { Lift, LowerTrampoline, Trampoline } from './link-plan.ts';
import type { ComponentInstance, Store } from './store.ts';
import { abiTrap } from './trap.ts';

/** A function that core wasm imports. */
export type ImportedFunction = (...core: CoreValue[]) => CoreValue | undefined;

/**
 * Makes the core function of a trampoline.
 *
 * All of them refuse to run while their instance may not leave, and whatever they throw makes the store unusable: the guest
 * may catch it, but comes no further.
 */
export function makeTrampoline(store: Store, trampoline: Trampoline): ImportedFunction {
  const instance = store.instance(trampoline.instance);
  switch (trampoline.kind) {
    case 'lower':
      return lowered(store, trampoline, instance);
    case 'resource-new':
      return guarded(store, instance, (representation) =>
        instance.handles.add({ resource: trampoline.resource, representation, own: true, task: undefined, lends: 0 }),
      );
    case 'resource-drop':
      return guarded(store, instance, (handle) => dropHandle(store, instance, trampoline, handle as number));
    case 'resource-rep':
      // Allowed in `realloc` and `post-return`, too: it calls nothing.
      return (handle) => {
        store.checkUsable();
        try {
          return instance.handles.get(handle as number, trampoline.resource).representation as number;
        } catch (thrown) {
          throw store.fail(thrown);
        }
      };
    case 'context-get':
      return () => instance.context?.[trampoline.slot] ?? 0;
    case 'context-set':
      return (value) => {
        instance.context ??= [0, 0];
        instance.context[trampoline.slot] = value as number;
        return undefined;
      };
    case 'backpressure':
      return () => {
        instance.backpressure += trampoline.change;
        if (instance.backpressure < 0 || instance.backpressure === BACKPRESSURE_MAX)
          throw store.fail(abiTrap('backpressure counter overflow'));
        return undefined;
      };
    case 'unsupported':
      return guarded(store, instance, () => {
        throw abiTrap(`the built-in \`${trampoline.name}\` of the asynchronous ABI is not supported`);
      });
  }
}

/** Source: CanonicalABI.md, `canon_backpressure_inc`. */
const BACKPRESSURE_MAX = 2 ** 16;

/** A built-in of one parameter. */
function guarded(store: Store, instance: ComponentInstance, run: (value: CoreValue) => CoreValue | undefined): ImportedFunction {
  return (value) => {
    if (!instance.mayLeave) throw mayNotLeave(store);
    try {
      return run(value as CoreValue); // built-ins without a parameter do not look at it
    } catch (thrown) {
      throw store.fail(thrown);
    }
  };
}

function lowered(store: Store, lower: LowerTrampoline, instance: ComponentInstance): ImportedFunction {
  const { func } = lower;
  if (func.from === 'import') return hostCall(store, lower, instance, func);
  return componentCall(store, lower, instance, store.plan.lifts[func.index] as Lift); // the plan's own index
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
  const owner = store.instance(planned.instance);
  const entering = enteringSet(store, planned.instance, trampoline.instance);
  enter(entering);
  const { context } = owner;
  owner.context = undefined;
  store.coreFunction(planned.dtor)(handle.representation as never); // a core function of one i32
  store.checkUsable();
  owner.context = context;
  leave(entering);
  return undefined;
}

function disposeOf(representation: unknown): undefined {
  const dispose = (representation as { [Symbol.dispose]?: unknown })[Symbol.dispose];
  if (typeof dispose === 'function') dispose.call(representation);
  return undefined;
}
