import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { checkBindingsChoice, checkCostModel, failure } from '../../runtime/index.ts';
import { isTerminal, promptApproval } from '../approvals/index.ts';
import { openWarden } from '../open-warden.ts';
import { parseDuration } from '../policy/units.ts';
import { type Outcome, toOutcome } from '../receipt.ts';
import type { Warden } from '../warden.ts';
import { closeWarden, drainOnSignal } from './call.ts';
import { namesAgent, onlyAgent } from './only-agent.ts';
import { asCoded, note, printOutcome, progress, visible } from './output.ts';
import { readParams } from './params.ts';

interface RequestCommandOptions {
  readonly policy: string;
  readonly ceiling?: string;
  readonly agent?: string;
  readonly wait?: string;
  readonly bindings: string;
  readonly costModel: string;
  readonly json?: boolean;
}

const EXAMPLES = `
The request is JSON:
  { "tool_name": "kubectl-plan", "parameters": { ... }, "justification": "why", "source_log_line": "what made the agent ask",
    "request_id": "runs once however often it is filed", "session": "s1", "deadline": "2026-12-31T12:00:00Z", "approval": "an id" }

Examples:
  cellblock request @request.json --agent triage
  cellblock request - --agent triage --json < request.json
  cellblock request @request.json --agent triage --wait 10m     # until somebody runs \`cellblock approvals approve ID\`

Where the policy asks a human and names the channel \`terminal\`, and you sit at one, you are asked here. Else the outcome is \`pending\`
(exit code 6): file the same request again once it is approved.`;

/** Adds `cellblock request`. */
export function addRequest(program: Command): void {
  program
    .command('request')
    .summary('file one request as JSON: decided, perhaps approved, written down, run')
    .description('Files one request of an agent with the warden. The answer is one outcome with its receipt.')
    .argument('<request>', 'the request as JSON, @file, or - for standard input')
    .option('--policy <file>', 'policy file', 'cellblock.yaml')
    .option('--ceiling <file>', 'file with a ceiling that the policy may not exceed')
    .option('--agent <name>', 'agent that asks; may be left out where the request or a policy with one agent says it')
    .option('--wait <duration>', 'wait for a human where one is asked, for example 10m')
    .option('--bindings <name>', 'bindings that link the component: auto, own or jco', 'auto')
    .option('--cost-model <name>', 'what fuel counts: region or exact', 'region')
    .option('--json', 'print one outcome as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (request: string, options: RequestCommandOptions) => {
      printOutcome(await requestCommand(request, options), options.json === true);
    });
}

async function requestCommand(option: string, options: RequestCommandOptions): Promise<Outcome> {
  const began = performance.now();
  let warden: Warden | undefined;
  try {
    const json = await readParams(option);
    const waitMs = options.wait === undefined ? 0 : parseDuration(options.wait);
    warden = await openWarden({
      policy: options.policy,
      ...(options.ceiling === undefined ? {} : { ceiling: options.ceiling }),
      threads: 2,
      bindings: checkBindingsChoice(options.bindings),
      costModel: checkCostModel(options.costModel),
      onProblem: note,
    });
    const stop = drainOnSignal(warden);
    return await fileAndAsk(warden, json, options, waitMs).finally(stop);
  } catch (error) {
    return toOutcome(failure(error, performance.now() - began), {});
  } finally {
    await closeWarden(warden);
  }
}

async function fileAndAsk(warden: Warden, json: Uint8Array, options: RequestCommandOptions, waitMs: number): Promise<Outcome> {
  const agent = options.agent ?? (namesAgent(json) ? undefined : onlyAgent(warden.policy));
  const who = agent === undefined ? {} : { agent };
  const file = (ms: number): Promise<Outcome> => {
    const done = progress(ms > 0 ? 'waiting for a human' : 'preparing the tool (kept for next time)');
    return warden.requestJson(json, { ...who, waitMs: ms }).finally(done);
  };
  const asked = await file(0);
  if (asked.approval === undefined) return asked;
  if (await askHere(warden, asked.approval.id)) return file(0);
  if (waitMs === 0) return asked;
  note(`waits for a human: cellblock approvals show ${asked.approval.id}`);
  return file(waitMs);
}

/** Asks the person at the terminal, where there is one and the policy takes that answer. @returns true when it was approved or denied. */
async function askHere(warden: Warden, id: string): Promise<boolean> {
  if (!isTerminal(process.stdin) || !isTerminal(process.stderr) || process.env.CI) return false;
  const { asked } = await warden.approvals.show(id);
  const choice = await promptApproval(asked, { input: process.stdin, output: process.stderr, nowMs: Date.now() });
  if (choice === undefined) return false;
  const { event, shape } = choice;
  const answer = { by: userName(), channel: 'terminal', digest: asked.digest, ...(shape === undefined ? {} : { shape }) };
  try {
    await (event === 'approved' ? warden.approvals.approve(id, answer) : warden.approvals.deny(id, answer));
    return true;
  } catch (error) {
    // The question goes on waiting for somebody who may answer it.
    const { message, code } = asCoded(error);
    note(`not answered: ${visible(message)} [${code}]`);
    return false;
  }
}

/** A user of a container need not have a name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
