import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CapabilityEntry, type Outcome, openWarden, type TrailRecord, type Warden } from 'cellblock';
import { Runtime } from 'cellblock/runtime';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BUILT_IN } from '../../host/capabilities/index.ts';
import { type ReplayReport, replayCall } from '../../host/replay.ts';
import { hostileGuest, importingGuest, wasiGuest } from '../support/guests.ts';

let folder: string;
let runner: Runtime;
let warden: Warden | undefined;
let doubled: number[] = [];
/** What the outside world is: it answers otherwise each time. */
let factor = 2;

const DOUBLE: CapabilityEntry = {
  name: 'double',
  summary: 'a capability with an effect',
  interfaces: ['test:host/double@1.0.0'],
  capability: {
    kind: 'bridged',
    name: 'double',
    interface: 'test:host/double@1.0.0',
    functions: {
      double: ([x]) => {
        doubled.push(x as number);
        return (x as number) * factor;
      },
      check: () => ({ ok: null }),
    },
  },
};

const policy = (trail: string) => `version: 1
trail: ${trail}
tools:
  importing: { component: importing.wasm, functions: [twice], grants: [double], isolation: thread }
  hostile: { component: hostile.wasm, functions: [add, panic, spin], isolation: thread, limits: { fuel: 100000 } }
  wasi: { component: wasi.wasm, functions: [random], isolation: thread }
  wasi-open: { component: wasi.wasm, functions: [random], grants: [random], isolation: thread }
agents:
  one: { tools: [importing, hostile, wasi, wasi-open] }
`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cellblock-replay-'));
  writeFileSync(join(folder, 'importing.wasm'), await importingGuest());
  writeFileSync(join(folder, 'hostile.wasm'), await hostileGuest());
  writeFileSync(join(folder, 'wasi.wasm'), await wasiGuest());
  runner = new Runtime({ threads: 1, cacheDirectory: join(folder, 'cache') });
});

afterEach(async () => {
  await warden?.close();
  warden = undefined;
  doubled = [];
  factor = 2;
});

afterAll(async () => {
  await runner.close();
  rmSync(folder, { recursive: true, force: true });
});

async function run(tool: string, parameters: object, trail = '{ answers: keep }'): Promise<Outcome> {
  const path = join(folder, 'cellblock.yaml');
  writeFileSync(path, policy(trail));
  warden = await openWarden({ policy: path, capabilities: [DOUBLE], cacheDirectory: join(folder, 'cache'), threads: 1 });
  return warden.request({ agent: 'one', tool_name: tool, parameters });
}

async function replay({ receipt: { audit } }: Outcome, file: string): Promise<ReplayReport> {
  const { records } = await warden!.audit.show(audit!);
  return replayCall(records as readonly TrailRecord[], {
    runner,
    componentPath: join(folder, file),
    capabilities: [...BUILT_IN, DOUBLE],
    policy: warden!.policy,
  });
}

const partsThatDiffer = ({ parts }: ReplayReport) => parts.filter((part) => !part.isSame).map(({ part }) => part);

describe('a recorded call', () => {
  it.each([
    ['that returns', 'hostile.add', { a: 1, b: 2 }, 'ok'],
    ['that trapped', 'hostile.panic', {}, 'trapped'],
    ['that ran out of fuel', 'hostile.spin', {}, 'limited'],
  ])('%s comes out the same, to the byte and the unit of fuel', async (_what, tool, parameters, kind) => {
    const outcome = await run(tool, parameters);
    expect(outcome.kind).toBe(kind);
    const report = await replay(outcome, 'hostile.wasm');
    expect(report).toMatchObject({ isSame: true, reasons: [], outcome: { kind } });
    expect(report.parts.find(({ part }) => part === 'fuel')).toMatchObject({ recorded: outcome.receipt.fuel });
  });

  it('has the same randomness again, unless it was granted the real one', async () => {
    expect(await replay(await run('wasi.random', {}), 'wasi.wasm')).toMatchObject({ isSame: true });
    await warden?.close();
    const report = await replay(await run('wasi-open.random', {}), 'wasi.wasm');
    expect(partsThatDiffer(report)).toEqual(['result']);
    expect(report.reasons[0]).toContain('`random`');
  });

  it('is answered by the record, and nothing has its effect twice', async () => {
    const outcome = await run('importing', { x: 3 });
    expect(outcome).toMatchObject({ kind: 'ok', value: 12 });
    factor = 100;
    expect(await replay(outcome, 'importing.wasm')).toMatchObject({ isSame: true, outcome: { value: 12 } });
    expect(doubled).toEqual([3, 6]);
  });

  it('is not run when its answers are not kept: it may have had effects', async () => {
    const outcome = await run('importing', { x: 3 }, '{}');
    await expect(replay(outcome, 'importing.wasm')).rejects.toMatchObject({
      code: 'usage/invalid-argument',
      help: expect.stringMatching(/answers: keep/),
    });
    expect(doubled).toEqual([3, 6]);
  });

  it('is not run with another component, and neither is a call that was refused', async () => {
    const outcome = await run('hostile.add', { a: 1, b: 2 });
    await expect(replay(outcome, 'wasi.wasm')).rejects.toMatchObject({ code: 'policy/digest-mismatch' });
    const refused = await warden!.request({ agent: 'one', tool_name: 'hostile.add', parameters: {} });
    await expect(replay(refused, 'hostile.wasm')).rejects.toMatchObject({ code: 'usage/not-found' });
  });

  it('parts where the record was made up, and says where', async () => {
    const outcome = await run('hostile.add', { a: 1, b: 2 });
    const { records } = await warden!.audit.show(outcome.receipt.audit!);
    const forged = records.map((record) =>
      record.kind === 'outcome' ? { ...record, fuel: '1', resultDigest: 'sha256:00' } : record,
    );
    const report = await replayCall(forged as readonly TrailRecord[], {
      runner,
      componentPath: join(folder, 'hostile.wasm'),
      capabilities: BUILT_IN,
      policy: warden!.policy,
    });
    expect(partsThatDiffer(report)).toEqual(['result', 'fuel']);
    const others = records.map((record) => (record.kind === 'requested' ? { ...record, parameters: { a: 1, b: 3 } } : record));
    await expect(
      replayCall(others as readonly TrailRecord[], {
        runner,
        componentPath: join(folder, 'hostile.wasm'),
        capabilities: BUILT_IN,
        policy: warden!.policy,
      }),
    ).rejects.toMatchObject({ code: 'usage/invalid-argument' });
  });
});
