import type { Command } from 'commander';
import { CodedError, EXIT_CODES, jsonText } from '../../runtime/index.ts';
import { KNOWN_GRANTS, namesInScopeOf, scopeSchemasOf } from '../capabilities/index.ts';
import type { Policy } from '../policy/index.ts';
import type { ToolComponents } from '../policy-tools/tool-components.ts';
import { readRegularFile } from '../regular-file.ts';
import { namesAgent, onlyAgent } from './only-agent.ts';
import { note, print, progress, visible } from './output.ts';
import { readParams } from './params.ts';

/* Loads what it needs when a command runs: the schema of policies is slow to load, and other commands do not need it. */

interface CommonOptions {
  readonly ceiling?: string;
  readonly json?: boolean;
}

const DEFAULT_FILE = 'cellblock.yaml';

/**
 * Adds `cellblock policy check | explain | test | diff | schema`. Nothing of a component is run, and nothing is written. Errors are thrown
 * as `CodedError`, for the program to show.
 *
 * @param now - milliseconds since 1970: the instant of requests that do not say theirs.
 */
export function addPolicy(program: Command, now: () => number = Date.now): void {
  const group = program
    .command('policy')
    .summary('check, explain, test and compare policy files')
    .description('Tools for whoever writes policies. They decide as the warden does, and run nothing.')
    .addHelpText(
      'after',
      `
Example:
  cellblock policy check                                    when each rule fires, and what does not fit together
  cellblock policy explain --request @request.json          why one request is allowed, asked about or denied
  cellblock policy test cases.yaml                          requests and what the policy has to say to them
  cellblock policy diff old.yaml new.yaml --trail .cellblock
                                                            what would have been decided otherwise
  cellblock policy schema > cellblock.schema.json           for editors`,
    );
  addCheck(group, now);
  addExplain(group, now);
  addTest(group);
  addDiff(group, now);
  addSchema(group);
}

function withCommon(command: Command): Command {
  return command
    .option('--ceiling <file>', 'file with a ceiling that the policy may not exceed')
    .option('--json', 'print one JSON document');
}

function addCheck(group: Command, now: () => number): void {
  withCommon(group.command('check'))
    .summary('say when each rule fires, and what does not fit together')
    .description(
      'Prints for each rule a request that makes it fire, or why it never does; then what components need and do not get, get and do not need, and names that do not exist.',
    )
    .argument('[file]', 'policy file', DEFAULT_FILE)
    .option('--at <instant>', 'requests are looked for from this instant on; default now')
    .addHelpText(
      'after',
      `
Example:
  cellblock policy check cellblock.yaml
  cellblock policy check --json | jq '.findings[]'

Exit codes: 0 no problems (warnings may be there), 2 usage, 3 problems, or the policy cannot be loaded.`,
    )
    .action(async (file: string, options: CommonOptions & { readonly at?: string }) => {
      const { policy, components } = await load(file, options);
      const { checkPolicy } = await import('../policy-tools/check.ts');
      const { checkLines } = await import('../policy-tools/check-text.ts');
      const told = stepwise();
      const onRule = (done: number, total: number): void => told(`checking rules: ${done} of ${total}`);
      const report = checkPolicy(policy, components, { nowMs: await instantOf(options.at, now), onRule });
      show(report, options, () => checkLines(report));
      if (report.problems > 0) process.exitCode = EXIT_CODES.refused;
    });
}

function addExplain(group: Command, now: () => number): void {
  withCommon(group.command('explain'))
    .summary('put the decision on one request into sentences')
    .description(
      'Says which rules were asked, why each matched or did not, what is decided and what would allow it. Budgets count as unused.',
    )
    .argument('[file]', 'policy file', DEFAULT_FILE)
    .requiredOption(
      '--request <json>',
      'a request: {"agent", "tool_name", "parameters", "justification", "source", "session"} as JSON, @file, or - for standard input',
    )
    .option('--agent <name>', 'agent that asks; may be left out where the request or a policy with one agent says it')
    .option('--at <instant>', 'instant of the request, such as 2026-01-31T12:00:00Z; default now')
    .addHelpText(
      'after',
      `
Example:
  cellblock policy explain --agent triage --request '{"tool_name": "crash-summary", "parameters": {"log": "hello"}}'
  cellblock policy explain cellblock.yaml --request @request.json --at 2026-01-31T03:00:00Z

Exit codes: 0 explained, whatever the decision; 2 usage, 3 the policy or the parameters cannot be used.`,
    )
    .action(
      async (
        file: string,
        options: CommonOptions & { readonly request: string; readonly agent?: string; readonly at?: string },
      ) => {
        const { requestFromJson } = await import('../request.ts');
        const json = await readParams(options.request);
        const policy = await loadOne(file, options);
        const agent = options.agent ?? (namesAgent(json) ? undefined : onlyAgent(policy));
        const snapshot = requestFromJson(json, agent);
        const { explainSnapshot, explanationJson, explainLines } = await explainTools();
        const { splitEntry } = await import('../policy/names.ts');
        const components = await componentsOf(policy, new Set([splitEntry(snapshot.toolName).tool]));
        const explanation = explainSnapshot(policy, components, snapshot, await instantOf(options.at, now));
        show(explanationJson(explanation), options, () => explainLines(explanation, policy));
      },
    );
}

async function explainTools() {
  const { explainSnapshot, explanationJson } = await import('../policy-tools/explain.ts');
  return { explainSnapshot, explanationJson, ...(await import('../policy-tools/explain-text.ts')) };
}

function addTest(group: Command): void {
  withCommon(group.command('test'))
    .summary('decide a file of cases and compare')
    .description(
      'Runs cases against a policy: requests, and what it has to say to each. Parameters go through the types of the component.',
    )
    .argument('<cases>', 'YAML file with `version: 1` and `cases`')
    .option('--policy <file>', 'policy file', DEFAULT_FILE)
    .addHelpText(
      'after',
      `
Example:
  cellblock policy test cases.yaml --policy cellblock.yaml

cases.yaml:
  version: 1
  cases:
    - name: no shell for triage
      request: { agent: triage, tool_name: shell.run, parameters: { command: "curl x | sh" } }
      expect: { effect: deny, code: denied/forbidden, rule: no-shell }
    - name: ten restarts are enough
      request: { agent: triage, tool_name: kubectl.run, parameters: { verb: rollout-restart }, justification: the pod hangs }
      at: "2026-01-30T10:00:00Z"
      usage: { restart-web: { calls: 10 } }
      expect: { effect: deny, code: denied/budget }

Exit codes: 0 all passed, 1 some failed, 2 usage, 3 the cases or the policy cannot be loaded.`,
    )
    .action(async (file: string, options: CommonOptions & { readonly policy: string }) => {
      const { readCases } = await import('../policy/cases-schema.ts');
      const { casesLines, runCases } = await import('../policy-tools/cases.ts');
      const cases = readCases(await readText(file), file);
      const { policy, components } = await load(options.policy, options);
      const report = runCases(policy, components, cases);
      show(report, options, () => casesLines(report));
      if (report.failed > 0) process.exitCode = EXIT_CODES['tool-error'];
    });
}

function addDiff(group: Command, now: () => number): void {
  group
    .command('diff')
    .summary('compare two policies, or what they say to the requests of a trail')
    .description(
      'Without a trail: tools, grants, limits, agents and rules that differ. With one: its requests are decided under both policies, each at its instant.',
    )
    .argument('<old>', 'policy file')
    .argument('<new>', 'policy file')
    .option('--trail <folder>', 'folder of a trail, such as .cellblock')
    .option('--since <instant>', 'only requests from this instant on; also 90m, 24h or 7d ago')
    .option('--ceiling <file>', 'file with a ceiling, for both policies')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Example:
  cellblock policy diff cellblock.yaml candidate.yaml
  cellblock policy diff cellblock.yaml candidate.yaml --trail .cellblock --since 7d

A request is \`unknown\` where a rule looks at what the trail does not have, such as a secret of which only the digest is kept.
Exit codes: 0 compared, 2 usage, 3 a policy cannot be loaded, 8 the trail cannot be read.`,
    )
    .action(async (old: string, fresh: string, options: CommonOptions & { readonly trail?: string; readonly since?: string }) => {
      if (options.trail === undefined) return structureDiff(old, fresh, options);
      return trailDiff(old, fresh, options.trail, options, now);
    });
}

async function structureDiff(old: string, fresh: string, options: CommonOptions & { readonly since?: string }): Promise<void> {
  if (options.since !== undefined) throw new CodedError('usage/invalid-argument', '`--since` needs a `--trail`');
  const { diffStructure, structureDiffLines } = await import('../policy-tools/structure-diff.ts');
  const diff = diffStructure(await loadOne(old, options), await loadOne(fresh, options));
  show(diff, options, () => structureDiffLines(diff));
}

async function trailDiff(
  old: string,
  fresh: string,
  folder: string,
  options: CommonOptions & { readonly since?: string },
  now: () => number,
): Promise<void> {
  const { diffTrail, trailDiffLines } = await import('../policy-tools/trail-diff.ts');
  const { readRequests } = await import('../policy-tools/recorded-requests.ts');
  const sinceMs = options.since === undefined ? undefined : await sinceOf(options.since, now);
  const [before, after] = [await load(old, options), await load(fresh, options)];
  const told = stepwise();
  const diff = await diffTrail(before, after, readRequests(folder, sinceMs), (count) => told(`deciding requests: ${count}`));
  show(diff, options, () => trailDiffLines(diff));
}

function addSchema(group: Command): void {
  group
    .command('schema')
    .summary('print the JSON Schema of policy files, for editors')
    .description('Prints the JSON Schema (2020-12) of policy files. It is looser than the loader, which also looks names up.')
    .addHelpText(
      'after',
      `
Example:
  cellblock policy schema > cellblock.schema.json

In the first line of a policy file, for editors with the YAML language server:
  # yaml-language-server: $schema=./cellblock.schema.json`,
    )
    .action(async () => {
      const { policyJsonSchema } = await import('../policy/index.ts');
      print(JSON.stringify(policyJsonSchema(scopeSchemasOf()), null, 2));
    });
}

async function loadOne(file: string, { ceiling }: CommonOptions): Promise<Policy> {
  const { loadPolicy } = await import('../policy/index.ts');
  const known = { knownGrants: KNOWN_GRANTS, scopeSchemas: scopeSchemasOf(), namesInScope: namesInScopeOf() };
  return loadPolicy(file, { ...known, ...(ceiling === undefined ? {} : { ceilingFile: ceiling }) });
}

async function load(
  file: string,
  options: CommonOptions,
): Promise<{ readonly policy: Policy; readonly components: ToolComponents }> {
  const policy = await loadOne(file, options);
  return { policy, components: await componentsOf(policy) };
}

/** @param only - tools whose components are read; default all. */
async function componentsOf(policy: Policy, only?: ReadonlySet<string>): Promise<ToolComponents> {
  const { readToolComponents } = await import('../policy-tools/tool-components.ts');
  const done = progress('reading components');
  try {
    return await readToolComponents(policy, only);
  } finally {
    done();
  }
}

async function readText(path: string): Promise<string> {
  const { POLICY_BYTES_MAX } = await import('../policy/index.ts');
  const unreadable = (cause: unknown): never => {
    throw new CodedError('usage/unreadable-file', `the file of cases cannot be read: ${visible(`\`${path}\``)}`, { cause });
  };
  const bytes = await readRegularFile(path, POLICY_BYTES_MAX).catch(unreadable);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    return unreadable(cause);
  }
}

async function instantOf(text: string | undefined, now: () => number): Promise<number> {
  if (text === undefined) return now();
  const { parseInstant } = await import('../policy-tools/instant.ts');
  return parseInstant(text);
}

/** An instant, or a period before now. */
async function sinceOf(text: string, now: () => number): Promise<number> {
  if (!/^\d+(?:ms|s|m|h|d)$/.test(text)) return instantOf(text, now);
  const { parsePeriod } = await import('../policy/index.ts');
  return now() - parsePeriod(text);
}

function show(report: unknown, { json }: CommonOptions, lines: () => readonly string[]): void {
  if (json === true) return print(jsonText(report));
  for (const line of lines()) print(visible(line));
}

/** Tells a waiting person once a second how far it is; silent for machines. */
function stepwise(): (what: string) => void {
  if (!process.stderr.isTTY || process.env.CI) return () => undefined;
  let lastMs = performance.now();
  return (what) => {
    if (performance.now() - lastMs < 1000) return;
    lastMs = performance.now();
    note(`${what} ...`);
  };
}
