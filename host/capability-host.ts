import { dirname } from 'node:path';
import { CodedError, jsonText } from '../runtime/index.ts';
import type { CapabilityCall, CapabilityHost, NestedOutcome, Progress } from './capabilities/index.ts';
import type { HostStates } from './open-capabilities.ts';
import type { Policy } from './policy/index.ts';
import { quote } from './policy/quote.ts';
import type { Outcome } from './receipt.ts';
import type { ToolRequest } from './request.ts';

/** How far a call is, by its own word: shown to who watches, and never believed. */
export interface CallProgress extends Progress {
  readonly audit: string;
  readonly agent: string;
  readonly tool: string;
}

/** What a request on behalf of a running call is filed with. */
export interface NestedOptions {
  readonly parent: string;
  readonly fuelMax: bigint;
  readonly depthMax?: number;
}

/** What a warden lends to the capabilities of its calls. */
export interface CapabilityHostParts {
  readonly policy: Policy;
  readonly states: HostStates;
  readonly secret: (name: string) => string;
  readonly ask: NonNullable<CapabilityHost['ask']>;
  /** Files a request on behalf of a running call. */
  readonly file: (request: ToolRequest, options: NestedOptions) => Promise<Outcome>;
  readonly report: (progress: CallProgress) => void;
}

/** The host as the capabilities of a warden's calls know it. */
export function capabilityHost({ policy, states, secret, ask, file, report }: CapabilityHostParts): CapabilityHost {
  return {
    policyFolder: dirname(policy.file),
    stateFolder: policy.trail.folder,
    secret,
    state: states.state,
    ask: (question, call) => awaited(call, () => ask(question, call)),
    async request({ toolName, parametersJson, justification, depthMax }, call, fuelMax) {
      const { agent, session } = call;
      const words = { agent, tool_name: toolName, parametersJson, justification, session };
      const depth = depthMax === undefined ? {} : { depthMax };
      return nestedOutcome(await file(words, { parent: call.audit, fuelMax, ...depth }));
    },
    report: (progress, { audit, agent, tool }: CapabilityCall) => report({ audit, agent, tool, ...progress }),
  };
}

const ASKED = {};

/**
 * The call's outcome waits for the end of its question: nothing is open any more when it is written.
 *
 * @throws CodedError `internal/invariant` when the call has ended: then nothing is asked.
 */
function awaited<T>(call: CapabilityCall, ask: () => Promise<T>): Promise<T> {
  const open = call.state(
    ASKED,
    () => new Set<Promise<unknown>>(),
    async (promises) => void (await Promise.allSettled(promises)),
  );
  const asked = ask();
  open.add(asked);
  const end = (): boolean => open.delete(asked);
  asked.then(end, end);
  return asked;
}

function nestedOutcome({ kind, value, error, receipt }: Outcome): NestedOutcome {
  return {
    kind,
    ...(value === undefined ? {} : { valueJson: jsonText(value) }),
    ...(error === undefined ? {} : { code: error.code, message: error.message }),
    ...(receipt.audit === undefined ? {} : { audit: receipt.audit }),
    fuel: BigInt(receipt.fuel),
  };
}

/** A host that has no secrets, no warden and nobody to ask: for `cellblock run` and replays. */
export function bareCapabilityHost(policyFolder: string, states: HostStates): CapabilityHost {
  return {
    policyFolder,
    stateFolder: undefined,
    state: states.state,
    secret(name) {
      throw new CodedError('capability/unavailable', `there is no secret ${quote(name)}: only a policy names secrets`);
    },
  };
}
