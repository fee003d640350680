import type { Policy, PolicyIssue, Usage } from '../../../host/policy/index.ts';
import { parsePolicy } from '../../../host/policy/index.ts';
import type { CodedError } from '../../../runtime/error.ts';
import { isCoded } from '../../../runtime/error.ts';

export const GRANTS: ReadonlySet<string> = new Set(['log', 'clock']);

/** A policy that uses every field; tests change one line of it. */
export const EXAMPLE = `version: 1
tools:
  redact:
    component: tools/redact/redact.wasm
    digest: sha256:${'0123456789abcdef'.repeat(4)}
    functions: [redact]
    grants: [log]
    limits:
      fuel: 200000000
      memory: 64MiB
      tableElements: 10000
      timeout: 2s
      result: 1MiB
      stdout: 64KiB
  crash-summary:
    component: ../common/crash-summary.wasm
    functions:
      - summarise
      - group-by-pod
      - cellblock:samples/crash@0.1.0#reset
agents:
  triage:
    tools: [redact, crash-summary.summarise]
  on-call:
    tools:
      - crash-summary
  idle:
    tools: []
`;

export function parse(text: string): Policy {
  return parsePolicy(text, '/etc/cells/cellblock.yaml', { knownGrants: GRANTS });
}

/** What an action throws; fails when that is not one of our errors, or when nothing is thrown. */
export function thrownBy(action: () => unknown): CodedError {
  try {
    action();
  } catch (error) {
    if (isCoded(error)) return error;
    throw error;
  }
  throw new Error('expected a CodedError, and nothing was thrown');
}

/** All issues of a refused text as `line:column: path: message`. */
export function issuesOf(text: string): string[] {
  const error = thrownBy(() => parse(text));
  if (error.code !== 'policy/invalid-document') throw error;
  // `data.issues` is `PolicyIssue[]` for this code.
  const issues = error.data.issues as readonly PolicyIssue[];
  return issues.map((issue) => `${issue.line}:${issue.column}: ${issue.path === '' ? '' : `${issue.path}: `}${issue.message}`);
}

/** The example with one part replaced; fails when the part is not there exactly once. */
export function exampleWith(part: string, replacement: string): string {
  if (EXAMPLE.split(part).length !== 2) throw new Error(`the example does not have this part once: ${part}`);
  return EXAMPLE.replace(part, () => replacement);
}

/** Nothing was ever called. */
export const UNUSED: Usage = { used: () => 0, inFlight: () => 0, oldest: () => undefined };

/** Every budget has no room left, because of calls that have not ended. */
export const USED_UP: Usage = { used: () => 1_000_000, inFlight: () => 1_000_000, oldest: () => undefined };
