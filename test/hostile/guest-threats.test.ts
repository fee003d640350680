import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWarden } from 'cellblock';
import type { PreparedCall } from 'cellblock/runtime';
import { afterEach, describe, expect, it } from 'vitest';
import { type HostileValue, hostFunction, passing } from '../support/abi-guests.ts';
import { assemble } from '../support/assemble.ts';
import { ISOLATIONS, openRunner, useCells } from '../support/cells.ts';
import { hostileGuest } from '../support/guests.ts';
import { againHost, callingBackGuest, growingGuest, heldHost, residentGrowth, startingGuest } from '../support/threat-guests.ts';
import { code, leb, moduleOf } from './fuel-bytes.ts';

/*
 * Threats by a guest's code and values, by the ids of the list of threats. Already shown elsewhere, behind both walls, in
 * `limits.test.ts`: RS-07 for recursion (`limit/stack`), and WA-11 for a loop in `start` that calls nobody.
 */

const MiB = 2 ** 20;

/** What a promise of an end within 250 ms is held to here: a busy machine may be late itself. */
const END_MS_MAX = 250 + 2750;

describe.each(ISOLATIONS)('in a %s', (isolation) => {
  const cells = useCells(isolation);

  afterEach(async () => {
    expect(await cells.run(await hostileGuest(), 'add', [2, 40])).toMatchObject({ kind: 'ok', value: 42 });
  });

  describe('imports', () => {
    it('WA-01: sockets that were not granted are refused by name, with nothing instantiated', async () => {
      const { calls, capabilities } = hostFunction(() => 1);
      const options = { capabilities };
      expect(await cells.run(await tellingAtStart(''), 'go', [], options)).toMatchObject({ kind: 'ok', value: 42 });
      expect(calls.length).toBeGreaterThan(0); // its start function tells when it is instantiated
      calls.length = 0;
      await expect(cells.run(await tellingAtStart(TCP), 'go', [], options)).rejects.toMatchObject({
        code: 'denied/no-grant',
        message: 'the component imports what was not granted: `wasi:sockets/tcp@0.2.0`',
        data: { missing: [{ import: 'wasi:sockets/tcp@0.2.0', grantedBy: null }] },
      });
      expect(calls).toEqual([]);
    });
  });

  describe('results', () => {
    const RESULTS: readonly (readonly [string, HostileValue, RegExp])[] = [
      ['a list<bool> of 5.2e8', { type: '(list bool)', pointer: 0, length: 520_000_000 }, /^trap\/abi$/],
      ['a string of 2 GiB', { type: 'string', pointer: 0, length: -(2 ** 31) }, /^trap\/abi$/],
      ['1e7 records that are not there', { ...RECORDS, pages: 1 }, /^trap\/abi$/],
      ['1e7 records', RECORDS, /^limit\/result$/],
    ];

    it.each(RESULTS)('WA-07: %s ends typed and costs the host less than 64 MiB', async (_what, value, code) => {
      const call = await cells.runtime.prepare(await cells.load(await passing('result', value)), { function: 'go' });
      const growth = await residentGrowth(cells.runtime, async () => {
        const outcome = await cells.runtime.invoke(call, []);
        expect(['trapped', 'limited']).toContain(outcome.kind);
        expect(outcome.error?.code).toMatch(code);
      });
      expect(growth.host).toBeLessThan(64 * MiB);
      expect(growth.runner).toBeLessThan(64 * MiB);
    });
  });

  describe('a core `start` function', () => {
    const CALLING = '(loop $l (drop (call $again (i32.const 0))) (br $l))';

    it('WA-11: that calls its host for ever ends by fuel or by its deadline', async () => {
      let asked = 0;
      const capabilities = againHost(() => {
        asked += 1;
        return 0;
      });
      const fuel = await cells.run(await startingGuest(CALLING), 'go', [], { capabilities, limits: { fuelMax: 10_000n } });
      expect(fuel).toMatchObject({ kind: 'limited', error: { code: 'limit/fuel' }, usage: { fuel: 10_000n } });
      expect(asked).toBeGreaterThan(0);
      const limits = { fuelMax: 2n ** 62n, timeoutMsMax: 300 };
      const time = await cells.run(await startingGuest(CALLING), 'go', [], { capabilities, limits });
      expect(time).toMatchObject({ kind: 'limited', error: { code: 'limit/deadline' } });
      expect(time.usage.wallMs).toBeLessThan(300 + END_MS_MAX);
    });

    it('WA-11: calls no host function that was not granted', async () => {
      await expect(cells.run(await startingGuest(CALLING), 'go', [])).rejects.toMatchObject({
        code: 'denied/no-grant',
        message: expect.stringContaining('`test:threats/host@1.0.0`'),
      });
    });

    it('WA-11: has the limits of memory and stack of its call, and its traps', async () => {
      const capabilities = againHost(() => 0);
      const run = async (start: string) =>
        cells.run(await startingGuest(start), 'go', [], { capabilities, limits: { memoryPagesMax: 64, fuelMax: 2n ** 62n } });
      expect(await run('(global.set $seen (memory.grow (i32.const 64)))')).toMatchObject({ kind: 'ok', value: -1 });
      expect(await run('(global.set $seen (memory.grow (i32.const 63)))')).toMatchObject({ kind: 'ok', value: 1 });
      const deep = await run('(call $start) (global.set $seen (i32.const 1))');
      expect(deep).toMatchObject({ kind: 'limited', error: { code: 'limit/stack' } });
      const outside = await run('(i32.store (i32.const -4) (i32.const 1))');
      expect(outside).toMatchObject({ kind: 'trapped', error: { code: 'trap/out-of-bounds' } });
    });
  });

  describe('instances', () => {
    it('WA-12: a host function that calls the same prepared call again gets another instance', async () => {
      let call: PreparedCall | undefined;
      const inner: unknown[] = [];
      const capabilities = againHost(async (depth) => {
        const outcome = await cells.runtime.invoke(call as PreparedCall, [depth]);
        inner.push(outcome.value);
        return outcome.value as number;
      });
      call = await cells.runtime.prepare(await cells.load(await callingBackGuest()), { function: 'go', capabilities });
      for (let round = 0; round < 3; round += 1) {
        expect(await cells.runtime.invoke(call, [1])).toMatchObject({ kind: 'ok', value: 1111 });
      }
      expect(inner).toEqual([11, 11, 11]); // 21 or more would be the instance of the outer call
    });

    it('WA-12: calling again more often than there are workers ends by the deadline of the first call', async () => {
      let call: PreparedCall | undefined;
      const capabilities = againHost(async (depth) => {
        const outcome = await cells.runtime.invoke(call as PreparedCall, [depth]);
        return outcome.kind === 'ok' ? 1 : 0;
      });
      call = await cells.runtime.prepare(await cells.load(await callingBackGuest()), {
        function: 'go',
        capabilities,
        limits: { timeoutMsMax: 500 },
      });
      const outcome = await cells.runtime.invoke(call, [9]);
      expect(outcome).toMatchObject({ kind: 'limited', error: { code: 'limit/deadline' } });
      expect(outcome.usage.wallMs).toBeLessThan(500 + END_MS_MAX);
    });

    it('WA-12: two calls at once of one prepared call never share an instance', async () => {
      const component = await cells.load(await callingBackGuest());
      for (let round = 0; round < 5; round += 1) {
        const held = heldHost();
        const { capabilities } = held;
        const call = await cells.runtime.prepare(component, { function: 'go', capabilities });
        const both = [cells.runtime.invoke(call, [1]), cells.runtime.invoke(call, [1])];
        await held.arrived(2); // both are in the middle of their guests now
        held.open();
        expect(await Promise.all(both)).toMatchObject([{ value: 11 }, { value: 11 }]);
      }
    });
  });

  describe('core modules', () => {
    it.each([
      ['a shared memory', '(memory 1 2 shared)', 'a shared memory'],
      ['a memory of 64-bit addresses', '(memory i64 1)', 'a memory with 64-bit addresses'],
      ['an atomic load', '(memory 1) (func (drop (i32.atomic.load (i32.const 0))))', '`i32.atomic.load`'],
      ['an atomic fence', '(func (atomic.fence))', '`atomic.fence`'],
      // Types of newer proposals are named by the number of their form.
      ['a struct type', '(type (struct (field i32)))', 'the core type 0x5f'],
      ['an array type', '(type (array i8))', 'the core type 0x5e'],
      ['a continuation type', '(type $f (func)) (type (cont $f))', 'the core type 0x5d'],
    ])('WA-17: %s is refused by name', async (_what, core, words) => {
      await expect(cells.run(await withCore(core), 'go', [])).rejects.toMatchObject({
        code: expect.stringMatching(/^component\/unsupported/),
        message: expect.stringContaining(`${words} `),
      });
    });

    it.each([
      ['struct.new', [0xfb, 0x00, 0x00]],
      ['array.new', [0xfb, 0x06, 0x00]],
      ['ref.i31', [0xfb, 0x1c]],
      ['memory.atomic.wait32', [0xfe, 0x01, 2, 0]],
      ['i32.atomic.rmw.add', [0xfe, 0x1e, 2, 0]],
      ['cont.new', [0xe0, 0]],
      ['suspend', [0xe2, 0]],
      ['resume', [0xe3, 0, 0]],
      ['switch', [0xe6, 0, 0]],
    ])('WA-17: the instruction %s is refused by name', async (mnemonic, instruction) => {
      const component = withModule(await withCore('', 'run'), moduleOf([{ code: code(instruction, [0x0b]) }]));
      await expect(cells.run(component, 'go', [])).rejects.toMatchObject({
        code: 'component/unsupported-instruction',
        message: expect.stringContaining(`\`${mnemonic}\``),
        data: { mnemonic },
      });
    });
  });

  describe('time', () => {
    it('RS-01: a loop ends within its limit of 1 s and 250 ms, and its worker is replaced', async () => {
      const spin = await cells.runtime.prepare(await cells.load(await hostileGuest()), {
        function: 'spin',
        limits: { timeoutMsMax: 1000, fuelMax: 2n ** 62n },
      });
      const outcome = await cells.runtime.invoke(spin, []);
      expect(outcome).toMatchObject({ kind: 'limited', error: { code: 'limit/deadline', data: { limit: 1000 } } });
      expect(outcome.usage.wallMs).toBeGreaterThanOrEqual(999);
      expect(outcome.usage.wallMs).toBeLessThan(1000 + END_MS_MAX);
      const held = heldHost();
      const { capabilities } = held;
      const call = await cells.runtime.prepare(await cells.load(await callingBackGuest()), { function: 'go', capabilities });
      const both = [cells.runtime.invoke(call, [1]), cells.runtime.invoke(call, [1])];
      await held.arrived(2); // which takes two workers
      held.open();
      expect(await Promise.all(both)).toMatchObject([{ value: 11 }, { value: 11 }]);
    });
  });

  describe('memory', () => {
    const limits = { memoryPagesMax: 1024 }; // 64 MiB

    it('RS-04: growing to 1 GiB is answered -1, and 64 MiB is all that can be filled', async () => {
      const guest = await growingGuest();
      expect(await cells.run(guest, 'grow-once', [16_384], { limits })).toMatchObject({ kind: 'ok', value: -1 });
      expect(await cells.run(guest, 'grow-once', [65_535], { limits })).toMatchObject({ kind: 'ok', value: -1 });
      const growth = await residentGrowth(cells.runtime, async () => {
        const outcome = await cells.run(guest, 'grow-and-fill', [], { limits });
        expect(outcome).toMatchObject({ kind: 'ok', value: 1024, usage: { memoryBytesPeak: 64 * MiB } });
      });
      const here = isolation === 'thread' ? 64 * MiB : 0;
      expect(growth.host).toBeLessThan(here + 64 * MiB);
      expect(growth.runner).toBeLessThan(64 * MiB + 64 * MiB);
    });

    it.each([
      ['65,536 initial pages', '(memory 65536)', 'limit/memory', { limit: 1024, used: 65_536 }],
      ['100 memories', '(memory 1)'.repeat(100), 'component/too-large', { limitName: 'memoriesMax', used: 100 }],
    ])('RS-04: %s are refused before anything starts', async (_what, core, refusal, data) => {
      const growth = await residentGrowth(cells.runtime, async () => {
        await expect(cells.run(await withCore(core), 'go', [], { limits })).rejects.toMatchObject({ code: refusal, data });
      });
      expect(growth.host).toBeLessThan(64 * MiB);
      expect(growth.runner).toBeLessThan(64 * MiB);
    });

    it('RS-04: 100 instances of 4 MiB each are stopped when they are more than 64 MiB together', async () => {
      const bytes = await assemble(`(component (core module $Each (memory 64)) (core module $m (func (export "go")))
        ${'(core instance (instantiate $Each))'.repeat(100)}
        (core instance $i (instantiate $m)) (func (export "go") (canon lift (core func $i "go"))))`);
      const outcome = await cells.run(bytes, 'go', [], { limits });
      expect(outcome).toMatchObject({ kind: 'limited', error: { code: 'limit/memory', data: { limit: 1024, used: 1088 } } });
    });
  });

  describe('parameters', () => {
    it('RS-07: nested 200,000 deep are refused, as JSON text and as data', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'cellblock-threats-'));
      writeFileSync(join(folder, 'hostile.wasm'), await hostileGuest());
      const policy =
        'version: 1\ntools: { hostile: { component: hostile.wasm, functions: [add] } }\nagents: { one: { tools: [hostile] } }\n';
      writeFileSync(join(folder, 'cellblock.yaml'), policy);
      const warden = await openWarden({ policy: join(folder, 'cellblock.yaml'), cacheDirectory: false, threads: 2, isolation });
      const ask = (parameters: { parametersJson: string } | { parameters: unknown }) =>
        warden.request({ agent: 'one', tool_name: 'hostile.add', ...parameters });
      const deep = '['.repeat(200_000);
      for (const parametersJson of [`{"a":${deep}${']'.repeat(200_000)},"b":1}`, `{"a":${deep}`, '{"a":'.repeat(200_000)]) {
        expect(await ask({ parametersJson })).toMatchObject({ kind: 'refused', error: { code: 'params/too-large' } });
      }
      let data: unknown = 1;
      for (let level = 0; level < 200_000; level += 1) data = level % 2 === 0 ? [data] : { a: data };
      expect(await ask({ parameters: { a: data, b: 1 } })).toMatchObject({ kind: 'refused', error: { code: 'params/invalid' } });
      expect(await ask({ parameters: { a: 1, b: 2 } })).toMatchObject({ kind: 'ok', value: 3, receipt: { isolation } });
      await warden.close();
      rmSync(folder, { recursive: true, force: true });
    });
  });

  it('RS-15: of 1,000 calls at once those beyond 2 workers and a queue of 50 are refused at once, the others end well', async () => {
    const small = openRunner(isolation, { cacheDirectory: false, threads: 2, queueMax: 50 });
    const component = await small.load(await callingBackGuest());
    const prepare = ({ capabilities }: { capabilities: ReturnType<typeof againHost> }) =>
      small.prepare(component, { function: 'go', capabilities, limits: { timeoutMsMax: 60_000 } });
    const first = heldHost();
    const warm = await prepare(first);
    const both = [small.invoke(warm, [1]), small.invoke(warm, [1])];
    await first.arrived(2); // both workers have started
    first.open();
    await Promise.all(both);

    const held = heldHost();
    const call = await prepare(held);
    const refusals: number[] = [];
    const ends = Array.from({ length: 1000 }, async () => {
      const began = performance.now();
      const outcome = await small.invoke(call, [1]);
      if (outcome.error?.code === 'busy/overloaded') refusals.push(performance.now() - began);
      return outcome;
    });
    await held.arrived(2);
    expect(refusals).toHaveLength(948); // while the calls that run have not been answered
    // 50 ms each on a machine that is not busy, all that were filed before it included.
    expect(Math.max(...refusals)).toBeLessThan(10 * 50);
    held.open();
    const outcomes = await Promise.all(ends);
    expect(outcomes.filter(({ kind, value }) => kind === 'ok' && value === 11)).toHaveLength(52);
    expect(outcomes.find(({ kind }) => kind !== 'ok')?.error?.data).toEqual({ limit: 50, retryAfterMs: 100 });
    await small.close();
  });
});

/** Ten million pairs of numbers: 80 MB, which the guest has. */
const RECORDS: HostileValue = {
  types: '(type $pair (record (field "a" u32) (field "b" u32))) (export $Pair "pair" (type $pair))',
  type: '(list $Pair)',
  pages: 1300,
  pointer: 0,
  length: 10_000_000,
};

const TCP = `(import "wasi:sockets/tcp@0.2.0" (instance
  (export "tcp-socket" (type $socket (sub resource)))
  (export "[method]tcp-socket.is-listening" (func (param "self" (borrow $socket)) (result bool)))))`;

/** A component whose core `start` function tells its host, with more imports that it never calls. */
function tellingAtStart(moreImports: string): Promise<Uint8Array> {
  return assemble(`(component
    (import "host" (func $host (param "x" u32) (result u32)))
    ${moreImports}
    (core func $host (canon lower (func $host)))
    (core module $Main (import "" "host" (func $host (param i32) (result i32)))
      (func $start (drop (call $host (i32.const 1)))) (start $start)
      (func (export "go") (result i32) (i32.const 42)))
    (core instance $main (instantiate $Main (with "" (instance (export "host" (func $host))))))
    (func (export "go") (result u32) (canon lift (core func $main "go"))))`);
}

/** A component of one core module with more in it than the function that it exports. */
function withCore(more: string, name = 'go'): Promise<Uint8Array> {
  return assemble(`(component (core module $m ${more} (func (export "${name}")))
    (core instance $i (instantiate $m)) (func (export "go") (canon lift (core func $i "${name}"))))`);
}

/** The component with another core module in place of its first section: bytes that the text tools do not write. */
function withModule(component: Uint8Array, module: Uint8Array): Uint8Array {
  const sectionAt = 8; // behind the header: an id, the length as LEB128, the module
  expect(component[sectionAt]).toBe(1);
  let at = sectionAt + 1;
  let length = 0;
  for (let shift = 0, more = true; more; shift += 7, at += 1) {
    const byte = component[at] as number; // of a component that was just made
    length |= (byte & 0x7f) << shift;
    more = byte >= 0x80;
  }
  return code(component.subarray(0, sectionAt), [1, ...leb(module.length)], module, component.subarray(at + length));
}
