import type { Command } from 'commander';
import { CodedError, EXIT_CODES, jsonText, type PlainJson } from '../../runtime/index.ts';
import { showCall, type TrailRecord } from '../audit/index.ts';
import { BUILT_IN, scopeSchemasOf } from '../capabilities/index.ts';
import { loadPolicy, type Policy } from '../policy/index.ts';
import { type ReplayReport, replayCall } from '../replay.ts';
import { Runners } from '../runners.ts';
import { stackLines } from './guest-stack.ts';
import { print, progress, visible } from './output.ts';

interface ReplayOptions {
  readonly policy: string;
  readonly component?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
What has to be the same: how the call ended, the bytes of its result, its fuel, its memory and its host calls. Nothing has an effect twice: host
functions are answered from the record (\`trail: { answers: keep }\` in the policy keeps them), and a call that may have had effects without
such a record is not run.

Examples:
  cellblock audit query --tool kubectl-plan          # audit ids
  cellblock replay 8cc34ed5                          # the first digits are enough
  cellblock replay 8cc34ed5 --component old.wasm     # when the tool was replaced since

Exit codes: 0 the same, 1 it parts, 2 no such call or not enough kept, 3 refused, 8 the trail cannot be read.`;

/** Adds `cellblock replay`. */
export function addReplay(program: Command): void {
  program
    .command('replay')
    .summary('run a recorded call again and compare bytes and fuel')
    .description(
      'Runs a call of the trail again, from its record: the same component, parameters, grants, limits, clock and seed.',
    )
    .argument('<audit-id>', 'audit id of the call, or its beginning')
    .option('--policy <file>', 'policy file, which names the trail and the tools', 'cellblock.yaml')
    .option('--component <file>', 'the component that ran, where the policy names another one by now')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, options: ReplayOptions) => {
      const report = await replay(id, options);
      process.exitCode = report.isSame ? EXIT_CODES.ok : EXIT_CODES['tool-error'];
      if (options.json === true) print(jsonText(plainReport(report)));
      else for (const line of textOf(report)) print(visible(line));
    });
}

async function replay(id: string, options: ReplayOptions): Promise<ReplayReport> {
  const policy = await loadPolicy(options.policy, { knownGrants: 'any', scopeSchemas: scopeSchemasOf() });
  const { records } = await showCall(policy.trail.folder, id);
  const called = records.filter((record): record is TrailRecord & typeof record => record.kind !== 'segment');
  const runners = new Runners({ threads: 1 });
  const done = progress('running the call again');
  try {
    const tool = toolOf(called, policy);
    const componentPath = options.component ?? tool.componentPath;
    return await replayCall(called, { runner: runners.for(tool), componentPath, capabilities: BUILT_IN, policy });
  } finally {
    done();
    await runners.close();
  }
}

function toolOf(records: readonly TrailRecord[], policy: Policy) {
  const intent = records.find((record) => record.kind === 'intent');
  const tool = intent === undefined ? undefined : policy.tools.get(intent.tool);
  if (tool !== undefined) return tool;
  if (intent === undefined) throw new CodedError('usage/not-found', 'the request did not run, so there is nothing to run again');
  throw new CodedError('usage/not-found', `the policy has no tool \`${intent.tool}\` any more`);
}

function plainReport({ audit, isSame, parts, reasons, outcome }: ReplayReport): PlainJson {
  const { stack } = (outcome.error?.data ?? {}) as { readonly stack?: PlainJson }; // plain data where it is there
  return { audit, isSame, parts: parts.map((part) => ({ ...part })), reasons, ...(stack === undefined ? {} : { stack }) };
}

function textOf({ audit, isSame, parts, reasons, outcome }: ReplayReport): readonly string[] {
  const line = ({ part, recorded, replayed, isSame: same }: ReplayReport['parts'][number]): string =>
    same ? `  ${part.padEnd(11)} the same: ${recorded}` : `  ${part.padEnd(11)} PARTS: recorded ${recorded}, now ${replayed}`;
  return [
    `${audit}: ${isSame ? 'the same, to the byte and the unit of fuel' : 'not the same'}`,
    ...parts.map(line),
    ...stackLines(outcome.error?.data),
    ...reasons.map((reason) => `  note: ${reason}`),
  ];
}
