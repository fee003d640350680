import { rename, writeFile } from 'node:fs/promises';
import { CodedError, findFunctions, type Limits, type LoadedComponent, type Runner } from '../../runtime/index.ts';
import { caseFilesOf, type FoundCases } from './find-cases.ts';
import type { CaseFile, PlacedCase } from './read-cases.ts';
import type { CaseReport, CasesReport, Coverage } from './report.ts';
import { type CaseRun, runCase } from './run-case.ts';
import { type Missing, missingOf, updatedText } from './update.ts';

export interface CasesOptions {
  readonly runner: Runner;
  /** Path of the component, in place of what cases and folders say. */
  readonly component?: string;
  /** Only cases with this text in their name. */
  readonly filter?: string;
  /** Runs each case twice and compares. */
  readonly twice?: boolean;
  /** Writes what expectations lack into the files. */
  readonly update?: boolean;
  /** As in `CaseSetting`. */
  readonly isOffline?: boolean;
  /** Limits of cases that set none. */
  readonly limits?: Partial<Limits>;
  /** Hears of each case when it has ended. */
  readonly onCase?: (report: CaseReport) => void;
}

/**
 * Runs the cases of a tool, one after the other.
 *
 * @param where - a tool's folder with `cases/`, or one file of cases.
 * @throws CodedError `usage/unreadable-file`, `author/invalid-file`, `component/*`; with `update` as `updatedText`.
 */
export async function runCases(where: string, options: CasesOptions): Promise<CasesReport> {
  const found = await caseFilesOf(where, options.component);
  const components = new Components(options.runner);
  const all: { readonly file: FoundCases; readonly report: CaseReport }[] = [];
  let skipped = 0;
  for (const file of found) {
    const component = await components.load(file.component);
    const missing: Missing[] = [];
    for (const one of file.cases.cases) {
      if (options.filter !== undefined && !one.spec.name.includes(options.filter)) {
        skipped += 1;
        continue;
      }
      const run = await runCase(one, settingOf(file.cases, component, options));
      const gaps = options.update === true ? missingOf(one, run.ended) : undefined;
      if (gaps !== undefined) missing.push(gaps);
      const report = reportOf(file.cases, one, run, gaps);
      all.push({ file, report });
      options.onCase?.(report);
    }
    if (missing.length > 0) await write(file.cases, missing);
  }
  const cases = all.map(({ report }) => report);
  const passed = cases.filter((one) => one.passed).length;
  return { passed, failed: cases.length - passed, skipped, cases, components: components.coverage(all) };
}

function settingOf({ folder }: CaseFile, component: LoadedComponent, options: CasesOptions) {
  const { runner, limits, twice = false, isOffline = false } = options;
  return { runner, component, folder, twice, isOffline, ...(limits === undefined ? {} : { limits }) };
}

function reportOf(
  { path }: CaseFile,
  { spec, line }: PlacedCase,
  { ended: { outcome }, functionId, problems }: CaseRun,
  gaps: Missing | undefined,
): CaseReport {
  // What was just written down is expected from now on.
  const left = gaps === undefined ? problems : problems.filter(({ what }) => what !== 'expect');
  const { fuel, memoryBytesPeak, hostCalls, wallMs } = outcome.receipt;
  const passed = left.length === 0;
  return {
    name: spec.name,
    file: path,
    line,
    passed,
    function: functionId ?? spec.call,
    kind: outcome.kind,
    ...(outcome.error === undefined ? {} : { code: outcome.error.code }),
    ...(outcome.error === undefined || passed ? {} : { error: outcome.error }),
    ...(outcome.value === undefined ? {} : { value: outcome.value }),
    fuel,
    memoryBytesPeak,
    hostCalls,
    wallMs,
    problems: left,
    ...(gaps === undefined ? {} : { written: gaps.fields.map(([name]) => name) }),
  };
}

async function write(file: CaseFile, missing: readonly Missing[]): Promise<void> {
  const text = updatedText(file, missing);
  const fresh = `${file.path}.${process.pid}.new`;
  await writeFile(fresh, text, { flag: 'wx' });
  await rename(fresh, file.path);
}

/** Components by their path, each decoded once. */
class Components {
  readonly #runner: Runner;
  readonly #loaded = new Map<string, LoadedComponent>();

  constructor(runner: Runner) {
    this.#runner = runner;
  }

  async load(path: string): Promise<LoadedComponent> {
    const known = this.#loaded.get(path);
    if (known !== undefined) return known;
    const { readComponentBytes } = await import('../../host/component-file.ts');
    const bytes = await readComponentBytes(path).catch((cause: unknown) => {
      throw new CodedError('usage/unreadable-file', `the component cannot be read: \`${path}\``, {
        cause,
        help: 'build it first (`cellblock build`), or name another with `--component`',
      });
    });
    const component = await this.#runner.load(bytes);
    this.#loaded.set(path, component);
    return component;
  }

  coverage(all: readonly { readonly file: FoundCases; readonly report: CaseReport }[]): readonly Coverage[] {
    return [...this.#loaded].map(([path, component]) => {
      const ids = findFunctions(component).flatMap(({ id, callable }) => (callable ? [id] : []));
      const called = new Set(all.flatMap(({ file, report }) => (file.component === path ? [report.function] : [])));
      return {
        component: path,
        digest: component.digest,
        functions: ids.length,
        covered: ids.filter((id) => called.has(id)),
        notCovered: ids.filter((id) => !called.has(id)),
      };
    });
  }
}
