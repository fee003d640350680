import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Alert, type AlertsOptions, alertFrom, createAlerts } from '../../../host/alerts/index.ts';
import type { AlertEntry, DecidedEntry, RequestedEntry } from '../../../host/audit/entries.ts';
import type { AlertSink } from '../../../host/policy/policy.ts';
import { alertOf, FakeServer, HOSTILE_TEXTS, ManualTimers, settled } from './fixture.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellblock-alerts-'));
  path = join(folder, 'alerts.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const HOOK: AlertSink = { name: 'hook', kind: 'webhook', url: 'https://alerts.example.com/SECRET-PATH' };
const CONSOLE: AlertSink = { name: 'console', kind: 'stderr' };
const fileSpec = (): AlertSink => ({ name: 'file', kind: 'file', file: path });

function opened(sinks: readonly AlertSink[], options: Partial<AlertsOptions> = {}) {
  const timers = new ManualTimers();
  const server = new FakeServer();
  const problems: string[] = [];
  const lines: string[] = [];
  const alerts = createAlerts({
    sinks,
    env: {},
    now: () => timers.now,
    timers,
    post: server.post,
    stderr: (line) => void lines.push(line),
    random: () => 0,
    onProblem: ({ sink, message }) => problems.push(`${sink}: ${message}`),
    ...options,
  });
  return { timers, server, problems, lines, alerts };
}

const records = (): Record<string, unknown>[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

describe('an alert from the trail', () => {
  it('has each text exactly as the trail has it, at every machine that it goes to', async () => {
    for (const text of HOSTILE_TEXTS) {
      const raised: AlertEntry & { at: number } = {
        kind: 'alert',
        audit: 'id',
        rule: `rule ${text}`,
        severity: 'critical',
        sinks: ['file', 'hook'],
        at: 1_700_000_000_123,
      };
      const requested: RequestedEntry = {
        kind: 'requested',
        audit: 'id',
        writer: 'w',
        agent: `agent ${text}`,
        tool: `tool ${text}`,
        parameters: { token: 'hmac-sha256:00', command: text },
        justification: `justification ${text}`,
        source: `source ${text}`,
        session: 'not told',
      };
      const decided: DecidedEntry = {
        kind: 'decided',
        audit: 'id',
        effect: 'deny',
        code: 'denied/forbidden',
        rules: [],
        policy: 'p',
      };
      const { alerts, server } = opened([fileSpec(), HOOK]);
      // The trail is JSON itself: what counts is what a reader of its line gets.
      const trail = JSON.parse(JSON.stringify({ raised, requested, decided }));
      alerts.raise(alertFrom(trail.raised, trail.requested, trail.decided), raised.sinks);
      await alerts.flush(1);
      const { kind: _, sinks: __, ...told } = raised;
      const { agent, tool, parameters, justification, source } = requested;
      const expected = {
        kind: 'alert',
        ...told,
        agent,
        tool,
        code: decided.code,
        justification,
        source,
        parameters,
        occurrences: 1,
      };
      expect(records().at(-1)).toEqual(expected);
      expect(JSON.parse(server.requests[0]!.body).data).toEqual(expected);
      alerts.close();
    }
  });

  it('has nothing that the trail does not have', () => {
    const raised = { kind: 'alert', audit: 'id', rule: 'r', severity: 'info', sinks: [], at: 1 } as const;
    const requested = { kind: 'requested', audit: 'id', writer: 'w', agent: 'a', tool: 't' } as const;
    const expected: Alert = { audit: 'id', at: 1, rule: 'r', severity: 'info', agent: 'a', tool: 't', occurrences: 1 };
    expect(alertFrom(raised, requested)).toStrictEqual(expected);
  });
});

describe('sinks beside each other', () => {
  it('do not wait for one that hangs', async () => {
    const { alerts, server, lines } = opened([HOOK, fileSpec(), CONSOLE, { name: 'chat', kind: 'slack', urlEnv: 'CHAT' }], {
      env: { CHAT: 'https://hooks.example.com/x' },
    });
    server.otherwise = 'hang';
    for (let index = 0; index < 20; index++) alerts.raise(alertOf({ tool: `t${index}` }), ['hook', 'chat', 'file', 'console']);
    expect([server.requests.length, lines.length]).toEqual([0, 0]); // nothing happens on the caller's turn
    while (alerts.counts().get('file')?.waiting !== 0) await settled();
    expect(records()).toHaveLength(20);
    expect(lines).toHaveLength(20);
    expect(alerts.counts().get('hook')).toMatchObject({ raised: 20, delivered: 0, waiting: 20 });
    alerts.close();
  });

  it('get an alert once, though a rule names one twice', async () => {
    const { alerts, lines } = opened([CONSOLE]);
    alerts.raise(alertOf(), ['console', 'console']);
    await alerts.flush(1);
    expect(lines).toHaveLength(1);
    alerts.close();
  });

  it('get only the alerts that name them', async () => {
    const { alerts, lines, server } = opened([CONSOLE, HOOK]);
    alerts.raise(alertOf(), []);
    alerts.raise(alertOf(), ['console']);
    await alerts.flush(1);
    expect([lines.length, server.requests.length]).toEqual([1, 0]);
    alerts.close();
  });
});

describe('a sink that cannot work', () => {
  const SECRET = Buffer.alloc(24, 1).toString('base64');
  const cases: [string, AlertSink, Record<string, string>, string][] = [
    ['a secret is not set', { ...HOOK, secretEnv: 'S' } as AlertSink, {}, 'the environment variable `S` is not set'],
    ['a secret is empty', { ...HOOK, secretEnv: 'S' } as AlertSink, { S: '' }, 'the environment variable `S` is not set'],
    [
      'a secret is inherited',
      { ...HOOK, secretEnv: 'toString' } as AlertSink,
      {},
      'the environment variable `toString` is not set',
    ],
    [
      'a secret is weak',
      { ...HOOK, secretEnv: 'S' } as AlertSink,
      { S: 'hunter2' },
      'the environment variable `S` is not base64 of 24 bytes or more, with or without `whsec_`',
    ],
    [
      'an address is plain http',
      { ...HOOK, url: 'http://alerts.example.com/SECRET-PATH', secretEnv: 'S' } as AlertSink,
      { S: SECRET },
      'its address is not https, which only a loopback address need not be',
    ],
    ['an address is not set', { name: 'hook', kind: 'slack', urlEnv: 'U' }, {}, 'the environment variable `U` is not set'],
    [
      'an address from the environment is none',
      { name: 'hook', kind: 'slack', urlEnv: 'U' },
      { U: 'SECRET-PATH' },
      'its address is not a URL; see the environment variable `U`',
    ],
    ['its kind is from another version', { name: 'hook', kind: 'pager' } as unknown as AlertSink, {}, 'its kind is not known'],
  ];

  it.each(cases)('is reported at once where %s, and the others work', async (_, spec, env, problem) => {
    const { alerts, problems, server, lines } = opened([spec, CONSOLE], { env });
    expect(problems).toEqual([`hook: it gets no alerts: ${problem}`]);
    expect(problems.join()).not.toMatch(/SECRET-PATH|hunter2/);
    alerts.raise(alertOf({ occurrences: 3 }), ['hook', 'console']);
    await alerts.flush(1);
    expect([server.requests.length, lines.length]).toEqual([0, 1]);
    expect(alerts.counts().get('hook')).toEqual({ raised: 3, delivered: 0, waiting: 0, dropped: 3, state: 'dead' });
    alerts.close();
  });

  it('reads secrets once: what the environment has later changes nothing', async () => {
    const env: Record<string, string> = { S: SECRET };
    const { alerts, server } = opened([{ ...HOOK, secretEnv: 'S' } as AlertSink], { env });
    delete env.S;
    alerts.raise(alertOf(), ['hook']);
    await alerts.flush(1);
    expect(server.requests[0]?.headers).toHaveProperty('webhook-signature');
    alerts.close();
  });

  it('is reported where its file cannot be written, and again only after it had worked', async () => {
    path = join(folder, 'missing', 'alerts.jsonl');
    const { alerts, problems, timers } = opened([fileSpec()]);
    for (const tool of ['a', 'b', 'c']) {
      alerts.raise(alertOf({ tool }), ['file']);
      while (alerts.counts().get('file')?.waiting !== 0) await timers.advance(1_000);
    }
    expect(problems).toEqual(['file: alerts cannot be delivered: ENOENT']);
    expect(alerts.counts().get('file')).toMatchObject({ raised: 3, dropped: 3, state: 'failing' });
    alerts.close();
  });

  it('is reported where a rule names one that is not there, once', () => {
    const { alerts, problems } = opened([CONSOLE]);
    for (let turn = 0; turn < 3; turn++) alerts.raise(alertOf(), ['missing', '__proto__', 'constructor']);
    expect(problems).toEqual([
      'missing: there is no sink of the name `missing`',
      '__proto__: there is no sink of the name `__proto__`',
      'constructor: there is no sink of the name `constructor`',
    ]);
  });
});

describe('raising', () => {
  it('throws nothing, whatever is broken', async () => {
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    const { alerts } = opened([CONSOLE, HOOK], {
      onProblem: () => {
        throw new Error('the listener is broken');
      },
      stderr: () => {
        throw new Error('standard error is broken');
      },
      post: () => {
        throw new Error('the network is broken');
      },
    });
    alerts.raise(alertOf({ parameters: cyclic as never }), ['console', 'hook', 'missing']);
    alerts.raise(alertOf({ tool: 'other' }), ['console', 'hook', 'missing']);
    await settled();
    expect(alerts.counts().get('console')).toMatchObject({ raised: 2, dropped: 1 });
    alerts.close();
    alerts.raise(alertOf(), ['console']);
    expect(alerts.counts().get('console')).toMatchObject({ raised: 3, delivered: 0, waiting: 0, dropped: 3 });
  });

  it('holds a bounded amount under a flood of names and texts, and counts every alert', async () => {
    const { alerts, timers, server } = opened([HOOK]);
    server.otherwise = 'hang';
    for (let index = 0; index < 20_000; index++) {
      const severity = index % 2 === 0 ? 'critical' : 'info';
      alerts.raise(alertOf({ severity, agent: `agent-${index}`, rule: `rule-${index % 3}` }), ['hook']);
    }
    await timers.advance(3_600_000);
    const counts = alerts.counts().get('hook');
    expect(counts?.raised).toBe(20_000);
    expect((counts?.delivered ?? 0) + (counts?.waiting ?? 0) + (counts?.dropped ?? 0)).toBe(20_000);
    expect(server.requests.length).toBeLessThan(500);
    alerts.close();
    expect(alerts.counts().get('hook')).toMatchObject({ waiting: 0, dropped: 20_000 });
  });
});

describe('ending', () => {
  it('tells what is held, and waits for it', async () => {
    const { alerts, lines } = opened([CONSOLE]);
    for (let index = 0; index < 5; index++) alerts.raise(alertOf(), ['console']);
    await alerts.flush(1_000);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain('(4 times)');
    expect(alerts.counts().get('console')).toEqual({ raised: 5, delivered: 5, waiting: 0, dropped: 0, state: 'working' });
    alerts.close();
  });

  it('waits no longer than it may, says what is lost, and leaves no timer', async () => {
    const { alerts, timers, server, problems } = opened([HOOK, CONSOLE]);
    server.otherwise = 'hang';
    for (let index = 0; index < 5; index++) alerts.raise(alertOf(), ['hook', 'console']);
    let flushed = false;
    const done = alerts.flush(2_000).then(() => {
      flushed = true;
    });
    await timers.advance(1_999);
    expect(flushed).toBe(false);
    await timers.advance(1);
    await done;
    alerts.close();
    alerts.close();
    await settled();
    expect(problems).toEqual(['hook: closed before 5 alerts arrived; the trail has them']);
    expect(server.requests[0]?.signal.aborted).toBe(true);
    expect(timers.count).toBe(0);
  });
});
