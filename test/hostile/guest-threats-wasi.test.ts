import { afterEach, describe, expect, it } from 'vitest';
import { ISOLATIONS, useCells } from '../support/cells.ts';
import { exitingGuest, REAL_CLOCK, residentGrowth, wasiThreatGuest } from '../support/threat-guests.ts';

/* Threats by what a guest asks of WASI, by the ids of the list of threats. */

const MiB = 2 ** 20;
const U64_MAX = 2n ** 64n - 1n;
const HOUR = 3_600_000_000_000n;

/** What a promise of an end within 250 ms is held to here: a busy machine may be late itself. */
const END_MS_MAX = 250 + 2750;

describe.each(ISOLATIONS)('in a %s', (isolation) => {
  const cells = useCells(isolation);

  const run = async (name: string, params: readonly (number | bigint)[] = [], options: Parameters<typeof cells.run>[3] = {}) =>
    cells.run(await wasiThreatGuest(), name, params, options);

  afterEach(async () => {
    expect(await run('zeroes', [1n])).toMatchObject({ kind: 'ok' });
  });

  describe('what a call is given by default', () => {
    const CLOSED = { directories: 0n, variables: 0n, arguments: 0n, 'has-folder': 0n, 'is-stdin-closed': 1n };

    it('WA-03: no folders, environment, arguments or input, and clocks that stand still', async () => {
      process.env.CELLBLOCK_TEST_SECRET = 'do not tell';
      const [one, two] = [await run('look'), await run('look')];
      delete process.env.CELLBLOCK_TEST_SECRET;
      const still = { wall: 0n, 'wall-resolution': 1n, monotonic: 1_000_000_000n, 'monotonic-resolution': 1n };
      expect(one).toMatchObject({ kind: 'ok' });
      expect({ ...(one.value as object) }).toEqual({ ...CLOSED, ...still });
      expect(two.value).toEqual(one.value);
    });

    it('WA-03: the real clock, where it is granted, shows no more than milliseconds', async () => {
      const { value } = await run('look', [], { capabilities: REAL_CLOCK });
      const sight = value as Readonly<Record<string, bigint>>;
      expect({ ...sight }).toMatchObject({ ...CLOSED, 'wall-resolution': 1_000_000n, 'monotonic-resolution': 1_000_000n });
      expect(Math.abs(Number((sight.wall as bigint) / 1_000_000n) - Date.now())).toBeLessThan(60_000);
      expect(await run('fine-digits', [20_000], { capabilities: REAL_CLOCK })).toMatchObject({ kind: 'ok', value: 0n });
    });
  });

  describe('ending the program', () => {
    it.each([0, 1] as const)('WA-22: exit(%i) ends its call only', async (status) => {
      const bytes = await exitingGuest(status);
      expect(await cells.run(bytes, 'quit', [])).toMatchObject({
        kind: 'trapped',
        error: { code: 'trap/exit', message: `the guest ended the program with status ${status}` },
      });
      const command = await cells.run(bytes, 'run', []);
      if (status === 0) expect(command).toMatchObject({ kind: 'ok' });
      else expect(command).toMatchObject({ kind: 'tool-error', error: { code: 'tool/exit-status', data: { exitCode: 1 } } });
    });
  });

  describe('output', () => {
    it('RS-08: of 2 GB to stderr a beginning is kept, with a flag, and neither side grows', async () => {
      const times = Math.ceil(2e9 / 65_536);
      const limits = { stdioBytesMax: 10_000, fuelMax: 2n ** 62n, timeoutMsMax: 60_000 };
      await run('flood-stderr', [Math.ceil(times / 10)], { limits }); // garbage waits to be collected, however much was written
      const growth = await residentGrowth(cells.runtime, async () => {
        const outcome = await run('flood-stderr', [times], { limits });
        expect(outcome).toMatchObject({ kind: 'ok', stderr: { truncated: true }, stdout: { truncated: false } });
        expect([...outcome.stderr.bytes]).toEqual(new Array(10_000).fill(120));
        expect(outcome.usage.hostCalls).toBe(2 * times + 1);
      });
      // Copies wait to be collected: 75 MiB of them were seen, of 2 GB.
      expect(growth.host).toBeLessThan(200 * MiB);
      expect(growth.runner).toBeLessThan(200 * MiB);
    }, 90_000);
  });

  describe('handles', () => {
    it('RS-10: the one after 1,024 of a million pollables that are never dropped ends the call', async () => {
      const outcome = await run('leak-pollables', [1_000_000]);
      expect(outcome).toMatchObject({
        kind: 'limited',
        error: { code: 'limit/handles', data: { limit: 1024, used: 1025 } },
        usage: { hostCalls: 1025 },
      });
      expect(await run('leak-pollables', [1024])).toMatchObject({ kind: 'ok', usage: { hostCalls: 1024 } });
    });
  });

  describe('lengths that a guest names', () => {
    it.each([
      ['reading 2^64-1 bytes of stdin', 'wait-for-stdin', U64_MAX, { kind: 'ok', value: true }],
      ['skipping 2^64-1 bytes of stdin', 'skip-stdin', U64_MAX, { kind: 'ok', value: true }],
      ['4 GiB of random bytes', 'random', 2n ** 32n, { kind: 'limited', error: { code: 'limit/host-calls' } }],
      ['2^64-1 random bytes', 'random', U64_MAX, { kind: 'limited', error: { code: 'limit/host-calls' } }],
      ['1 MiB and a byte of random bytes', 'random', 2n ** 20n + 1n, { kind: 'limited', error: { code: 'limit/host-calls' } }],
      ['1 MiB of random bytes', 'random', 2n ** 20n, { kind: 'ok', value: 2 ** 20 }],
      ['4 GiB of insecure random bytes', 'insecure', 2n ** 32n, { kind: 'limited', error: { code: 'limit/host-calls' } }],
      ['2^64-1 zeroes', 'zeroes', U64_MAX, { kind: 'trapped', error: { code: 'trap/host-call' } }],
      ['polling a list of 1e6', 'poll-many', 1_000_000, { kind: 'limited', error: { code: 'limit/handles' } }],
      ['polling a list of 1e7', 'poll-many', 10_000_000, { kind: 'limited', error: { code: 'limit/host-calls' } }],
      ['polling a list of 1024', 'poll-many', 1024, { kind: 'ok', value: 1024 }],
    ] as const)('RS-11: %s makes the host allocate no more than its caps', async (_what, name, length, expected) => {
      const growth = await residentGrowth(cells.runtime, async () => {
        expect(await run(name, [length])).toMatchObject(expected);
      });
      // A list is lifted before its length is compared with the handles: of 1e6, that takes 40 MiB. The guest has 42 MiB itself.
      expect(growth.host).toBeLessThan(128 * MiB);
      expect(growth.runner).toBeLessThan(128 * MiB);
    });
  });

  describe('waiting', () => {
    const limits = { timeoutMsMax: 500, fuelMax: 2n ** 62n };

    /** Two calls at once, one for each worker: both end by the deadline, and then both workers are there again. */
    async function expectDeadline(name: string, params: readonly bigint[]): Promise<void> {
      const options = { capabilities: REAL_CLOCK, limits };
      const call = await cells.runtime.prepare(await cells.load(await wasiThreatGuest()), { function: name, ...options });
      for (const outcome of await Promise.all([cells.runtime.invoke(call, params), cells.runtime.invoke(call, params)])) {
        expect(outcome).toMatchObject({ kind: 'limited', error: { code: 'limit/deadline' } });
        expect(outcome.usage.wallMs).toBeGreaterThanOrEqual(499);
        expect(outcome.usage.wallMs).toBeLessThan(500 + END_MS_MAX);
      }
      for (const outcome of await Promise.all([run('look'), run('look')])) expect(outcome.kind).toBe('ok');
    }

    it('RS-13: sleeping for an hour of the real clock ends by the deadline', () => expectDeadline('sleep', [HOUR]));

    it('RS-13: polling for ever ends by the deadline', () => expectDeadline('poll-forever', []));

    it('RS-13: sleeping for an hour of the clock that stands still takes no time', async () => {
      const outcome = await run('sleep', [HOUR], { limits: { timeoutMsMax: 10_000 } });
      expect(outcome).toMatchObject({ kind: 'ok', value: HOUR });
    });

    it.each([
      ['the real clock', REAL_CLOCK],
      ['the clock that stands still', []],
    ])('RS-13: sleeping for ever ends at once, with %s', async (_clock, capabilities) => {
      const outcome = await run('sleep', [U64_MAX], { capabilities, limits: { timeoutMsMax: 10_000 } });
      expect(outcome).toMatchObject({ kind: 'trapped', error: { code: 'trap/host-call' } });
    });

    it('RS-13: waiting for stdin ends at once: it is closed', async () => {
      const options = { capabilities: REAL_CLOCK, limits: { timeoutMsMax: 10_000 } };
      expect(await run('wait-for-stdin', [1n], options)).toMatchObject({ kind: 'ok', value: true });
    });
  });
});
