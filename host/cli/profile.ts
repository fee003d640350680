import { writeFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { type FuelProfile, flameGraph, foldedStacks, profileCalls, profileTable } from '../../authoring/profile/index.ts';
import { CodedError, checkBindingsChoice, checkCostModel, jsonText, type PlainJson } from '../../runtime/index.ts';
import { KNOWN_GRANTS } from '../capabilities/index.ts';
import { exitCodeOf, note, print, printOutcome, progress, visible } from './output.ts';
import { readParams } from './params.ts';
import { grantsOf, limitsOf, type RunOptions } from './run.ts';

interface ProfileOptions extends RunOptions {
  readonly svg?: string;
  readonly folded?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
The table has each function's own fuel (self) and that with what it called (inclusive, recursion once). The rows' own fuel adds up to the
receipt's fuel of the same call under the same cost model, to the unit, and is the same each time. Rows in brackets are no functions of the
tool: what starting, passing values, host calls and work by length (bulk memory) cost.

Under \`exact\`, each function pays for its own instructions, as Wasmtime counts them. \`region\`, which receipts of \`cellblock run\` count by
default, is another number, and its parts are estimates.

Examples:
  cellblock profile tool.wasm run --params @params.json
  cellblock profile tools/redact/redact.wasm redact --grant log --params @params.json --svg redact.svg
  cellblock profile tool.wasm run --params @params.json --folded tool.folded     # for speedscope, inferno and others`;

/** Adds `cellblock profile`. */
export function addProfile(program: Command): void {
  program
    .command('profile')
    .summary('show where the fuel of a call goes, by function')
    .description(
      'Runs one function of a component as `cellblock run` does, and says which functions took its fuel: a table, and a flame graph.',
    )
    .argument('<component>', 'path of a component (.wasm)')
    .argument('<function>', 'function name, or interface#function where names repeat')
    .option('--params <json>', 'parameters as a JSON object, @file, or - for standard input')
    .addOption(
      new Option('--grant <name[=scope]>', `grant a capability, its scope as JSON; repeatable (${[...KNOWN_GRANTS].join(', ')})`)
        .argParser((name, all: string[]) => [...all, name])
        .default([], 'none'),
    )
    .option('--svg <file>', 'write a flame graph')
    .option('--folded <file>', 'write folded stacks, which other tools read')
    .option('--fuel <units>', 'fuel limit, for example 50_000_000')
    .option('--memory <size>', 'memory limit, for example 64MiB')
    .option('--timeout <duration>', 'time limit, for example 2s; a profiled call takes longer than others')
    .addOption(new Option('--bindings <name>', 'bindings that link the component: auto, own or jco').default('auto'))
    .addOption(new Option('--cost-model <name>', 'what fuel counts: exact or region').default('exact'))
    .option('--json', 'print one JSON document: rows, tree, outcome')
    .addHelpText('after', EXAMPLES)
    .action((component: string, functionName: string, options: ProfileOptions) => profile(component, functionName, options));
}

async function profile(component: string, functionName: string, options: ProfileOptions): Promise<void> {
  const { names, scopes } = grantsOf(options.grant);
  const params = [await readParams(options.params)];
  const done = progress('running the call, with each of its calls followed');
  const found = await profileCalls({
    component,
    function: functionName,
    params,
    grants: names,
    scopes,
    limits: limitsOf(options),
    costModel: checkCostModel(options.costModel),
    bindings: checkBindingsChoice(options.bindings),
  }).finally(done);
  await writePictures(found, component, options);
  const [outcome] = found.outcomes;
  if (outcome === undefined) throw new CodedError('internal/invariant', 'a call has no outcome');
  if (options.json === true) {
    process.exitCode = exitCodeOf(outcome);
    return print(jsonText(plainProfile(found)));
  }
  if (found.calls > 0) for (const line of profileTable(found)) print(visible(line));
  if (mostlyUnnamed(found)) note('most functions have no names: docs/profiling.md says how to build with them');
  printOutcome(withoutValue(outcome), false);
}

/** Whether more than half of the fuel is in functions that nothing names. */
function mostlyUnnamed({ rows, fuel }: FuelProfile): boolean {
  const unnamed = rows.filter(({ name }) => name.startsWith('module['));
  return unnamed.reduce((sum, { self }) => sum + self, 0) * 2 > fuel;
}

async function writePictures(found: FuelProfile, component: string, { svg, folded }: ProfileOptions): Promise<void> {
  const title = `${found.function} of ${component.split(/[\\/]/).at(-1) ?? component}`;
  if (svg !== undefined)
    await write(svg, flameGraph(found.tree, { title, unit: `units of fuel (${found.costModel})` }), 'flame graph');
  if (folded !== undefined) await write(folded, foldedStacks(found.tree), 'folded stacks');
}

async function write(path: string, text: string, what: string): Promise<void> {
  await writeFile(path, text).catch((cause: unknown) => {
    throw new CodedError('usage/unreadable-file', `\`${path}\` cannot be written`, { cause });
  });
  note(`${what}: ${path}`);
}

/** What the tool answered is for `cellblock run`; here it would stand in the way of the table. */
function withoutValue({ value: _, stdout: _out, ...outcome }: FuelProfile['outcomes'][number]): FuelProfile['outcomes'][number] {
  return outcome;
}

function plainProfile({ outcomes, rows, tree, ...rest }: FuelProfile): PlainJson {
  return { ...rest, rows, tree, outcomes } as unknown as PlainJson; // all of it is plain data
}
