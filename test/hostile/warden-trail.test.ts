import fs, {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { type Outcome, openWarden, type TrailRecord, verifyTrail, type Warden } from 'cellblock';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { expectWholeTrail, hostFunctions, kindsOf, recordsOf, TOOLS, usePlace } from '../support/wardens.ts';

/* Threats to the trail, by the ids of the list of threats. */

const place = usePlace();
const AGENTS = 'agents:\n  a: { tools: [plain, acting] }\n';

const ask = (warden: Warden, tool_name: string, parameters: unknown, more: object = {}, options: object = {}) =>
  warden.request({ agent: 'a', tool_name, parameters, ...more }, options);
const act = (warden: Warden, more: object = {}) => ask(warden, 'acting', { path: 'x', n: 1 }, more);
const UNAVAILABLE = { kind: 'failed', error: { code: 'failed/audit-unavailable' } };

const { writeSync, fdatasyncSync, fdatasync } = fs;

/** Makes the next writes to files of the trail fail, as a disk does; `syncs` those that put them on it. */
function breakDisk(code: string, what: 'writes' | 'syncs'): void {
  const fail = (): never => {
    throw Object.assign(new Error(`${code}: the disk says no`), { code });
  };
  if (what === 'writes') fs.writeSync = fail as never;
  else {
    fs.fdatasyncSync = fail as never;
    fs.fdatasync = ((_file: number, done: (error: Error) => void) =>
      setImmediate(done, Object.assign(new Error(`${code}: the disk says no`), { code }))) as never;
  }
  syncBuiltinESMExports();
}

function mendDisk(): void {
  Object.assign(fs, { writeSync, fdatasyncSync, fdatasync });
  syncBuiltinESMExports();
}

afterEach(() => {
  mendDisk();
  vi.restoreAllMocks();
});

/** More of it by `CELLBLOCK_MIXED_CALLS=100000`. */
const MIXED_CALLS = Number(process.env.CELLBLOCK_MIXED_CALLS ?? 2000);

describe('AU-01', () => {
  it(
    `${MIXED_CALLS} calls of all kinds: exactly one decision each, one intent and one outcome for each that ran`,
    async () => {
      const site = place.site(
        `${TOOLS.replace('fuel: 100000000', 'fuel: 10000000')}trail: { segment: 256KiB }\nagents:\n  a: { tools: [plain, acting, { tool: asking, ask: { expires: 1h } }] }\n`,
      );
      const warden = await place.open(site, { waitingPerAgentMax: 4000, waitingMax: 4000 });
      const kinds: ((at: number) => Promise<Outcome>)[] = [
        (at) => ask(warden, 'plain.take', { path: 'x', n: at }),
        (at) => ask(warden, 'acting', { path: 'x', n: at }),
        (at) => ask(warden, 'plain.take', { path: at }), // refused: parameters
        () => ask(warden, 'plain.gone', {}), // refused: no such function
        () => warden.request({ agent: 'nobody', tool_name: 'plain.take', parameters: {} }),
        () => warden.request(null as never),
        // Its thread is replaced after a trap, which takes a hundred times as long as a call.
        (at) => (at % 20 === 0 ? ask(warden, 'plain.panic', {}) : ask(warden, 'plain.take', { path: 'z', n: at })),
        () => ask(warden, 'plain.fail', { text: 'no' }),
        (at) => (at % 200 === 8 ? ask(warden, 'plain.spin', {}) : ask(warden, 'plain.take', { path: 'y', n: at })),
        (at) =>
          ask(
            warden,
            'plain.work',
            { turns: 20_000 },
            {},
            { signal: at % 16 === 0 ? AbortSignal.timeout(1) : AbortSignal.abort() },
          ),
        (at) => ask(warden, 'asking', { n: at % 40 }),
      ];
      const outcomes: Outcome[] = [];
      for (let at = 0; at < MIXED_CALLS; at += 100) {
        outcomes.push(...(await Promise.all(Array.from({ length: 100 }, (_, n) => kinds[(at + n) % kinds.length]!(at + n)))));
        const [waiting] = (await warden.approvals.list()).filter(({ approved }) => approved === undefined);
        if (waiting !== undefined) await warden.approvals.approve(waiting.asked.approval, { by: 'ann' });
      }
      const seen = new Set(outcomes.map(({ kind }) => kind));
      expect([...seen].sort()).toEqual(['cancelled', 'limited', 'ok', 'pending', 'refused', 'tool-error', 'trapped']);
      await warden.close();
      await expectWholeTrail(site);
      const requested = recordsOf(site).filter(({ kind }) => kind === 'requested');
      expect(requested).toHaveLength(MIXED_CALLS);
      expect(new Set(requested.map(({ audit }) => audit))).toEqual(new Set(outcomes.map(({ receipt }) => receipt.audit)));
      const ended = new Map(
        recordsOf(site).flatMap((record) => (record.kind === 'outcome' ? [[record.audit, record.outcome]] : [])),
      );
      for (const { kind, receipt } of outcomes) if (ended.has(receipt.audit!)) expect(ended.get(receipt.audit!)).toBe(kind);
    },
    30 * MIXED_CALLS + 30_000,
  );
});

describe('AU-08', () => {
  const LINES = [
    'x\n{"seq":9,"decision":"allow"}',
    '"}\r\n{"seq":1,"at":1,"kind":"decided","audit":"x","effect":"allow"}\r\n',
    'a\u2028{"kind":"intent"}\u2029b\u0085c\u0000d\u007fe\u001b[2J',
    '\\n\\u000a{"seq":2}',
    '\ufeff\u202e\u2066',
  ];

  it('whatever text comes is one record, and comes back as it was', async () => {
    const site = place.site(TOOLS + AGENTS);
    const warden = await place.open(site);
    for (const [at, line] of LINES.entries()) {
      const words = {
        justification: line,
        source: line,
        session: `s${at}${line}`.slice(0, 200),
        request_id: `r${at}${line}`.slice(0, 200),
      };
      const good = await ask(warden, 'plain.echo', { text: line }, words);
      expect(good).toMatchObject({ kind: 'ok', value: line });
      const [requested] = recordsOf(site).filter(({ audit }) => audit === good.receipt.audit);
      expect(requested).toMatchObject({ parameters: { text: line }, justification: line, source: line, session: words.session });
      const bad = await warden.request({ agent: line, tool_name: line, parameters: { [line]: line }, ...words });
      expect(kindsOf(site, bad.receipt.audit)).toEqual(['requested', 'decided']);
      const failed = await ask(warden, 'plain.fail', { text: line });
      expect(failed).toMatchObject({ kind: 'tool-error' });
      expect(kindsOf(site, failed.receipt.audit)).toEqual(['requested', 'decided', 'intent', 'outcome']);
    }
    const text = readdirSync(join(site, '.cellblock/trail'))
      .map((name) => readFileSync(join(site, '.cellblock/trail', name), 'utf8'))
      .join('');
    expect(text.split(/[\r\u0085\u2028\u2029\u007f\u001b\0]/)).toHaveLength(1);
    expect(recordsOf(site).filter(({ kind }) => kind === 'requested')).toHaveLength(3 * LINES.length);
    await warden.close();
    await expectWholeTrail(site);
  });
});

describe('AU-10: without a trail', () => {
  const sited = () => {
    const site = place.site(`${TOOLS}alerts: { ops: { file: alerts.jsonl } }\nagents: { a: { tools: [plain, acting] } }\n`);
    const acts: unknown[] = [];
    const capabilities = hostFunctions({ act: ([n]) => acts.push(n) });
    return { site, acts, open: () => place.open(site, { capabilities }) };
  };
  const alertsOf = (site: string) =>
    readFileSync(join(site, 'alerts.jsonl'), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as object);

  it.each(['ENOSPC', 'EROFS', 'EACCES', 'EIO'])(
    'nothing runs while the system says %s, and an alert goes out; then all is well again',
    async (code) => {
      const { site, acts, open } = sited();
      const warden = await open();
      expect(await act(warden)).toMatchObject({ kind: 'ok' });
      breakDisk(code, 'writes');
      const outcomes = await Promise.all([
        act(warden),
        act(warden),
        ask(warden, 'plain.take', { path: 'x', n: 1 }),
        ask(warden, 'nothing', {}),
      ]);
      for (const outcome of outcomes) expect(outcome).toMatchObject(UNAVAILABLE);
      for (const outcome of outcomes) expect(outcome.value).toBeUndefined();
      expect(acts).toEqual([1]);
      mendDisk();
      expect(await act(warden)).toMatchObject({ kind: 'ok' });
      expect(acts).toEqual([1, 1]);
      await warden.close();
      await expectWholeTrail(site);
      expect(alertsOf(site)).toContainEqual(
        expect.objectContaining({ rule: 'trail', severity: 'critical', code: 'failed/audit-unavailable' }),
      );
    },
  );

  it('nothing with an effect runs where a sync fails, though what was written may stay', async () => {
    const { site, acts, open } = sited();
    const warden = await open();
    await act(warden);
    breakDisk('EIO', 'syncs');
    expect(await act(warden, { request_id: 'r' })).toMatchObject(UNAVAILABLE);
    expect(await ask(warden, 'plain.take', { path: 'x', n: 1 })).toMatchObject({ ...UNAVAILABLE });
    expect(acts).toEqual([1]);
    mendDisk();
    expect(await act(warden)).toMatchObject({ kind: 'ok' });
    expect(acts).toEqual([1, 1]);
    await warden.close();
    expect(await verifyTrail(join(site, '.cellblock'))).toMatchObject({ ok: true });
    const again = await open();
    await act(again, { request_id: 'r' });
    await again.close();
    await expectWholeTrail(site);
    expect(acts.length).toBeLessThanOrEqual(3);
  });

  it('a result whose outcome cannot be written is withheld; the call is ended in the trail, and its budget free, once that can be', async () => {
    const site = place.site(`${TOOLS}agents: { a: { tools: [{ tool: acting, budget: { concurrent: 1 } }] } }\n`);
    let acts = 0;
    const act1 = () => {
      acts += 1;
      if (acts === 1) breakDisk('ENOSPC', 'writes');
      return 42;
    };
    const warden = await place.open(site, { capabilities: hostFunctions({ act: act1 }) });
    const lost = await act(warden, { request_id: 'r' });
    expect(lost).toMatchObject(UNAVAILABLE);
    expect(lost.value).toBeUndefined();
    mendDisk();
    const next = await act(warden);
    expect(next.error?.code).not.toBe('denied/budget'); // the first has ended, whatever the trail could say of it then
    expect(next).toMatchObject({ kind: 'ok' });
    expect(kindsOf(site, lost.receipt.audit)).toEqual(['requested', 'decided', 'intent', 'outcome']);
    expect(await act(warden, { request_id: 'r' })).toMatchObject({ kind: 'failed' });
    expect(acts).toBe(2);
    await warden.close();
    await expectWholeTrail(site);
  });

  it('a call that was not begun because its intent could not be synced does not hold its budget and its `request_id` for ever', async () => {
    const site = place.site(`${TOOLS}agents: { a: { tools: [{ tool: acting, budget: { concurrent: 1 } }] } }\n`);
    const acts: unknown[] = [];
    const warden = await place.open(site, { capabilities: hostFunctions({ act: ([n]) => acts.push(n) }) });
    breakDisk('EIO', 'syncs');
    expect(await act(warden, { request_id: 'r' })).toMatchObject(UNAVAILABLE);
    mendDisk();
    expect(acts).toEqual([]);
    expect((await act(warden)).error?.code).not.toBe('denied/budget');
    expect((await act(warden, { request_id: 'r' })).error?.code).not.toBe('busy/overloaded'); // it runs nowhere
    await warden.close();
    await expectWholeTrail(site);
  });

  it.each([
    ['removed', (folder: string) => rmSync(folder, { recursive: true })],
    ['renamed', (folder: string) => renameSync(folder, `${folder}-away`)],
    [
      'replaced by an empty one',
      (folder: string) => {
        renameSync(folder, `${folder}-away`);
        mkdirSync(folder, { mode: 0o700 });
      },
    ],
  ])('nothing runs after its folder was %s', async (_how, harm) => {
    for (const part of ['.cellblock', '.cellblock/trail']) {
      const { site, acts, open } = sited();
      const warden = await open();
      await act(warden);
      harm(join(site, part));
      const outcome = await act(warden);
      await warden.close().catch(() => undefined);
      expect(outcome, part).toMatchObject(UNAVAILABLE);
      expect(acts).toEqual([1]);
    }
  });

  it.each([
    ['removed', (file: string) => rmSync(file)],
    ['cut', (file: string) => truncateSync(file, 100)],
    ['written by somebody else', (file: string) => appendFileSync(file, '{}\n')],
    [
      'replaced by a copy',
      (file: string) => {
        writeFileSync(`${file}.copy`, readFileSync(file), { mode: 0o600 });
        renameSync(`${file}.copy`, file);
      },
    ],
  ])('nothing runs after its file was %s', async (_how, harm) => {
    const { site, acts, open } = sited();
    const warden = await open();
    await act(warden);
    harm(join(site, '.cellblock/trail/000001.jsonl'));
    const outcome = await act(warden);
    await warden.close().catch(() => undefined);
    expect(outcome.kind).toBe('failed');
    expect(outcome.error?.code).toMatch(/^(failed\/audit-unavailable|audit\/broken-chain)$/);
    expect(acts).toEqual([1]);
  });

  it('there is no warden', async () => {
    const { site } = sited();
    writeFileSync(join(site, '.cellblock'), 'a file');
    const policy = join(site, 'cellblock.yaml');
    const options = { policy, capabilities: hostFunctions({}), cacheDirectory: place.cacheDirectory };
    await expect(openWarden(options)).rejects.toMatchObject({ code: 'failed/audit-unavailable' });
    rmSync(join(site, '.cellblock'));
    mkdirSync(join(site, '.cellblock'), { mode: 0o777 });
    fs.chmodSync(join(site, '.cellblock'), 0o777);
    await expect(openWarden(options)).rejects.toMatchObject({ code: 'failed/audit-unavailable' });
  });

  it('what was written in part when the power went holds no budget for ever', async () => {
    const site = place.site(`${TOOLS}agents: { a: { tools: [{ tool: acting, budget: { concurrent: 1 } }] } }\n`);
    const one = await place.open(site);
    await act(one);
    await one.close();
    // The disk kept whole lines of a batch up to the decision; nobody was told of it, and nothing ran.
    const file = join(site, '.cellblock/trail/000001.jsonl');
    const lines = readFileSync(file, 'utf8').split('\n');
    const decided = lines.findIndex((line) => line.includes('"kind":"decided"'));
    writeFileSync(file, `${lines.slice(0, decided + 1).join('\n')}\n`);
    const two = await place.open(site);
    expect(await act(two)).toMatchObject({ kind: 'ok' });
    await two.close();
    expect(await verifyTrail(join(site, '.cellblock'))).toMatchObject({ ok: true });
  });
});

describe('who listens', () => {
  it('and throws does no harm to the trail', async () => {
    const site = place.site(TOOLS + AGENTS);
    const warden = await place.open(site);
    warden.events.on('record', () => {
      throw new Error('a listener of the embedding program');
    });
    expect(await act(warden)).toMatchObject({ kind: 'ok' });
    await warden.close();
    await expectWholeTrail(site);
  });

  it('hears each record once, and none that is not in the trail, also where writing fails', async () => {
    const site = place.site(
      `${TOOLS}alerts: { ops: { file: alerts.jsonl } }\nagents: { a: { tools: [{ tool: acting, alert: { sinks: [ops] } }] } }\n`,
    );
    const warden = await place.open(site);
    const heard: TrailRecord[] = [];
    warden.events.on('record', (record) => heard.push(record));
    await act(warden);
    breakDisk('ENOSPC', 'writes');
    const failed = await act(warden);
    mendDisk();
    const last = await act(warden);
    await warden.close();
    const audits = new Set(recordsOf(site).map(({ audit }) => audit));
    const told = heard.flatMap((record) => ('audit' in record ? [record.audit] : []));
    expect(told).toContain(last.receipt.audit);
    expect(told.filter((audit) => !audits.has(audit))).toEqual([]);
    expect(told).not.toContain(failed.receipt.audit);
    const seqs = heard.map(({ seq }) => seq);
    expect(seqs).toEqual([...new Set(seqs)].sort((one, other) => one - other));
    const alerts = readFileSync(join(site, 'alerts.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => line.includes('acting') && !line.includes('audit-unavailable'));
    const raised = alerts.map((line) => JSON.parse(line) as { audit: string; occurrences: number });
    expect(raised.reduce((sum, { occurrences }) => sum + occurrences, 0)).toBe(2); // one for each call that ran
  });
});

describe('AU-13: secrets', () => {
  const TOKEN = 'ghp_aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5';
  const PASSWORD = 'correct-horse-battery';

  /** Every file below the folder of the trail, and those of alerts. */
  function written(site: string): string {
    const walk = (folder: string): string[] =>
      fs.readdirSync(folder, { withFileTypes: true }).flatMap((item) => {
        const path = join(folder, item.name);
        return item.isDirectory() ? walk(path) : [readFileSync(path, 'latin1')];
      });
    return [
      ...walk(join(site, '.cellblock')),
      ...(fs.existsSync(join(site, 'alerts.jsonl')) ? [readFileSync(join(site, 'alerts.jsonl'), 'latin1')] : []),
    ].join('\n');
  }

  const policy = `${TOOLS.replace('limits: { fuel', 'secrets: [text], limits: { fuel')}trail: { results: keep }
alerts: { ops: { file: alerts.jsonl } }
agents:
  a: { tools: [plain.send, plain.echo, plain.fail, acting, { tool: plain.take, ask: { expires: 1h }, alert: { sinks: [ops] } }] }
rules: [{ id: tell, effect: alert, agents: any, tools: any, alert: { sinks: [ops] } }]
`;

  it.each([
    [
      'a URL',
      (w: Warden) => ask(w, 'plain.send', { url: `https://ann:${TOKEN}@example.com/?access_token=${TOKEN}`, headers: [] }),
    ],
    [
      'a header',
      (w: Warden) =>
        ask(w, 'plain.send', {
          url: 'https://example.com',
          headers: [
            ['Authorization', `Bearer ${TOKEN}`],
            ['x', TOKEN],
          ],
        }),
    ],
    [
      'a password header',
      (w: Warden) =>
        ask(w, 'plain.send', {
          url: 'https://example.com',
          headers: [
            ['X-Api-Key', PASSWORD],
            ['cookie', `sid=${PASSWORD}`],
          ],
        }),
    ],
    ['a secret parameter', (w: Warden) => ask(w, 'plain.echo', { text: PASSWORD })],
    ['a parameter', (w: Warden) => ask(w, 'plain.take', { path: `/x/${TOKEN}`, n: 1 })],
    [
      'a justification',
      (w: Warden) => ask(w, 'acting', { path: 'x', n: 1 }, { justification: `use ${TOKEN}, password=${PASSWORD}` }),
    ],
    [
      'a source',
      (w: Warden) =>
        ask(w, 'plain.take', { path: 'x', n: 1 }, { source: `Authorization: Bearer ${TOKEN}\npassword: ${PASSWORD}` }),
    ],
    ['an error of the tool', (w: Warden) => ask(w, 'plain.fail', { text: TOKEN })],
    ['an error of the tool about a secret parameter', (w: Warden) => ask(w, 'plain.fail', { text: PASSWORD })],
    ['an error of a host function', (w: Warden) => ask(w, 'acting', { path: 'throw', n: 99 })],
    ['a session', (w: Warden) => ask(w, 'plain.take', { path: 'x', n: 1 }, { session: TOKEN })],
    ['a request id', (w: Warden) => ask(w, 'plain.take', { path: 'x', n: 1 }, { request_id: TOKEN })],
    ['the name of a tool', (w: Warden) => ask(w, `curl --token ${TOKEN}`, {})],
    ['the name of an agent', (w: Warden) => w.request({ agent: `Bearer ${TOKEN}`, tool_name: 'plain.take', parameters: {} })],
    ['the name of a parameter', (w: Warden) => ask(w, 'plain.take', { [TOKEN]: 1, path: 'x', n: 1 })],
    [
      'a request of the wrong shape',
      (w: Warden) => w.request({ agent: 'a', tool_name: TOKEN, justification: TOKEN, parametres: TOKEN } as never),
    ],
    ['a named approval', (w: Warden) => ask(w, 'plain.take', { path: 'x', n: 1 }, { approval: TOKEN })],
    [
      'what an approver says',
      async (w: Warden) => {
        const outcome = await ask(w, 'plain.take', { path: 'x', n: 1 });
        await w.approvals.approve(outcome.approval!.id, { by: 'ann', reason: `fine, with ${TOKEN}` });
        return outcome;
      },
    ],
  ])('in %s are in no file in clear', async (_where, file) => {
    const site = place.site(policy);
    const act = ([n]: readonly unknown[]) => {
      if (n === 99) throw new Error(`401 for Authorization: Bearer ${TOKEN}, password=${PASSWORD}`);
      return Number(n);
    };
    const warden = await place.open(site, { capabilities: hostFunctions({ act }) });
    const outcome = await file(warden);
    await warden.close();
    const text = written(site);
    expect(text).toContain(outcome.receipt.audit);
    expect(text.includes(TOKEN)).toBe(false);
    expect(text.includes(PASSWORD)).toBe(false);
  });

  it('are bound all the same: another one is another request', async () => {
    const site = place.site(policy);
    const warden = await place.open(site);
    const take = (token: string, more: object = {}) =>
      ask(warden, 'plain.take', { path: token, n: 1 }, { justification: `with ${token}`, ...more });
    const id = (await take(TOKEN)).approval!.id;
    await warden.approvals.approve(id, { by: 'ann' });
    expect(await take(`${TOKEN}x`, { approval: id })).toMatchObject({
      kind: 'refused',
      error: { code: 'denied/approval-mismatch' },
    });
    expect(
      await ask(warden, 'plain.take', { path: TOKEN, n: 1 }, { justification: `with ${TOKEN}x`, approval: id }),
    ).toMatchObject({
      error: { code: 'denied/approval-mismatch' },
    });
    expect(await take(TOKEN, { approval: id })).toMatchObject({ kind: 'ok' });
    await warden.close();
    await expectWholeTrail(site);
  });
});
