import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CellOutcome,
  decodeComponent,
  type InvokeOptions,
  type PlanOptions,
  Runtime,
  type WitValue,
} from 'cellblock/runtime';
import { afterAll, beforeAll } from 'vitest';

/** One runtime for the tests of a file, with a cache folder of its own. */
export interface Cells {
  readonly runtime: Runtime;
  readonly cacheDirectory: string;
  /** Decodes, prepares and invokes in one step; a refusal is thrown. */
  run(
    bytes: Uint8Array,
    name: string,
    params: readonly WitValue[],
    options?: Partial<PlanOptions> & { invoke?: InvokeOptions },
  ): Promise<CellOutcome>;
}

/** Opens a runtime before the file's tests and closes it after them. */
export function useCells(): Cells {
  let runtime: Runtime | undefined;
  const cacheDirectory = mkdtempSync(join(tmpdir(), 'cellblock-test-'));
  beforeAll(() => {
    runtime = new Runtime({ cacheDirectory, threads: 2 });
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
    async run(bytes, name, params, options = {}) {
      const { invoke, ...plan } = options;
      const call = await this.runtime.prepare(decodeComponent(bytes), { function: name, ...plan });
      return this.runtime.invoke(call, params, invoke);
    },
  };
}
