import { describe, expect, it } from 'vitest';
import { ISOLATIONS, openRunner, useCells } from '../../support/cells.ts';
import { guest, hostileGuest, wasiGuest } from '../../support/guests.ts';

describe.each(ISOLATIONS)('in a %s', (isolation) => {
  const cells = useCells(isolation);

  describe('cancelling', () => {
    it('ends a running call, and the next one works', async () => {
      const controller = new AbortController();
      const running = cells.run(await hostileGuest(), 'spin', [], {
        limits: { fuelMax: 2n ** 62n },
        invoke: { signal: controller.signal },
      });
      setTimeout(() => controller.abort(), 100);
      expect(await running).toMatchObject({ kind: 'cancelled', error: { code: 'cancelled/by-caller' } });
      expect(await cells.run(await hostileGuest(), 'add', [1, 1])).toMatchObject({ kind: 'ok', value: 2 });
    });

    it('does not start a call that was cancelled before', async () => {
      const outcome = await cells.run(await hostileGuest(), 'add', [1, 1], { invoke: { signal: AbortSignal.abort() } });
      expect(outcome).toMatchObject({ kind: 'cancelled', usage: { fuel: 0n } });
    });
  });

  describe('parameters as bytes', () => {
    it.each([
      ['too few', Uint8Array.of(1, 0, 0, 0)],
      ['too many', new Uint8Array(9)],
    ])('are refused when they are %s for the types', async (_what, params) => {
      const call = await cells.runtime.prepare(await cells.load(await hostileGuest()), { function: 'add' });
      expect(await cells.runtime.invoke(call, Uint8Array.of(20, 0, 0, 0, 22, 0, 0, 0))).toMatchObject({ kind: 'ok', value: 42 });
      expect(await cells.runtime.invoke(call, params)).toMatchObject({ kind: 'refused', error: { code: 'params/invalid' } });
    });

    it('are refused when text in them is not UTF-8', async () => {
      const bytes = await guest(
        `(module (memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
        (func (export "measure") (param i32 i32) (result i32) (local.get 1)))`,
        'package test:text; world w { export measure: func(text: string) -> u32; }',
      );
      const call = await cells.runtime.prepare(await cells.load(bytes), { function: 'measure' });
      expect(await cells.runtime.invoke(call, Uint8Array.of(1, 0, 0, 0, 0x41))).toMatchObject({ kind: 'ok', value: 1 });
      expect(await cells.runtime.invoke(call, Uint8Array.of(1, 0, 0, 0, 0xff))).toMatchObject({
        kind: 'refused',
        error: { code: 'params/invalid' },
      });
    });
  });

  describe('determinism', () => {
    it('gives the same bytes and the same fuel to the same call, whichever worker and instance serves it', async () => {
      const bytes = await wasiGuest();
      const call = await cells.runtime.prepare(await cells.load(bytes), { function: 'random' });
      const outcomes = [];
      for (let at = 0; at < 6; at += 1) outcomes.push(await cells.runtime.invoke(call, []));
      const [first] = outcomes;
      expect(first?.kind).toBe('ok');
      for (const outcome of outcomes) {
        expect(outcome.valueBytes).toEqual(first?.valueBytes);
        expect(outcome.usage.fuel).toBe(first?.usage.fuel);
      }
    });

    it('takes another seed for what it is', async () => {
      const seeds = [1, 2, 1].map((byte) => new Uint8Array(16).fill(byte));
      const values = [];
      for (const seed of seeds) values.push((await cells.run(await wasiGuest(), 'random', [], { invoke: { seed } })).value);
      expect(values[0]).toBe(values[2]);
      expect(values[0]).not.toBe(values[1]);
    });

    it('shows a clock that stands still, unless the real one is granted', async () => {
      expect(await cells.run(await wasiGuest(), 'now', [])).toMatchObject({ kind: 'ok', value: 0n });
      const capabilities = [{ kind: 'wasi', name: 'clock', setup: { clock: 'real' } }] as const;
      const real = await cells.run(await wasiGuest(), 'now', [], { capabilities });
      expect(Math.abs(Number(real.value) - Date.now() / 1000)).toBeLessThan(60);
    });

    it('succeeds with exactly the fuel that the call needs, and is limited with one unit less', async () => {
      const bytes = await hostileGuest();
      const { usage } = await cells.run(bytes, 'add', [2, 3]);
      const exact = await cells.run(bytes, 'add', [2, 3], { limits: { fuelMax: usage.fuel } });
      expect(exact).toMatchObject({ kind: 'ok', value: 5, usage: { fuel: usage.fuel } });
      const less = await cells.run(bytes, 'add', [2, 3], { limits: { fuelMax: usage.fuel - 1n } });
      expect(less).toMatchObject({ kind: 'limited', error: { code: 'limit/fuel' } });
    });
  });

  describe('parameters', () => {
    it.each([
      [['x', 1], '$.a'],
      [[1], ''],
      [[1, 2, 3], ''],
      [[-1, 1], '$.a'],
      [[1, 2 ** 32], '$.b'],
    ])('refuses %j before anything runs', async (params) => {
      const outcome = await cells.run(await hostileGuest(), 'add', params);
      expect(outcome).toMatchObject({ kind: 'refused', error: { code: 'params/invalid' }, usage: { fuel: 0n } });
    });
  });

  describe('options', () => {
    it.each([0, 8, 15, 17, 32])('refuse a seed of %i bytes', async (length) => {
      const outcome = await cells.run(await hostileGuest(), 'add', [20, 22], { invoke: { seed: new Uint8Array(length) } });
      expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'usage/invalid-argument' } });
    });

    it.each([
      { resultBytesMax: Number.NaN },
      { timeoutMsMax: Number.POSITIVE_INFINITY },
      { timeoutMsMax: 2 ** 31 },
      { fuelMax: 5 as never },
      { memoryPagesMax: -1 },
      { nonsense: 1 } as never,
    ])('refuse the limit %o', async (limits) => {
      await expect(cells.run(await hostileGuest(), 'add', [1, 1], { limits })).rejects.toMatchObject({
        code: 'usage/invalid-argument',
      });
    });

    it('carry a result as large as the limit allows', async () => {
      const limits = { resultBytesMax: 32 * 1024 * 1024, timeoutMsMax: 20_000 };
      const outcome = await cells.run(await hostileGuest(), 'big-list', [20 * 1024 * 1024], { limits });
      expect(outcome.kind).toBe('ok');
      expect((outcome.value as Uint8Array).length).toBe(20 * 1024 * 1024);
      const larger = await cells.run(await hostileGuest(), 'big-list', [40 * 1024 * 1024], { limits });
      expect(larger).toMatchObject({ kind: 'limited', error: { code: 'limit/result' } });
    });
  });

  describe('the pool', () => {
    it('lets no call lose its plan when the plan is released', async () => {
      const component = await cells.load(await hostileGuest());
      for (let round = 0; round < 20; round += 1) {
        const call = await cells.runtime.prepare(component, { function: 'add' });
        const running = Array.from({ length: 6 }, (_, at) => cells.runtime.invoke(call, [at, 1]));
        cells.runtime.release(call);
        const outcomes = await Promise.all([...running, cells.runtime.invoke(call, [6, 1])]);
        expect(outcomes.map((outcome) => outcome.value)).toEqual([1, 2, 3, 4, 5, 6, 7]);
      }
    });

    it('runs more calls at once than it has workers, each with its own answer', async () => {
      const call = await cells.runtime.prepare(await cells.load(await hostileGuest()), { function: 'add' });
      const outcomes = await Promise.all(Array.from({ length: 200 }, (_, at) => cells.runtime.invoke(call, [at, 1])));
      expect(outcomes.map((outcome) => outcome.value)).toEqual(Array.from({ length: 200 }, (_, at) => at + 1));
    });

    it('refuses what does not fit into its queue, with a time to come back', async () => {
      const small = openRunner(isolation, { cacheDirectory: false, threads: 2, queueMax: 3 });
      const call = await small.prepare(await cells.load(await hostileGuest()), { function: 'add' });
      const outcomes = await Promise.all(Array.from({ length: 20 }, () => small.invoke(call, [1, 1])));
      await small.close();
      const refused = outcomes.filter((outcome) => outcome.error?.code === 'busy/overloaded');
      expect(refused.length).toBeGreaterThanOrEqual(15);
      expect(refused[0]?.error?.data).toMatchObject({ limit: 3, retryAfterMs: 100 });
      expect(outcomes.filter((outcome) => outcome.kind === 'ok').length).toBe(20 - refused.length);
    });

    it('keeps serving while hostile calls end its workers', async () => {
      const component = await cells.load(await hostileGuest());
      const good = await cells.runtime.prepare(component, { function: 'add' });
      const bad = await cells.runtime.prepare(component, { function: 'panic' });
      const mixed = await Promise.all(
        Array.from({ length: 30 }, (_, at) =>
          at % 3 === 0 ? cells.runtime.invoke(bad, []) : cells.runtime.invoke(good, [at, 0]),
        ),
      );
      mixed.forEach((outcome, at) => {
        expect(outcome).toMatchObject(at % 3 === 0 ? { kind: 'trapped' } : { kind: 'ok', value: at });
      });
    });

    it('refuses calls after it was closed', async () => {
      const closing = openRunner(isolation, { cacheDirectory: false, threads: 2 });
      const call = await closing.prepare(await cells.load(await hostileGuest()), { function: 'add' });
      await closing.close();
      expect(await closing.invoke(call, [1, 1])).toMatchObject({ kind: 'failed', error: { code: 'usage/closed' } });
    });
  });
});
