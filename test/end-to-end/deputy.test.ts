import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CallProgress, Outcome, ToolRequest, Warden } from 'cellblock';
import { beforeAll, describe, expect, it } from 'vitest';
import { weatherCapability } from '../fixtures/own-capability/weather.mjs';
import { deputyTool, reportingTool } from '../support/deputy-guests.ts';
import { guest } from '../support/guests.ts';
import { expectWholeTrail, hostFunctions, kindsOf, recordsOf, usePlace } from '../support/wardens.ts';

/* Tools that call tools through a warden: nobody gets more than all in the chain have, and the trail shows the chain. */

const WALLS = ['thread', 'process'] as const;

const WEATHER = `(module
  (import "acme:weather/forecast@1.0.0" "degrees" (func $degrees (param i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.mul (memory.grow (i32.const 1)) (i32.const 65536)))
  (func (export "ask") (param i32 i32) (result i32)
    (call $degrees (local.get 0) (local.get 1) (i32.const 1024))
    (i32.const 1024)))`;

const place = usePlace();
const guests = new Map<string, Uint8Array>();

beforeAll(async () => {
  const wit = readFileSync(new URL('../fixtures/own-capability/weather.wit', import.meta.url), 'utf8');
  guests.set('weather.wasm', await guest(WEATHER, wit));
  guests.set('deputy.wasm', await deputyTool());
  guests.set('reporting.wasm', await reportingTool());
});

const ALL = '[relay, justified, hard, many, deaf]';

interface Setting {
  /** Lines of the policy's `tools`, beside `plain`, `acting` and `weather`. */
  readonly tools?: readonly string[];
  readonly weather?: string;
  readonly agent?: string;
  readonly more?: string;
  readonly isolation?: (typeof WALLS)[number];
  readonly act?: Parameters<typeof hostFunctions>[0]['act'];
}

/** A tool that calls others. */
function deputy(name: string, call: string, { grants = '', depth = 4, limits = '{}' } = {}): string {
  const all = `[{ tools: { call: ${call}, depth: ${depth} } }${grants === '' ? '' : `, ${grants}`}]`;
  return `${name}: { component: deputy.wasm, functions: ${ALL}, grants: ${all}, limits: ${limits} }`;
}

function siteOf({ tools = [], weather = '[Bremen, Ulm]', agent, more = '', isolation = 'thread' }: Setting): string {
  const lines = [
    'plain: { component: plain.wasm, functions: [take, work, echo, fail, spin, panic], limits: { fuel: 100000000 } }',
    'acting: { component: acting.wasm, functions: [act], grants: [effect] }',
    `weather: { component: weather.wasm, functions: [ask], grants: [{ weather: { cities: ${weather} } }] }`,
    ...tools,
  ].map((line) => `  ${line.replace(/ \}$/, `, isolation: ${isolation} }`)}`);
  const names = lines.map((line) => line.trim().split(':')[0]);
  const site = place.site(`version: 1
tools:
${lines.join('\n')}
agents:
  one: { tools: ${agent ?? `[${names.join(', ')}]`} }
  root: { tools: [${names.join(', ')}] }
${more}`);
  for (const [name, bytes] of guests) writeFileSync(join(site, name), bytes);
  return site;
}

async function open(setting: Setting): Promise<{ warden: Warden; site: string; isolation: string }> {
  const site = siteOf(setting);
  const { isolation = 'thread', act } = setting;
  const capabilities = [
    ...hostFunctions({ ...(act === undefined ? {} : { act }), ask: () => 0 }),
    weatherCapability((city) => city.length),
  ];
  return { warden: await place.open(site, { isolation, capabilities }), site, isolation };
}

const file = (warden: Warden, tool_name: string, parameters: object, more: Partial<ToolRequest> = {}): Promise<Outcome> =>
  warden.request({ agent: 'one', tool_name, parameters, ...more } as ToolRequest);

/** Parameters of a call that calls the next one, and so on; the last one has parameters of its own. */
function through(tools: readonly string[], parameters: object): { tool: string; parameters: string } {
  const [tool = '', ...rest] = tools;
  return { tool, parameters: JSON.stringify(rest.length === 0 ? parameters : through(rest, parameters)) };
}

/** What the last tool of a chain answered, out of the JSON of JSON that the first one did. */
function innermost(value: unknown): unknown {
  return typeof value === 'string' && /^[["{\d]/.test(value) ? innermost(JSON.parse(value)) : value;
}

const chainIn = (site: string) =>
  recordsOf(site)
    .filter(({ kind }) => kind === 'requested')
    .map(({ audit, agent, tool, function: name, chain = [] }) => ({ audit, agent, tool, name, chain }));

/** Calls that have begun and not ended, by the trail. */
const openIn = (site: string): number => {
  const kinds = recordsOf(site).map(({ kind }) => kind);
  return kinds.filter((kind) => kind === 'intent').length - kinds.filter((kind) => kind === 'outcome').length;
};

describe.each(WALLS)('a tool that calls another, behind the wall `%s`', (isolation) => {
  it('PO-19: gets what both have, and the trail shows the chain', async () => {
    const { warden, site } = await open({
      isolation,
      tools: [deputy('poor', '[weather]'), deputy('narrow', '[weather]', { grants: '{ weather: { cities: [Ulm, Paris] } }' })],
    });
    expect(await file(warden, 'weather.ask', { city: 'Bremen' })).toMatchObject({ kind: 'ok', value: 6 });
    const none = await file(warden, 'poor.relay', through(['weather'], { city: 'Bremen' }));
    expect(none).toMatchObject({ kind: 'tool-error', value: { outcome: 'refused' } });
    const inner = chainIn(site).at(-1);
    expect(inner).toMatchObject({ agent: 'one', chain: [none.receipt.audit] });
    expect(none.receipt.uses).toMatchObject([{ capability: 'tools', act: 'call weather', data: { audit: inner!.audit } }]);
    expect(await file(warden, 'narrow.relay', through(['weather'], { city: 'Ulm' }))).toMatchObject({ kind: 'ok', value: '3' });
    for (const city of ['Bremen', 'Paris', 'Rome']) {
      expect(await file(warden, 'narrow.relay', through(['weather'], { city }))).toMatchObject({
        kind: 'tool-error',
        value: { outcome: 'tool-error', value: expect.stringMatching(/^"denied: `cities`/) },
      });
    }
    await expectWholeTrail(site);
  });

  it('RE-02: the budget of the first is what is left for all; a slow host function ends in time', async () => {
    let aborted = 0;
    const { warden, site } = await open({
      isolation,
      tools: [
        deputy('a', '[b, acting]', { grants: 'effect', limits: '{ timeout: 1s }' }),
        deputy('b', '[acting]', { grants: 'effect', limits: '{ timeout: 30s }' }),
      ],
      act: ([n], { signal }) =>
        n === 0
          ? 0
          : new Promise((resolve) => {
              const timer = setTimeout(resolve, 20_000, 1);
              signal.addEventListener('abort', () => {
                aborted += 1;
                clearTimeout(timer);
                resolve(0);
              });
            }),
    });
    const chain = (n: number) => file(warden, 'a.relay', through(['b.relay', 'acting'], { path: '', n }));
    // Runners are up and components are ready before the clock matters.
    await expect.poll(async () => (await chain(0)).kind, { timeout: 20_000 }).toBe('ok');
    // What else the machine does can only make it later: one good time of a few shows what the warden needs.
    const times: number[] = [];
    do {
      const start = performance.now();
      expect(await chain(1)).toMatchObject({ kind: 'limited', error: { code: 'limit/deadline' } });
      times.push(performance.now() - start);
      expect(aborted).toBe(times.length);
    } while (times.at(-1)! >= 1250 && times.length < 5);
    expect(Math.min(...times)).toBeGreaterThan(900);
    expect(Math.min(...times)).toBeLessThan(1250);
    await expect.poll(() => openIn(site)).toBe(0);
    const ends = recordsOf(site)
      .filter(({ kind }) => kind === 'outcome')
      .slice(-3);
    for (const { code } of ends) expect(code).toMatch(/^(limit\/deadline|cancelled\/by-caller)$/);
    await expectWholeTrail(site);
  });

  it('RE-02: fuel goes down, and what was used is charged up', async () => {
    const { warden, site } = await open({
      isolation,
      tools: [deputy('a', '[b, plain]', { limits: '{ fuel: 2000000 }' }), deputy('b', '[plain]')],
    });
    const cheap = await file(warden, 'a.relay', through(['b.relay', 'plain.work'], { turns: 1 }));
    const dear = await file(warden, 'a.relay', through(['b.relay', 'plain.work'], { turns: 100_000 }));
    expect([cheap.kind, dear.kind]).toEqual(['ok', 'ok']);
    expect(innermost(dear.value)).toBe(7);
    const spent = BigInt(dear.receipt.fuel) - BigInt(cheap.receipt.fuel);
    expect(spent).toBeGreaterThanOrEqual(99_999n);
    const outcomes = recordsOf(site)
      .filter(({ kind }) => kind === 'outcome')
      .slice(-3);
    const fuels = outcomes.map(({ fuel }) => BigInt(String(fuel)));
    expect(fuels[0]! < fuels[1]! && fuels[1]! < fuels[2]!).toBe(true); // the innermost ends first
    const tooDear = await file(warden, 'a.relay', through(['b.relay', 'plain.work'], { turns: 50_000_000 }));
    expect(tooDear).toMatchObject({ kind: 'limited', error: { code: 'limit/fuel' } });
    expect(BigInt(tooDear.receipt.fuel)).toBeLessThanOrEqual(2_000_000n);
    await expectWholeTrail(site);
  });

  it('waits for no worker and no turn that a caller holds: many chains, crossing each other', async () => {
    const { warden, site } = await open({
      isolation,
      tools: [
        deputy('a', '[b, c, d, plain]'),
        deputy('b', '[a, c, d, plain]'),
        deputy('c', '[a, d, plain]'),
        deputy('d', '[plain]'),
      ],
    });
    const chains = [['a', 'b', 'c', 'd'], ['b', 'a'], ['c', 'a', 'b', 'd'], ['b', 'c', 'a', 'd'], ['d']];
    const go = ([first = '', ...rest]: readonly string[]) =>
      file(warden, `${first}.relay`, through([...rest.map((name) => `${name}.relay`), 'plain.work'], { turns: 1 }));
    for (const chain of chains) await go(chain); // components are ready
    const outcomes = await Promise.all([...chains, ...chains, ...chains].map(go));
    const kinds = outcomes.map(({ kind }) => kind);
    expect(kinds.filter((_, at) => at % 5 !== 2)).toEqual(Array(12).fill('ok'));
    expect(kinds.filter((_, at) => at % 5 === 2)).toEqual(Array(3).fill('tool-error')); // `c` may not call `b`
    await expectWholeTrail(site);
  });

  it('RS-07: ends what was called when the one that called is cancelled', async () => {
    const { warden, site } = await open({
      isolation,
      tools: [deputy('a', '[b, plain]'), deputy('b', '[plain]')],
    });
    const cancel = new AbortController();
    const outer = warden.request(
      { agent: 'one', tool_name: 'a.deaf', parameters: through(['b.relay', 'plain.spin'], {}) },
      { signal: cancel.signal },
    );
    const intents = () => recordsOf(site).filter(({ kind }) => kind === 'intent').length;
    await expect.poll(intents, { interval: 5, timeout: 5000 }).toBe(3);
    cancel.abort();
    expect(await outer).toMatchObject({ kind: 'cancelled' });
    const ends = () => recordsOf(site).filter(({ kind }) => kind === 'outcome');
    await expect.poll(() => ends().length, { interval: 5, timeout: 5000 }).toBe(3);
    expect(ends().map(({ result }) => result)).not.toContain('ok');
    await expectWholeTrail(site);
  });
});

describe('what a chain of tools cannot do', () => {
  it("calls nothing that one of the scopes does not list, the callers' among them", async () => {
    const { warden, site } = await open({
      tools: [deputy('a', '[b]'), deputy('b', '[plain.work, a]'), deputy('c', '[b, plain]')],
    });
    const parameters = { turns: 1 };
    const own = await file(warden, 'b.relay', through(['plain.work'], parameters));
    expect(own).toMatchObject({ kind: 'ok', value: '7' });
    const lent = await file(warden, 'a.relay', through(['b.relay', 'plain.work'], parameters));
    expect(lent).toMatchObject({ kind: 'tool-error', value: { outcome: 'tool-error' } });
    expect(JSON.stringify(lent.value)).toContain('denied/scope');
    expect(await file(warden, 'c.relay', through(['b.relay', 'plain.work'], parameters))).toMatchObject({ kind: 'ok' });
    expect(chainIn(site).map(({ chain }) => (chain as unknown[]).length)).toEqual([0, 1, 0, 1, 0, 1, 2]);
  });

  it('PO-01: is decided by the rules for the agent, as when it calls the tool itself', async () => {
    const { warden, site } = await open({
      tools: [deputy('a', '[plain, weather]')],
      agent: '[a, plain.work, { tool: plain.echo, parameters: { text: { equals: yes } } }]'.replace('yes', '"yes"'),
      more: `rules:
  - { id: not-now, effect: forbid, agents: any, tools: [plain.work], parameters: { turns: { min: 1000 } } }`,
    });
    const codeOf = async (tool: string, parameters: object) => {
      const { kind, value } = await file(warden, 'a.relay', through([tool], parameters));
      return kind === 'ok' ? 'ok' : (value as { code: string }).code;
    };
    expect(await codeOf('plain.work', { turns: 1 })).toBe('ok');
    expect(await codeOf('plain.work', { turns: 1000 })).toBe('denied/forbidden');
    expect(await codeOf('plain.echo', { text: 'yes' })).toBe('ok');
    expect(await codeOf('plain.echo', { text: 'no' })).toBe('denied/parameters');
    expect(await codeOf('plain.take', { path: '', n: 1 })).toMatch(/^denied\//);
    expect(await codeOf('weather', { city: 'Ulm' })).toMatch(/^denied\//);
    expect(chainIn(site).every(({ agent }) => agent === 'one')).toBe(true);
    await expectWholeTrail(site);
  });

  it('AP-01: waits for no human: the question is there, the tool hears `pending`', async () => {
    const { warden, site } = await open({
      tools: [deputy('a', '[plain]')],
      agent: '[a, { tool: plain.work, ask: { channels: [terminal] } }]',
    });
    const asked = await file(warden, 'a.relay', through(['plain.work'], { turns: 1 }));
    expect(asked).toMatchObject({ kind: 'tool-error', value: { outcome: 'pending' } });
    const [approval] = await warden.approvals.list();
    expect(approval?.asked).toMatchObject({ subject: { agent: 'one', tool: 'plain' } });
    await warden.approvals.approve(approval!.asked.approval, { by: 'ann' });
    expect(await file(warden, 'a.relay', through(['plain.work'], { turns: 2 }))).toMatchObject({ kind: 'tool-error' });
    const again = await file(warden, 'a.relay', through(['plain.work'], { turns: 1 }));
    expect(again).toMatchObject({ kind: 'ok', value: '7' });
    expect(await file(warden, 'a.relay', through(['plain.work'], { turns: 1 }))).toMatchObject({ kind: 'tool-error' });
    await expectWholeTrail(site);
  });

  it('counts in the budget of the agent', async () => {
    const { warden } = await open({
      tools: [deputy('a', '[plain]')],
      more: `rules:
  - { id: few, effect: limit, agents: any, tools: [plain], budget: { calls: 3, per: 1h, by: [agent] } }`,
    });
    const many = { ...through(['plain.work'], { turns: 1 }), times: 10 };
    expect(await file(warden, 'a.many', many)).toMatchObject({ kind: 'ok', value: 3 });
    expect(await file(warden, 'plain.work', { turns: 1 })).toMatchObject({ kind: 'refused', error: { code: 'denied/budget' } });
  });

  it('a justification goes along, and nothing else does', async () => {
    const { warden, site } = await open({
      tools: [deputy('a', '[plain]')],
      agent: '[a, { tool: plain.work, justification: required }]',
    });
    const call = through(['plain.work'], { turns: 1 });
    const none = await file(warden, 'a.relay', call, { justification: 'mine' });
    expect(none).toMatchObject({ kind: 'tool-error', value: { code: 'denied/justification-required' } });
    expect(await file(warden, 'a.justified', { ...call, why: 'theirs' })).toMatchObject({ kind: 'ok' });
    expect(
      recordsOf(site)
        .filter(({ kind }) => kind === 'requested')
        .at(-1),
    ).toMatchObject({ justification: 'theirs' });
  });

  it('goes around in no circle', async () => {
    const { warden, site } = await open({ tools: [deputy('a', '[a, b]'), deputy('b', '[a, b, plain]')] });
    for (const tools of [
      ['a.relay', 'plain.work'],
      ['b.relay', 'a.relay', 'b.relay', 'plain.work'],
      ['b.deaf', 'a', 'b'],
    ]) {
      const outcome = await file(warden, 'a.relay', through(tools, { turns: 1 }));
      if (tools[1] === 'a') continue; // deaf: looked at in the trail
      expect(outcome.kind).toBe('tool-error');
      expect(JSON.stringify(outcome.value)).toContain('denied/scope');
      expect(JSON.stringify(outcome.value)).toMatch(/runs already/);
    }
    const begun = recordsOf(site).filter(({ kind }) => kind === 'intent');
    expect(begun.map(({ tool }) => tool)).toEqual(['a', 'a', 'b', 'a', 'b']);
    await expectWholeTrail(site);
  });

  it('goes no deeper than the lowest depth of all', async () => {
    const { warden } = await open({
      tools: [
        deputy('a', '[b, c, d, plain]', { depth: 2 }),
        deputy('b', '[c, d, plain]', { depth: 8 }),
        deputy('c', '[d, plain]', { depth: 8 }),
        deputy('d', '[plain]', { depth: 1 }),
      ],
    });
    const go = async (first: string, ...rest: string[]) =>
      (await file(warden, `${first}.relay`, through([...rest.map((name) => `${name}.relay`), 'plain.work'], { turns: 1 }))).kind;
    expect(await go('a', 'b')).toBe('ok');
    expect(await go('a', 'b', 'c')).toBe('tool-error');
    expect(await go('b', 'c', 'd')).toBe('ok');
    expect(await go('a', 'd')).toBe('ok');
    expect(await go('d')).toBe('ok');
  });

  it('RE-03: a thousand calls are bounded by the fuel of the first, and by its time', async () => {
    const { warden, site } = await open({
      tools: [deputy('a', '[plain]', { limits: '{ fuel: 300000 }' }), deputy('b', '[plain]', { limits: '{ timeout: 500ms }' })],
    });
    const fuel = await file(warden, 'a.many', { ...through(['plain.work'], { turns: 5000 }), times: 1000 });
    expect(fuel).toMatchObject({ kind: 'limited', error: { code: 'limit/fuel' } });
    expect(BigInt(fuel.receipt.fuel)).toBeLessThanOrEqual(300_000n);
    const time = await file(warden, 'b.many', { ...through(['plain.work'], { turns: 1 }), times: 100_000 });
    expect(time).toMatchObject({ kind: 'limited', error: { code: 'limit/deadline' } });
    await expect.poll(() => openIn(site)).toBe(0);
    await expectWholeTrail(site);
  });
});

describe('what a tool says of the tool that it calls', () => {
  it.each([
    '{}, "agent": "root"',
    '{"turns": 1}, "agent": "root"',
    '{"turns": 1, "agent": "root"}',
    '{"turns": 1, "turns": 2}',
    '{"__proto__": {"turns": 1}}',
    '[{"turns": 1}]',
    '"turns"',
    'null',
    '',
    '{"turns": 1e0}}',
    '{"turns": 1} ',
  ])('PA-02: parameters are parameters: %s', async (parameters) => {
    const { warden, site } = await open({ tools: [deputy('a', '[plain]')] });
    const outcome = await file(warden, 'a.relay', { tool: 'plain.work', parameters });
    if (parameters.endsWith('1} ')) expect(outcome.kind).toBe('ok');
    else
      expect(outcome).toMatchObject({
        kind: 'tool-error',
        value: { outcome: 'refused', code: expect.stringMatching(/^params\//) },
      });
    expect(chainIn(site).map(({ agent }) => agent)).toEqual(['one', 'one']);
    await expectWholeTrail(site);
  });

  it('PO-01: a name is exactly a name', async () => {
    const { warden, site } = await open({ tools: [deputy('a', '[plain.work]')] });
    const names = [
      '',
      ' plain.work',
      'plain.work ',
      'plain',
      'plain.',
      '.work',
      'plain.work.',
      'PLAIN.work',
      'plain.take',
      '__proto__',
      'constructor',
      'toString',
      'plain.__proto__',
      'pl\u200bain.work',
      'plain.work\u0000',
      '\u202eplain.work',
      '*',
      'x'.repeat(5000),
    ];
    for (const tool of names) {
      const outcome = await file(warden, 'a.relay', { tool, parameters: '{"turns":1}' });
      expect(outcome).toMatchObject({ kind: 'tool-error', value: { outcome: 'refused', code: 'denied/scope' } });
      expect(JSON.stringify(outcome.receipt.uses)).not.toMatch(/[\u200b\u202e\0]/);
    }
    expect(recordsOf(site).filter(({ kind }) => kind === 'requested')).toHaveLength(names.length);
    expect(
      recordsOf(site)
        .filter(({ kind }) => kind === 'requested')
        .every(({ tool }) => tool !== 'plain'),
    ).toBe(true);
  });

  it('PO-01: a name that objects have by themselves is no tool for a scope, either', async () => {
    await expect(open({ tools: [deputy('a', '[constructor]')] })).rejects.toMatchObject({
      code: 'policy/invalid-document',
      message: expect.stringMatching(/unknown tool `constructor`/),
    });
  });

  it('RS-10: no more bytes than the scope has, nor JSON that is deeper than JSON needs to be', async () => {
    const { warden, site } = await open({ tools: [deputy('a', '[plain]')] });
    const huge = await file(warden, 'a.relay', { tool: 'plain.echo', parameters: JSON.stringify({ text: 'x'.repeat(300_000) }) });
    expect(huge).toMatchObject({ kind: 'tool-error', value: { code: 'denied/scope', message: expect.stringMatching(/262144/) } });
    const fits = await file(warden, 'a.relay', { tool: 'plain.echo', parameters: JSON.stringify({ text: 'x'.repeat(200_000) }) });
    expect(fits.kind).toBe('ok');
    const deep = await file(warden, 'a.relay', { tool: 'plain.work', parameters: `{"turns":${'['.repeat(100_000)}` });
    expect(deep).toMatchObject({ kind: 'tool-error', value: { outcome: 'refused', code: expect.stringMatching(/^params\//) } });
    await expectWholeTrail(site);
  });

  it('hears how the other one ended, whatever it was', async () => {
    const { warden, site } = await open({ tools: [deputy('a', '[plain]')] });
    const ends = async (tool: string, parameters: object) => (await file(warden, 'a.relay', through([tool], parameters))).value;
    expect(await ends('plain.fail', { text: 'no' })).toMatchObject({ outcome: 'tool-error', value: '"no"' });
    expect(await ends('plain.panic', {})).toMatchObject({ outcome: 'trapped', code: 'trap/unreachable', value: null });
    const { audit } = recordsOf(site)
      .filter(({ kind }) => kind === 'requested')
      .at(-1)!;
    expect(kindsOf(site, String(audit))).toEqual(['requested', 'decided', 'intent', 'outcome']);
    expect(await file(warden, 'a.deaf', through(['plain.panic'], {}))).toMatchObject({ kind: 'ok', value: 7 });
  });
});

describe('a tool that says how far it is', () => {
  it.each(WALLS)('is heard now and then, in one line, and not in the result: %s', async (isolation) => {
    const { warden, site } = await open({
      isolation,
      tools: ['report: { component: reporting.wasm, functions: [go], grants: [progress] }'],
    });
    const heard: CallProgress[] = [];
    warden.events.on('progress', (progress) => heard.push(progress));
    const text = `\u001b[2Jhalf\n\u202e${'x'.repeat(1000)}`;
    const outcome = await file(warden, 'report', { text, times: 2000 });
    expect(outcome).toMatchObject({ kind: 'ok', value: 2000 });
    expect(outcome.receipt.uses).toBeUndefined();
    expect(heard.length).toBeGreaterThanOrEqual(1);
    expect(heard.length).toBeLessThanOrEqual(2 + outcome.receipt.wallMs / 100);
    expect(heard[0]).toMatchObject({ audit: outcome.receipt.audit, agent: 'one', tool: 'report', done: 1n, total: 2000n });
    for (const { message } of heard) expect(message).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    for (const { message } of heard) expect(message.match(/x/g)?.length).toBeLessThan(200);
    expect(JSON.stringify(recordsOf(site).filter(({ kind }) => kind === 'outcome'))).not.toContain('half');
  });
});
