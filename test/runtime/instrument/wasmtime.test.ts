import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { COST_MODELS, createMeter, instrument } from '../../../runtime/instrument/index.ts';
import { MNEMONICS } from '../../../runtime/instrument/opcodes.ts';
import { Opcodes } from '../../outside/fuel/opcodes.mjs';
import { type RecordedModule, type RecordingEntry, readRecording } from '../../outside/fuel/recording.mjs';
import { replayAll } from '../../outside/fuel/replay-all.mjs';

/*
 * Calls of random modules with what Wasmtime made of them; `test/outside/fuel-reference.mjs` recorded them and replays all.
 * Here it is every so many: enough for each instruction, in a few seconds.
 */
const EVERY = 7;
const GOLDEN = fileURLToPath(new URL('../../golden/fuel/wasmtime.json.gz', import.meta.url));

const instrumentation = { instrument, createMeter, COST_MODELS, opcodes: new Opcodes(MNEMONICS) };
const recording = readRecording(GOLDEN, instrumentation.opcodes);

/** A module of the recording whose first call that returned says something else. */
function changed(change: (call: { results: readonly string[]; fuel: number }) => object): RecordingEntry {
  const entry = recording.modules[0] as RecordingEntry; // it is not empty
  return {
    name: 'changed',
    load: (): RecordedModule => {
      const module = entry.load();
      const at = module.calls.findIndex((call) => 'fuel' in call && call.results.length > 0);
      const calls = module.calls.map((call, index) => (index === at && 'fuel' in call ? { ...call, ...change(call) } : call));
      return { ...module, calls };
    },
  };
}

describe('beside Wasmtime', () => {
  it('exact takes the same fuel to the unit, all results and memories are equal, region keeps its bounds', () => {
    const found = replayAll(
      instrumentation,
      recording.modules.filter((_, at) => at % EVERY === 0),
    );
    expect(found.problems).toEqual([]);
    expect(found.returned).toBeGreaterThan(2000);
    expect(found.executed.size / MNEMONICS.size).toBeGreaterThan(0.95);
  }, 60_000);

  it('a count that is one off would be seen, in each kind of meter and in the naive count', () => {
    const { problems } = replayAll(instrumentation, [changed(({ fuel }) => ({ fuel: fuel + 1 }))]);
    expect(problems).toHaveLength(3);
  });

  it('another result would be seen', () => {
    const { problems } = replayAll(instrumentation, [
      changed(({ results }) => ({ results: results.map((bits) => `${BigInt(bits) ^ 1n}`) })),
    ]);
    expect(problems.length).toBeGreaterThanOrEqual(4);
  });

  it('is of a version whose rules are known', () => {
    expect(recording.wasmtime).toBe('50.0.1');
  });
});
