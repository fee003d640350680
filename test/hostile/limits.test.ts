import { afterEach, describe, expect, it } from 'vitest';
import { assemble } from '../support/assemble.ts';
import { ISOLATIONS, useCells } from '../support/cells.ts';
import { endlessStartGuest, hostileGuest, rememberingGuest, wasiGuest } from '../support/guests.ts';

/* Guests that try to break a limit; each ends typed, and the same process then runs a good call. */

describe.each(ISOLATIONS)('in a %s', (isolation) => {
  const cells = useCells(isolation);

  describe('hostile guests', () => {
    afterEach(async () => {
      const good = await cells.run(await hostileGuest(), 'add', [2, 40]);
      expect(good).toMatchObject({ kind: 'ok', value: 42 });
    });

    it('stops an endless loop by fuel', async () => {
      const outcome = await cells.run(await hostileGuest(), 'spin', [], { limits: { fuelMax: 1_000_000n } });
      expect(outcome).toMatchObject({ kind: 'limited', error: { code: 'limit/fuel' }, usage: { fuel: 1_000_000n } });
    });

    it('stops an endless loop by its deadline when there is fuel for years', async () => {
      const began = performance.now();
      const outcome = await cells.run(await hostileGuest(), 'spin', [], { limits: { fuelMax: 2n ** 62n, timeoutMsMax: 300 } });
      expect(outcome).toMatchObject({ kind: 'limited', error: { code: 'limit/deadline' } });
      expect(outcome.usage.wallMs).toBeGreaterThanOrEqual(299);
      expect(performance.now() - began).toBeLessThan(5_000);
    });

    it('stops an endless `start` function of a core module', async () => {
      const fuel = await cells.run(await endlessStartGuest(), 'go', [], { limits: { fuelMax: 1_000_000n } });
      expect(fuel).toMatchObject({ kind: 'limited', error: { code: 'limit/fuel' } });
      const time = await cells.run(await endlessStartGuest(), 'go', [], { limits: { fuelMax: 2n ** 62n, timeoutMsMax: 300 } });
      expect(time).toMatchObject({ kind: 'limited', error: { code: 'limit/deadline' } });
    });

    it.each(['own', 'jco'] as const)('stops an endless `post-return`: %s', async (bindings) => {
      const bytes = await assemble(`(component
      (core module $m
        (func (export "go") (result i32) (i32.const 1))
        (func (export "spin") (param i32) (loop $l (br $l))))
      (core instance $i (instantiate $m))
      (func (export "go") (result u32) (canon lift (core func $i "go") (post-return (core func $i "spin")))))`);
      const outcome = await cells.run(bytes, 'go', [], { bindings, limits: { fuelMax: 1_000_000n } });
      expect(outcome).toMatchObject({ kind: 'limited', error: { code: 'limit/fuel' }, usage: { fuel: 1_000_000n } });
    });

    it('charges bulk operations for what they move', async () => {
      const outcome = await cells.run(await hostileGuest(), 'fill', [], { limits: { fuelMax: 10_000_000n } });
      expect(outcome).toMatchObject({ kind: 'limited', error: { code: 'limit/fuel' } });
      expect(outcome.usage.phases.guestMs).toBeLessThan(5_000); // 10 million fills of 64 KiB would take minutes
    });

    it('answers -1 to growth beyond the memory limit, and reports the peak', async () => {
      const outcome = await cells.run(await hostileGuest(), 'grow', [65_536], { limits: { memoryPagesMax: 100 } });
      expect(outcome).toMatchObject({ kind: 'ok', value: 97, usage: { memoryBytesPeak: 97 * 65_536 } });
      const less = await cells.run(await hostileGuest(), 'grow', [32], { limits: { memoryPagesMax: 100 } });
      expect(less).toMatchObject({ kind: 'ok', value: 33, usage: { memoryBytesPeak: 33 * 65_536 } });
    });

    it('refuses to start with less memory than the component needs', async () => {
      await expect(cells.run(await hostileGuest(), 'add', [1, 2], { limits: { memoryPagesMax: 0 } })).rejects.toMatchObject({
        code: 'limit/memory',
        data: { limit: 0, used: 1 },
      });
    });

    it('answers -1 to a table growth that would end the process', async () => {
      const outcome = await cells.run(await hostileGuest(), 'grow-table', [9_999_999]);
      expect(outcome).toMatchObject({ kind: 'ok', value: -1 });
      const small = await cells.run(await hostileGuest(), 'grow-table', [99]);
      expect(small).toMatchObject({ kind: 'ok', value: 1 });
    });

    it('reports unbounded recursion as the stack limit', async () => {
      const outcome = await cells.run(await hostileGuest(), 'recurse', [], { limits: { fuelMax: 2n ** 62n } });
      expect(outcome).toMatchObject({ kind: 'limited', error: { code: 'limit/stack' } });
    });

    it('does not build a list longer than the limit', async () => {
      const outcome = await cells.run(await hostileGuest(), 'long-list', [60_000], { limits: { resultBytesMax: 1000 } });
      expect(outcome).toMatchObject({ kind: 'limited', error: { code: 'limit/result' } });
    });

    it('does not take a list that reaches past the memory', async () => {
      const outcome = await cells.run(await hostileGuest(), 'long-list', [0xffff_0000], { bindings: 'own' });
      expect(outcome).toMatchObject({ kind: 'trapped', error: { code: 'trap/abi' } });
      const cut = await cells.run(await hostileGuest(), 'long-list', [0xffff_0000], { bindings: 'jco' });
      // jco's glue cuts it, where the standard traps; nothing is built beyond the memory.
      expect(cut.value === undefined || (cut.value as Uint8Array).length <= 65_536).toBe(true);
    });

    it.each([
      ['panic', [], 'trap/unreachable'],
      ['peek', [], 'trap/out-of-bounds'],
      ['divide', [0], 'trap/arithmetic'],
      ['call-null', [], 'trap/indirect-call'],
    ] as const)('names the trap of %s', async (name, params, code) => {
      expect(await cells.run(await hostileGuest(), name, params)).toMatchObject({ kind: 'trapped', error: { code } });
    });

    it('keeps a capped beginning of 2 GB written to stdout', async () => {
      const outcome = await cells.run(await wasiGuest(), 'flood', [Math.ceil(2e9 / 4096)], {
        limits: { stdioBytesMax: 10_000, fuelMax: 2n ** 62n, timeoutMsMax: 60_000 },
      });
      expect(outcome).toMatchObject({ kind: 'ok', stdout: { truncated: true } });
      expect(outcome.stdout.bytes.length).toBe(10_000);
      expect(outcome.usage.hostCalls).toBeGreaterThan(488_000);
    }, 90_000);

    it('lets `exit` end the call only', async () => {
      expect(await cells.run(await wasiGuest(), 'quit', [1])).toMatchObject({ kind: 'trapped', error: { code: 'trap/exit' } });
      expect(await cells.run(await wasiGuest(), 'run', [])).toMatchObject({
        kind: 'tool-error',
        error: { code: 'tool/exit-status', data: { exitCode: 1 } },
      });
    });
  });

  describe('fresh instances', () => {
    it('never shows a call what an earlier one left in globals or memory', async () => {
      const bytes = await rememberingGuest();
      for (let at = 0; at < 20; at += 1) {
        expect(await cells.run(bytes, 'count', [])).toMatchObject({ kind: 'ok', value: 1001 });
      }
    });
  });
});
