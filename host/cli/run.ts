import {
  type Capability,
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
import { BUILT_IN, grantFor, KNOWN_GRANTS } from '../capabilities/index.ts';
import { readComponentFile } from '../component-file.ts';
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
}

/** Runs one function of a component file under grants and limits from the command line: a tool author's quick try, without a policy. */
export async function runCommand(path: string, functionName: string, options: RunOptions): Promise<Outcome> {
  const began = performance.now();
  const context: { -readonly [K in keyof ReceiptContext]: ReceiptContext[K] } = { function: functionName, grants: options.grant };
  let runtime: Runner | undefined;
  try {
    const bindings = checkBindingsChoice(options.bindings);
    const opened: Runner = new Runtime({ threads: 2, bindings, costModel: checkCostModel(options.costModel) });
    runtime = opened;
    const capabilities = capabilitiesOf(options.grant);
    const limits = limitsOf(options);
    const paramsJson = await readParams(options.params);
    const component = await readComponentFile(path);
    context.digest = component.digest;
    const call = await prepare(() => opened.prepare(component, { function: functionName, capabilities, limits, grantFor }));
    context.call = call;
    const values = paramsFromJson(parseJson(paramsJson, { bytesMax: PARAMS_JSON_BYTES_MAX }), call.function.type.params);
    const cell = await opened.invoke(call, values);
    return toOutcome({ ...cell, usage: { ...cell.usage, wallMs: performance.now() - began } }, context);
  } catch (error) {
    return toOutcome(failure(error, performance.now() - began), context);
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

function capabilitiesOf(names: readonly string[]): readonly Capability[] {
  return names.map((name) => {
    const entry = BUILT_IN.find((candidate) => candidate.name === name);
    if (entry !== undefined) return entry.capability;
    throw new CodedError('usage/invalid-argument', `there is no capability \`${name}\``, {
      help: `known: ${[...KNOWN_GRANTS].join(', ')}`,
    });
  });
}

function limitsOf({ fuel, memory, timeout }: RunOptions): Partial<Limits> {
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
