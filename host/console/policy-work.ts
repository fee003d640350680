import { type CodedError, isCoded } from '../../runtime/index.ts';
import { KNOWN_GRANTS, namesInScopeOf, scopeSchemasOf } from '../capabilities/index.ts';
import { formatPolicyError, loadPolicy, type Policy, type PolicyOptions, parsePolicy } from '../policy/index.ts';
import { splitEntry } from '../policy/names.ts';
import { explainSnapshot } from '../policy-tools/explain.ts';
import { explainLines } from '../policy-tools/explain-text.ts';
import { type RecordedRequest, readRequests } from '../policy-tools/recorded-requests.ts';
import { diffStructure, structureDiffLines } from '../policy-tools/structure-diff.ts';
import { readToolComponents } from '../policy-tools/tool-components.ts';
import { diffTrail, trailDiffLines } from '../policy-tools/trail-diff.ts';
import { requestFromJson } from '../request.ts';
import type { OperatorDoor } from '../serving/index.ts';

/** What a tool of policies said, as lines; `problem`: why it said nothing. */
export type Found = { readonly lines: readonly string[]; readonly more?: readonly string[] } | { readonly problem: string };

const DAY_MS = 86_400_000;
/** Requests of the last day that a diff decides anew. */
export const DIFF_REQUESTS_MAX = 2000;

/** Why the policy in force decides one request as it does. Nothing runs, and nothing is recorded. */
export async function explainRequest(door: OperatorDoor, json: string, nowMs: number): Promise<Found> {
  const { policy } = door;
  return found(async () => {
    const snapshot = requestFromJson(json);
    const components = await readToolComponents(policy, new Set([splitEntry(snapshot.toolName).tool]), (path) =>
      door.component(path),
    );
    return { lines: explainLines(explainSnapshot(policy, components, snapshot, nowMs), policy) };
  });
}

/** What another text of the policy would change, in what it says and for the requests of the last day. @param text - undefined: the file as it is. */
export async function diffPolicies(door: OperatorDoor, text: string | undefined, nowMs: number): Promise<Found> {
  const { policy, audit } = door;
  return found(async () => {
    const options = optionsFor(policy);
    const fresh = text === undefined ? await loadPolicy(policy.file, options) : parsePolicy(text, policy.file, options);
    // A text that somebody sends may name any file of this machine: what is read is what the policy in force names, and by its runners.
    const read = (path: string) => door.component(path);
    const [before, after] = [await readToolComponents(policy, undefined, read), await readToolComponents(fresh, undefined, read)];
    const requests = atMost(readRequests(audit.folder, nowMs - DAY_MS), DIFF_REQUESTS_MAX);
    const diff = await diffTrail({ policy, components: before }, { policy: fresh, components: after }, requests);
    return { lines: structureDiffLines(diffStructure(policy, fresh)), more: trailDiffLines(diff) };
  });
}

/** The policy in force may grant what the embedding program added: then its name is known, and its scope is not looked at. */
function optionsFor({ tools }: Policy): PolicyOptions {
  const granted = [...tools.values()].flatMap(({ grants }) => grants);
  return { knownGrants: new Set([...KNOWN_GRANTS, ...granted]), scopeSchemas: scopeSchemasOf(), namesInScope: namesInScopeOf() };
}

async function* atMost(requests: AsyncIterable<RecordedRequest>, max: number): AsyncGenerator<RecordedRequest, void, void> {
  let count = 0;
  for await (const request of requests) {
    if (++count > max) return;
    yield request;
  }
}

async function found(work: () => Promise<Found>): Promise<Found> {
  try {
    return await work();
  } catch (error) {
    if (isCoded(error)) return { problem: problemText(error) };
    throw error;
  }
}

function problemText(error: CodedError): string {
  return error.code === 'policy/invalid-document' ? formatPolicyError(error) : error.message;
}
