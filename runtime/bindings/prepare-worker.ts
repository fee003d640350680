import { parentPort } from 'node:worker_threads';
import { isCoded } from '../error.ts';
import { type InstrumentedModule, instrument } from '../instrument/index.ts';
import { initTranspiler, transpile } from './jco-transpile.ts';

/** One job of the transpiler's thread. */
export interface TranspileJob {
  readonly bytes: Uint8Array;
  readonly importNames: readonly string[];
  readonly memoryPagesMax: number;
  readonly tableElementsMax: number;
}

/** A core module ready to compile, with what the host must know of it. */
export interface TranspiledModule extends Omit<InstrumentedModule, 'costModel'> {
  readonly name: string;
}

export interface Transpiled {
  readonly bindings: 'jco';
  readonly linking: string;
  readonly modules: readonly TranspiledModule[];
  readonly transpileMs: number;
  readonly instrumentMs: number;
}

export type TranspileAnswer =
  | { readonly type: 'up' }
  | { readonly type: 'done'; readonly transpiled: Transpiled }
  | { readonly type: 'failed'; readonly code: string; readonly message: string; readonly data: unknown };

async function main(): Promise<void> {
  await initTranspiler();
  parentPort?.on('message', (job: TranspileJob) => parentPort?.postMessage(answer(job)));
  parentPort?.postMessage({ type: 'up' } satisfies TranspileAnswer);
}

function answer(job: TranspileJob): TranspileAnswer {
  try {
    return { type: 'done', transpiled: prepare(job) };
  } catch (error) {
    if (isCoded(error)) return { type: 'failed', code: error.code, message: error.message, data: error.data };
    const words = error instanceof Error ? error.message : String(error);
    return {
      type: 'failed',
      code: 'component/transpile-failed',
      message: `the component cannot be prepared: ${words}`,
      data: { poisoned: true },
    };
  }
}

function prepare({ bytes, importNames, memoryPagesMax, tableElementsMax }: TranspileJob): Transpiled {
  const began = performance.now();
  const recipe = transpile(bytes, importNames);
  const transpiled = performance.now();
  const modules = recipe.modules.map(({ name, bytes: core }) => ({
    name,
    ...instrument(core, { memoryPagesMax, tableElementsMax }),
  }));
  return {
    bindings: recipe.bindings,
    linking: recipe.linking,
    modules,
    transpileMs: transpiled - began,
    instrumentMs: performance.now() - transpiled,
  };
}

await main();
