import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { agentDoor, type LiveWarden } from 'cellblock';
import { describe, expect, it } from 'vitest';
import { useLive } from '../../support/live-wardens.ts';
import { hostFunctions, recordsOf, usePlace } from '../../support/wardens.ts';
import { figureOf, readPrometheus, type Sample } from './prometheus-text.ts';
import { keptLog, openTelemetry, POLICY, useOpenTelemetry } from './stage.ts';

/* Figures, for Prometheus and through OpenTelemetry: they are what the trail says, and nobody who asks can make them grow. */

const place = usePlace();
const openLive = useLive(place);
const otel = useOpenTelemetry();

async function open(policy = POLICY) {
  const site = place.site(policy);
  const live = await openLive(site);
  const telemetry = openTelemetry(live, { destination: keptLog().destination });
  return { site, live, telemetry, look: async () => readPrometheus(await telemetry.metrics()) };
}

const call = (live: LiveWarden, name: string, parameters: object, agent = 'one', more = {}) =>
  agentDoor(live, agent).call({ name, argumentsJson: JSON.stringify(parameters), ...more });

/** How requests ended, counted from the files of the trail alone: `agent tool outcome code` by its number. */
function endsInTrail(site: string): Record<string, number> {
  const records = recordsOf(site);
  const outcomes = new Map(records.filter(({ kind }) => kind === 'outcome').map((record) => [record.audit as string, record]));
  const decisions = new Map(records.filter(({ kind }) => kind === 'decided').map((record) => [record.audit as string, record]));
  const counts: Record<string, number> = {};
  for (const record of records.filter(({ kind }) => kind === 'requested')) {
    const audit = record.audit as string;
    const decided = decisions.get(audit)!;
    const outcome =
      outcomes.get(audit)?.outcome ?? { deny: 'refused', ask: 'pending', repeat: 'repeat' }[decided.effect as 'deny'];
    const key = `${record.agent} ${(record.tool as string).split(/[._]/)[0]} ${outcome} ${outcomes.get(audit)?.code ?? decided.code ?? ''}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

function endsInFigures(samples: readonly Sample[]): Record<string, number> {
  const found = samples.filter(({ name }) => name === 'cellblock_requests_total');
  return Object.fromEntries(
    found.map(({ labels: { agent, tool, outcome, code }, value }) => [`${agent} ${tool} ${outcome} ${code}`, value]),
  );
}

async function everyKind(live: LiveWarden): Promise<void> {
  for (const turns of [1, 10, 100]) await call(live, 'plain_work', { turns }, turns === 1 ? 'two' : 'one');
  await call(live, 'plain_fail', { text: 'no' });
  await call(live, 'plain_panic', {});
  await call(live, 'plain_work', { turns: 2_000_000_000 });
  await call(live, 'plain_work', { turns: 'x' });
  await call(live, 'plain_echo', { text: 'x' }, 'two'); // is not its tool
  for (let times = 0; times < 2; times++) await call(live, 'plain_work', { turns: 5 }, 'one', { requestId: 'same' });
  await call(live, 'acting_act', { path: 'x', n: 1 });
}

describe('figures of a warden', () => {
  it('count every request as the trail has it, in strict text', async () => {
    const { site, live, look } = await open();
    await everyKind(live);
    const samples = await look();
    const ends = endsInTrail(site);
    expect(endsInFigures(samples)).toEqual(ends);
    expect(ends).toMatchObject({ 'one plain ok ': 3, 'one plain repeat ': 1, 'two plain ok ': 1, 'one acting pending ': 1 });
    expect(Object.keys(ends)).toEqual(
      expect.arrayContaining([
        'one plain tool-error tool/error',
        'one plain trapped trap/unreachable',
        'one plain limited limit/fuel',
        'one plain refused params/invalid',
        'two plain refused denied/no-policy-for-tool',
      ]),
    );
  });

  it('time and fuel are those of the outcomes in the trail', async () => {
    const { site, live, look } = await open();
    await everyKind(live);
    const samples = await look();
    const outcomes = recordsOf(site).filter(({ kind }) => kind === 'outcome');
    const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);
    const fuel = sum(outcomes.map((record) => Number(record.fuel)));
    expect(figureOf(samples, 'cellblock_call_fuel_sum', { tool: 'plain' })).toBe(fuel);
    expect(figureOf(samples, 'cellblock_call_fuel_count', { tool: 'plain' })).toBe(outcomes.length);
    const ok = outcomes.filter(({ outcome }) => outcome === 'ok');
    const labels = { tool: 'plain', outcome: 'ok' };
    expect(figureOf(samples, 'cellblock_call_duration_seconds_count', labels)).toBe(ok.length);
    const seconds = sum(ok.map(({ wallMs }) => (wallMs as number) / 1000));
    expect(figureOf(samples, 'cellblock_call_duration_seconds_sum', labels)).toBeCloseTo(seconds, 9);
    expect(figureOf(samples, 'cellblock_call_duration_seconds_bucket', { ...labels, le: '0.00005' })).toBe(0);
    expect(figureOf(samples, 'cellblock_call_duration_seconds_bucket', { ...labels, le: '10' })).toBe(ok.length);
  });

  it('follow questions from asked to used', async () => {
    const { live, look } = await open();
    const { approval } = await call(live, 'acting_act', { path: 'x', n: 1 });
    const pending = async () => figureOf(await look(), 'cellblock_approvals_pending');
    expect(await pending()).toBe(1);
    await live.current.approvals.approve(approval!.id, { by: 'ann' });
    expect(await pending()).toBe(0);
    expect(await call(live, 'acting_act', { path: 'x', n: 1 })).toMatchObject({ kind: 'ok' });
    const samples = await look();
    for (const event of ['asked', 'approved', 'used']) {
      expect(figureOf(samples, 'cellblock_approval_events_total', { event })).toBe(1);
    }
    expect(figureOf(samples, 'cellblock_host_calls_total', { tool: 'acting' })).toBe(1);
  });

  it('say where the trail is, whether the policy is in force, and how the process is', async () => {
    const { site, live, look } = await open();
    await call(live, 'plain_work', { turns: 1 });
    const before = await look();
    expect(figureOf(before, 'cellblock_trail_last_seq')).toBe(recordsOf(site).at(-1)?.seq);
    expect(figureOf(before, 'cellblock_policy_in_force')).toBe(1);
    expect(figureOf(before, 'cellblock_requests_in_flight')).toBe(0);
    expect(figureOf(before, 'cellblock_calls_waiting')).toBe(0);
    expect(figureOf(before, 'process_start_time_seconds')).toBeGreaterThan(0);
    place.rewrite(site, 'version: 1\nnonsense: true\n');
    await live.reload();
    expect(figureOf(await look(), 'cellblock_policy_in_force')).toBe(0);
    place.rewrite(site, POLICY);
    await live.reload();
    expect(figureOf(await look(), 'cellblock_policy_in_force')).toBe(1);
  });

  it('say how many requests are on their way, and how many calls wait for their turn', async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const act = async () => {
      await released;
      return 1;
    };
    const live = await openLive(place.site(POLICY.replace(', ask: { expires: 10m }', '')), {
      capabilities: hostFunctions({ act }),
    });
    const telemetry = openTelemetry(live, { destination: keptLog().destination });
    const calls = Array.from({ length: 5 }, (_, n) => call(live, 'acting_act', { path: 'x', n }));
    const look = async () => readPrometheus(await telemetry.metrics());
    await expect.poll(async () => figureOf(await look(), 'cellblock_calls_waiting'), { interval: 5 }).toBe(3);
    expect(figureOf(await look(), 'cellblock_requests_in_flight')).toBe(5);
    release();
    await Promise.all(calls);
    const after = await look();
    expect(figureOf(after, 'cellblock_calls_waiting')).toBe(0);
    expect(figureOf(after, 'cellblock_requests_in_flight')).toBe(0);
    expect(endsInFigures(after)).toEqual({ 'one acting ok ': 5 });
  });

  it('count alerts, and those that a sink could not be told', async () => {
    const { live, look } = await open(`${POLICY}alerts: { pager: { webhook: "http://127.0.0.1:9/none" } }
rules:
  - id: no-big
    effect: forbid
    agents: any
    tools: [plain.work]
    parameters: { turns: { min: 1000 } }
    alert: { severity: critical, sinks: [pager] }
`);
    expect(await call(live, 'plain_work', { turns: 5000 })).toMatchObject({
      kind: 'refused',
      error: { code: 'denied/forbidden' },
    });
    await call(live, 'plain_work', { turns: 1 });
    const samples = await look();
    expect(figureOf(samples, 'cellblock_alerts_total', { severity: 'critical' })).toBe(1);
    expect(figureOf(samples, 'cellblock_alerts_undelivered', { sink: 'pager' })).toBe(1);
    expect(figureOf(samples, 'cellblock_alerts_lost_total', { sink: 'pager' })).toBe(0);
  });

  it('say what the trail cannot: requests that failed because it could not be written', async () => {
    const { live, telemetry, look } = await open();
    const door = telemetry.traced(agentDoor(live, 'one'));
    const work = () => door.call({ name: 'plain_work', argumentsJson: '{"turns":1}' });
    await work();
    const { writeSync } = fs;
    fs.writeSync = () => {
      throw Object.assign(new Error('the disk says no'), { code: 'ENOSPC' });
    };
    syncBuiltinESMExports();
    try {
      expect(await work()).toMatchObject({ kind: 'failed', error: { code: 'failed/audit-unavailable' } });
    } finally {
      fs.writeSync = writeSync;
      syncBuiltinESMExports();
    }
    await work();
    const samples = await look();
    expect(figureOf(samples, 'cellblock_unrecorded_requests_total')).toBe(1);
    expect(endsInFigures(samples)).toEqual({ 'one plain ok ': 2 });
  });

  it('go on over a reload: nothing twice, nothing left out', async () => {
    const { site, live, look } = await open();
    await call(live, 'plain_work', { turns: 1 });
    for (const comment of ['# one', '# two', '# three']) {
      place.rewrite(site, `${POLICY}${comment}\n`);
      const [, reloaded] = await Promise.all([call(live, 'plain_work', { turns: 100 }), live.reload()]);
      expect(reloaded).toBe(true);
      await call(live, 'plain_work', { turns: 1 });
    }
    const samples = await look();
    expect(endsInFigures(samples)).toEqual({ 'one plain ok ': 7 });
    expect(figureOf(samples, 'cellblock_policy_reloads_total')).toBe(3);
  });

  it('leave out what another process does on the same trail', async () => {
    const { site, live, look } = await open();
    const other = await place.open(site);
    await other.request({ agent: 'one', tool_name: 'plain.work', parameters: { turns: 1 } });
    await call(live, 'plain_fail', { text: 'no' }); // and hears of the other's, before its own
    expect(endsInFigures(await look())).toEqual({ 'one plain tool-error tool/error': 1 });
    expect(recordsOf(site).filter(({ kind }) => kind === 'outcome')).toHaveLength(2);
  });

  it('have no label that a request made: 10,000 names of agents and tools are one series', async () => {
    const { live, look } = await open();
    const series = (samples: readonly Sample[]) => samples.filter(({ name }) => name.startsWith('cellblock_')).length;
    const before = series(await look());
    const ask = (index: number) => {
      const hostile = `${index}"} 1\ncellblock_fake{x="\\`;
      return live.current.request({ agent: `agent-${hostile}`, tool_name: `tool-${hostile}`, parameters: {} });
    };
    for (let index = 0; index < 10_000; index += 500) await Promise.all(Array.from({ length: 500 }, (_, at) => ask(index + at)));
    const samples = await look();
    expect(endsInFigures(samples)).toEqual({ 'other other refused denied/no-policy-for-agent': 10_000 });
    expect(series(samples)).toBe(before + 1);
    expect(JSON.stringify(samples)).not.toMatch(/fake|agent-|tool-/);
    const points = (await otel.points()).filter(({ name }) => name === 'cellblock.requests');
    expect(points.filter(({ attributes }) => attributes['gen_ai.agent.name'] === 'other')).toHaveLength(1);
  }, 120_000);

  it('hold nothing that requests said', async () => {
    const { live, telemetry } = await open();
    const words = { justification: 'the-justification', source: 'the-source', requestId: 'the-id', session: 'the-session' };
    await call(live, 'secretive_echo', { text: 'the-secret' }, 'one', words);
    await call(live, 'plain_fail', { text: 'the-error' }, 'one', words);
    expect(await telemetry.metrics()).not.toMatch(/the-/);
    expect(JSON.stringify(await otel.points())).not.toMatch(/the-/);
  });

  it('end with the telemetry, and are those of the process for a second one', async () => {
    const { live, telemetry, look } = await open();
    telemetry.close();
    await call(live, 'plain_work', { turns: 1 });
    expect(endsInFigures(await look())).toEqual({});
    const second = openTelemetry(live, { destination: keptLog().destination });
    await call(live, 'plain_work', { turns: 1 });
    expect(endsInFigures(readPrometheus(await second.metrics()))).toEqual({ 'one plain ok ': 1 });
  });

  it('leave out what cannot be read, and show the rest', async () => {
    const { live, look } = await open();
    await live.close();
    const samples = await look();
    expect(figureOf(samples, 'cellblock_approvals_pending')).toBeUndefined();
    expect(figureOf(samples, 'cellblock_policy_in_force')).toBe(1);
  });
});

describe('the same through OpenTelemetry', () => {
  it('counts by the conventions names', async () => {
    const { live } = await open();
    const before = await countOf('cellblock.requests', 'limit/fuel');
    await call(live, 'plain_work', { turns: 2_000_000_000 });
    await call(live, 'acting_act', { path: 'x', n: 1 });
    expect(await countOf('cellblock.requests', 'limit/fuel')).toBe(before + 1);
    const points = await otel.points();
    const limited = points.find(({ attributes }) => attributes['error.type'] === 'limit/fuel');
    expect(limited?.attributes).toEqual({
      'gen_ai.agent.name': 'one',
      'gen_ai.tool.name': 'plain',
      'cellblock.outcome': 'limited',
      'error.type': 'limit/fuel',
    });
    const names = new Set(points.map(({ name }) => name));
    for (const name of [
      'cellblock.call.duration',
      'cellblock.call.fuel',
      'cellblock.approval.events',
      'cellblock.approvals.pending',
    ]) {
      expect(names).toContain(name);
    }
  });

  async function countOf(name: string, errorType: string): Promise<number> {
    const points = (await otel.points()).filter((point) => point.name === name && point.attributes['error.type'] === errorType);
    return points.reduce((sum, { value }) => sum + (value as number), 0);
  }
});
