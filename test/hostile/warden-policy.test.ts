import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openWarden, type Warden } from 'cellblock';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { expectWholeTrail, hostFunctions, kindsOf, recordsOf, TOOLS, usePlace } from '../support/wardens.ts';

/* Threats to policies as the warden keeps them, by the ids of the list of threats. */

const place = usePlace();
const take = (warden: Warden, path: string, more: object = {}) =>
  warden.request({ agent: 'a', tool_name: 'plain.take', parameters: { path, n: 1 }, ...more });

afterEach(() => vi.restoreAllMocks());

/** A clock for both the journal and the warden. */
function useClock(text: string): { ms: number } {
  const clock = { ms: Date.parse(text) };
  vi.spyOn(Date, 'now').mockImplementation(() => clock.ms);
  return clock;
}

describe('PO-10: a policy', () => {
  it.each([
    ['of no text', '', 'policy/invalid-document'],
    ['with a syntax error', `${TOOLS}agents: { a: { tools: [plain }\n`, 'policy/invalid-document'],
    ['of another version', TOOLS.replace('version: 1', 'version: 2'), 'policy/invalid-document'],
    ['of a version as text', `${TOOLS.replace('version: 1', 'version: "1"')}agents: {}\n`, 'policy/invalid-document'],
    ['without a version', `${TOOLS.replace('version: 1\n', '')}agents: {}\n`, 'policy/invalid-document'],
    ['cut in the middle', `${TOOLS}agents: { a: { tools: [{ tool: plain.take, par`, 'policy/invalid-document'],
    ['that is a list', '[]', 'policy/invalid-document'],
    ['that names a tool that is not there', `${TOOLS}agents: { a: { tools: [gone] } }\n`, 'policy/invalid-document'],
    [
      'with an unknown field in a rule',
      `${TOOLS}agents: { a: { tools: [{ tool: plain.take, parametres: {} }] } }\n`,
      'policy/invalid-document',
    ],
    ['with a key twice', `${TOOLS}agents: { a: { tools: [] } }\nagents: { a: { tools: [plain] } }\n`, 'policy/invalid-document'],
    ['with an alias', `${TOOLS}agents: { a: &x { tools: [plain] }, b: *x }\n`, 'policy/invalid-document'],
    ['with a prototype', `${TOOLS}agents: { __proto__: { tools: [plain] } }\n`, 'policy/invalid-document'],
    [
      'with an empty list of values',
      `${TOOLS}agents: { a: { tools: [{ tool: plain.take, parameters: { path: { oneOf: [] } } }] } }\n`,
      'policy/invalid-document',
    ],
  ])('%s opens no warden, and makes no trail', async (_what, text, code) => {
    const site = place.site(text);
    await expect(place.open(site)).rejects.toMatchObject({ code });
    expect(() => recordsOf(site)).toThrow('ENOENT');
    expect(({} as { tools?: unknown }).tools).toBeUndefined();
  });

  it('that is missing or cannot be read opens no warden', async () => {
    const site = place.site('');
    const file = join(site, 'cellblock.yaml');
    rmSync(file);
    await expect(place.open(site)).rejects.toMatchObject({ code: 'policy/missing' });
    mkdirSync(file);
    await expect(place.open(site)).rejects.toMatchObject({ code: 'policy/missing' });
    rmSync(file, { recursive: true });
    symlinkSync('/dev/zero', file);
    await expect(place.open(site)).rejects.toMatchObject({ code: expect.stringMatching(/^policy\//) });
    rmSync(file);
    symlinkSync(file, file);
    await expect(place.open(site)).rejects.toMatchObject({ code: 'policy/missing' });
  });

  it('whose ceiling is missing or broken opens no warden', async () => {
    const site = place.site(`${TOOLS}agents: { a: { tools: [plain] } }\n`);
    const ceiling = join(site, 'ceiling.yaml');
    await expect(place.open(site, { ceiling })).rejects.toMatchObject({ code: 'policy/missing' });
    writeFileSync(ceiling, 'version: 1\nceiling: { grants: [log] ');
    await expect(place.open(site, { ceiling })).rejects.toMatchObject({ code: 'policy/invalid-document' });
    writeFileSync(ceiling, 'version: 1\nceiling: { grants: [] }\n');
    await expect(place.open(site, { ceiling })).rejects.toMatchObject({ code: 'policy/invalid-document' }); // tools have more
  });

  it('that is edited or removed later: the last good one stays in force', async () => {
    const site = place.site(`${TOOLS}agents: { a: { tools: [plain.take] } }\n`);
    const warden = await place.open(site);
    place.rewrite(site, '{');
    expect(await take(warden, 'x')).toMatchObject({ kind: 'ok' });
    rmSync(join(site, 'cellblock.yaml'));
    expect(await warden.request({ agent: 'a', tool_name: 'plain.spin', parameters: {} })).toMatchObject({ kind: 'refused' });
    await warden.close();
  });
});

describe('WA-02: nothing', () => {
  it.each([
    ['no agents', `${TOOLS}agents: {}\n`],
    ['an agent without tools', `${TOOLS}agents: { a: { tools: [] } }\n`],
    ['a rule about no agents', `${TOOLS}agents: { a: { tools: [] } }\nrules: [{ effect: allow, agents: [], tools: any }]\n`],
    ['a rule about no tools', `${TOOLS}agents: { a: { tools: [] } }\nrules: [{ effect: allow, agents: any, tools: [] }]\n`],
    [
      'all of it log-only',
      `${TOOLS}mode: log-only\nagents: { a: { tools: [] } }\nrules: [{ effect: allow, agents: any, tools: [] }]\n`,
    ],
  ])('%s allows nothing', async (_what, policy) => {
    const site = place.site(policy);
    const warden = await place.open(site);
    expect(await take(warden, 'x')).toMatchObject({ kind: 'refused', error: { code: expect.stringMatching(/^denied\//) } });
    expect(recordsOf(site).filter(({ kind }) => kind === 'intent')).toEqual([]);
    await warden.close();
  });

  it('no policy at all, or one of `{}`, is no warden', async () => {
    await expect(place.open(place.site('{}'))).rejects.toMatchObject({ code: 'policy/invalid-document' });
    await expect(openWarden({} as never)).rejects.toThrow();
    await expect(openWarden({ policy: '' })).rejects.toMatchObject({ code: 'policy/missing' });
  });

  it('no grants gives no grants: the component is refused by the name of what it needs', async () => {
    for (const grants of ['', ', grants: []', ', grants: [log]']) {
      const site = place.site(
        `version: 1\ntools: { acting: { component: acting.wasm, functions: [act]${grants} } }\nagents: { a: { tools: [acting] } }\n`,
      );
      const acts: unknown[] = [];
      const warden = await place.open(site, { capabilities: hostFunctions({ act: ([n]) => acts.push(n) }) });
      const outcome = await warden.request({ agent: 'a', tool_name: 'acting', parameters: { path: 'x', n: 1 } });
      expect(outcome).toMatchObject({ kind: 'refused', error: { code: 'denied/no-grant', help: 'grant `effect`' } });
      expect(acts).toEqual([]);
      await warden.close();
    }
  });
});

describe('FS-03: `within`', () => {
  const INSIDE = ['/srv/allow', '/srv/allow/x', '/srv/allow/./x/../y', '/srv//allow/x', '/srv/allow/..x', '/srv/x/../allow/y'];
  const OUTSIDE = [
    ...[
      '/srv/allow_secret/x',
      '/srv/allow_secret',
      '/srv/allowx',
      '/srv',
      '/',
      '/srv/allow/../x',
      '/srv/allow/../allow_secret/x',
    ],
    ...[
      '/srv/allow/../../etc/passwd',
      '../srv/allow/x',
      'srv/allow/x',
      '',
      ' /srv/allow/x',
      '/SRV/allow/x',
      '/srv/Allow/x',
      '/srv/allow\\x',
    ],
    ...[
      '/srv/allow/\0',
      '/srv/allow\0/../x',
      '/srv/allow/..\\..\\x',
      '/../../srv/allow/x',
      '/srv/allow\u2215x',
      '/srv/allo\u0077\u0301/x',
    ],
    ...[
      'file:///srv/allow/x',
      '/srv/%61llow/x',
      '/srv/allow/x:stream',
      '//srv/allow/x',
      '~/x',
      '/srv/allow/con',
      '/srv/allow/..',
      '/srv/allow/...',
    ],
  ];

  it('takes what is inside and nothing else', async () => {
    const site = place.site(
      `${TOOLS}agents: { a: { tools: [{ tool: plain.take, parameters: { path: { within: /srv/allow } } }] } }\n`,
    );
    const warden = await place.open(site);
    for (const path of INSIDE) expect(await take(warden, path), path).toMatchObject({ kind: 'ok' });
    for (const path of OUTSIDE) {
      expect(await take(warden, path), path).toMatchObject({
        kind: 'refused',
        error: { code: 'denied/parameters', data: { path: 'path' } },
      });
    }
    await warden.close();
    await expectWholeTrail(site);
  });

  it('of a session is within that session, whatever its name', async () => {
    const site = place.site(
      `${TOOLS}agents: { a: { tools: [{ tool: plain.take, parameters: { path: { within: '/drafts/{session}' } } }] } }\n`,
    );
    const warden = await place.open(site);
    expect(await take(warden, '/drafts/s1/x', { session: 's1' })).toMatchObject({ kind: 'ok' });
    for (const session of ['s', 's2', '..', '.', 's1/..', '../s1', '{session}', '*', 's1\0', '\u017f1', ' s1', undefined]) {
      expect(await take(warden, '/drafts/s1/x', { session }), String(session)).toMatchObject({ kind: 'refused' });
    }
    expect(await take(warden, '/drafts/x', { session: '..' })).toMatchObject({ kind: 'refused' });
    expect(await take(warden, '/drafts/a/../b', { session: 'a' })).toMatchObject({ kind: 'refused' });
    await warden.close();
  });
});

describe('PO-15: hours', () => {
  const policy = `${TOOLS}agents:
  a: { tools: [{ tool: plain.take, during: { from: "23:00", to: "01:00", zone: Europe/Berlin } }] }
`;
  it.each([
    // Berlin is an hour ahead of UTC in winter, two in summer.
    ['2026-01-15T21:59:59.999Z', 'denied/outside-hours'],
    ['2026-01-15T22:00:00Z', undefined],
    ['2026-01-15T23:59:59.999Z', undefined],
    ['2026-01-16T00:00:00Z', 'denied/outside-hours'],
    ['2026-07-15T20:59:59.999Z', 'denied/outside-hours'],
    ['2026-07-15T21:00:00Z', undefined],
    ['2026-07-15T23:00:00Z', 'denied/outside-hours'],
    ['2028-02-29T22:30:00Z', undefined],
    ['2028-02-29T12:00:00Z', 'denied/outside-hours'],
  ])('at %s: %s', async (instant, code) => {
    useClock(instant);
    const site = place.site(policy);
    const warden = await place.open(site);
    const outcome = await take(warden, 'x');
    expect(outcome.error?.code).toBe(code);
    await warden.close();
  });

  it('are those of the zone in the gap and in the overlap, wherever the host is', async () => {
    const site = place.site(policy.replace('from: "23:00", to: "01:00"', 'from: "02:00", to: "03:00"'));
    const before = process.env.TZ;
    try {
      for (const zone of ['UTC', 'Pacific/Apia', 'America/Los_Angeles']) {
        process.env.TZ = zone;
        const clock = useClock('2026-03-29T00:59:59Z'); // 01:59:59; a second later it is 03:00
        const warden = await place.open(site);
        const at = async (instant: string) => {
          clock.ms = Date.parse(instant);
          return (await take(warden, 'x')).kind;
        };
        expect(await at('2026-03-29T00:59:59Z')).toBe('refused');
        expect(await at('2026-03-29T01:00:00Z')).toBe('refused');
        expect(await at('2026-10-25T00:30:00Z')).toBe('ok'); // 02:30 for the first time
        expect(await at('2026-10-25T01:30:00Z')).toBe('ok'); // 02:30 for the second time
        expect(await at('2026-10-25T02:00:00Z')).toBe('refused');
        await warden.close();
        vi.restoreAllMocks();
        rmSync(join(site, '.cellblock'), { recursive: true });
      }
    } finally {
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
    }
  });
});

describe('PO-17: a budget', () => {
  const policy = (budget: string, more = '') =>
    `${TOOLS}trail: { segment: 16KiB }\nagents:\n  a: { tools: [{ tool: acting, id: act, budget: { ${budget} } }] }\n  b: { tools: [] }\n${more}`;
  const act = (warden: Warden, n = 1, more: object = {}) =>
    warden.request({ agent: 'a', tool_name: 'acting', parameters: { path: 'x', n }, ...more });

  it('of 10 lets 10 of 100 calls at once through, over two wardens, and after a restart none', async () => {
    const site = place.site(policy('calls: 10, per: 1h'));
    const acts: unknown[] = [];
    const capabilities = hostFunctions({ act: ([n]) => acts.push(n) });
    const options = { capabilities, waitingPerAgentMax: 1000 };
    const wardens = [await place.open(site, options), await place.open(site, options)];
    const outcomes = await Promise.all(Array.from({ length: 100 }, (_, n) => act(wardens[n % 2]!, n)));
    expect(outcomes.filter(({ kind }) => kind === 'ok')).toHaveLength(10);
    expect(outcomes.filter(({ error }) => error?.code === 'denied/budget')).toHaveLength(90);
    expect(acts).toHaveLength(10);
    await Promise.all(wardens.map((warden) => warden.close()));
    const restarted = await place.open(site, options);
    expect(await act(restarted)).toMatchObject({
      kind: 'refused',
      error: { code: 'denied/budget', data: { retryAfterMs: expect.any(Number) } },
    });
    await restarted.close();
    await expectWholeTrail(site);
  });

  it('counts what fails, traps and is refused its turn, and not what is denied, asked or named twice', async () => {
    const site = place.site(`${TOOLS}agents: { a: { tools: [{ tool: plain, budget: { calls: 3, per: 1h } }] } }\n`);
    const warden = await place.open(site);
    for (let at = 0; at < 5; at += 1) expect(await take(warden, 'x', { parameters: {} })).toMatchObject({ kind: 'refused' });
    expect(await warden.request({ agent: 'a', tool_name: 'plain.panic', parameters: {} })).toMatchObject({ kind: 'trapped' });
    expect(await take(warden, 'x', { request_id: 'r' })).toMatchObject({ kind: 'ok' });
    for (let at = 0; at < 5; at += 1) expect(await take(warden, 'x', { request_id: 'r' })).toMatchObject({ kind: 'ok' });
    expect(await warden.request({ agent: 'a', tool_name: 'plain.fail', parameters: { text: 'x' } })).toMatchObject({
      kind: 'tool-error',
    });
    expect(await take(warden, 'x')).toMatchObject({ error: { code: 'denied/budget' } });
    await warden.close();
    await expectWholeTrail(site);
  });

  it('of calls at one time counts those in flight, over two wardens, and frees them', async () => {
    const site = place.site(policy('concurrent: 3'));
    let end: () => void = () => undefined;
    const wait = new Promise<void>((resolve) => {
      end = resolve;
    });
    let running = 0;
    let most = 0;
    const capabilities = hostFunctions({
      act: async ([n]) => {
        running += 1;
        most = Math.max(most, running);
        if (n === 1) await wait;
        running -= 1;
        return 1;
      },
    });
    const wardens = [await place.open(site, { capabilities, threads: 4 }), await place.open(site, { capabilities, threads: 4 })];
    const outcomes = Array.from({ length: 40 }, (_, at) => act(wardens[at % 2]!));
    const denied = outcomes.map((outcome) => outcome.then(({ error }) => error?.code === 'denied/budget'));
    let refused = 0;
    await new Promise<void>((resolve) => {
      for (const is of denied)
        void is.then((yes) => {
          refused += yes ? 1 : 0;
          if (refused === 37) resolve();
        });
    });
    expect(await act(wardens[0]!)).toMatchObject({ error: { code: 'denied/budget' } });
    end();
    const all = await Promise.all(outcomes);
    expect(all.filter(({ kind }) => kind === 'ok')).toHaveLength(3);
    expect(most).toBeLessThanOrEqual(3);
    expect(await act(wardens[1]!, 2)).toMatchObject({ kind: 'ok' });
    await Promise.all(wardens.map((warden) => warden.close()));
    await expectWholeTrail(site);
  });

  it('is not got around by sessions, other names, shapes of the clock or an approval', async () => {
    const clock = useClock('2026-05-01T12:00:00Z');
    const site = place.site(policy('calls: 2, per: 1h, by: [agent]'));
    const acts: unknown[] = [];
    const warden = await place.open(site, { capabilities: hostFunctions({ act: ([n]) => acts.push(n) }) });
    expect(await act(warden, 1, { session: 'x' })).toMatchObject({ kind: 'ok' });
    clock.ms += 1_800_000;
    expect(await act(warden, 1, { session: 'y' })).toMatchObject({ kind: 'ok' });
    const denied = { kind: 'refused', error: { code: 'denied/budget' } };
    expect(await act(warden, 1, { session: 'z', tool_name: 'acting.act' })).toMatchObject(denied);
    clock.ms -= 3_600_000; // somebody sets the clock back
    expect(await act(warden)).toMatchObject(denied);
    clock.ms += 3_600_000 + 1_799_999; // one millisecond too early for the first to leave the window
    expect(await act(warden)).toMatchObject(denied);
    clock.ms += 1;
    expect(await act(warden)).toMatchObject({ kind: 'ok' });
    expect(await act(warden)).toMatchObject(denied);
    expect(acts).toHaveLength(3);
    await warden.close();
    await expectWholeTrail(site);
  });

  it('holds by the instants of the trail, also where a decision comes later than the instant of its batch', async () => {
    const start = Date.parse('2026-05-01T12:00:00Z');
    let ms = start;
    vi.spyOn(Date, 'now').mockImplementation(() => {
      // The journal reads the clock once for a batch, and a decision within it is made later: on a busy machine, or after 1,000 others.
      const caller = new Error('who asks').stack?.split('\n').find((line) => line.includes('/host/')) ?? '';
      return caller.includes('/journal.') ? ms : ms + 400;
    });
    const site = place.site(policy('calls: 1, per: 1s'));
    const warden = await place.open(site);
    for (; ms < start + 5000; ms += 100) await act(warden);
    await warden.close();
    const allowed = recordsOf(site).flatMap((record) =>
      record.kind === 'decided' && record.effect === 'allow' ? [record.at] : [],
    );
    expect(allowed.length).toBeGreaterThan(3);
    const gaps = allowed.slice(1).map((at, index) => at - allowed[index]!);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1000);
  });
});

describe('log-only', () => {
  const log = (more: string) => `${TOOLS}mode: log-only\n${more}`;

  it('opens no tool, function, agent or grant that was not given', async () => {
    const site = place.site(
      log('agents: { a: { tools: [{ tool: plain.take, parameters: { path: { equals: ok } } }] }, b: { tools: [acting] } }\n'),
    );
    const warden = await place.open(site);
    const waved = await take(warden, 'other');
    expect(waved).toMatchObject({
      kind: 'ok',
      receipt: { policy: { mode: 'log-only' }, logOnly: [{ effect: 'deny', code: 'denied/parameters' }] },
    });
    expect(recordsOf(site)).toContainEqual(
      expect.objectContaining({
        kind: 'decided',
        audit: waved.receipt.audit,
        logOnly: [expect.objectContaining({ effect: 'deny' })],
      }),
    );
    for (const [agent, tool_name] of [
      ['a', 'plain.spin'],
      ['a', 'acting'],
      ['b', 'plain.take'],
      ['c', 'plain.take'],
      ['a', 'gone'],
      ['a', 'plain.gone'],
    ]) {
      const outcome = await warden.request({ agent: agent!, tool_name: tool_name!, parameters: { path: 'x', n: 1 } });
      expect(outcome).toMatchObject({ kind: 'refused', error: { code: expect.stringMatching(/^denied\//) } });
      expect(kindsOf(site, outcome.receipt.audit)).toEqual(['requested', 'decided']);
    }
    expect(await take(warden, 'x', { parameters: { path: 'x' } })).toMatchObject({
      kind: 'refused',
      error: { code: 'params/invalid' },
    });
    await warden.close();
    await expectWholeTrail(site);
    expect(recordsOf(site)).toContainEqual(
      expect.objectContaining({ kind: 'opened', reduced: expect.arrayContaining(['mode: log-only']) }),
    );
  });

  it('leaves the ceiling in force, of the policy and of a file of its own', async () => {
    const rules = 'rules: [{ id: never, effect: forbid, agents: any, tools: any, parameters: { path: { pattern: "/etc/.*" } } }]';
    const agents = 'agents: { a: { tools: [plain.take] } }\n';
    const inside = place.site(log(`${agents}ceiling: { ${rules} }\n`));
    const apart = place.site(log(agents));
    writeFileSync(join(apart, 'ceiling.yaml'), `version: 1\nceiling: { ${rules} }\n`);
    for (const warden of [await place.open(inside), await place.open(apart, { ceiling: join(apart, 'ceiling.yaml') })]) {
      expect(await take(warden, '/etc/passwd')).toMatchObject({ kind: 'refused', error: { code: 'denied/forbidden' } });
      expect(await take(warden, '/x')).toMatchObject({ kind: 'ok' });
      await warden.close();
    }
  });

  it('leaves limits, pins and a ceiling of budgets and questions in force', async () => {
    const ceiling = `ceiling: { rules: [{ id: few, effect: limit, agents: any, tools: [plain.take], budget: { calls: 2, per: 1h } }, { id: human, effect: ask, agents: any, tools: [acting] }] }`;
    const site = place.site(log(`agents: { a: { tools: [plain, acting] } }\n${ceiling}\n`));
    const acts: unknown[] = [];
    const warden = await place.open(site, { capabilities: hostFunctions({ act: ([n]) => acts.push(n) }) });
    for (let at = 0; at < 2; at += 1) expect(await take(warden, 'x')).toMatchObject({ kind: 'ok' });
    expect(await take(warden, 'x')).toMatchObject({ error: { code: 'denied/budget' } });
    expect(await warden.request({ agent: 'a', tool_name: 'acting', parameters: { path: 'x', n: 1 } })).toMatchObject({
      kind: 'pending',
    });
    expect(await warden.request({ agent: 'a', tool_name: 'plain.spin', parameters: {} })).toMatchObject({ kind: 'limited' });
    expect(acts).toEqual([]);
    await warden.close();
    await expectWholeTrail(site);
  });
});
