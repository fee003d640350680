import type { ComponentInstance, Store } from './store.ts';
import { abiTrap } from './trap.ts';

/**
 * The component instances that a call into `callee` enters: it and those around it, without those that the caller is in
 * already. Source: CanonicalABI.md, `ComponentInstance.entering_set`.
 *
 * @param caller - undefined when the host calls.
 */
export function enteringSet(store: Store, callee: number, caller: number | undefined): readonly ComponentInstance[] {
  const inside = caller === undefined ? new Set<number>() : new Set(selfAndAncestors(store, caller));
  return selfAndAncestors(store, callee)
    .filter((index) => !inside.has(index))
    .map((index) => store.instance(index));
}

function selfAndAncestors(store: Store, index: number): number[] {
  const found: number[] = [];
  for (let at: number | undefined = index; at !== undefined; at = store.plan.instances[at]?.parent) found.push(at);
  return found;
}

/** Shuts the instances to others. @throws CodedError `trap/abi` when one is entered already, or was left by a trap. */
export function enter(entering: readonly ComponentInstance[]): void {
  for (let at = 0; at < entering.length; at++) {
    if (!entering[at]!.mayEnter) throw abiTrap('cannot enter component instance');
  }
  for (let at = 0; at < entering.length; at++) entering[at]!.mayEnter = false;
}

/** Opens the instances again, after a call that ended well. */
export function leave(entering: readonly ComponentInstance[]): void {
  for (let at = 0; at < entering.length; at++) entering[at]!.mayEnter = true;
}

/** To be thrown when an instance calls out while it must not: it runs `realloc` or `post-return`, or something has failed before. */
export function mayNotLeave(store: Store): unknown {
  store.checkUsable();
  return store.fail(abiTrap('cannot leave component instance'));
}

/** Runs a guest's `post-return`, which may not call out. */
export function runPostReturn(store: Store, instance: ComponentInstance, postReturn: () => void): void {
  instance.mayLeave = false;
  postReturn();
  store.checkUsable(); // it may have caught what calling out threw
  instance.mayLeave = true;
}
