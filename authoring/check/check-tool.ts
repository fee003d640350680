import { dirname } from 'node:path';
import { BUILT_IN, grantFor } from '../../host/capabilities/index.ts';
import { readComponentBytes } from '../../host/component-file.ts';
import { LoneCall } from '../../host/lone-call.ts';
import type { Policy, ToolPolicy } from '../../host/policy/index.ts';
import { quote, quoteList } from '../../host/policy/quote.ts';
import { checkComponents } from '../../host/policy-tools/component-check.ts';
import { readToolComponents } from '../../host/policy-tools/tool-components.ts';
import {
  type CodedError,
  findFunctions,
  isCoded,
  type LoadedComponent,
  type Runner,
  resolveFunction,
} from '../../runtime/index.ts';
import { hasCases, runCases } from '../cases/index.ts';
import type { Checked, CheckReport } from './checked.ts';
import { componentChanges } from './compatibility.ts';
import { type FoundTool, findTool } from './find-tool.ts';
import { previousOf } from './previous.ts';
import { sampleChecks } from './sample-checks.ts';

export interface CheckOptions {
  readonly runner: Runner;
  readonly policy: Policy;
  /** File of the version before. */
  readonly previous?: string;
  /** Folder of a tool or of cases, or one file, in place of the tool's own. */
  readonly cases?: string;
}

/**
 * Says whether a tool and its policy fit together: whether it loads, what it needs and gets, whether its callers still find what they call, and
 * what its samples use of its limits. Guest code runs only for the samples, in cells, under the limits of the policy.
 *
 * @param named - as `findTool` takes it. @throws CodedError as `findTool`, and for cases or a previous version that cannot be read.
 */
export async function checkTool(named: string, options: CheckOptions): Promise<CheckReport> {
  const found = await findTool(options.policy, named);
  const component = await load(found.component, options.runner);
  const head = { tool: found.tool.name, component: found.component };
  if (isCoded(component)) return { ...head, good: false, checks: [unloadable(component)] };
  const checks = [
    ...(await loadChecks(found, component, options)),
    ...(await policyChecks(found, options.policy)),
    ...functionChecks(found.tool, component),
    ...(await compatibilityChecks(found.component, component, options)),
    ...(await caseChecks(found, options)),
  ];
  return { ...head, digest: component.digest, good: !checks.some(({ status }) => status === 'problem'), checks };
}

async function load(path: string, runner: Runner): Promise<LoadedComponent | CodedError> {
  try {
    return await runner.load(await readComponentBytes(path));
  } catch (error) {
    if (isCoded(error)) return error;
    throw error;
  }
}

function unloadable({ code, message, help }: CodedError): Checked {
  const isMissing = code === 'usage/unreadable-file';
  const mend = isMissing ? 'build it first: `cellblock build`' : help;
  return { check: 'loads', status: 'problem', message: `${message} [${code}]`, ...(mend === undefined ? {} : { help: mend }) };
}

/** Prepares each offered function as the warden would: bindings, instrumentation, imports, what it needs to start. */
async function loadChecks(
  { tool }: FoundTool,
  component: LoadedComponent,
  { runner, policy }: CheckOptions,
): Promise<readonly Checked[]> {
  const problems: Checked[] = [];
  const words = new Set<string>();
  for (const name of tool.functions) {
    try {
      const lone = new LoneCall({ ...tool, tool: tool.name, entries: BUILT_IN, folder: dirname(policy.file) });
      const setting = { function: name, capabilities: lone.capabilities, limits: tool.limits, grantFor };
      const call = await runner.prepare(component, setting);
      words.add(`by ${call.artifact.bindings} bindings, fuel as \`${call.artifact.costModel}\` counts`);
      runner.release(call);
    } catch (error) {
      if (!isCoded(error)) throw error;
      // Told by the checks of functions and grants, with the line of the policy.
      if (
        error.code === 'component/unknown-function' ||
        error.code === 'component/not-callable' ||
        error.code === 'denied/no-grant'
      )
        continue;
      problems.push({ ...unloadable(error), ref: tool.rules.byFunction.get(name) ?? tool.rules.tool });
    }
  }
  if (problems.length > 0)
    return problems.filter(({ message }, at) => problems.findIndex((one) => one.message === message) === at);
  return [
    {
      check: 'loads',
      status: 'ok',
      message: words.size === 0 ? 'decoded; no function could be prepared' : [...words].join(', '),
    },
  ];
}

const CHECK_OF: Readonly<Record<string, Checked['check']>> = {
  'digest-mismatch': 'digest',
  'no-such-function': 'functions',
  'not-callable': 'functions',
};

const HELP_OF: Readonly<Record<string, string>> = {
  'digest-mismatch': 'pin the digest that `cellblock inspect` shows, once you know why it is another one',
  'grant-missing': 'add it to `grants` of the tool, with the least scope that does',
  'grant-unused': 'remove it from `grants`: a tool should get nothing that it does not use',
  'import-not-served': 'build the tool without that import, or serve it from an embedding program',
};

/** What `cellblock policy check` finds about this tool; here, what is given and not needed is a problem, too. */
async function policyChecks({ tool, component }: FoundTool, policy: Policy): Promise<readonly Checked[]> {
  const placed = new Map([...policy.tools, [tool.name, { ...tool, componentPath: component }]]);
  const whole = { ...policy, tools: placed };
  const findings = checkComponents(whole, await readToolComponents(whole)).filter(({ ref }) => isAbout(tool, ref));
  const found = findings.map(({ severity, kind, ref, message }): Checked => {
    const help = HELP_OF[kind];
    const status = severity === 'problem' || kind === 'grant-unused' ? 'problem' : 'warning';
    return { check: CHECK_OF[kind] ?? 'grants', status, message, ref, ...(help === undefined ? {} : { help }) };
  });
  const has = (check: Checked['check']): boolean => found.some((one) => one.check === check);
  return [
    ...(has('digest') ? [] : [digestCheck(tool)]),
    ...(has('grants') ? [] : [{ check: 'grants', status: 'ok', message: `needs and gets ${quoteList(tool.grants)}` } as const]),
    ...found,
  ];
}

function isAbout({ rules }: ToolPolicy, ref: string): boolean {
  return ref === rules.tool || ref === rules.functions || [...rules.byFunction.values()].includes(ref);
}

function digestCheck({ componentDigest, rules }: ToolPolicy): Checked {
  if (componentDigest !== undefined) return { check: 'digest', status: 'ok', message: 'the one that the policy pins' };
  const help = 'pin it with `digest:`, so that another file is refused';
  return { check: 'digest', status: 'warning', message: 'the policy pins none', ref: rules.tool, help };
}

function functionChecks(tool: ToolPolicy, component: LoadedComponent): readonly Checked[] {
  const offered = new Set(tool.functions.flatMap((name) => idOf(component, name)));
  const callable = findFunctions(component).filter((one) => one.callable);
  const missing = tool.functions.length - offered.size;
  const rest = callable.filter(({ id }) => !offered.has(id)).map(({ id }) => id);
  const checks: Checked[] = [];
  if (missing === 0)
    checks.push({ check: 'functions', status: 'ok', message: `${offered.size} of ${callable.length} are offered` });
  if (rest.length > 0) {
    const message = `not offered: ${quoteList(rest)}`;
    checks.push({ check: 'functions', status: 'note', message, ref: tool.rules.functions });
  }
  return checks;
}

function idOf(component: LoadedComponent, name: string): readonly string[] {
  try {
    const { id, callable } = resolveFunction(component, name);
    return callable ? [id] : [];
  } catch {
    return []; // told with the policy's line
  }
}

async function compatibilityChecks(
  path: string,
  component: LoadedComponent,
  { runner, previous: named }: CheckOptions,
): Promise<readonly Checked[]> {
  const previous = await previousOf(path, named);
  if ('none' in previous) return [{ check: 'compatible', status: 'skipped', message: previous.none }];
  const before = await runner.load(previous.bytes);
  if (before.digest === component.digest) {
    return [{ check: 'compatible', status: 'ok', message: `the same component as ${previous.from}` }];
  }
  const changes = componentChanges(before, component);
  const checks = changes.map(({ path: place, message, breaks }): Checked => {
    const help = 'callers of the version before break; keep it, or offer the new shape under another name';
    return {
      check: 'compatible',
      status: breaks ? 'problem' : 'note',
      message: `${place}: ${message}`,
      ...(breaks ? { help } : {}),
    };
  });
  if (changes.some(({ breaks }) => breaks)) return checks;
  return [{ check: 'compatible', status: 'ok', message: `what could be called in ${previous.from} still can` }, ...checks];
}

async function caseChecks({ tool, folder, component }: FoundTool, { runner, cases }: CheckOptions): Promise<readonly Checked[]> {
  const where = cases ?? folder;
  if (cases === undefined && !(await hasCases(where))) {
    const help = 'write `cases/*.yaml` beside the tool: see `cellblock test --help`';
    return [
      { check: 'cases', status: 'warning', message: `${quote(where)} has no cases, so nothing shows what calls need`, help },
    ];
  }
  const report = await runCases(where, { runner, component, limits: tool.limits, twice: true, isOffline: true });
  if (report.cases.length > 0) return sampleChecks(report, tool);
  return [{ check: 'cases', status: 'problem', message: `${quote(where)} has no cases` }];
}
