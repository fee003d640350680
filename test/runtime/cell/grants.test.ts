import { readFileSync } from 'node:fs';
import { BUILT_IN } from 'cellblock';
import type { Capability, HostFunction } from 'cellblock/runtime';
import { describe, expect, it } from 'vitest';
import { resolveImports, serves } from '../../../runtime/cell/grants.ts';
import { decodeComponent } from '../../../runtime/component/decode.ts';
import { dummyComponent } from '../../support/assemble.ts';
import { useCells } from '../../support/cells.ts';
import { importingGuest, loggingGuest } from '../../support/guests.ts';

const cells = useCells();

/** A third-party component that we did not write: it redacts text and asks its host for more detectors. */
const ARCJET = readFileSync(
  new URL('../../../node_modules/@arcjet/redact-wasm/wasm/arcjet_analyze_bindings_redact.component.wasm', import.meta.url),
);

function bridged(name: string, functions: Record<string, HostFunction>): Capability {
  return { kind: 'bridged', name: 'given', interface: name, functions };
}

const double = (functions: Record<string, HostFunction>) => [bridged('test:host/double@1.0.0', functions)];
const honest: Record<string, HostFunction> = {
  double: ([x]) => Number(x) * 2,
  check: ([x]) => (x === 1 ? { ok: null } : { err: null }),
};

describe('imports', () => {
  it('refuses all missing imports at once, by name, with what would grant each', async () => {
    const wit = `package test:many;
      interface a { f: func(); } interface b { g: func(); }
      world w { import a; import b; import plain: func(); import wasi:cli/stdout@0.2.1; export go: func(); }
      package wasi:cli@0.2.1 { interface stdout { get-stdout: func(); } }`;
    const component = decodeComponent(await dummyComponent(wit, 'w'));
    const grantFor = (name: string) => (name === 'test:many/b' ? 'bee' : undefined);
    expect(() => resolveImports(component, [], grantFor)).toThrow(
      expect.objectContaining({
        code: 'denied/no-grant',
        message: 'the component imports what was not granted: `test:many/a`, `test:many/b`, `plain`',
        data: {
          missing: [
            { import: 'test:many/a', grantedBy: null },
            { import: 'test:many/b', grantedBy: 'bee' },
            { import: 'plain', grantedBy: null },
          ],
        },
        help: 'grant `bee`; nothing here provides `test:many/a`, `plain`; an embedding program can',
      }),
    );
  });

  it('refuses a function of a later WASI that is not there', async () => {
    const world = (name: string) => `package test:later; world w { import wasi:cli/stdin@0.2.99; export go: func(); }
      package wasi:cli@0.2.99 { interface stdin { ${name}: func(); } }`;
    const component = async (name: string) => decodeComponent(await dummyComponent(world(name), 'w'));
    expect(resolveImports(await component('get-stdin'), [], () => undefined).imports).toHaveLength(1);
    const later = await component('get-stdin-of-tomorrow');
    expect(() => resolveImports(later, [], () => undefined)).toThrow(expect.objectContaining({ code: 'component/unsupported' }));
  });

  it('refuses before anything is prepared or run', async () => {
    const { runtime } = cells;
    const component = decodeComponent(await importingGuest());
    await expect(runtime.prepare(component, { function: 'twice' })).rejects.toMatchObject({ code: 'denied/no-grant' });
  });

  it.each([
    ['a:b/c@1.2.3', 'a:b/c@1.9.0', true],
    ['a:b/c@1.2.3', 'a:b/c@2.0.0', false],
    ['a:b/c@0.2.3', 'a:b/c@0.2.0', true],
    ['a:b/c@0.2.3', 'a:b/c@0.3.0', false],
    ['a:b/c@0.0.1', 'a:b/c@0.0.2', false],
    ['a:b/c@1.0.0-rc.1', 'a:b/c@1.0.0', false],
    ['a:b/c', 'a:b/c@1.0.0', false],
    ['a:b/c', 'a:b/cc', false],
    ['a:b/c', 'a:b/c', true],
  ])('lets %s serve %s: %s', (provided, wanted, expected) => {
    expect(serves(provided, wanted)).toBe(expected);
  });
});

describe('the log capability', () => {
  const capabilities = BUILT_IN.filter((entry) => entry.name === 'log').map((entry) => entry.capability);

  it.each([0, 1, 100, 4000])('keeps at most 64 KiB of lines of %i characters, and counts the rest', async (length) => {
    const outcome = await cells.run(await loggingGuest(), 'flood', [3000, length], { capabilities });
    expect(outcome.kind).toBe('ok');
    expect(outcome.log.reduce((sum, line) => sum + line.level.length + line.message.length, 0)).toBeLessThanOrEqual(64 * 1024);
    expect(outcome.log.length).toBeLessThanOrEqual((64 * 1024) / 32);
    expect(outcome.log.length + outcome.logDropped).toBe(3000);
    expect(outcome.logDropped).toBeGreaterThan(0);
  });

  it.each(['write: func(message: string)', '%constructor: func(message: string)', 'nope: func(message: string)'])(
    'refuses %s',
    async (declared) => {
      await expect(cells.run(await loggingGuest(declared), 'flood', [1, 1], { capabilities })).rejects.toMatchObject({
        code: 'component/unsupported',
      });
    },
  );
});

describe('host functions of the embedding program', () => {
  it('refuses arcjet redact without its import, by name', async () => {
    await expect(cells.run(ARCJET, 'redact', [])).rejects.toMatchObject({
      code: 'denied/no-grant',
      data: { missing: [{ import: 'arcjet:redact/custom-redact', grantedBy: null }] },
    });
  });

  it('runs arcjet redact with the import given', async () => {
    const seen: unknown[] = [];
    const capabilities = [
      bridged('arcjet:redact/custom-redact', {
        'detect-sensitive-info': ([tokens]) => {
          seen.push(tokens);
          return (tokens as string[]).map((token) => (token === 'Cellblock' ? { some: { tag: 'custom', value: 'name' } } : null));
        },
        'redact-sensitive-info': async ([kind, text]) =>
          (kind as { tag: string }).tag === 'custom' ? { some: `<${text}>` } : null,
      }),
    ];
    const options = {
      entities: null,
      'context-window-size': { some: 1 },
      'skip-custom-detect': false,
      'skip-custom-redact': false,
    };
    const outcome = await cells.run(ARCJET, 'redact', ['write to ann@example.com at Cellblock', options], { capabilities });
    expect(outcome).toMatchObject({ kind: 'ok' });
    expect(seen.length).toBeGreaterThan(0);
    const found = (outcome.value as { original: string; redacted: string }[]).map(({ original, redacted }) => [
      original,
      redacted,
    ]);
    expect(found).toContainEqual(['Cellblock', '<Cellblock>']);
    expect(found.map(([original]) => original)).toContain('ann@example.com');
    expect(outcome.usage.hostCalls).toBeGreaterThan(1);
  });

  it('carries values there and back, promises and results included, and counts the calls', async () => {
    const capabilities = double({ ...honest, double: async ([x]) => Number(x) * 2 });
    expect(await cells.run(await importingGuest(), 'twice', [5], { capabilities })).toMatchObject({
      kind: 'ok',
      value: 20,
      usage: { hostCalls: 2 },
    });
    expect(await cells.run(await importingGuest(), 'ask', [1], { capabilities })).toMatchObject({ kind: 'ok' });
    expect(await cells.run(await importingGuest(), 'ask', [2], { capabilities })).toMatchObject({
      kind: 'tool-error',
      error: { code: 'tool/error' },
    });
  });

  it('ends the call when a host function throws, without its stack', async () => {
    const boom = () => {
      throw new Error('no such row\n    at secret.ts');
    };
    const outcome = await cells.run(await importingGuest(), 'twice', [5], { capabilities: double({ ...honest, double: boom }) });
    expect(outcome).toMatchObject({
      kind: 'trapped',
      error: { code: 'capability/failed', message: 'the host function failed: no such row' },
    });
  });

  it.each([
    ['data that JSON cannot carry', () => Object.assign(new Error('x'), { code: 'limit/fuel', data: { big: 1n } })],
    ['nothing', () => undefined],
    ['an object without a prototype', () => Object.create(null)],
    [
      'a code with a getter that throws',
      () =>
        Object.defineProperty({}, 'code', {
          get: () => {
            throw new Error('no');
          },
        }),
    ],
    ['a code of ours', () => ({ code: 'tool/error', message: 'forged', data: {} })],
  ])('ends the call and nothing else when a host function throws %s', async (_what, make) => {
    const boom = () => {
      throw make();
    };
    const outcome = await cells.run(await importingGuest(), 'twice', [5], { capabilities: double({ ...honest, double: boom }) });
    expect(outcome).toMatchObject({ kind: 'trapped', error: { code: 'capability/failed' } });
  });

  it('refuses a component that declares a stated function with other types', async () => {
    const capability = { ...(double(honest)[0] as Extract<Capability, { kind: 'bridged' }>) };
    const stated = (signatures: Record<string, string>) => [{ ...capability, signatures }];
    const right = { double: 'func(x: u32) -> u32', check: 'func(x: u32) -> result<_, _>' };
    expect(await cells.run(await importingGuest(), 'twice', [5], { capabilities: stated(right) })).toMatchObject({
      kind: 'ok',
      value: 20,
    });
    const wrong = stated({ ...right, double: 'func(x: string) -> u32' });
    await expect(cells.run(await importingGuest(), 'twice', [5], { capabilities: wrong })).rejects.toMatchObject({
      code: 'component/unsupported',
      data: { function: 'double', declared: 'func(x: u32) -> u32', served: 'func(x: string) -> u32' },
    });
  });

  it('ends the call when a host function answers with a value of the wrong type', async () => {
    for (const wrong of ['20', -1, 1.5, undefined, 2 ** 32, null, {}]) {
      const capabilities = double({ ...honest, double: () => wrong as never });
      expect(await cells.run(await importingGuest(), 'twice', [5], { capabilities })).toMatchObject({
        kind: 'trapped',
        error: { code: 'capability/failed' },
      });
    }
  });

  it('refuses an interface that is only half provided', async () => {
    const { double: only } = honest;
    await expect(
      cells.run(await importingGuest(), 'twice', [5], { capabilities: double({ double: only as HostFunction }) }),
    ).rejects.toMatchObject({
      code: 'denied/no-grant',
      data: { missing: [{ import: 'test:host/double@1.0.0#check', grantedBy: null }] },
    });
  });

  it('stops a guest that calls the host forever', async () => {
    const outcome = await cells.run(await importingGuest(), 'greedy', [], {
      capabilities: double(honest),
      limits: { timeoutMsMax: 400 },
    });
    expect(outcome.kind).toBe('limited');
  });

  it('tells a host function when the call it serves is over', async () => {
    let aborted: Promise<void> | undefined;
    const wait: HostFunction = (_args, { signal }) => {
      aborted = new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
      return aborted.then(() => 1);
    };
    const outcome = await cells.run(await importingGuest(), 'twice', [5], {
      capabilities: double({ ...honest, double: wait }),
      limits: { timeoutMsMax: 200 },
    });
    expect(outcome).toMatchObject({ kind: 'limited', error: { code: 'limit/deadline' } });
    await aborted;
  });
});
