import { setMaxListeners } from 'node:events';
import { CodedError } from '../runtime/index.ts';
import type { ApprovableCall } from './approvals/index.ts';
import type { Scopes } from './policy/index.ts';
import { quote } from './policy/quote.ts';

/** A call of this process between its intent and its outcome. */
export interface RunningCall {
  readonly audit: string;
  readonly agent: string;
  readonly tool: string;
  readonly session?: string;
  /** Names of the capabilities that it has, and the scopes of its tool. */
  readonly grants: readonly string[];
  readonly scopes: Scopes;
  /** The call on whose behalf it runs. */
  readonly parent: RunningCall | undefined;
  /** Levels of calls that may be on its behalf; absent: as many as any chain has. */
  readonly depthLeft?: number;
  /** What approvers are shown of it when it asks a question; absent: it cannot ask. */
  readonly shown?: () => Pick<ApprovableCall, 'subject' | 'parameters'>;
  /** Audit ids of the calls on whose behalf it runs, outermost first. */
  readonly chain: readonly string[];
  /** Milliseconds since 1970 at which it has to have ended. */
  readonly endsMs: number;
  /** Aborts when its caller cancels it. */
  readonly signal: AbortSignal;
}

/** Calls on each other's behalf: a chain this long is a loop. */
const CHAIN_MAX = 16;

/**
 * The calls that run here, for those that are filed on their behalf: a tool that asks for another tool gets no more than the whole chain of
 * callers has, so that a weak caller cannot borrow a strong deputy.
 */
export class RunningCalls {
  readonly #calls = new Map<string, RunningCall>();
  /** Of calls that others were filed on behalf of, or that capabilities asked for: abort at their end. */
  readonly #ends = new Map<
    string,
    { readonly controller: AbortController; readonly cancel: () => void; readonly signal: AbortSignal }
  >();

  begin(call: RunningCall): void {
    this.#calls.set(call.audit, call);
  }

  end(audit: string): void {
    this.#calls.delete(audit);
    const end = this.#ends.get(audit);
    if (end === undefined) return;
    end.signal.removeEventListener('abort', end.cancel);
    end.controller.abort();
    this.#ends.delete(audit);
  }

  get(audit: string): RunningCall | undefined {
    return this.#calls.get(audit);
  }

  /**
   * Aborts when the call ends, however it does, or is cancelled.
   *
   * A listener that is taken away, and not `AbortSignal.any`: in Node 20 that leaves something behind in each of its signals, one of which
   * lives as long as the warden.
   */
  endOf({ audit, signal }: RunningCall): AbortSignal {
    const known = this.#ends.get(audit);
    if (known !== undefined) return known.controller.signal;
    const controller = new AbortController();
    setMaxListeners(0, controller.signal); // each request on its behalf listens
    const cancel = (): void => controller.abort();
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });
    this.#ends.set(audit, { controller, cancel, signal });
    return controller.signal;
  }

  /**
   * @param parent - audit id of a running call; undefined for a request that an agent files itself.
   * @throws CodedError `usage/invalid-argument` when that call does not run, is another agent's, or the chain is too long.
   */
  parent(parent: string | undefined, agent: string): RunningCall | undefined {
    if (parent === undefined) return undefined;
    const call = this.#calls.get(parent);
    if (call === undefined) throw new CodedError('usage/invalid-argument', 'the call on whose behalf this is filed does not run');
    if (call.agent !== agent) throw new CodedError('usage/invalid-argument', 'a call can only ask on behalf of its own agent');
    if (call.chain.length + 1 >= CHAIN_MAX) {
      throw new CodedError('usage/invalid-argument', `there are more than ${CHAIN_MAX} calls on behalf of each other`);
    }
    return call;
  }
}

/**
 * Levels that a call on another's behalf has left below it.
 *
 * @param tool - that is called. @param depthMax - what the scopes of the one that calls allow, where it calls by `tools`: then no tool may ask for
 * itself through others. Programs that file requests on a call's behalf are only held to the length of the chain.
 * @throws CodedError `denied/scope` when there are none left, or the tool runs in this chain already.
 */
export function depthBelow(parent: RunningCall | undefined, tool: string, depthMax: number | undefined): number {
  if (parent === undefined) return CHAIN_MAX;
  for (let caller: RunningCall | undefined = parent; caller !== undefined; caller = caller.parent) {
    if (depthMax === undefined || caller.tool !== tool) continue;
    throw new CodedError('denied/scope', `${quote(tool)} runs already, and asks for itself through others`, {
      help: 'a tool cannot be called on its own behalf',
    });
  }
  const left = Math.min(parent.depthLeft ?? CHAIN_MAX, depthMax ?? CHAIN_MAX);
  if (left > 0) return left - 1;
  throw new CodedError('denied/scope', 'calls on behalf of each other would be deeper than a grant of theirs allows', {
    help: 'raise `depth` of `tools` where the policy grants it',
  });
}

/** Grants that a call gets: its tool's, as far as everybody has them on whose behalf it runs. */
export function grantsWithin(grants: readonly string[], parent: RunningCall | undefined): readonly string[] {
  return parent === undefined ? grants : grants.filter((name) => parent.grants.includes(name));
}

/** Audit ids of a call's callers, outermost first. */
export function chainOf(parent: RunningCall | undefined): readonly string[] {
  return parent === undefined ? [] : [...parent.chain, parent.audit];
}
