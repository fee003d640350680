import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('./wast.mjs', import.meta.url));
const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/wast/${name}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'cellblock-wast-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Of the parts of `--json` that are looked at here. */
interface Report {
  readonly total: Readonly<Record<'passed' | 'failed' | 'skipped', number>>;
  readonly files: readonly {
    readonly items: readonly { readonly line: number; readonly status: string; readonly reason?: string }[];
  }[];
}

function runWast(bindings: string, path: string): { status: number | null; text: string; report: Report } {
  const json = join(folder, 'report.json');
  const args = ['--bindings', bindings, '--timeout-ms', '4000', '--json', json, path];
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...args], { encoding: 'utf8' });
  return { status, text: stdout + stderr, report: JSON.parse(readFileSync(json, 'utf8')) as Report }; // written by the script
}

/** What the comments of the fixture ask for, as `line status`. */
function wantedOf(path: string): string[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.flatMap(
    (line, at) =>
      line
        .match(/;; => (passed|failed|skipped)/)
        ?.slice(1)
        .map((word) => `${at + 1} ${word}`) ?? [],
  );
}

describe.each(['own', 'jco'])('reference tests with the bindings %s', (bindings) => {
  it('tells right asserts from wrong ones', () => {
    const path = fixture('harness.wast');
    const { status, text, report } = runWast(bindings, path);
    expect(report.files[0]?.items.map((item) => `${item.line} ${item.status}`)).toEqual(wantedOf(path));
    expect(status).toBe(1);
    const table = text.slice(text.indexOf('\nfailed:'));
    const failures = report.files[0]?.items.filter((item) => item.status === 'failed' && !('because' in item)) ?? [];
    for (const { line } of failures) expect(table).toContain(`${path}:${line}  `);
    expect(text).toMatch(/did not end within 4000 ms/);
  }, 90_000);

  it('ends with 0 when everything passes', () => {
    const { status, report } = runWast(bindings, fixture('good.wast'));
    expect(report.total).toEqual({ passed: 2, failed: 0, skipped: 0 });
    expect(status).toBe(0);
  });
});
