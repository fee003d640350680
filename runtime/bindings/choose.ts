import type { Component } from '../component/types.ts';
import { CodedError, isCoded } from '../error.ts';
import type { BindingsName } from './bindings.ts';
import type { LinkPlan } from './own/link-plan.ts';
import { buildLinkPlan } from './own/plan-builder.ts';

/** Which bindings a caller wants: one implementation, or `auto` for our own where they cover the component and jco elsewhere. */
export type BindingsChoice = 'auto' | BindingsName;

const CHOICES: readonly BindingsChoice[] = ['auto', 'own', 'jco'];

/** Checks a choice that comes from outside. @throws CodedError `usage/invalid-argument`. */
export function checkBindingsChoice(choice: unknown): BindingsChoice {
  const known = CHOICES.find((candidate) => candidate === choice);
  if (known !== undefined) return known;
  throw new CodedError('usage/invalid-argument', `there are no bindings \`${String(choice).slice(0, 40)}\``, {
    help: `known: ${CHOICES.join(', ')}`,
  });
}

/** What links a component: our own bindings by a plan, or jco. */
export type ChosenBindings =
  | { readonly bindings: 'own'; readonly plan: LinkPlan }
  /** `reason`: why not our own; absent when jco was asked for. */
  | { readonly bindings: 'jco'; readonly reason?: string };

/** What jco must be known not to run before it sees it; see `Component.jcoRefuses`. */
export type JcoFacts = Pick<Component, 'jcoRefuses'>;

/**
 * Decides which bindings link a component. Runs nothing of it.
 *
 * @throws CodedError `component/unsupported` when the bindings asked for cannot link it, or with `auto` neither can;
 * other codes of `buildLinkPlan`, which are no reason to try jco.
 * Thread: any. Pure.
 */
export function chooseBindings(component: Component, choice: BindingsChoice): ChosenBindings {
  if (choice === 'own') return { bindings: 'own', plan: buildLinkPlan(component) };
  if (choice === 'jco') return chooseJco(component);
  if (component.asyncAbi === true) return chooseJco(component, 'the component uses the asynchronous ABI');
  try {
    return { bindings: 'own', plan: buildLinkPlan(component) };
  } catch (error) {
    if (!isCoded(error) || error.code !== 'component/unsupported') throw error;
    return chooseJco(component, error.message);
  }
}

/**
 * Chooses jco, unless it must not be given this component.
 *
 * @param reason - why our own bindings do not link it; absent when jco was asked for.
 * @throws CodedError `component/unsupported`.
 */
export function chooseJco({ jcoRefuses }: JcoFacts, reason?: string): ChosenBindings & { readonly bindings: 'jco' } {
  if (jcoRefuses === undefined) return { bindings: 'jco', ...(reason === undefined ? {} : { reason }) };
  throw new CodedError('component/unsupported', `the component cannot be run by jco: ${jcoRefuses}`, {
    data: { jcoRefuses, ...(reason === undefined ? {} : { ownRefuses: reason }) },
    help: reason === undefined ? 'leave the choice of bindings to `auto`' : `our own bindings do not run it either: ${reason}`,
  });
}
