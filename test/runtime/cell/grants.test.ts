import { readFileSync } from 'node:fs';
import { openBuiltIn } from 'cellblock';
import type { Capability, HostFunction } from 'cellblock/runtime';
import { describe, expect, it } from 'vitest';
import { resolveImports, serves } from '../../../runtime/cell/grants.ts';
import type { ComponentDescription } from '../../../runtime/component/description.ts';
import type { ValueType } from '../../../runtime/component/types.ts';
import { assemble, dummyComponent } from '../../support/assemble.ts';
import { ISOLATIONS, useCells } from '../../support/cells.ts';
import { importingGuest, loggingGuest } from '../../support/guests.ts';

describe.each(ISOLATIONS)('in a %s', (isolation) => {
  const cells = useCells(isolation);

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
      world w { import a; import b; import plain: func(); import wasi:random/random@0.2.1; export go: func(); }
      package wasi:random@0.2.1 { interface random { get-random-u64: func() -> u64; } }`;
      const component = await cells.load(await dummyComponent(wit, 'w'));
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

    it('refuses before anything is prepared or run', async () => {
      await expect(cells.run(await importingGuest(), 'twice', [1])).rejects.toMatchObject({ code: 'denied/no-grant' });
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

  describe('functions of WASI', () => {
    /** The imports of a component that imports streams, standard output and the random numbers, each with what is given. */
    async function importsOf({ streams = '', stdout = '', random = '' }, version = '0.2.3') {
      const wit = `package test:wasi; world w {
        import wasi:io/streams@${version}; import wasi:cli/stdout@${version}; import wasi:random/random@${version}; export go: func(); }
      package wasi:io@${version} { interface streams { variant stream-error { closed } resource input-stream;
        ${streams.includes('resource output-stream') ? '' : 'resource output-stream;'} ${streams} } }
      package wasi:cli@${version} { interface stdout { ${stdout} } }
      package wasi:random@${version} { interface random { ${random} } }`;
      return resolveImports(await cells.load(await dummyComponent(wit, 'w')), [], () => undefined).imports;
    }

    const STDOUT = 'get-stdout: func() -> output-stream;';

    it('are served as WASI declares them, by any patch of 0.2', async () => {
      const stdout = `use wasi:io/streams@0.2.99.{output-stream}; ${STDOUT}`;
      const imports = await importsOf({ stdout, random: 'get-random-bytes: func(len: u64) -> list<u8>;' }, '0.2.99');
      expect(imports.map(({ name }) => name).sort()).toEqual([
        'wasi:cli/stdout@0.2.99',
        'wasi:io/streams@0.2.99',
        'wasi:random/random@0.2.99',
      ]);
    });

    it('are refused when they are declared otherwise, by name, with both signatures', async () => {
      await expect(importsOf({ random: 'get-random-bytes: func(len: s64) -> list<u8>;' })).rejects.toMatchObject({
        code: 'component/unsupported',
        message: 'the import `wasi:random/random@0.2.3` declares `get-random-bytes` otherwise than it is served',
        data: {
          import: 'wasi:random/random@0.2.3',
          function: 'get-random-bytes',
          declared: 'func(len: s64) -> list<u8>',
          served: 'func(len: u64) -> list<u8>',
        },
      });
    });

    it.each([
      'get-random-bytes: func(length: u64) -> list<u8>;',
      'get-random-bytes: func(len: u64) -> list<s8>;',
      'get-random-bytes: func(len: u64);',
      'get-random-bytes: func(len: u64, more: u8) -> list<u8>;',
      'get-random-u64: func() -> s64;',
      'get-random-bytes-of-tomorrow: func();',
      'to-string: func();',
      '%constructor: func();',
    ])('are refused as %s', async (random) => {
      await expect(importsOf({ random })).rejects.toMatchObject({ code: 'component/unsupported' });
    });

    it.each([
      ['a result of another shape', 'resource output-stream { flush: func() -> result<_, stream-error>; }'],
      ['no result', 'resource output-stream { flush: func(); }'],
      ['a constructor', 'resource output-stream { constructor(); }'],
      ['a static function', 'resource output-stream { flush: static func(); }'],
      ['a method of the host alone', 'resource output-stream { release: func(); }'],
      ['a method of every class', 'resource output-stream { %constructor: func(); }'],
      ['a resource that WASI does not have', 'resource sieve;'],
    ])('are refused with %s', async (_, streams) => {
      await expect(importsOf({ streams })).rejects.toMatchObject({ code: 'component/unsupported' });
    });

    it('are refused with a resource of the right name and another interface', async () => {
      await expect(importsOf({ stdout: `resource output-stream; ${STDOUT}` })).rejects.toMatchObject({
        code: 'component/unsupported',
        message: 'the import `wasi:cli/stdout@0.2.3` declares the resource `output-stream`, which this runtime does not have',
      });
      const stdout = `use wasi:io/streams@0.2.3.{input-stream as output-stream}; ${STDOUT}`;
      await expect(importsOf({ stdout })).rejects.toMatchObject({ data: { declared: 'func() -> own<input-stream>' } });
    });

    it('are refused with a resource that another import has under the same name', async () => {
      const wit = `package test:wasi; world w { import wasi:cli/stdout@0.2.3; export go: func(); }
      package test:other { interface streams { resource output-stream; } }
      package wasi:cli@0.2.3 { interface stdout { use test:other/streams.{output-stream}; ${STDOUT} } }`;
      const component = await cells.load(await dummyComponent(wit, 'w'));
      const [stdout] = component.imports.filter(({ name }) => name.startsWith('wasi:'));
      expect(() => resolveImports({ ...component, imports: [stdout!] }, [], () => undefined)).toThrow(
        expect.objectContaining({
          code: 'component/unsupported',
          message:
            'the import `wasi:cli/stdout@0.2.3` declares `get-stdout` with the resource `output-stream` of another interface, otherwise than it is served',
        }),
      );
    });

    it('are refused with a map for a list of pairs', async () => {
      const component = await cells.load(await importingGuest());
      const environment = (isMap: boolean): ComponentDescription => {
        const element: ValueType = { kind: 'tuple', items: [{ kind: 'string' }, { kind: 'string' }] };
        const result: ValueType = isMap ? { kind: 'list', element, isMap } : { kind: 'list', element };
        const items = [{ kind: 'func' as const, name: 'get-environment', type: { params: [], result, isAsync: false } }];
        return { ...component, imports: [{ kind: 'interface', name: 'wasi:cli/environment@0.2.0', items }] };
      };
      expect(resolveImports(environment(false), [], () => undefined).imports).toHaveLength(1);
      expect(() => resolveImports(environment(true), [], () => undefined)).toThrow(
        expect.objectContaining({ code: 'component/unsupported' }),
      );
    });

    it('are not asked for by an interface of types only', async () => {
      expect((await importsOf({ random: 'type anything = f32;' })).map(({ name }) => name)).toEqual(['wasi:io/streams@0.2.3']);
    });
  });

  describe('a function that the world imports directly', () => {
    const GUEST = `(component
    (import "tell" (func $tell (param "x" u32) (result u32)))
    (core func $tell (canon lower (func $tell)))
    (core module $Main (import "" "tell" (func $tell (param i32) (result i32)))
      (func (export "go") (result i32) (i32.add (call $tell (i32.const 20)) (i32.const 1))))
    (core instance $main (instantiate $Main (with "" (instance (export "tell" (func $tell))))))
    (func (export "go") (result u32) (canon lift (core func $main "go"))))`;
    const module = 'export const createCapability = () => ({ tell: ([x]) => x * 2 });';
    const local: Capability = {
      kind: 'local',
      name: 'given',
      interface: 'tell',
      moduleUrl: `data:text/javascript,${encodeURIComponent(module)}`,
      signatures: { tell: 'func(x: u32) -> u32' },
    };

    it.each(['own', 'jco'] as const)('is served inside the worker or on the trusted side, by %s bindings', async (bindings) => {
      const guest = await assemble(GUEST);
      const served = { kind: 'ok', value: 41, usage: { hostCalls: 1 } };
      expect(await cells.run(guest, 'go', [], { capabilities: [local], bindings })).toMatchObject(served);
      const capabilities = [bridged('tell', { tell: ([x]) => Number(x) * 2 })];
      expect(await cells.run(guest, 'go', [], { capabilities, bindings })).toMatchObject(served);
    });

    it('is refused with another signature', async () => {
      const signatures = { tell: 'func(x: u64) -> u32' };
      const capabilities: Capability[] = [{ ...local, signatures }];
      await expect(cells.run(await assemble(GUEST), 'go', [], { capabilities })).rejects.toMatchObject({
        code: 'component/unsupported',
        data: { import: 'tell', function: 'tell', declared: 'func(x: u32) -> u32', served: signatures.tell },
      });
    });
  });

  describe('the log capability', () => {
    const capabilities = openBuiltIn(['log']);

    it.each([0, 1, 100, 4000])('keeps at most 64 KiB of lines of %i characters, and counts the rest', async (length) => {
      const outcome = await cells.run(await loggingGuest(), 'flood', [3000, length], { capabilities });
      expect(outcome.kind).toBe('ok');
      expect(outcome.log.reduce((sum, line) => sum + line.level.length + line.message.length, 0)).toBeLessThanOrEqual(64 * 1024);
      expect(outcome.log.length).toBeLessThanOrEqual((64 * 1024) / 32);
      expect(outcome.log.length + outcome.logDropped).toBe(3000);
      expect(outcome.logDropped).toBeGreaterThan(0);
    });

    it('has the lines of a call that its deadline ended', async () => {
      const limits = { fuelMax: 2n ** 62n, timeoutMsMax: 400 };
      const outcome = await cells.run(await loggingGuest(), 'flood', [2 ** 31 - 1, 3], { capabilities, limits });
      expect(outcome).toMatchObject({ kind: 'limited', error: { code: 'limit/deadline' } });
      expect(outcome.log[0]).toEqual({ level: 'info', message: '\0\0\0' });
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
            return (tokens as string[]).map((token) =>
              token === 'Cellblock' ? { some: { tag: 'custom', value: 'name' } } : null,
            );
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
      const outcome = await cells.run(await importingGuest(), 'twice', [5], {
        capabilities: double({ ...honest, double: boom }),
      });
      expect(outcome).toMatchObject({
        kind: 'trapped',
        error: { code: 'capability/failed', message: 'the host function failed: no such row' },
      });
    });

    it('takes a rejected promise for an error, and anything with `then` for a promise', async () => {
      const rejected = double({ ...honest, double: () => Promise.reject(new Error('no such row')) });
      expect(await cells.run(await importingGuest(), 'twice', [5], { capabilities: rejected })).toMatchObject({
        kind: 'trapped',
        error: { code: 'capability/failed', message: 'the host function failed: no such row' },
      });
      // biome-ignore lint/suspicious/noThenProperty: an embedding program may answer with any object that has one
      const later = double({ ...honest, double: () => ({ then: (take: (value: number) => void) => take(7) }) as never });
      expect(await cells.run(await importingGuest(), 'twice', [5], { capabilities: later })).toMatchObject({ value: 7 });
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
      const outcome = await cells.run(await importingGuest(), 'twice', [5], {
        capabilities: double({ ...honest, double: boom }),
      });
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
});
