import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Outcome, Warden } from 'cellblock';
import { describe, expect, it } from 'vitest';
import { expectWholeTrail, hostFunctions, kindsOf, recordsOf, TOOLS, usePlace } from '../support/wardens.ts';
import { killWardens } from '../torture/wardens.mjs';

/* Processes that die, and several that share a trail, by the ids of the list of threats. */

const place = usePlace();
const CHILD = fileURLToPath(new URL('../support/warden-child.mjs', import.meta.url));

interface ChildOptions {
  readonly requests: readonly object[];
  readonly killAt?: number;
  readonly times?: number;
  readonly hold?: boolean;
}

interface Ended {
  readonly outcomes: readonly Outcome[];
  readonly points: number | undefined;
  readonly signal: NodeJS.Signals | null;
}

/** A warden in a process of its own. `said` resolves when it has said all; `ended` when it is gone. */
function start(site: string, options: ChildOptions): { child: ChildProcess; said: Promise<void>; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [CHILD, JSON.stringify({ site, cacheDirectory: place.cacheDirectory, ...options })], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines: (Outcome & { points?: number })[] = [];
  let tell: () => void = () => undefined;
  const said = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const reader = createInterface(child.stdout!);
  reader.on('line', (line) => {
    lines.push(JSON.parse(line) as Outcome);
    if (lines.at(-1)?.points !== undefined) tell();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (_code, signal) => {
      tell();
      const points = lines.find((line) => line.points !== undefined)?.points;
      resolve({ outcomes: lines.filter((line) => line.points === undefined), points, signal });
    });
  });
  return { child, said, ended };
}

const run = (site: string, options: ChildOptions) => start(site, options).ended;

const effectsOf = (site: string) =>
  existsSync(join(site, 'effects')) ? readFileSync(join(site, 'effects'), 'utf8').split('\n').slice(0, -1) : [];

const REQUEST = { agent: 'a', tool_name: 'acting', parameters: { path: 'x', n: 7 }, request_id: 'once' };

describe('AU-02: killed between decision, intent, effect and outcome', () => {
  const plain = `${TOOLS}agents: { a: { tools: [{ tool: acting, id: act, budget: { calls: 2, per: 1h, concurrent: 1 } }] } }\n`;
  const asked = `${TOOLS}agents: { a: { tools: [{ tool: acting, ask: { expires: 1h } }] } }\n`;

  /** A site in which the request may run at once; the id of its approval where it needs one. */
  async function prepared(policy: string): Promise<{ site: string; request: typeof REQUEST & { approval?: string } }> {
    const site = place.site(policy);
    if (policy === plain) return { site, request: REQUEST };
    const warden = await place.open(site);
    const { approval } = await warden.request(REQUEST);
    await warden.approvals.approve(approval!.id, { by: 'ann' });
    await warden.close();
    return { site, request: { ...REQUEST, approval: approval!.id } };
  }

  async function reopened(site: string): Promise<{ warden: Warden; acts: unknown[] }> {
    const acts: unknown[] = [];
    const warden = await place.open(site, { capabilities: hostFunctions({ act: ([n]) => acts.push(n) }) });
    return { warden, acts };
  }

  async function dieAt(policy: string, killAt: number): Promise<void> {
    const { site, request } = await prepared(policy);
    const { outcomes, signal } = await run(site, { requests: [request], killAt });
    expect(signal).toBe('SIGKILL');
    const effects = effectsOf(site);
    expect(effects.length).toBeLessThanOrEqual(1);
    const before = recordsOf(site);
    const intent = before.find(({ kind }) => kind === 'intent');
    if (effects.length > 0) expect(intent).toBeDefined();
    if (outcomes.length > 0) expect(before.some(({ kind }) => kind === 'outcome')).toBe(true);

    const { warden, acts } = await reopened(site);
    const again = await warden.request(request);
    if (intent === undefined) {
      expect(again).toMatchObject({ kind: 'ok' }); // nobody ran it, so it may run now
      expect(acts).toHaveLength(1);
    } else {
      expect(acts).toEqual([]);
      expect(again).toMatchObject({ kind: 'failed' });
      expect(again.error?.code).toMatch(/^failed\/(interrupted|result-not-kept)$/);
      const kinds = kindsOf(site, String(intent.audit));
      expect(kinds.filter((kind) => kind === 'intent' || kind === 'outcome')).toEqual(['intent', 'outcome']);
      if (policy === asked) {
        const anew = await warden.request({ ...request, request_id: 'other' } as never);
        expect(anew).toMatchObject({ kind: 'refused', error: { code: 'denied/approval-used' } });
      }
    }
    if (policy === plain) {
      const other = await warden.request({ ...request, request_id: 'other' });
      expect(other).toMatchObject({ kind: 'ok' }); // the slot of the dead call is free
      const third = await warden.request({ ...request, request_id: 'third' });
      expect(third).toMatchObject({ error: { code: 'denied/budget' } }); // and it still counts
    }
    await warden.close();
    await expectWholeTrail(site);
  }

  it.each([
    ['a call', plain],
    ['an approved call', asked],
  ])(
    '%s: the intent comes first, the effect once, the outcome always',
    async (_what, policy) => {
      const { site, request } = await prepared(policy);
      const whole = await run(site, { requests: [request] });
      expect(whole.outcomes).toMatchObject([{ kind: 'ok', value: 7 }]);
      expect(effectsOf(site)).toEqual(['7']);
      const points = whole.points!;
      expect(points).toBeGreaterThanOrEqual(10);
      // The approved call writes in the same places: every second point of it is enough.
      const all = Array.from({ length: points }, (_, at) => at + 1).filter((at) => policy === plain || at % 2 === 1);
      const next = async (): Promise<void> => {
        for (let at = all.shift(); at !== undefined; at = all.shift()) await dieAt(policy, at);
      };
      await Promise.all([next(), next(), next()]);
    },
    60_000,
  );
});

describe('AP-07: killed with five questions open', () => {
  it('they are all there, answered or not; none ran, none is lost', async () => {
    const site = place.site(`${TOOLS}agents: { a: { tools: [{ tool: acting, ask: { expires: 1h } }] } }\n`);
    const requests = [1, 2, 3, 4, 5].map((n) => ({ ...REQUEST, request_id: `r${n}`, parameters: { path: 'x', n } }));
    const { child, said, ended } = start(site, { requests, hold: true });
    await said;
    child.kill('SIGKILL');
    const { outcomes, signal } = await ended;
    expect(signal).toBe('SIGKILL');
    expect(outcomes.map(({ kind }) => kind)).toEqual(Array(5).fill('pending'));
    expect(effectsOf(site)).toEqual([]);

    const acts: unknown[] = [];
    const warden = await place.open(site, { capabilities: hostFunctions({ act: ([n]) => acts.push(n) }) });
    const open = await warden.approvals.list();
    expect(open.map(({ asked }) => asked.approval)).toEqual(outcomes.map(({ approval }) => approval?.id));
    expect(open.map(({ asked }) => asked.parameters)).toEqual(requests.map(({ parameters }) => parameters));
    expect(acts).toEqual([]);
    expect((await warden.request(requests[0] as never)).approval?.id).toBe(open[0]!.asked.approval); // not asked a second time
    await warden.approvals.approve(open[0]!.asked.approval, { by: 'ann', digest: open[0]!.asked.digest });
    await warden.approvals.deny(open[1]!.asked.approval, { by: 'ann' });
    expect(await warden.request(requests[0] as never)).toMatchObject({ kind: 'ok', value: 1 });
    const denied = await warden.request({ ...requests[1], approval: open[1]!.asked.approval } as never);
    expect(denied).toMatchObject({ error: { code: 'denied/approval-denied' } });
    expect(acts).toEqual([1]);
    await warden.close();
    await expectWholeTrail(site);
  });
});

describe('two processes that share a trail', () => {
  it('PO-17: a budget of 10 lets 10 of 100 through', async () => {
    const site = place.site(`${TOOLS}agents: { a: { tools: [{ tool: acting, id: act, budget: { calls: 10, per: 1h } }] } }\n`);
    const { request_id: _id, ...request } = REQUEST;
    const both = await Promise.all([
      run(site, { requests: [request], times: 50 }),
      run(site, { requests: [request], times: 50 }),
    ]);
    const outcomes = both.flatMap((one) => one.outcomes);
    expect(outcomes.filter(({ kind }) => kind === 'ok')).toHaveLength(10);
    expect(outcomes.filter(({ error }) => error?.code === 'denied/budget')).toHaveLength(90);
    expect(effectsOf(site)).toHaveLength(10);
    await expectWholeTrail(site);
  });

  it('AP-03: an approval is used once', async () => {
    const site = place.site(`${TOOLS}agents: { a: { tools: [{ tool: acting, ask: { expires: 1h } }] } }\n`);
    const { request_id: _id, ...request } = REQUEST;
    const warden = await place.open(site);
    const approval = (await warden.request(request)).approval!.id;
    await warden.approvals.approve(approval, { by: 'ann' });
    const options = { requests: [{ ...request, approval }], times: 25 };
    const both = await Promise.all([run(site, options), run(site, options)]);
    const outcomes = both.flatMap((one) => one.outcomes);
    expect(outcomes.filter(({ kind }) => kind === 'ok')).toHaveLength(1);
    expect(outcomes.filter(({ error }) => error?.code === 'denied/approval-used')).toHaveLength(49);
    expect(effectsOf(site)).toEqual(['7']);
    await warden.close();
    await expectWholeTrail(site);
  });

  it('a `request_id` runs once', async () => {
    const site = place.site(`${TOOLS}trail: { results: keep }\nagents: { a: { tools: [acting] } }\n`);
    const both = await Promise.all([
      run(site, { requests: [REQUEST], times: 50 }),
      run(site, { requests: [REQUEST], times: 50 }),
    ]);
    const outcomes = both.flatMap((one) => one.outcomes);
    expect(outcomes).toHaveLength(100);
    for (const { kind, error } of outcomes) if (kind !== 'ok') expect(error?.code).toBe('busy/overloaded');
    expect(outcomes.filter(({ kind }) => kind === 'ok').length).toBeGreaterThanOrEqual(50);
    expect(effectsOf(site)).toEqual(['7']);
    expect(recordsOf(site).filter(({ kind }) => kind === 'intent')).toHaveLength(1);
    await expectWholeTrail(site);
  });

  it("a call of a process that lives is nobody else's to end, also where a warden beside it closes; of one that died it is", async () => {
    const site = place.site(`${TOOLS}agents: { a: { tools: [acting, plain.spin] } }\n`);
    let end: () => void = () => undefined;
    const wait = new Promise<void>((resolve) => {
      end = resolve;
    });
    let began: () => void = () => undefined;
    const running = new Promise<void>((resolve) => {
      began = resolve;
    });
    const act = async () => {
      began();
      await wait;
      return 3;
    };
    const one = await place.open(site, { capabilities: hostFunctions({ act }) });
    const beside = await place.open(site);
    const outcome = one.request(REQUEST);
    await running;
    await beside.close();
    const { outcomes } = await run(site, { requests: [{ ...REQUEST, request_id: 'other' }, REQUEST] }); // opens, acts, closes
    expect(outcomes).toMatchObject([{ kind: 'ok' }, { kind: 'failed', error: { code: 'busy/overloaded' } }]);
    expect(effectsOf(site)).toEqual(['7']);
    end();
    expect(await outcome).toMatchObject({ kind: 'ok', value: 3 });
    await one.close();
    await expectWholeTrail(site);
  });
});

describe('wardens that share a trail and are killed at random moments', () => {
  it('run nothing twice and lose no answer (more of it: `npm run torture -- wardens`)', async () => {
    const { answered, effects } = await killWardens({ kills: 20, answersMin: 21 });
    expect(answered).toBeGreaterThan(20);
    expect(effects).toBeGreaterThan(0);
  }, 90_000);
});
