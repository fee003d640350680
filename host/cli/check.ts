import type { Command } from 'commander';
import { checkBindingsChoice, checkCostModel, EXIT_CODES, jsonText, Runtime } from '../../runtime/index.ts';
import { KNOWN_GRANTS, namesInScopeOf, scopeSchemasOf } from '../capabilities/index.ts';
import { print, progress, visible } from './output.ts';

interface CheckCommandOptions {
  readonly policy: string;
  readonly ceiling?: string;
  readonly previous?: string;
  readonly cases?: string;
  readonly bindings: string;
  readonly costModel: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Checks whether the tool loads, whether the policy gives what its imports need and no more, whether the functions that it offers are there, whether
the pinned digest is right, whether calls that were good for the previous version still are, whether the tool's cases pass under the limits of
the policy with the same fuel twice, and how far the dearest one is from them.

Examples:
  cellblock check redact --policy cellblock.yaml             a tool as the policy names it
  cellblock check tools/redact --policy cellblock.yaml       its folder: tool.yaml, cases/
  cellblock check redact.wasm --policy cellblock.yaml --previous redact-1.2.wasm --json

Without --previous it is compared with what git has in its last commit under the component's path, where there is git.

Exit codes: 0 no problems (there may be warnings), 1 problems, 2 usage, 3 the policy cannot be loaded.`;

/** Adds `cellblock check`. Errors are thrown as `CodedError`, for the program to show. */
export function addCheck(program: Command): void {
  program
    .command('check')
    .summary('say whether a tool and a policy fit together')
    .description('Checks a tool against the policy that is to run it, and against its own previous version and cases.')
    .argument('<tool>', 'name of a tool in the policy, or path of its folder or component')
    .requiredOption('--policy <file>', 'policy file')
    .option('--ceiling <file>', 'file with a ceiling that the policy may not exceed')
    .option('--previous <file>', 'component (.wasm) of the version before; default: what git has')
    .option('--cases <where>', "folder with cases, or one file; default: the tool's own")
    .option('--bindings <name>', 'bindings that link the component: auto, own or jco', 'auto')
    .option('--cost-model <name>', 'what fuel counts: region or exact', 'region')
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(checkCommand);
}

async function checkCommand(named: string, options: CheckCommandOptions): Promise<void> {
  // Loaded when it runs: the schemas are slow to load, and other commands do not need them.
  const { checkLines, checkTool } = await import('../../authoring/check/index.ts');
  const { loadPolicy } = await import('../policy/index.ts');
  const { bindings, costModel, previous, cases, ceiling } = options;
  const known = { knownGrants: KNOWN_GRANTS, scopeSchemas: scopeSchemasOf(), namesInScope: namesInScopeOf() };
  const policy = await loadPolicy(options.policy, { ...known, ...(ceiling === undefined ? {} : { ceilingFile: ceiling }) });
  const runner = new Runtime({ threads: 1, bindings: checkBindingsChoice(bindings), costModel: checkCostModel(costModel) });
  const done = progress('preparing the component, and running its cases');
  try {
    const chosen = { ...(previous === undefined ? {} : { previous }), ...(cases === undefined ? {} : { cases }) };
    const report = await checkTool(named, { runner, policy, ...chosen });
    done();
    if (options.json === true) print(jsonText(report));
    else for (const line of checkLines(report)) print(visible(line));
    if (!report.good) process.exitCode = EXIT_CODES['tool-error'];
  } finally {
    done();
    await runner.close();
  }
}
