import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CallProfile } from '../../../runtime/cell/call-profile.ts';
import type { CallHooks } from '../../../runtime/instrument/call-hooks.ts';
import { COST_MODELS, createMeter, type InstrumentedModule, instrument, type Meter } from '../../../runtime/instrument/index.ts';
import { MNEMONICS } from '../../../runtime/instrument/opcodes.ts';
import { Opcodes } from '../../outside/fuel/opcodes.mjs';
import { readRecording } from '../../outside/fuel/recording.mjs';
import { replayAll } from '../../outside/fuel/replay-all.mjs';
import { compile, MODELS, start, wat } from './guest.ts';
import { callHooked, functionRows, HOST_ROW, instantiateHooked, startHooked, sums } from './hooked.ts';
import { interpret, TooLong } from './interpreter.ts';
import { HAS_TRY_TABLE, HOST, type Program, textOf } from './program.ts';
import { programs } from './random-program.ts';

/** Own fuel, inclusive fuel and calls of each function, by index, after one call of `run`. */
function rowsOf(text: string, ...args: unknown[]): Record<number, string> {
  const guest = startHooked(text);
  callHooked(guest, 'run', ...args);
  const report = guest.report();
  expect(sums(report)).toEqual({ rows: Number(guest.meter.fuelUsed()), tree: Number(guest.meter.fuelUsed()) });
  return functionRows(report);
}

describe('where the fuel of a call goes', () => {
  // Exact counts of the text: 1 for each instruction but `drop`, `end` and their like, and 1 for entering a function.
  it('gives each function what its own code costs, whoever pays for its entry', () => {
    const rows = rowsOf(`(module
      (func $leaf (param i32) (result i32) local.get 0 i32.const 1 i32.add)
      (func $middle (param i32) (result i32) local.get 0 call $leaf call $leaf)
      (func (export "run") (result i32) i32.const 5 call $middle call $leaf))`);
    expect(rows).toEqual({ 0: '12 12 3', 1: '4 12 1', 2: '4 20 1' });
  });

  // The module by which a component's tables get the functions that lower what it imports has a segment of elements and no code.
  it('leaves a module without functions of its own valid', () => {
    const filler = `(module
      (import "" "0" (func))
      (import "" "table" (table 1 1 funcref))
      (elem (i32.const 0) 0))`;
    const table = new WebAssembly.Table({ initial: 1, maximum: 1, element: 'anyfunc' });
    const shared = instrument(wat(filler, true), { model: 'exact', callHooks: true, meter: 'shared' });
    expect(WebAssembly.validate(shared.bytes as Uint8Array<ArrayBuffer>)).toBe(true); // its own buffer
    const given = startHooked('(module (func (export "0")))').exports['0'] as WebAssembly.ImportValue; // it exports it
    startHooked(filler, { imports: { '': { '0': given, table } } });
    expect(table.get(0)).toBe(given);
  });

  it('counts recursion once in what is inclusive', () => {
    const rows = rowsOf(
      `(module (func $down (export "run") (param i32) (result i32)
        local.get 0 if (result i32) local.get 0 i32.const 1 i32.sub call $down else i32.const 0 end))`,
      3,
    );
    expect(rows).toEqual({ 0: '25 25 4' });
  });

  it('gives a tail call to the caller of who made it', () => {
    const guest = startHooked(`(module
      (func $last (result i32) i32.const 7)
      (func $first (result i32) return_call $last)
      (func (export "run") (result i32) call $first))`);
    callHooked(guest, 'run');
    const report = guest.report();
    expect(functionRows(report)).toEqual({ 0: '2 2 1', 1: '2 2 1', 2: '2 6 1' });
    const parents = [...report.tree.rows].map((row, at) => [row, report.tree.rows[report.tree.parents[at] as number]]);
    expect(parents).toContainEqual([0, 2]);
    expect(parents).not.toContainEqual([0, 1]);
  });

  it('follows calls through tables, early returns, branches out of the body, and several results', () => {
    const rows = rowsOf(
      `(module (type $t (func (param i32) (result i32 i32)))
      (table funcref (elem $early $branch))
      (func $early (type $t) local.get 0 if i32.const 1 i32.const 2 return end i32.const 3 i32.const 4)
      (func $branch (type $t) i32.const 5 i32.const 6 local.get 0 br_if 0 drop drop i32.const 7 i32.const 8)
      (func (export "run") (param i32) (result i32)
        i32.const 1 local.get 0 call_indirect (type $t) drop))`,
      0,
    );
    expect(rows).toEqual({ 0: '5 5 1', 2: '4 9 1' });
  });

  it('has rows of its own for what is charged by length', () => {
    const guest = startHooked(`(module (memory 1)
      (func (export "run") (param i32) i32.const 0 i32.const 0 local.get 0 memory.fill i32.const 0 memory.grow drop))`);
    callHooked(guest, 'run', 5_000);
    const { helpers, functions } = guest.instrumented.callHooks as CallHooks; // asked for
    const rows = functionRows(guest.report());
    expect(rows[functions + helpers.indexOf('bytes')]).toBe('5000 5000 1');
  });

  it('has a row for starting, and one for the start function', () => {
    const guest = startHooked('(module (global i32 i32.const 1) (func $start nop nop i32.const 1 drop) (start $start))');
    const report = guest.report();
    expect(report.rows.find(({ row }) => row === HOST_ROW.instantiation)?.self).toBe(guest.instrumented.startFuel);
    expect(functionRows(report)[0]).toBe('2 2 1');
  });

  it('ends what is open when the guest traps, or runs out of fuel', () => {
    const text = `(module (func $deep (param i32) local.get 0 if local.get 0 i32.const 1 i32.sub call $deep else unreachable end)
      (func (export "run") (param i32) local.get 0 call $deep)
      (func (export "spin") (loop (br 0))))`;
    const trapped = startHooked(text);
    expect(callHooked(trapped, 'run', 2)).toBe('unreachable');
    expect(sums(trapped.report()).rows).toBe(Number(trapped.meter.fuelUsed()));
    const spent = startHooked(text, { budget: { fuel: 500n, pages: 1, elements: 0 } });
    expect(callHooked(spent, 'spin')).toBe('unreachable');
    expect(sums(spent.report())).toEqual({ rows: 500, tree: 500 });
  });

  it('goes on where an exception is caught', () => {
    const caught = (body: string): string => `(module (tag $e) (func $thrower throw $e) (func $after nop)
      (func (export "run") ${body} call $after))`;
    const old = rowsOf(caught('try call $thrower catch $e end'));
    expect(old[1]).toBe('1 1 1');
    expect(old[2]?.endsWith(' 1')).toBe(true);
  });
});

describe('hooks', () => {
  it('change no fuel, result or trap of what Wasmtime recorded', () => {
    const golden = fileURLToPath(new URL('../../golden/fuel/wasmtime.json.gz', import.meta.url));
    const opcodes = new Opcodes(MNEMONICS);
    const { modules } = readRecording(golden, opcodes);
    const profiles = new Map<Meter, CallProfile>();
    const instrumentation = {
      opcodes,
      COST_MODELS,
      instrument: (bytes: Uint8Array, options: object) => instrument(bytes, { ...options, callHooks: true }),
      createMeter: (budget: Parameters<typeof createMeter>[0]) => {
        const meter = createMeter({ ...budget, fuel: 2n ** 50n }); // profiles count up to 2^53
        const profile = new CallProfile(2n ** 50n);
        profiles.set(meter, profile);
        const instantiate = (module: InstrumentedModule, compiled: WebAssembly.Module, imports?: WebAssembly.Imports) =>
          instantiateHooked(meter, module, compiled, imports, profile, 0);
        return { ...bound(meter), instantiate };
      },
    };
    const found = replayAll(
      instrumentation as unknown as Parameters<typeof replayAll>[0], // a meter with another way to instantiate
      modules.filter((_, at) => at % 21 === 3),
    );
    expect(found.problems).toEqual([]);
    expect(found.returned).toBeGreaterThan(500);
    for (const [meter, profile] of profiles) {
      const report = profile.finish(meter.fuelUsed(), 0n);
      expect(sums(report)).toEqual({ rows: Number(meter.fuelUsed()), tree: Number(meter.fuelUsed()) });
    }
  }, 60_000);

  it('give each function of random programs the same, whether its callers pay for it or not', () => {
    fc.assert(
      fc.property(programs, fc.nat(4), fc.integer(), (program, argument, x) => {
        fc.pre(returns(program, argument, x));
        const rows = [true, false].map((callersPay) => {
          const optimizations = { callersPay, sinks: callersPay, turns: callersPay, locals: callersPay };
          const guest = startHooked(wat(textOf(program)), { imports: HOST, optimizations });
          (guest.exports.x as WebAssembly.Global).value = x;
          callHooked(guest, 'run', argument);
          return functionRows(guest.report());
        });
        expect(rows[0]).toEqual(rows[1]);
      }),
      { numRuns: 150, seed: 20_261_127 },
    );
  }, 60_000);

  it('are placed in neither model where nobody asks for them', () => {
    const bytes = wat('(module (func (export "run")))');
    for (const model of MODELS) {
      expect(instrument(bytes, { model, callHooks: false })).toEqual(instrument(bytes, { model }));
      expect(Object.keys(start(bytes, { model }).all)).not.toContain('cellblock:hooks');
    }
  });

  it('are exported under a name that no guest may use', () => {
    expect(() => instrument(wat('(module (func (export "cellblock:hooks")))'))).toThrow(/reserved/);
    expect(() => compile(instrument(wat('(module (table 1 funcref))'), { callHooks: true }).bytes)).not.toThrow();
  });
});

function returns(program: Program, argument: number, x: number): boolean {
  try {
    return interpret(program, argument, x).end.kind === 'value';
  } catch (error) {
    if (error instanceof TooLong) return false;
    throw error;
  }
}

/** Getters and methods of a meter that keep their own. */
function bound(meter: Meter): object {
  return {
    get fuelLeft() {
      return meter.fuelLeft;
    },
    fuelUsed: () => meter.fuelUsed(),
    pagesUsed: () => meter.pagesUsed(),
    exhausted: () => meter.exhausted(),
    charge: (units: number) => meter.charge(units),
    abandon: () => meter.abandon(),
  };
}

it.skipIf(!HAS_TRY_TABLE)('hooks go on behind the label of a `try_table`', () => {
  const text = `(module (tag $e) (func $thrower throw $e) (func $after nop)
    (func (export "run") block $h try_table (catch $e $h) call $thrower end end call $after))`;
  const rows = rowsOf(text);
  expect(Object.keys(rows)).toEqual(['0', '1', '2']);
});
