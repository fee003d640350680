import { checkBindingsChoice, checkCostModel, failure } from '../../runtime/index.ts';
import { openWarden } from '../open-warden.ts';
import type { Outcome } from '../receipt.ts';
import { toOutcome } from '../receipt.ts';
import type { Warden } from '../warden.ts';
import { onlyAgent } from './only-agent.ts';
import { asCoded, note, progress } from './output.ts';
import { readParams } from './params.ts';

/** The options of `cellblock call`, as commander gives them. */
export interface CallOptions {
  readonly policy: string;
  readonly agent?: string;
  readonly params?: string;
  readonly justification?: string;
  readonly source?: string;
  readonly bindings: string;
  readonly costModel: string;
}

/** Files one request with the warden of a policy file, as an agent of it. */
export async function callCommand(toolName: string, options: CallOptions): Promise<Outcome> {
  const began = performance.now();
  let warden: Warden | undefined;
  try {
    const parametersJson = await readParams(options.params);
    const bindings = checkBindingsChoice(options.bindings);
    const costModel = checkCostModel(options.costModel);
    warden = await openWarden({ policy: options.policy, threads: 2, bindings, costModel, explainTraps: true, onProblem: note });
    const stop = drainOnSignal(warden);
    const agent = options.agent ?? onlyAgent(warden.policy);
    const done = progress('preparing the tool (kept for next time)');
    const { justification, source } = options;
    return await warden.request({ agent, tool_name: toolName, parametersJson, justification, source }).finally(() => {
      done();
      stop();
    });
  } catch (error) {
    return toOutcome(failure(error, performance.now() - began), { tool: toolName });
  } finally {
    await closeWarden(warden);
  }
}

/** What fails at the end must not take the place of the outcome. */
export async function closeWarden(warden: Warden | undefined): Promise<void> {
  await warden?.close().catch((error: unknown) => note(`the trail was not closed: ${asCoded(error).message}`));
}

/** Milliseconds that a call has to end once the process was told to. */
const GRACE_MS = 2000;

/** The first signal lets the call end, and cancels it after a while; the next one ends the process. @returns undoes it. */
export function drainOnSignal(warden: Warden): () => void {
  const drain = (): void => {
    stop();
    void warden.drain(GRACE_MS).catch(() => undefined); // said when it is closed
  };
  const stop = (): void => {
    for (const signal of SIGNALS) process.off(signal, drain);
  };
  for (const signal of SIGNALS) process.on(signal, drain);
  return stop;
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
