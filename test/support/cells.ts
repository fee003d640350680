import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CellOutcome,
  type InvokeOptions,
  type Isolation,
  type LoadedComponent,
  type PlanOptions,
  ProcessRunner,
  type ProcessRunnerOptions,
  type Runner,
  Runtime,
  type RuntimeOptions,
  type WitValue,
} from 'cellblock/runtime';
import { afterAll, beforeAll } from 'vitest';

/** The walls under which a suite runs. */
export const ISOLATIONS: readonly Isolation[] = ['thread', 'process'];

/** A runner behind a wall. */
export function openRunner(isolation: Isolation, options: RuntimeOptions & ProcessRunnerOptions): Runner {
  return isolation === 'thread' ? new Runtime(options) : new ProcessRunner(options);
}

/** One runner for the tests of a file, with a cache folder of its own. */
export interface Cells {
  readonly runtime: Runner;
  readonly cacheDirectory: string;
  load(bytes: Uint8Array): Promise<LoadedComponent>;
  /** Decodes, prepares and invokes in one step; a refusal is thrown. */
  run(
    bytes: Uint8Array,
    name: string,
    params: readonly WitValue[],
    options?: Partial<PlanOptions> & { invoke?: InvokeOptions },
  ): Promise<CellOutcome>;
}

/** Opens a runner before the file's tests and closes it after them. */
export function useCells(isolation: Isolation = 'thread'): Cells {
  let runtime: Runner | undefined;
  const cacheDirectory = mkdtempSync(join(tmpdir(), 'cellblock-test-'));
  beforeAll(() => {
    runtime = openRunner(isolation, { cacheDirectory, threads: 2 });
  });
  afterAll(async () => {
    await runtime?.close();
    rmSync(cacheDirectory, { recursive: true, force: true });
  });
  return {
    cacheDirectory,
    get runtime() {
      if (runtime === undefined) throw new Error('the runtime is opened by beforeAll');
      return runtime;
    },
    load(bytes) {
      return this.runtime.load(bytes);
    },
    async run(bytes, name, params, options = {}) {
      const { invoke, ...plan } = options;
      const call = await this.runtime.prepare(await this.load(bytes), { function: name, ...plan });
      return this.runtime.invoke(call, params, invoke);
    },
  };
}
