import { CodedError } from '../../runtime/index.ts';
import type { Policy } from '../policy/index.ts';

/** With one agent in the policy there is nothing to choose; with more, guessing would be granting. */
export function onlyAgent({ agents }: Pick<Policy, 'agents'>): string {
  const names = [...agents.keys()];
  const [only] = names;
  if (names.length === 1 && only !== undefined) return only;
  throw new CodedError('usage/invalid-argument', `the policy has ${names.length} agents, so the request must name one`, {
    help: `add \`--agent NAME\`, one of: ${names.join(', ')}`,
  });
}

/** Whether the text of a request says whose it is; what else is wrong with it is for others to say. */
export function namesAgent(json: Uint8Array): boolean {
  try {
    return 'agent' in (JSON.parse(new TextDecoder().decode(json)) as object);
  } catch {
    return true;
  }
}
