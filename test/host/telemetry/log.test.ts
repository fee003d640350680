import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { agentDoor, type LiveWarden } from 'cellblock';
import { describe, expect, it } from 'vitest';
import { useLive } from '../../support/live-wardens.ts';
import { usePlace } from '../../support/wardens.ts';
import { keptLog, openTelemetry, POLICY, serving, telemetry } from './stage.ts';

/* The log: what it says of requests and questions, what it never says, and destinations that are slow, full or gone. */

const { newToken } = serving;
const { openLog } = telemetry;
const place = usePlace();
const openLive = useLive(place);

async function open(policy = POLICY) {
  const site = place.site(policy);
  const live = await openLive(site);
  const log = keptLog();
  return { site, live, log, opened: openTelemetry(live, { destination: log.destination }) };
}

const call = (live: LiveWarden, name: string, parameters: object, more = {}) =>
  agentDoor(live, 'one').call({ name, argumentsJson: JSON.stringify(parameters), ...more });

describe('what the log says', () => {
  it('each end of a request: ids, names, codes, counts and times', async () => {
    const { live, log } = await open();
    const ok = await call(live, 'plain_work', { turns: 10 });
    const no = await agentDoor(live, 'two').call({ name: 'plain_echo', argumentsJson: '{"text":"x"}' });
    expect(log.lines).toEqual([
      {
        level: 30,
        time: expect.any(Number),
        event: 'request',
        audit: ok.receipt.audit,
        agent: 'one',
        tool: 'plain.work',
        outcome: 'ok',
        fuel: ok.receipt.fuel,
        wallMs: ok.receipt.wallMs,
        memoryBytesPeak: ok.receipt.memoryBytesPeak,
        hostCalls: 0,
        msg: 'request ended',
      },
      expect.objectContaining({
        level: 40,
        audit: no.receipt.audit,
        agent: 'two',
        outcome: 'refused',
        code: 'denied/no-policy-for-tool',
        rules: ['tools (cellblock.yaml:3)'],
      }),
    ]);
  });

  it('questions, answers without their words, and reloads', async () => {
    const { site, live, log, opened } = await open();
    const { approval } = await call(live, 'acting_act', { path: 'the-path', n: 1 }, { justification: 'the-justification' });
    await live.current.approvals.approve(approval!.id, { by: 'ann', reason: 'the-reason' });
    await call(live, 'acting_act', { path: 'the-path', n: 1 }, { justification: 'the-justification' });
    place.rewrite(site, `${POLICY}# changed\n`);
    await live.reload();
    expect(log.lines.map(({ event }) => event)).toEqual([
      'request',
      'approval-asked',
      'approval-approved',
      'approval-used',
      'request',
      'reloaded',
    ]);
    expect(log.lines[1]).toMatchObject({ approval: approval!.id, agent: 'one', tool: 'acting' });
    expect(log.lines[2]).toMatchObject({ approval: approval!.id, by: 'ann', channel: 'library' });
    expect(log.text).not.toMatch(/the-/);
    opened.close();
    await call(live, 'plain_work', { turns: 1 });
    expect(log.lines).toHaveLength(6);
  });

  it('problems and ends of runners, also of a log that is older than its warden', async () => {
    const kept = keptLog();
    const log = openLog({ destination: kept.destination });
    const live = await openLive(place.site(POLICY), { onProblem: log.onProblem, onRunnerEvent: log.onRunnerEvent });
    const opened = openTelemetry(live, { log });
    place.rewrite(join(live.current.policy.file, '..'), 'version: 1\nnonsense: true\n');
    await live.reload();
    log.onRunnerEvent({ type: 'crashed', pid: 7, reason: 'it ended with code 1', group: 'plain' });
    expect(kept.lines).toMatchObject([
      { level: 40, event: 'problem', msg: expect.stringMatching(/^the policy in force stays/) },
      { level: 50, event: 'runner-crashed', group: 'plain', pid: 7, reason: 'it ended with code 1' },
    ]);
    expect(await opened.metrics()).toMatch(/^cellblock_runner_ends_total\{type="crashed"\} 1$/m);
    expect(await opened.metrics()).toMatch(/^cellblock_problems_total 1$/m);
  });

  it('as much as its level asks for', async () => {
    const kept = keptLog();
    const live = await openLive(place.site(POLICY));
    const opened = openTelemetry(live, { destination: kept.destination, logLevel: 'warn' });
    await call(live, 'plain_work', { turns: 1 });
    await call(live, 'plain_work', { turns: 'x' });
    opened.logger.info('not said');
    expect(kept.lines.map(({ outcome }) => outcome)).toEqual(['refused']);
    expect(() => openLog({ logLevel: 'loud' })).toThrow(expect.objectContaining({ code: 'usage/invalid-argument' }));
    expect(() => openLog({ logLevel: 'toString' })).toThrow(expect.objectContaining({ code: 'usage/invalid-argument' }));
  });
});

describe('what the log never says', () => {
  it('what requests hold, and names that only they have', async () => {
    const { live, log } = await open();
    const token = newToken();
    const words = { justification: `the-justification ${token}`, source: 'the-source' };
    await call(live, 'plain_echo', { text: 'the-text' }, words);
    await call(live, 'secretive_echo', { text: 'the-secret' }, words);
    await call(live, 'plain_fail', { text: 'the-error' }, words);
    await call(live, 'plain_echo', { 'the-name': token }, words);
    await call(live, `the-tool"\n{"level":60} ${token}`, {}, words);
    await live.current.request({ agent: `the-agent\n${token}`, tool_name: 'plain.echo', parameters: {} });
    expect(log.lines).toHaveLength(6);
    expect(log.text).not.toMatch(/the-|cb_/);
    expect(log.lines.at(-1)).toMatchObject({ agent: 'other' });
  });

  const token = newToken();
  const jwt = 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJvbmUifQ.c2lnbmF0dXJlLW9mLWl0';
  it.each<[string, (logger: ReturnType<typeof openLog>['logger']) => void]>([
    ['a token in a message', (logger) => logger.info(`with ${token}`)],
    ['a token by format', (logger) => logger.info('with %s and %j', token, { deep: [token] })],
    ['a token as a value', (logger) => logger.info({ deep: { deeper: [token] } }, 'x')],
    ['a token as a name', (logger) => logger.info({ [token]: 1 }, 'x')],
    ['a token of a child', (logger) => logger.child({ bound: token }).info('x')],
    ['a bearer', (logger) => logger.info({ headers: { authorization: 'Bearer the-opaque-one' } }, 'x')],
    ['a bearer in text', (logger) => logger.info('Authorization: Bearer the-opaque-one-of-16')],
    ['a JWT', (logger) => logger.info({ came: jwt }, `and ${jwt}`)],
    ['cookies', (logger) => logger.info({ req: { headers: { Cookie: 'the-cookie', 'set-cookie': ['the-other'] } } }, 'x')],
    ['headers as pairs', (logger) => logger.info({ headers: [['cookie', 'the-cookie']] }, 'x')],
    ['parameters', (logger) => logger.info({ parameters: { text: 'the-text' } }, 'x')],
    ['parameters of a child', (logger) => logger.child({ parameters: { text: 'the-text' } }).info('x')],
    [
      'words of agents',
      (logger) => logger.info({ justification: 'the-words', source: 'the-words', a: { source_log_line: 'the-words' } }, 'x'),
    ],
    ['results', (logger) => logger.info({ outcome: { value: 'the-value', stdout: 'the-output' } }, 'x')],
    ['a password', (logger) => logger.info({ password: 'the-password', apiKey: 'the-key' }, 'x')],
    ['an error with a cause', (logger) => logger.error(new Error(`no ${token}`, { cause: { password: 'the-password' } }))],
    ['what lies deep', (logger) => logger.info(nested(40, 'the-bottom'), 'x')],
    ['a long line', (logger) => logger.info({ text: 'the-text'.repeat(100_000) }, 'x')],
  ])('%s', (_name, say) => {
    const kept = keptLog();
    say(openLog({ destination: kept.destination }).logger);
    expect(kept.lines).toHaveLength(1);
    expect(kept.text.length).toBeLessThan(16_500);
    expect(kept.text).not.toMatch(/the-|cb_[A-Za-z0-9]|eyJ/);
  });

  it('and it says the rest as it was', () => {
    const kept = keptLog();
    openLog({ destination: kept.destination }).logger.warn(
      { audit: 'a-1', count: 3, ok: true, list: [1, 'two'] },
      'line\n"quoted"',
    );
    expect(kept.lines).toEqual([
      { level: 40, time: expect.any(Number), audit: 'a-1', count: 3, ok: true, list: [1, 'two'], msg: 'line\n"quoted"' },
    ]);
  });

  it('and nothing of it moves a terminal: what JSON lets stand of that is an escape', () => {
    const kept = keptLog();
    const text = 'a\u009b31m\u007f\u2028\u202e\u2066\u200b\u{e0041}z';
    openLog({ destination: kept.destination }).onProblem(text);
    expect(kept.text).toMatch(/^[\x20-\x7e]+\n$/);
    expect(kept.lines).toMatchObject([{ msg: text }]);
  });

  it('an object that throws costs a line and nothing else', () => {
    const kept = keptLog();
    const { logger } = openLog({ destination: kept.destination });
    const hostile = Object.defineProperty({}, 'x', {
      enumerable: true,
      get: () => {
        throw new Error('mine');
      },
    });
    expect(() => logger.info(hostile, 'x')).not.toThrow();
    expect(() => logger.info({ circle: kept, big: 1n }, 'x')).not.toThrow();
    logger.info('after');
    expect(kept.lines.at(-1)).toMatchObject({ msg: 'after' });
  });
});

function nested(depth: number, bottom: string): object {
  return depth === 0 ? { bottom } : { below: nested(depth - 1, bottom) };
}

describe('destinations', () => {
  it('one that never takes anything costs a mebibyte at most, and no call', async () => {
    const live = await openLive(place.site(POLICY));
    const stuck = new Writable({ highWaterMark: 1, write: () => undefined });
    const log = openLog({ destination: stuck });
    const opened = openTelemetry(live, { log });
    for (let times = 0; times < 20_000; times++) opened.logger.info({ times }, 'x'.repeat(100));
    expect(stuck.writableLength).toBeLessThanOrEqual(1024 * 1024);
    expect(log.counts.linesDropped).toBeGreaterThan(10_000);
    expect(await call(live, 'plain_work', { turns: 1 })).toMatchObject({ kind: 'ok' });
    expect(await opened.metrics()).toMatch(/^cellblock_log_lines_dropped_total [1-9]\d{4}$/m);
  });

  it('one that goes on says how many lines are missing', async () => {
    const taken: string[] = [];
    const release: (() => void)[] = [];
    const slow = new Writable({
      write(chunk: Buffer, _encoding, done) {
        taken.push(chunk.toString());
        release.push(done);
      },
    });
    const log = openLog({ destination: slow });
    for (let times = 0; times < 12_000; times++) log.logger.info('x'.repeat(100));
    const { linesDropped } = log.counts;
    expect(linesDropped).toBeGreaterThan(0);
    while (release.length > 0) {
      release.shift()?.();
      await Promise.resolve();
    }
    await log.flush(1000);
    log.logger.info('after');
    while (release.length > 0) {
      release.shift()?.();
      await Promise.resolve();
    }
    const lines = taken.slice(-2).map((line) => JSON.parse(line) as object);
    expect(lines).toMatchObject([{ msg: 'log lines were dropped', lines: linesDropped }, { msg: 'after' }]);
  });

  it.each<[string, () => Writable]>([
    [
      'throws',
      () =>
        Object.assign(new Writable(), {
          write: () => {
            throw new Error('mine');
          },
        }),
    ],
    ['fails', () => new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) })],
    ['was ended', () => new Writable({ write: (_chunk, _encoding, done) => done() }).end()],
    ['was destroyed', () => new Writable({ write: (_chunk, _encoding, done) => done() }).destroy()],
  ])('one that %s costs no call', async (_name, make) => {
    const live = await openLive(place.site(POLICY));
    const opened = openTelemetry(live, { destination: make() });
    for (let times = 0; times < 3; times++) {
      expect(await call(live, 'plain_work', { turns: 1 })).toMatchObject({ kind: 'ok' });
      opened.logger.error('said');
    }
  });
});

describe('standard error', () => {
  const SCRIPT = `
    import { openLog } from ${JSON.stringify(new URL('../../../dist/host/telemetry/index.js', import.meta.url).href)};
    const log = openLog();
    const began = performance.now();
    for (let times = 0; times < 50_000; times++) log.logger.info({ times }, 'x'.repeat(100));
    process.stdout.write(JSON.stringify({ ms: performance.now() - began, dropped: log.counts.linesDropped }) + '\\n');
    await log.flush(200);
    process.exit(0);
  `;
  const run = (stderr: 'pipe' | number) =>
    spawn(process.execPath, ['--input-type=module', '-e', SCRIPT], {
      cwd: fileURLToPath(new URL('../../../', import.meta.url)),
      stdio: ['ignore', 'pipe', stderr],
    });
  const saidBy = async (child: ReturnType<typeof run>) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, ...(JSON.parse(text) as { ms: number; dropped: number }) };
  };

  it('a reader that does not read holds up neither the process nor its end', async () => {
    const child = run('pipe');
    const ended = once(child, 'exit');
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    expect(await ended).toEqual([0, null]);
    child.stderr?.destroy();
    await expect.poll(() => text).toMatch(/"dropped":[1-9]/);
  });

  it('a reader that has gone is survived', async () => {
    const child = run('pipe');
    child.stderr?.destroy();
    expect(await saidBy(child)).toMatchObject({ code: 0 });
  });

  it('a full disk is survived', async () => {
    const { openSync } = await import('node:fs');
    expect(await saidBy(run(openSync('/dev/full', 'w')))).toMatchObject({ code: 0 });
  });

  it('a file gets whole lines, and standard output none', async () => {
    const { openSync } = await import('node:fs');
    const file = join(place.folder, 'stderr.log');
    const { code, dropped } = await saidBy(run(openSync(file, 'w')));
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    expect(code).toBe(0);
    for (const line of lines) JSON.parse(line);
    expect(lines.length + dropped).toBeGreaterThanOrEqual(50_000);
  });
});
