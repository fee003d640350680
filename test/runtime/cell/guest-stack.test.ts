import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CellOutcome, StackFrame } from 'cellblock/runtime';
import { describe, expect, it } from 'vitest';
import { toOutcome } from '../../../host/receipt.ts';
import { agentOutcome } from '../../../host/serving/agent-view.ts';
import { ISOLATIONS, useCells } from '../../support/cells.ts';
import { guest } from '../../support/guests.ts';

const CORE = `(module
  (func $_ZN4tool5check17h0123456789abcdefE (param i32) local.get 0 if unreachable end)
  (func $step (param i32) nop local.get 0 call $_ZN4tool5check17h0123456789abcdefE)
  (func $spin (export "spin") (loop (br 0)))
  (func (export "fine") (param i32) (result i32) local.get 0)
  (func (export "run") (param i32) i32.const 0 call $step local.get 0 call $step))`;
const WIT = `package test:trap; world w {
  export run: func(value: u32); export spin: func(); export fine: func(value: u32) -> u32; }`;

const stackOf = ({ error }: CellOutcome) => error?.data?.stack as readonly StackFrame[] | undefined;

describe.each(ISOLATIONS)('a trap in a %s', (isolation) => {
  const cells = useCells(isolation);

  async function explained(name: string, params: readonly number[], options: object = {}): Promise<CellOutcome> {
    const call = await cells.runtime.prepare(await cells.load(await guest(CORE, WIT)), { function: name, ...options });
    return cells.runtime.explain(call, await cells.runtime.invoke(call, params));
  }

  it.each(['own', 'jco'] as const)('shows where the guest was, innermost first, with %s bindings', async (bindings) => {
    const outcome = await explained('run', [1], { bindings });
    expect(outcome).toMatchObject({ kind: 'trapped', error: { code: 'trap/unreachable' } });
    expect(stackOf(outcome)?.map((frame) => frame.function)).toEqual(['tool::check', 'step', 'run']);
    expect(stackOf(outcome)?.every(({ module }) => module === 0)).toBe(true);
  });

  it('is at the same places in both cost models', async () => {
    const [region, exact] = [await explained('run', [1]), await explained('run', [1], { costModel: 'exact' })];
    expect(stackOf(region)).toEqual(stackOf(exact));
    expect(stackOf(region)).toHaveLength(3);
  });

  it('has no stack before somebody asks for it, and a call that ends well has none at all', async () => {
    const call = await cells.runtime.prepare(await cells.load(await guest(CORE, WIT)), { function: 'run' });
    expect((await cells.runtime.invoke(call, [1])).error).toEqual({
      code: 'trap/unreachable',
      message: 'the guest panicked or aborted (`unreachable`)',
    });
    expect(await explained('fine', [7])).toMatchObject({ kind: 'ok', value: 7 });
    expect(stackOf(await explained('run', [0]))).toBeUndefined();
  });

  it('says where the fuel ran out', async () => {
    const outcome = await explained('spin', [], { limits: { fuelMax: 100_000n } });
    expect(outcome.error?.code).toBe('limit/fuel');
    expect(stackOf(outcome)?.map((frame) => frame.function)).toEqual(['spin']);
  });

  it('keeps 32 frames of a recursion, and is told to no agent', async () => {
    const deep = `(module (func $down (export "run") (param i32)
      local.get 0 if local.get 0 i32.const 1 i32.sub call $down else unreachable end))`;
    const bytes = await guest(deep, 'package test:deep; world w { export run: func(value: u32); }');
    const call = await cells.runtime.prepare(await cells.load(bytes), { function: 'run' });
    const outcome = await cells.runtime.explain(call, await cells.runtime.invoke(call, [1000]));
    expect(stackOf(outcome)).toHaveLength(32);
    const operator = toOutcome(outcome, { call });
    expect(JSON.stringify(operator)).toContain('"stack"');
    expect(JSON.stringify(agentOutcome(operator))).not.toContain('stack');
  });
});

/** The first of these programs that is here and knows of WebAssembly. */
function findTool(names: readonly string[], question: string, answer: RegExp): string | undefined {
  return names.find((name) => {
    try {
      return answer.test(execFileSync(name, [question], { stdio: 'pipe' }).toString());
    } catch {
      return false;
    }
  });
}

const clang = findTool(['clang', 'clang-18', 'clang-16', 'clang-14'], '--print-targets', /wasm32/);
const linker = findTool(['wasm-ld', 'wasm-ld-18', 'wasm-ld-16', 'wasm-ld-14'], '--version', /LLD/);

const SOURCE = `__attribute__((noinline)) int divide(int by) {
  int answer = 42;
  return answer / by;
}
__attribute__((export_name("run"))) int run(int by) {
  return divide(by) + 1;
}
`;

describe.skipIf(clang === undefined || linker === undefined)('a trap of a guest in C (needs clang and wasm-ld)', () => {
  const cells = useCells();

  it.each(['-gdwarf-4', '-gdwarf-5'])('names file and line of each frame: %s', async (debug) => {
    const folder = mkdtempSync(join(tmpdir(), 'cellblock-c-'));
    try {
      writeFileSync(join(folder, 'divide.c'), SOURCE);
      const flags = ['--target=wasm32', '-O1', debug, '-fdebug-compilation-dir=.', '-c'];
      execFileSync(clang as string, [...flags, '-o', 'out.o', 'divide.c'], { cwd: folder, stdio: 'pipe' });
      // Apart from the compiler, which would let wasm-opt take the names out.
      execFileSync(linker as string, ['--no-entry', '-o', 'out.wasm', 'out.o'], { cwd: folder, stdio: 'pipe' });
      const core = readFileSync(join(folder, 'out.wasm'));
      const { componentEmbed, componentNew } = await import('../../../authoring/wasm-tools.ts');
      const witSource = 'package test:c; world w { export run: func(by: s32) -> s32; }';
      const bytes = await componentNew(await componentEmbed({ binary: core, witSource }));
      const call = await cells.runtime.prepare(await cells.load(bytes), { function: 'run' });
      const outcome = await cells.runtime.explain(call, await cells.runtime.invoke(call, [0]));
      expect(outcome.error?.code).toBe('trap/arithmetic');
      const told = stackOf(outcome)?.map((frame) => `${frame.function} ${frame.file?.split('/').at(-1)}:${frame.line}`);
      expect(told).toEqual(['divide divide.c:3', 'run divide.c:6']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
