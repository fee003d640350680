import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILT_IN, type CapabilityEntry, openWarden, type Warden, type WardenOptions } from 'cellblock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostileGuest, importingGuest } from '../support/guests.ts';

const TOOLS = new URL('../../tools/', import.meta.url);
const PIN = (JSON.parse(readFileSync(new URL('redact/component.json', TOOLS), 'utf8')) as { digest: string }).digest;

let folder: string;
let warden: Warden;

const POLICY = `version: 1
tools:
  redact:
    component: redact.wasm
    digest: ${PIN}
    functions: [redact]
    grants: [log]
  bare:
    component: redact.wasm
    functions: [redact]
  hostile:
    component: hostile.wasm
    functions: [add, spin, panic]
    limits: { fuel: 1000000, memory: 1MiB, timeout: 5s }
  gone:
    component: gone.wasm
    functions: [x]
  pinned:
    component: hostile.wasm
    digest: ${PIN}
    functions: [add]
  broken:
    component: cellblock.yaml
    functions: [x]
  changing:
    component: changing.wasm
    functions: [add, redact]
agents:
  full:
    tools: [redact, bare, hostile, gone, pinned, broken, changing]
  some:
    tools: [hostile.add]
  none:
    tools: []
`;

async function open(policy: string, options: Partial<WardenOptions> = {}): Promise<Warden> {
  const path = join(folder, 'cellblock.yaml');
  writeFileSync(path, policy);
  return openWarden({ policy: path, cacheDirectory: join(folder, 'cache'), threads: 2, ...options });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cellblock-warden-'));
  copyFileSync(new URL('redact/redact.wasm', TOOLS), join(folder, 'redact.wasm'));
  writeFileSync(join(folder, 'hostile.wasm'), await hostileGuest());
  writeFileSync(join(folder, 'changing.wasm'), await hostileGuest());
  warden = await open(POLICY);
});

afterAll(async () => {
  await warden.close();
  rmSync(folder, { recursive: true, force: true });
});

const ask = (agent: string, tool_name: string, parameters: unknown = {}) => warden.request({ agent, tool_name, parameters });

describe('a request', () => {
  it('runs what the policy allows and says so in its receipt', async () => {
    const outcome = await ask('full', 'redact', { text: 'from ann@example.com', options: { custom: [] } });
    expect(outcome).toMatchObject({
      kind: 'ok',
      value: { text: 'from [email]', counts: [{ kind: 'email', times: 1 }] },
      log: [{ level: 'info' }],
      receipt: {
        digest: PIN,
        tool: 'redact',
        agent: 'full',
        function: 'cellblock:samples/redact@0.1.0#redact',
        grants: ['log'],
        hostCalls: 1,
        isolation: 'process',
        bindings: 'own',
        policy: { digest: warden.policy.digest, rules: expect.arrayContaining(['agents.full.tools[0] (cellblock.yaml:30)']) },
      },
    });
    expect(BigInt(outcome.receipt.fuel)).toBeGreaterThan(0n);
    expect(outcome.receipt.memoryBytesPeak).toBeGreaterThan(0);
  });

  it.each([
    ['full', 'bare', 'denied/no-grant'],
    ['full', 'unknown', 'denied/no-policy-for-tool'],
    ['full', 'Redact', 'denied/no-policy-for-tool'],
    ['full', 'redact ', 'denied/no-policy-for-tool'],
    ['full', '', 'denied/no-policy-for-tool'],
    ['nobody', 'redact', 'denied/no-policy-for-agent'],
    ['__proto__', 'redact', 'denied/no-policy-for-agent'],
    ['none', 'redact', 'denied/tool-not-granted'],
    ['some', 'hostile.spin', 'denied/tool-not-granted'],
    ['full', 'hostile', 'denied/function-not-listed'],
    ['full', 'hostile.grow', 'denied/function-not-listed'],
    ['full', 'gone', 'policy/component-missing'],
    ['full', 'pinned', 'policy/digest-mismatch'],
    ['full', 'broken', 'component/not-a-component'],
  ])('by %s for %j is refused as %s, with the rules that decided and without running anything', async (agent, tool, code) => {
    const outcome = await ask(agent, tool, { a: 1, b: 2 });
    expect(outcome).toMatchObject({
      kind: 'refused',
      error: { code },
      receipt: { agent, tool, fuel: '0', policy: { digest: warden.policy.digest } },
    });
    expect(outcome.receipt.policy?.rules.length).toBeGreaterThan(0);
    expect(outcome.error?.message).not.toBe('');
  });

  it('names what would grant a missing import, and the component that it is about', async () => {
    const outcome = await ask('full', 'bare', {});
    expect(outcome).toMatchObject({
      error: { message: 'the component imports what was not granted: `cellblock:host/log@0.1.0`', help: 'grant `log`' },
      receipt: { digest: PIN },
    });
  });

  it.each([
    [{}, '$.a'],
    [{ a: 1 }, '$.b'],
    [{ a: 1, b: 2, c: 3 }, '$'],
    [{ a: '1', b: 2 }, '$.a'],
    [{ a: [1], b: 2 }, '$.a'],
    [[1, 2], '$'],
    [null, '$'],
    [{ a: { toString: () => '1' }, b: 2 }, '$.a'],
    [JSON.parse('{"a": 1, "b": 2, "__proto__": {"polluted": true}}'), '$'],
  ])('with the parameters %j is refused at %s', async (parameters, path) => {
    const outcome = await ask('some', 'hostile.add', parameters);
    expect(outcome).toMatchObject({ kind: 'refused', error: { code: 'params/invalid', data: { path } } });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('keeps 64-bit numbers exact in JSON text, and refuses text that is not strict JSON', async () => {
    const json = (parametersJson: string) => warden.request({ agent: 'some', tool_name: 'hostile.add', parametersJson });
    expect(await json('{"a": 4294967295, "b": 0}')).toMatchObject({ kind: 'ok', value: 4294967295 });
    expect(await json('{"a": 4294967296, "b": 0}')).toMatchObject({ kind: 'refused', error: { code: 'params/invalid' } });
    expect(await json('{"a": 1, "a": 2, "b": 0}')).toMatchObject({ kind: 'refused', error: { code: 'params/malformed-json' } });
    expect(await json('{"a": 1, "b": 0,}')).toMatchObject({ kind: 'refused', error: { code: 'params/malformed-json' } });
  });

  it.each([
    null,
    undefined,
    'x',
    {},
    { agent: 'some' },
    { agent: 1, tool_name: 'hostile.add', parameters: {} },
    { agent: 'some', tool_name: 'hostile.add' },
    { agent: 'some', tool_name: 'hostile.add', parameters: {}, parametersJson: '{}' },
  ])('that is %j is refused, not thrown', async (request) => {
    expect(await warden.request(request as never)).toMatchObject({ kind: 'refused', error: { code: 'params/invalid' } });
  });

  it('with parametersJson that is neither text nor bytes is refused', async () => {
    for (const parametersJson of [5, null, undefined, {}]) {
      const outcome = await warden.request({ agent: 'some', tool_name: 'hostile.add', parametersJson } as never);
      expect(outcome).toMatchObject({ kind: 'refused', error: { code: 'params/malformed-json' } });
    }
  });

  it('may be cancelled while its component is prepared', async () => {
    const fresh = await open(POLICY, { cacheDirectory: false });
    const outcome = await fresh.request(
      { agent: 'some', tool_name: 'hostile.add', parameters: { a: 1, b: 2 } },
      { signal: AbortSignal.timeout(1) },
    );
    await fresh.close();
    expect(outcome).toMatchObject({ kind: 'cancelled', error: { code: 'cancelled/by-caller' } });
  });

  it('runs under the limits of its tool', async () => {
    expect(await ask('full', 'hostile.spin')).toMatchObject({
      kind: 'limited',
      error: { code: 'limit/fuel', data: { limit: '1000000' } },
      receipt: { fuel: '1000000', fuelMax: '1000000', memoryBytesMax: 1048576, timeoutMsMax: 5000 },
    });
    expect(await ask('full', 'hostile.panic')).toMatchObject({ kind: 'trapped', error: { code: 'trap/unreachable' } });
  });

  it('runs the component that is on disk now, never a mixture', async () => {
    expect(await ask('full', 'changing.add', { a: 1, b: 2 })).toMatchObject({ kind: 'ok', value: 3 });
    copyFileSync(new URL('redact/redact.wasm', TOOLS), join(folder, 'changing.wasm'));
    expect(await ask('full', 'changing.add', { a: 1, b: 2 })).toMatchObject({ kind: 'refused' });
    writeFileSync(join(folder, 'changing.wasm'), await hostileGuest());
    expect(await ask('full', 'changing.add', { a: 1, b: 2 })).toMatchObject({ kind: 'ok', value: 3 });
  });
});

describe('opening a warden', () => {
  it.each([
    ['', 'policy/invalid-document'],
    ['{}', 'policy/invalid-document'],
    ['version: 1\ntools: {}\nagents: {}\nextra: 1', 'policy/invalid-document'],
    ['version: 2\ntools: {}\nagents: {}', 'policy/invalid-document'],
  ])('fails for the policy %j', async (text, code) => {
    await expect(open(text)).rejects.toMatchObject({ code });
  });

  it('fails without a policy file', async () => {
    await expect(openWarden({ policy: join(folder, 'none.yaml') })).rejects.toMatchObject({ code: 'policy/missing' });
  });

  it('refuses two capabilities of one name, and entries that are none', async () => {
    const [log] = BUILT_IN;
    for (const entry of [log, null, {}, { name: 'x' }]) {
      await expect(open(POLICY, { capabilities: [entry as never] })).rejects.toMatchObject({ code: 'usage/invalid-argument' });
    }
  });

  it('grants a capability of the embedding program by its name', async () => {
    writeFileSync(join(folder, 'importing.wasm'), await importingGuest());
    const entry: CapabilityEntry = {
      name: 'double',
      summary: 'doubles a number',
      interfaces: ['test:host/double@1.0.0'],
      capability: {
        kind: 'bridged',
        name: 'double',
        interface: 'test:host/double@1.0.0',
        functions: { double: ([x]) => Number(x) * 2, check: () => ({ ok: null }) },
      },
    };
    const tool = (grants: string) =>
      `version: 1\ntools: { t: { component: importing.wasm, functions: [twice], grants: [${grants}] } }\nagents: { a: { tools: [t] } }\n`;
    await expect(open(tool('double'))).rejects.toMatchObject({ code: 'policy/invalid-document' });
    const granted = await open(tool('double'), { capabilities: [entry] });
    expect(await granted.request({ agent: 'a', tool_name: 't', parameters: { x: 3 } })).toMatchObject({ kind: 'ok', value: 12 });
    await granted.close();
    const ungranted = await open(tool(''), { capabilities: [entry] });
    expect(await ungranted.request({ agent: 'a', tool_name: 't', parameters: { x: 3 } })).toMatchObject({
      kind: 'refused',
      error: { code: 'denied/no-grant', help: 'grant `double`' },
    });
    await ungranted.close();
  });
});
