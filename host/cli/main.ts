#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { CodedError, EXIT_CODES, failure, kindOf } from '../../runtime/index.ts';
import type { TracedCall } from '../call-trace.ts';
import { BUILT_IN, KNOWN_GRANTS } from '../capabilities/index.ts';
import { formatPolicyError } from '../policy/error-text.ts';
import { toOutcome } from '../receipt.ts';
import { addApprovals } from './approvals.ts';
import { addAudit } from './audit.ts';
import { addBindgen } from './bindgen.ts';
import { addBuild } from './build.ts';
import type { CallOptions } from './call.ts';
import { addCheck } from './check.ts';
import { addComponentize } from './componentize.ts';
import { inspectCommand } from './inspect.ts';
import { addMcp } from './mcp-config.ts';
import { addNew } from './new.ts';
import { asCoded, note, printOutcome, visible } from './output.ts';
import { addPolicy } from './policy.ts';
import { addProfile } from './profile.ts';
import { addReplay } from './replay.ts';
import { addRequest } from './request.ts';
import { type RunOptions, runCommand } from './run.ts';
import { addServe } from './serve.ts';
import { addTest } from './test.ts';
import { addToken } from './token.ts';
import { traceLines } from './trace-text.ts';
import { openTrailOf } from './trail.ts';

/* The command line: translates arguments into calls and outcomes into text. It holds no rules. */

const EXIT_TEXT = `
Exit codes: 0 ok, 1 tool error, 2 usage, 3 refused, 4 trapped, 5 limited, 6 pending, 7 cancelled, 8 failed.
With --json, stdout is exactly one outcome: {"kind", "value" | "error", "receipt": {"digest", "fuel", ...}}.`;

const PARAMS_HELP = 'parameters as a JSON object, @file, or - for standard input';

const bindingsOption = () =>
  new Option(
    '--bindings <name>',
    'bindings that link the component: auto, own or jco; auto takes own where they cover it',
  ).default('auto');

const costModelOption = () =>
  new Option('--cost-model <name>', 'what fuel counts: region (the cheapest) or exact (as Wasmtime counts)').default('region');

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string };

const program = new Command('cellblock')
  .description('Runs the tools of AI agents: WebAssembly components in fresh cells, with only what a policy grants.')
  .version(version)
  .exitOverride()
  .configureOutput({ writeErr: (text) => void process.stderr.write(text) })
  .showHelpAfterError('(run `cellblock --help` for the commands, `cellblock COMMAND --help` for examples)')
  .addHelpText(
    'after',
    `
Start here:
  cellblock inspect tool.wasm              what it imports, what it offers, what would grant each import
  cellblock run tool.wasm FUNCTION         try one function under limits, with nothing granted
  cellblock call TOOL --agent NAME         ask as an agent would: the policy file decides
  cellblock policy check                   what each rule lets through, which grants are missing
  cellblock approvals list                 what waits for a human's yes
  cellblock audit tail                     what was asked, decided, approved and run
  cellblock serve                          for agents over MCP and HTTP, and for people in a console
${EXIT_TEXT}`,
  );

program
  .command('inspect')
  .summary('show what a component imports and offers, without running it')
  .description(
    'Decodes a component and shows its digest, which bindings run it, its imports and what grants them, and each function with docs, WIT signature and JSON Schema.',
  )
  .argument('<component>', 'path of a component (.wasm)')
  .option('--json', 'print one JSON document, JSON Schemas included')
  .addHelpText(
    'after',
    '\nExample:\n  cellblock inspect tools/redact/redact.wasm\n  cellblock inspect tools/redact/redact.wasm --json | jq .functions[0].params',
  )
  .action(async (component: string, options: { json?: boolean }) => {
    await inspectCommand(component, options.json === true).catch((error: unknown) => fail(error, options.json === true));
  });

program
  .command('run')
  .summary('run one function of a component file, without a policy')
  .description('Runs one function of a component in a fresh cell. Nothing is granted unless --grant names it.')
  .argument('<component>', 'path of a component (.wasm)')
  .argument('<function>', 'function name, or interface#function where names repeat')
  .option('--params <json>', PARAMS_HELP)
  .addOption(
    new Option('--grant <name[=scope]>', `grant a capability, its scope as JSON; repeatable (${[...KNOWN_GRANTS].join(', ')})`)
      .argParser((name, all: string[]) => [...all, name])
      .default([], 'none'),
  )
  .option('--fuel <units>', 'fuel limit, for example 50_000_000')
  .option('--memory <size>', 'memory limit, for example 64MiB')
  .option('--timeout <duration>', 'time limit, for example 500ms or 2s')
  .addOption(bindingsOption())
  .addOption(costModelOption())
  .option('--trace', 'show each host call with its decision, on standard error; with --json in the outcome')
  .option('--json', 'print one outcome as JSON')
  .addHelpText(
    'after',
    `
Capabilities:
${BUILT_IN.map((entry) => `  ${entry.name.padEnd(8)} ${entry.summary}`).join('\n')}

Without a policy there are no secrets, no stores of kv, no other tools to call and nobody to ask, and nothing is written down.

Example:
  cellblock run tools/redact/redact.wasm redact --grant log --params @params.json --fuel 100_000_000
  cellblock run report.wasm report --grant 'files={"mounts": {"/in": {"from": "data"}}}' --params '{}' --trace
${EXIT_TEXT}`,
  )
  .action(async (component: string, name: string, options: RunOptions & { json?: boolean }) => {
    const { json } = options;
    const showCall = (call: TracedCall): void => traceLines(call).forEach((line) => void note(visible(line)));
    printOutcome(await runCommand(component, name, options, json === true ? undefined : showCall), json === true);
  });

program
  .command('call')
  .summary('call a tool by name, as an agent of a policy file')
  .description(
    'Files one request with the warden. The policy decides which tools an agent may call, with which grants and limits.',
  )
  .argument('<tool>', 'tool or tool.function, as the policy names them')
  .option('--policy <file>', 'policy file', 'cellblock.yaml')
  .option('--agent <name>', 'agent that asks; may be left out where the policy has only one')
  .option('--params <json>', PARAMS_HELP)
  .option('--justification <text>', 'why, in the words of the agent')
  .option('--source <text>', 'what made the agent ask, such as the line of a log')
  .addOption(bindingsOption())
  .addOption(costModelOption())
  .option('--json', 'print one outcome as JSON')
  .addHelpText(
    'after',
    `\nExample:\n  cellblock call redact --agent triage --params '{"text": "mail me at ann@example.com", "options": {"custom": []}}'\n${EXIT_TEXT}`,
  )
  .action(async (tool: string, options: CallOptions & { json?: boolean }) => {
    const { callCommand } = await import('./call.ts'); // the policy's schema is slow to load, and only this command needs it
    printOutcome(await callCommand(tool, options), options.json === true);
  });

addNew(program);
addBuild(program);
addRequest(program);
addPolicy(program);
addAudit(program);
addReplay(program);
addProfile(program);
addApprovals(program, openTrailOf);
addServe(program);
addMcp(program);
addToken(program);
addBindgen(program);
addComponentize(program);
addTest(program);
addCheck(program);

/** For commands whose answer is no outcome: the error on stderr, or one outcome without a call for machines. */
function fail(thrown: unknown, json: boolean): void {
  const error = asCoded(thrown);
  if (json) return printOutcome(toOutcome(failure(error, 0), {}), true);
  const isPolicy = error.code === 'policy/invalid-document' || error.code === 'author/invalid-file';
  // Messages repeat names of files, worlds and code that may be somebody else's.
  note(isPolicy ? formatPolicyError(error) : visible(`${error.message} [${error.code}]`));
  if (!isPolicy && error.help !== undefined) note(visible(`help: ${error.help}`));
  process.exitCode = EXIT_CODES[kindOf(error.code)];
}

// A reader that stops reading, such as `head`, is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  await program.parseAsync();
} catch (error) {
  const json = process.argv.includes('--json');
  if (!(error instanceof CommanderError)) fail(error, json);
  else if (error.exitCode === 0) process.exitCode = 0;
  else if (json)
    fail(new CodedError('usage/invalid-argument', error.message.replace(/^error: /, '').split('\n', 1)[0] ?? ''), true);
  else process.exitCode = EXIT_CODES.usage;
}
