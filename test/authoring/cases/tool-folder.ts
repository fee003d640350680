import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Runtime } from 'cellblock/runtime';
import { afterAll, beforeAll } from 'vitest';
import { type CasesOptions, type CasesReport, runCases } from '../../../dist/authoring/cases/index.js';

/** A folder of a tool that a test fills, and cases run in it. */
export interface ToolFolder {
  readonly path: string;
  write(name: string, content: string | Uint8Array): string;
  /** Runs the cases of one file, given without `version`; for the component of that name. */
  run(component: string, cases: string, options?: Partial<CasesOptions>): Promise<CasesReport>;
}

/** Made before all tests of a file, gone after them. */
export function toolFolder(): ToolFolder {
  const path = mkdtempSync(join(tmpdir(), 'cellblock-cases-'));
  let runner: Runtime | undefined;
  let files = 0;
  beforeAll(() => {
    runner = new Runtime({ threads: 1, cacheDirectory: false });
  });
  afterAll(async () => {
    await runner?.close();
    rmSync(path, { recursive: true });
  });
  const write = (name: string, content: string | Uint8Array): string => {
    const file = join(path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  };
  return {
    path,
    write,
    run(component, cases, options = {}) {
      files += 1;
      const file = write(`cases/${files}.yaml`, `version: 1\ncomponent: ../${component}\ncases:\n${cases}`);
      return runCases(file, { runner: runner!, ...options });
    },
  };
}
