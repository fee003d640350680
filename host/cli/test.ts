import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { CaseReport } from '../../authoring/cases/index.ts';
import { checkBindingsChoice, checkCostModel, EXIT_CODES, jsonText, Runtime } from '../../runtime/index.ts';
import { stackLines } from './guest-stack.ts';
import { print, progress, visible } from './output.ts';

interface TestOptions {
  readonly component?: string;
  readonly filter?: string;
  readonly junit?: string;
  readonly twice?: boolean;
  readonly update?: boolean;
  readonly bindings: string;
  readonly costModel: string;
  readonly json?: boolean;
}

const EXAMPLES = `
cases/redact.yaml:
  version: 1
  cases:
    - name: hides an address
      call: redact
      params: { text: "write to ann@example.com", options: { custom: [] } }
      expect: { kind: ok, valueMatches: { text: "write to [EMAIL]" }, fuelMax: 200000 }

Examples:
  cellblock test                                   cases/*.yaml of the tool in this folder
  cellblock test tools/redact --filter address     only cases with that in their name
  cellblock test cases/redact.yaml --component redact.wasm --update
                                                   writes what the calls give where a case expects nothing yet
  cellblock test --twice --junit report.xml        for CI

Grants, mocks and expectations: docs/testing-tools.md. For editors: docs/cases.schema.json.

Exit codes: 0 all passed, 1 some failed or nothing ran, 2 the cases cannot be read, 3 the component cannot be loaded.`;

/** Adds `cellblock test`. Errors are thrown as `CodedError`, for the program to show. */
export function addTest(program: Command): void {
  program
    .command('test')
    .summary('run the cases that stand beside a tool')
    .description(
      'Runs each case in a fresh cell, with its grants and mocks, and compares how it ended, what it gave and what it cost.',
    )
    .argument('[where]', 'folder of a tool with cases/, or one file of cases', '.')
    .option('--component <file>', 'component (.wasm) that is tested; default: what the file or tool.yaml says')
    .option('--filter <text>', 'only cases with this text in their name')
    .option('--twice', 'run each case twice: fuel, result and host calls have to be the same')
    .option('--update', 'write what is expected of nothing yet: kind, value and code of the call; what stands there stays')
    .option('--junit <file>', 'write a report for CI as JUnit XML')
    .option('--bindings <name>', 'bindings that link the component: auto, own or jco', 'auto')
    .option('--cost-model <name>', 'what fuel counts: region or exact', 'region')
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(testCommand);
}

/** Why a case that failed ended as it did, in the guest's own words and places. */
function stackOf({ error }: CaseReport): readonly string[] {
  if (error === undefined) return [];
  return [error.message, ...stackLines(error.data)].map((line) => `        ${line}`);
}

async function testCommand(where: string, options: TestOptions): Promise<void> {
  // Loaded when it runs: the schema is slow to load, and other commands do not need it.
  const { caseLines, isGood, junitXml, runCases, summaryLines } = await import('../../authoring/cases/index.ts');
  const { bindings, costModel, json, junit, component, filter, twice, update } = options;
  const runner = new Runtime({ threads: 1, bindings: checkBindingsChoice(bindings), costModel: checkCostModel(costModel) });
  const show = (lines: readonly string[]): void => {
    if (json !== true) for (const line of lines) print(visible(line));
  };
  const done = progress('preparing the component (kept for next time)');
  try {
    const report = await runCases(where, {
      runner,
      ...(component === undefined ? {} : { component }),
      ...(filter === undefined ? {} : { filter }),
      ...(twice === undefined ? {} : { twice }),
      ...(update === undefined ? {} : { update }),
      onCase: (one) => {
        done();
        show([...caseLines(one), ...stackOf(one)]);
      },
    });
    show(summaryLines(report));
    if (json === true) print(jsonText(report));
    if (junit !== undefined) await writeFile(junit, junitXml(report));
    if (!isGood(report)) process.exitCode = EXIT_CODES['tool-error'];
  } finally {
    done();
    await runner.close();
  }
}
