import type { Outcome, Warden } from 'cellblock';
import { describe, expect, it } from 'vitest';
import { expectWholeTrail, hostFunctions, kindsOf, recordsOf, TOOLS, usePlace } from '../support/wardens.ts';

/* Threats by what an agent files, by the ids of the list of threats. */

const place = usePlace();
const AGENTS = 'agents:\n  a: { tools: [plain, acting] }\n  b: { tools: [plain] }\n';

const ask = (warden: Warden, tool_name: string, parameters: unknown, more: object = {}) =>
  warden.request({ agent: 'a', tool_name, parameters, ...more });

/** No prototype was changed by whatever came. */
function expectNoPollution(): void {
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  expect(([] as { polluted?: unknown }).polluted).toBeUndefined();
  expect(Object.keys(Object.prototype)).toEqual([]);
}

describe('a name', () => {
  const NAMES = [
    ...[
      'unknown',
      'Plain.take',
      'plain .take',
      'plain. take',
      'plain.take ',
      'plain.take\n',
      'pl\u0430in.take',
      'plain\uff0etake',
    ],
    ...['', '.', 'plain.', '.take', 'plain..take', 'plain.take.', 'plain.take\0', 'plain\0.take', '*', 'plain.*', 'plain/take'],
    ...['__proto__', 'constructor', '__proto__.take', 'plain.__proto__', 'plain.constructor', 'plain.toString', 'toString.call'],
    ...['plain.TAKE', 'plain.\uff54ake', 'plain.take\u200b', 'any', 'plain#take', 'x'.repeat(256)],
  ];

  it('PO-01: that no tool has exactly is denied, and leaves a request and its denial', async () => {
    const site = place.site(TOOLS + AGENTS);
    const warden = await place.open(site);
    for (const name of NAMES) {
      const outcome = await ask(warden, name, { path: 'x', n: 1 });
      expect(outcome, JSON.stringify(name)).toMatchObject({ kind: 'refused', receipt: { fuel: '0' } });
      expect(outcome.error?.code).toMatch(/^denied\/(no-policy-for-tool|function-not-listed)$/);
      expect(kindsOf(site, outcome.receipt.audit)).toEqual(['requested', 'decided']);
    }
    await warden.close();
    await expectWholeTrail(site);
  });

  it('PO-01: that no agent has exactly is denied', async () => {
    const site = place.site(TOOLS + AGENTS);
    const warden = await place.open(site);
    const text = '{"agent":"a","tool_name":"plain.take","parameters":{"path":"x","n":1}}';
    for (const agent of ['A', 'a ', ' a', 'a\n', '\u0430', '__proto__', 'constructor', 'hasOwnProperty', '', 'any', '*']) {
      const outcome = await warden.request({ agent, tool_name: 'plain.take', parameters: { path: 'x', n: 1 } });
      expect(outcome, JSON.stringify(agent)).toMatchObject({ kind: 'refused', error: { code: 'denied/no-policy-for-agent' } });
      expect(await warden.requestJson(text, { agent })).toMatchObject({ kind: 'refused', error: { code: 'params/invalid' } });
    }
    await warden.close();
    await expectWholeTrail(site);
  });
});

describe('parameters', () => {
  const leaf = '{"name":"x","n":1}';
  const POLLUTING = [
    `{"tree":{"left":${leaf},"size":1},"__proto__":{"polluted":1}}`,
    `{"tree":{"left":${leaf},"size":1,"__proto__":{"polluted":1}}}`,
    '{"tree":{"left":{"name":"x","n":1,"__proto__":{"polluted":1}},"size":1}}',
    `{"tree":{"left":${leaf},"size":1,"constructor":{"prototype":{"polluted":1}}}}`,
    '{"tree":{"left":{"name":"x","n":1,"constructor":{"prototype":{"polluted":1}}},"size":1}}',
    '{"tree":{"left":{"__proto__":{"name":"x","n":1}},"size":1}}',
    `{"__proto__":{"tree":{"left":${leaf},"size":1}}}`,
  ];

  it('PO-02: never reach a prototype, however they come', async () => {
    const site = place.site(TOOLS + AGENTS);
    const warden = await place.open(site);
    for (const text of POLLUTING) {
      const outcomes = [
        await ask(warden, 'plain.deep', JSON.parse(text)),
        await warden.request({ agent: 'a', tool_name: 'plain.deep', parametersJson: text }),
        await warden.requestJson(`{"agent":"a","tool_name":"plain.deep","parameters":${text}}`),
      ];
      for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: 'refused', error: { code: 'params/invalid' } });
      expectNoPollution();
    }
    for (const field of ['"__proto__":{"agent":"a"}', '"constructor":{"prototype":{"polluted":1}}']) {
      const text = `{"tool_name":"plain.deep","parameters":{},${field}}`;
      expect(await warden.requestJson(text, { agent: 'a' })).toMatchObject({
        kind: 'refused',
        error: { code: 'params/invalid' },
      });
      expect(await warden.request(JSON.parse(text))).toMatchObject({ kind: 'refused' });
    }
    const names = { session: '__proto__', request_id: '__proto__', justification: '__proto__', source: 'constructor' };
    const good = JSON.parse(`{"tree":{"left":${leaf},"size":5}}`);
    expect(await ask(warden, 'plain.deep', good, names)).toMatchObject({ kind: 'ok', value: 5 });
    expectNoPollution();
    await warden.close();
    await expectWholeTrail(site);
    const reopened = await place.open(site); // its state is folded from those names
    expect(await ask(reopened, 'plain.deep', good, names)).toMatchObject({ error: { code: 'failed/result-not-kept' } });
    await reopened.close();
    expectNoPollution();
  });

  it('PO-06: of another type are refused, and nothing is made of them', async () => {
    const policy = `${TOOLS}agents: { a: { tools: [{ tool: plain.take, parameters: { path: { equals: /ok } } }] } }`;
    const warden = await place.open(place.site(policy));
    const invalid = { kind: 'refused', error: { code: 'params/invalid' } };
    expect(await ask(warden, 'plain.take', { path: '/ok', n: 1 })).toMatchObject({ kind: 'ok' });
    const paths = [['/ok'], [['/ok']], { toString: () => '/ok' }, null, true, 7, 7n, Symbol.iterator, undefined, () => '/ok'];
    for (const path of [...paths, Object('/ok') as unknown]) {
      expect(await ask(warden, 'plain.take', { path, n: 1 })).toMatchObject(invalid);
    }
    for (const n of ['1x', true, [1], 1.5, -1, 2 ** 32, null, Number.NaN, 10n ** 30n]) {
      expect(await ask(warden, 'plain.take', { path: '/ok', n }), String(n)).toMatchObject(invalid);
    }
    await warden.close();
  });

  it('PO-07: a pattern that other engines take for ever on costs nothing', async () => {
    const policy = (pattern: string) =>
      `${TOOLS}agents: { a: { tools: [{ tool: plain.take, parameters: { path: { pattern: '${pattern}' } } }] } }`;
    const warden = await place.open(place.site(policy('^(a+)+$')));
    expect(await ask(warden, 'plain.take', { path: 'aaa', n: 1 })).toMatchObject({ kind: 'ok' });
    const began = performance.now();
    expect(await ask(warden, 'plain.take', { path: `${'a'.repeat(40)}!`, n: 1 })).toMatchObject({
      kind: 'refused',
      error: { code: 'denied/parameters', data: { path: 'path' } },
    });
    expect(performance.now() - began).toBeLessThan(1000); // a backtracking engine takes hours
    expect(await ask(warden, 'plain.take', { path: 'aaa\n', n: 1 })).toMatchObject({ kind: 'refused' });
    await warden.close();
    for (const pattern of ['(a)\\1', '(?=a)a', '(?<!b)a']) {
      await expect(place.open(place.site(policy(pattern)))).rejects.toMatchObject({ code: 'policy/invalid-document' });
    }
  });
});

describe('an object that lies', () => {
  it('is copied once, without running its code', async () => {
    const site = place.site(TOOLS + AGENTS);
    const acts: unknown[] = [];
    const warden = await place.open(site, { capabilities: hostFunctions({ act: ([n]) => acts.push(n) }) });
    let ran = 0;
    const getter = {
      agent: 'a',
      tool_name: 'acting',
      parameters: {
        path: 'x',
        get n() {
          ran += 1;
          return ran;
        },
      },
    };
    const proxy = new Proxy(
      { agent: 'a', tool_name: 'acting', parameters: { path: 'x', n: 1 } },
      {
        get(target, name) {
          ran += 1;
          return Reflect.get(target, name);
        },
        ownKeys(target) {
          ran += 1;
          return Reflect.ownKeys(target);
        },
        getOwnPropertyDescriptor(target, name) {
          ran += 1;
          return Reflect.getOwnPropertyDescriptor(target, name);
        },
      },
    );
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const inherited = Object.create({ agent: 'a', tool_name: 'acting', parameters: { path: 'x', n: 1 } });
    const toJson = { agent: 'a', tool_name: 'acting', parameters: { toJSON: () => ({ path: 'x', n: 1 }) } };
    for (const request of [getter, proxy, revoked.proxy, inherited, toJson, { ...getter, agent: proxy }]) {
      expect(await warden.request(request as never)).toMatchObject({ kind: 'refused', error: { code: 'params/invalid' } });
    }
    expect(ran).toBe(0);
    expect(acts).toEqual([]);
    await warden.close();
    await expectWholeTrail(site);
  });

  it('AP-01: and changes later, changes nothing', async () => {
    const site = place.site(`${TOOLS}agents: { a: { tools: [{ tool: acting, ask: { expires: 5m } }] } }`);
    const acts: unknown[] = [];
    const warden = await place.open(site, { capabilities: hostFunctions({ act: ([n]) => acts.push(n) }) });
    const request = { agent: 'a', tool_name: 'acting', parameters: { path: 'a', n: 1 } };
    const outcome = warden.request(request, { waitMs: 20_000 });
    request.parameters.n = 2;
    request.parameters = { path: 'b', n: 3 };
    request.agent = 'b';
    const id = await pendingId(warden);
    expect((await warden.approvals.show(id)).asked.parameters).toEqual({ path: 'a', n: 1 });
    await warden.approvals.approve(id, { by: 'ann' });
    expect(await outcome).toMatchObject({ kind: 'ok' });
    expect(acts).toEqual([1]);
    await warden.close();
    await expectWholeTrail(site);
  });
});

async function pendingId(warden: Warden): Promise<string> {
  for (;;) {
    const [first] = await warden.approvals.list();
    if (first !== undefined) return first.asked.approval;
    await new Promise(setImmediate);
  }
}

describe('a `request_id`', () => {
  const same = { request_id: 'once', session: 's', justification: 'why' };

  it('runs once however often it comes at once, and everybody gets the outcome', async () => {
    const site = place.site(TOOLS + AGENTS);
    let acts = 0;
    const capabilities = hostFunctions({
      act: async ([n]) => {
        acts += 1;
        await new Promise(setImmediate);
        return Number(n);
      },
    });
    const warden = await place.open(site, { capabilities });
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => ask(warden, 'acting', { path: 'x', n: 9 }, same)));
    expect(acts).toBe(1);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: 'ok', value: 9 });
    expect(new Set(outcomes.map((outcome) => outcome.receipt.audit)).size).toBe(1);
    for (const more of [{ session: 't' }, { justification: 'other' }, { source: 'x' }, { session: undefined }]) {
      const outcome = await ask(warden, 'acting', { path: 'x', n: 9 }, { ...same, ...more });
      expect(outcome).toMatchObject({ kind: 'refused', error: { code: 'params/request-id-conflict' } });
    }
    const conflicts = await Promise.all(
      [
        { path: 'x', n: 8 },
        { path: 'y', n: 9 },
      ].map((params) => ask(warden, 'acting', params, same)),
    );
    for (const outcome of conflicts)
      expect(outcome).toMatchObject({ kind: 'refused', error: { code: 'params/request-id-conflict' } });
    expect(await ask(warden, 'plain.take', { path: 'x', n: 9 }, same)).toMatchObject({
      error: { code: 'params/request-id-conflict' },
    });
    const other = await warden.request({ agent: 'b', tool_name: 'plain.take', parameters: { path: 'x', n: 1 }, ...same });
    expect(other).toMatchObject({ kind: 'ok', value: 1 }); // ids are each agent's own
    await warden.close();

    const restarted = await place.open(site, { capabilities });
    expect(await ask(restarted, 'acting', { path: 'x', n: 9 }, same)).toMatchObject({
      kind: 'failed',
      error: { code: 'failed/result-not-kept' },
    });
    expect(await ask(restarted, 'acting', { path: 'x', n: 8 }, same)).toMatchObject({
      error: { code: 'params/request-id-conflict' },
    });
    expect(acts).toBe(1);
    await restarted.close();
    await expectWholeTrail(site);
  });

  it('of two different requests at once: one runs, the other is a conflict', async () => {
    const site = place.site(TOOLS + AGENTS);
    const acts: unknown[] = [];
    const warden = await place.open(site, { capabilities: hostFunctions({ act: ([n]) => acts.push(n) }) });
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, n) => ask(warden, 'acting', { path: 'x', n }, { request_id: 'r' })),
    );
    expect(outcomes.filter(({ kind }) => kind === 'ok')).toHaveLength(1);
    expect(outcomes.filter(({ error }) => error?.code === 'params/request-id-conflict')).toHaveLength(19);
    expect(acts).toHaveLength(1);
    await warden.close();
  });

  it('of a call that runs in another warden is not run, and its outcome can be had later', async () => {
    const site = place.site(`${TOOLS}trail: { results: keep }\n${AGENTS}`);
    let acts = 0;
    let end: () => void = () => undefined;
    const wait = new Promise<void>((resolve) => {
      end = resolve;
    });
    let began: () => void = () => undefined;
    const running = new Promise<void>((resolve) => {
      began = resolve;
    });
    const act = async () => {
      acts += 1;
      began();
      await wait;
      return 5;
    };
    const one = await place.open(site, { capabilities: hostFunctions({ act }) });
    const two = await place.open(site, { capabilities: hostFunctions({ act }) });
    const first = ask(one, 'acting', { path: 'x', n: 1 }, same);
    await running;
    expect(await ask(two, 'acting', { path: 'x', n: 1 }, same)).toMatchObject({
      kind: 'failed',
      error: { code: 'busy/overloaded' },
    });
    expect(await ask(two, 'acting', { path: 'x', n: 2 }, same)).toMatchObject({ error: { code: 'params/request-id-conflict' } });
    end();
    expect(await first).toMatchObject({ kind: 'ok', value: 5 });
    expect(await ask(two, 'acting', { path: 'x', n: 1 }, same)).toMatchObject({ kind: 'ok', value: 5 });
    expect(acts).toBe(1);
    await Promise.all([one.close(), two.close()]);
    await expectWholeTrail(site);
  });

  it('whose result was redacted in the trail is not answered with something else after a restart', async () => {
    const site = place.site(`${TOOLS}trail: { results: keep }\n${AGENTS}`);
    const text = 'ghp_abcdefghijklmnopqrstuvwxyz0123456789';
    const one = await place.open(site);
    expect(await ask(one, 'plain.echo', { text }, same)).toMatchObject({ kind: 'ok', value: text });
    await one.close();
    const two = await place.open(site);
    const again = await ask(two, 'plain.echo', { text }, same);
    expect(again).toMatchObject({ kind: 'failed', error: { code: 'failed/result-not-kept' } });
    await two.close();
  });

  it('of a call that runs is not forgotten while 300 others come and go', async () => {
    const site = place.site(TOOLS + AGENTS);
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
      return 5;
    };
    const warden = await place.open(site, { capabilities: hostFunctions({ act }) });
    const first = ask(warden, 'acting', { path: 'x', n: 1 }, same);
    await running;
    for (let at = 0; at < 300; at += 50) {
      await Promise.all(
        Array.from({ length: 50 }, (_, n) => ask(warden, 'plain.take', { path: 'x', n }, { request_id: `${at + n}` })),
      );
    }
    const again: Promise<Outcome> = ask(warden, 'acting', { path: 'x', n: 1 }, same);
    await ask(warden, 'plain.take', { path: 'x', n: 1 }); // so that the one before was judged while the first call runs
    end();
    expect(await first).toMatchObject({ kind: 'ok', value: 5 });
    expect(await again).toMatchObject({ kind: 'ok', value: 5 });
    await warden.close();
    expect(recordsOf(site).filter(({ kind }) => kind === 'intent')).toHaveLength(302);
  });
});
