/**
 * Ways to call the sample tools. The suites of this folder run once for each way: jco's transpiled glue alone is the
 * independent reference, and another runtime is one more entry of `redactCallers`, `summaryCallers`, `planCallers` and `restartCallers`.
 */

import { readFile } from 'node:fs/promises';
import { loadReference, resultOf } from '../../tools/build/reference.mjs';

export const TOOLS_FOLDER = new URL('../../tools/', import.meta.url);

/** What a call of a function with a `result` gives, and the lines the tool logged. */
export type Answer<Ok, Err> = ({ readonly ok: Ok } | { readonly err: Err }) & { readonly logged: readonly string[] };

export interface RedactOptions {
  readonly kinds?: readonly string[];
  readonly keepLast?: number;
  readonly custom?: readonly { readonly name: string; readonly pattern: string }[];
}

export interface Finding {
  readonly kind: string;
  readonly rule: string | undefined;
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

export interface Report {
  readonly text: string;
  readonly findings: readonly Finding[];
  readonly counts: readonly { readonly kind: string; readonly times: number }[];
}

export interface Case {
  readonly tag: string;
  readonly val?: unknown;
}

export interface PodSummary {
  readonly namespace: string | undefined;
  readonly name: string;
  readonly container: string | undefined;
  readonly restarts: number;
  readonly reason: Case;
  readonly backOff: number | undefined;
  readonly errors: number;
  readonly lastError: string | undefined;
  readonly firstSeen: string | undefined;
  readonly lastSeen: string | undefined;
}

export interface Summary {
  readonly lines: number;
  readonly unrelated: number;
  readonly podsSeen: number;
  readonly headline: string;
  readonly pods: readonly PodSummary[];
}

export interface Action {
  readonly verb: string;
  readonly target: string;
  readonly namespace: string;
  readonly command?: readonly string[] | undefined;
  readonly replicas?: number | undefined;
  readonly restartedAt?: string | undefined;
}

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly contentType: string | undefined;
  readonly body: string | undefined;
  readonly summary: string;
}

/** What `cellblock:host/http` is asked for, and what it gives. */
export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly body: Uint8Array | undefined;
}

/** A response, or an error of the interface. */
export type HttpAnswer = { readonly status: number; readonly body: string } | Case;

export interface Restarted {
  readonly resourceVersion: string;
  readonly generation: bigint;
  readonly paused: boolean;
  readonly summary: string;
}

/** `args` in the order of the WIT; `answer` plays the host. */
export type RestartCaller = (
  args: readonly [apiServer: string, namespace: string, target: string, restartedAt: string],
  answer: (request: HttpRequest) => HttpAnswer,
) => Answer<Restarted, Case>;

export type RedactCaller = (text: string, options?: RedactOptions) => Answer<Report, Case>;
export type SummaryCaller = (log: string, podsMax?: number) => Answer<Summary, Case>;
export type PlanCaller = (action: Action) => Answer<ApiRequest, Case>;

export function readTool(name: string): Promise<Buffer> {
  return readFile(new URL(`${name}/${name}.wasm`, TOOLS_FOLDER));
}

export function readSample(name: string): Promise<string> {
  return readFile(new URL(`samples/${name}`, TOOLS_FOLDER), 'utf8');
}

export async function redactCallers(): Promise<readonly (readonly [string, RedactCaller])[]> {
  const call = await throughJco('redact', 'cellblock:samples/redact@0.1.0', 'redact');
  // The types below are those of the WIT, which `components.test.ts` pins.
  return [['jco alone', (text, options) => call(text, { custom: [], ...options }) as Answer<Report, Case>]];
}

export async function summaryCallers(): Promise<readonly (readonly [string, SummaryCaller])[]> {
  const call = await throughJco('crash-summary', 'cellblock:samples/crash-summary@0.1.0', 'summarise');
  // As above.
  return [['jco alone', (log, podsMax) => call(log, podsMax) as Answer<Summary, Case>]];
}

export async function planCallers(): Promise<readonly (readonly [string, PlanCaller])[]> {
  const call = await throughJco('kubectl-plan', 'cellblock:samples/kubectl-plan@0.1.0', 'plan');
  const argumentsOf = (action: Action) => {
    const { verb, target, namespace, command, replicas, restartedAt } = action;
    return [verb, target, namespace, command, replicas, restartedAt];
  };
  // As above.
  return [['jco alone', (action) => call(...argumentsOf(action)) as Answer<ApiRequest, Case>]];
}

export async function restartCallers(): Promise<readonly (readonly [string, RestartCaller])[]> {
  let host: (request: HttpRequest) => HttpAnswer;
  const send = (request: HttpRequest) => {
    const found = host(request);
    // An `err` is thrown, with its payload where jco looks for it.
    if ('tag' in found) throw Object.assign(new Error(found.tag), { payload: found });
    return { status: found.status, headers: [], body: Buffer.from(found.body) };
  };
  const imports = { 'cellblock:host/http': { send } };
  const call = await throughJco('kube-restart', 'cellblock:samples/kube-restart@0.1.0', 'restart', imports);
  const caller: RestartCaller = (args, answer) => {
    host = answer;
    return call(...args) as Answer<Restarted, Case>; // as above
  };
  return [['jco alone', caller]];
}

/** Calls in a fresh instance each, as a cell does. */
async function throughJco(tool: string, instance: string, func: string, imports: object = {}) {
  const instantiate = await loadReference(await readTool(tool));
  return (...args: readonly unknown[]): Answer<unknown, unknown> => {
    const logged: string[] = [];
    const exports = instantiate({
      'cellblock:host/log': { write: (level: string, message: string) => logged.push(`${level}: ${message}`) },
      ...imports,
    });
    return { ...resultOf(() => exports[instance]?.[func]?.(...args)), logged };
  };
}
