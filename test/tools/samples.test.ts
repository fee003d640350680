/** The sample tools as authors find them: each with a page, a policy that fits, and cases that call all that it offers. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Runtime } from 'cellblock/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { differenceLines, runCases } from '../../dist/authoring/cases/index.js';
import { checkTool } from '../../dist/authoring/check/index.js';
import { readProject } from '../../dist/authoring/project/index.js';
import { KNOWN_GRANTS, loadPolicy, scopeSchemasOf } from '../../dist/host/index.js';
import { TOOLS_FOLDER } from './callers.ts';

/** A large component is compiled first. */
const CASES_MS_MAX = 120_000;
const folders = readdirSync(TOOLS_FOLDER)
  .map((name) => fileURLToPath(new URL(name, TOOLS_FOLDER)))
  .filter((folder) => existsSync(join(folder, 'tool.yaml')));
const projects = await Promise.all(folders.map((folder) => readProject(folder)));
const textsIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => readFileSync(join(folder, name), 'utf8'));

let runner: Runtime;

beforeAll(() => {
  runner = new Runtime({ threads: 1, cacheDirectory: false });
});

afterAll(() => runner.close());

it('finds the samples', () => {
  expect(projects.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['crash-summary', 'kube-restart', 'kubectl-plan', 'redact']),
  );
});

describe.each(projects)('$name', ({ name, folder, component }) => {
  it('has a page that names it and leads to its interface', () => {
    const page = readFileSync(join(folder, 'README.md'), 'utf8');
    expect(page).toMatch(new RegExp(`^# ${name}$`, 'm'));
    expect(page).toContain(`(wit/${name}.wit)`);
    expect(existsSync(join(folder, 'wit', `${name}.wit`))).toBe(true);
  });

  it('has cases, some with a ceiling for fuel', () => {
    expect(textsIn(join(folder, 'cases')).join('')).toMatch(/\bfuelMax: [1-9]/);
  });

  it('has a policy that an agent can call it under', async () => {
    const { tools } = await policyOf(folder);
    expect([...tools.keys()]).toContain(name);
  });

  // A component that is too large to be kept is there once somebody has built it.
  describe.skipIf(!existsSync(component))('its component', () => {
    it('passes its cases, which call all its functions', { timeout: CASES_MS_MAX }, async () => {
      const report = await runCases(folder, { runner });
      const failed = report.cases.filter(({ passed }) => !passed);
      expect(failed.map((one) => [one.name, ...one.problems.flatMap(differenceLines)])).toEqual([]);
      expect(report.passed).toBeGreaterThan(0);
      expect(report.components.map(({ notCovered }) => notCovered)).toEqual([[]]);
    });

    it('fits its policy: grants, functions, and cases twice under its limits', { timeout: CASES_MS_MAX }, async () => {
      // Compared with itself: with the version before, `cellblock check` compares.
      const { checks } = await checkTool(folder, { runner, policy: await policyOf(folder), previous: component });
      expect(checks.filter(({ status }) => status === 'problem')).toEqual([]);
      expect(checks.map(({ check }) => check)).toEqual(expect.arrayContaining(['grants', 'functions', 'cases', 'repeatable']));
    });
  });
});

function policyOf(folder: string): ReturnType<typeof loadPolicy> {
  return loadPolicy(join(folder, 'policy.yaml'), { knownGrants: KNOWN_GRANTS, scopeSchemas: scopeSchemasOf() });
}
