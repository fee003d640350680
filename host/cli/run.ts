import {
  CodedError,
  checkBindingsChoice,
  checkCostModel,
  failure,
  type Limits,
  type PreparedCall,
  paramsFromJson,
  parseJson,
  type Runner,
  Runtime,
  WASM_PAGE_BYTES,
} from '../../runtime/index.ts';
import { CallTrace, type TracedCall } from '../call-trace.ts';
import { BUILT_IN, type CapabilityEntry, grantFor, KNOWN_GRANTS } from '../capabilities/index.ts';
import { readComponentFile } from '../component-file.ts';
import { LoneCall } from '../lone-call.ts';
import type { Scopes } from '../policy/index.ts';
import { quote } from '../policy/quote.ts';
import { parseDuration, parseFuel, parseSize } from '../policy/units.ts';
import { type Outcome, type ReceiptContext, toOutcome } from '../receipt.ts';
import { progress } from './output.ts';
import { PARAMS_JSON_BYTES_MAX, readParams } from './params.ts';

/** The options of `cellblock run`, as commander gives them. */
export interface RunOptions {
  readonly params?: string;
  readonly grant: readonly string[];
  readonly fuel?: string;
  readonly memory?: string;
  readonly timeout?: string;
  readonly bindings: string;
  readonly costModel: string;
  /** Shows each host call. */
  readonly trace?: boolean;
}

/** An outcome, with the host calls of a call that was traced. */
export interface RunOutcome extends Outcome {
  readonly trace?: readonly TracedCall[];
  /** Calls beyond those kept. */
  readonly traceDropped?: number;
}

/** Runs one function of a component file under grants and limits from the command line: a tool author's quick try, without a policy. */
export async function runCommand(
  path: string,
  functionName: string,
  options: RunOptions,
  onTraced?: (call: TracedCall) => void,
): Promise<RunOutcome> {
  const began = performance.now();
  const context: { -readonly [K in keyof ReceiptContext]: ReceiptContext[K] } = { function: functionName, grants: options.grant };
  let runtime: Runner | undefined;
  let trace: CallTrace | undefined;
  const traced = (outcome: Outcome): RunOutcome =>
    trace === undefined
      ? outcome
      : { ...outcome, trace: trace.calls, ...(trace.dropped === 0 ? {} : { traceDropped: trace.dropped }) };
  try {
    const bindings = checkBindingsChoice(options.bindings);
    const opened: Runner = new Runtime({ threads: 2, bindings, costModel: checkCostModel(options.costModel) });
    runtime = opened;
    const { names, scopes } = grantsOf(options.grant);
    if (options.trace === true)
      trace = new CallTrace({ grants: names, scopes, ...(onTraced === undefined ? {} : { onCall: onTraced }) });
    const hears = trace === undefined ? {} : { onUse: trace.noted };
    const lone = new LoneCall({ tool: path, entries: BUILT_IN, grants: names, scopes, folder: process.cwd(), ...hears });
    const capabilities = trace === undefined ? lone.capabilities : [...lone.capabilities, trace.capability];
    const limits = limitsOf(options);
    const paramsJson = await readParams(options.params);
    const component = await readComponentFile(path);
    context.digest = component.digest;
    const call = await prepare(() => opened.prepare(component, { function: functionName, capabilities, limits, grantFor }));
    context.call = call;
    const values = paramsFromJson(parseJson(paramsJson, { bytesMax: PARAMS_JSON_BYTES_MAX }), call.function.type.params);
    trace?.begin(call);
    const tap = trace === undefined ? {} : { tap: trace };
    const ended = await lone.run(call.limits.timeoutMsMax, (invocation) =>
      opened.invoke(call, values, { ...invocation, ...tap }),
    );
    const { cell, uses, usesDropped } = ended;
    Object.assign(context, uses.length === 0 ? {} : { uses }, usesDropped === 0 ? {} : { usesDropped });
    const told = { ...cell, usage: { ...cell.usage, wallMs: performance.now() - began } };
    return traced(toOutcome(await opened.explain(call, told), context));
  } catch (error) {
    return traced(toOutcome(failure(error, performance.now() - began), context));
  } finally {
    await runtime?.close();
  }
}

async function prepare(start: () => Promise<PreparedCall>): Promise<PreparedCall> {
  const done = progress('preparing the component (kept for next time)');
  try {
    return await start();
  } finally {
    done();
  }
}

/** @param texts - `NAME`, or `NAME=SCOPE` with the scope as JSON, as a policy would have it. */
export function grantsOf(texts: readonly string[]): { readonly names: readonly string[]; readonly scopes: Scopes } {
  const scopes = new Map<string, unknown>();
  const names = texts.map((text) => {
    const at = text.indexOf('=');
    const name = at < 0 ? text : text.slice(0, at);
    const entry = BUILT_IN.find((candidate) => candidate.name === name);
    if (entry === undefined) {
      throw new CodedError('usage/invalid-argument', `there is no capability ${quote(name)}`, {
        help: `known: ${[...KNOWN_GRANTS].join(', ')}`,
      });
    }
    if (texts.filter((other) => other === name || other.startsWith(`${name}=`)).length > 1) {
      throw new CodedError('usage/invalid-argument', `${quote(name)} is granted twice`, {
        help: 'write one `--grant` for each capability, with all of its scope',
      });
    }
    const scope = scopeOf(entry, at < 0 ? undefined : text.slice(at + 1));
    if (scope !== undefined) scopes.set(name, scope);
    return name;
  });
  return { names, scopes };
}

function scopeOf({ name, scope: schema }: CapabilityEntry, json: string | undefined): unknown {
  if (schema === undefined) {
    if (json === undefined) return undefined;
    throw new CodedError('usage/invalid-argument', `${quote(name)} takes no scope`);
  }
  const checked = schema.safeParse(json === undefined ? undefined : plainJson(name, json));
  if (checked.success) return checked.data;
  const faults = checked.error.issues.map((issue) => {
    const unknown = issue.code === 'unrecognized_keys' ? `unknown field ${issue.keys.map((key) => quote(key)).join(', ')}; ` : '';
    return `${issue.path.join('.') || 'the scope'}: ${unknown}${issue.message}`;
  });
  throw new CodedError('usage/invalid-argument', `the scope of ${quote(name)} does not fit: ${faults.join('; ')}`, {
    help: `write \`--grant '${name}={...}'\`, with what a policy has after \`${name}:\`, as JSON`,
  });
}

function plainJson(name: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new CodedError('usage/invalid-argument', `the scope of \`--grant ${name}=...\` is no JSON`, {
      help: 'JSON has all names and texts in double quotes; put single quotes around the whole for the shell',
    });
  }
}

/** @throws CodedError `usage/invalid-argument`. */
export function limitsOf({ fuel, memory, timeout }: Pick<RunOptions, 'fuel' | 'memory' | 'timeout'>): Partial<Limits> {
  return {
    ...(fuel === undefined ? {} : { fuelMax: parseFuel(fuel.replaceAll('_', '')) }),
    ...(memory === undefined ? {} : { memoryPagesMax: parsePages(memory) }),
    ...(timeout === undefined ? {} : { timeoutMsMax: parseDuration(timeout) }),
  };
}

function parsePages(text: string): number {
  const bytes = parseSize(text);
  if (bytes % WASM_PAGE_BYTES === 0) return bytes / WASM_PAGE_BYTES;
  throw new CodedError('usage/invalid-argument', 'expected `--memory` as a multiple of 64KiB');
}
