import { describe, expect, it } from 'vitest';
import { CLOSED_WASI_INTERFACES, ExitSignal, exitCodeOf, isMet, MemoryFileTree } from '../../../runtime/wasi/index.ts';
import { thrownBy } from '../value/thrown-by.ts';
import { drop, openWasi, thrown, utf8 } from './guest-side.ts';

interface HostFunction {
  readonly name: string;
  readonly run: () => unknown;
}

/** Every function and method that a guest can call, on live handles where it needs one, without arguments. */
function allHostFunctions() {
  const tree = new MemoryFileTree({ bytesMax: 1000, inodesMax: 10 });
  const { wasi, guest } = openWasi({ handlesMax: 1000, preopens: [{ name: '/', tree, writable: true }] });
  const root = guest['wasi:filesystem/preopens'].getDirectories()[0]![0];
  const file = root.openAt({}, 'file', { create: true }, { read: true, write: true });
  const sink = file.writeViaStream(2n ** 60n);
  const failed = thrown(() => sink.blockingWriteAndFlush(utf8('x'))) as { val: object };
  const handles: readonly object[] = [
    root,
    root.readDirectory(),
    guest['wasi:cli/stdin'].getStdin(),
    guest['wasi:cli/stdout'].getStdout(),
    guest['wasi:clocks/monotonic-clock'].subscribeDuration(0n),
    failed.val,
  ];
  const functions: HostFunction[] = [];
  for (const handle of handles) {
    const prototype = Object.getPrototypeOf(handle) as object;
    for (const name of Object.getOwnPropertyNames(prototype)) {
      if (name === 'constructor' || name === 'release') continue;
      const method = (handle as Record<string, () => unknown>)[name]!;
      functions.push({ name: `${prototype.constructor.name}.${name}`, run: () => method.call(handle) });
    }
  }
  for (const [id, members] of Object.entries(wasi.imports)) {
    for (const [name, member] of Object.entries(members)) {
      if (/^[a-z]/.test(name)) functions.push({ name: `${id}#${name}`, run: member as () => unknown });
    }
  }
  return { wasi, guest, functions };
}

describe('every host function', () => {
  it('is counted once, and throws nothing but payloads, signals and coded errors', () => {
    for (const { name } of allHostFunctions().functions) {
      const { wasi, functions } = allHostFunctions(); // afresh: a failure is final
      const before = wasi.hostCalls();
      try {
        functions.find((other) => other.name === name)!.run();
      } catch (error) {
        if (error instanceof Error) expect(error, name).toBe(wasi.failure);
      }
      expect(wasi.hostCalls() - before, name).toBe(1);
    }
  });

  it('throws the first failure again, so a guest that catches it gains nothing', () => {
    const { wasi, guest, functions } = allHostFunctions();
    const first = thrown(() => guest['wasi:random/random'].getRandomBytes(2n ** 63n));
    expect(wasi.failure).toBe(first);
    expect(functions.length).toBeGreaterThan(60);
    for (const { name, run } of functions) expect(thrown(run), name).toBe(first);
    expect(wasi.failure).toBe(first);
  });

  it('reports a used-up stack as such, also when there is none left to report it with', () => {
    const { wasi, guest } = openWasi();
    const now = guest['wasi:clocks/wall-clock'].now;
    const dive = (): void => {
      try {
        dive();
      } finally {
        now();
      }
    };
    expect(() => dive()).toThrow();
    expect(wasi.failure).toMatchObject({ code: 'limit/stack', message: 'the guest recursed past the native stack' });
  });
});

describe('handles', () => {
  it('end the call when more than the limit are live at one time', () => {
    const { wasi, guest } = openWasi({ handlesMax: 3 });
    const { getStdout } = guest['wasi:cli/stdout'];
    getStdout();
    getStdout().subscribe();
    const error = thrownBy(getStdout);
    expect(error).toMatchObject({ code: 'limit/handles', data: { limit: 3, used: 4 } });
    expect(error.message).toBe('the guest holds or names 4 handles, more than 3');
    expect(wasi.failure).toBe(error);
  });

  it('are free again once dropped, and a second drop frees nothing', () => {
    const { wasi, guest } = openWasi({ handlesMax: 2 });
    const kept = guest['wasi:cli/stdout'].getStdout();
    for (let turn = 0; turn < 100; turn += 1) {
      const pollable = kept.subscribe();
      expect(wasi.handles()).toBe(2);
      drop(pollable);
      drop(pollable);
      expect(wasi.handles()).toBe(1);
    }
  });
});

describe('exit', () => {
  it('ends the call with the status, and can be told from every other thing thrown', () => {
    const codes = [
      (exit: ReturnType<typeof openWasi>['guest']['wasi:cli/exit']) => exit.exit({ tag: 'ok', val: undefined }),
      (exit: ReturnType<typeof openWasi>['guest']['wasi:cli/exit']) => exit.exit({ tag: 'err', val: undefined }),
      (exit: ReturnType<typeof openWasi>['guest']['wasi:cli/exit']) => exit.exitWithCode(42),
    ].map((run) => exitCodeOf(thrown(() => run(openWasi().guest['wasi:cli/exit']))));
    expect(codes).toEqual([0, 1, 42]);
  });

  it('does not take a look-alike for a signal', () => {
    expect(exitCodeOf({ name: 'ExitSignal', exitCode: 0 })).toBeUndefined();
    expect(exitCodeOf(Object.create(ExitSignal.prototype))).toBeUndefined();
    expect(exitCodeOf(undefined)).toBeUndefined();
  });

  it('is final: the guest can do nothing after it', () => {
    const { wasi, guest } = openWasi();
    const out = guest['wasi:cli/stdout'].getStdout();
    thrown(() => guest['wasi:cli/exit'].exit({ tag: 'ok', val: undefined }));
    expect(exitCodeOf(thrown(() => out.blockingWriteAndFlush(utf8('late'))))).toBe(0);
    expect(wasi.stdout().bytes).toHaveLength(0);
  });
});

describe('the closed defaults', () => {
  it('give no argument, variable, directory, file, input or terminal', () => {
    const { guest } = openWasi();
    expect(guest['wasi:cli/environment'].getArguments()).toEqual([]);
    expect(guest['wasi:cli/environment'].getEnvironment()).toEqual([]);
    expect(guest['wasi:cli/environment'].initialCwd()).toBeUndefined();
    expect(guest['wasi:filesystem/preopens'].getDirectories()).toEqual([]);
    expect(guest['wasi:cli/terminal-stdout'].getTerminalStdout()).toBeUndefined();
    expect(thrown(() => guest['wasi:cli/stdin'].getStdin().read(1n))).toEqual({ tag: 'closed' });
  });

  it('give what is asked for', () => {
    const { guest } = openWasi({ args: ['tool', '-v'], env: [['HOME', '/h=1']] });
    expect(guest['wasi:cli/environment'].getArguments()).toEqual(['tool', '-v']);
    expect(guest['wasi:cli/environment'].getEnvironment()).toEqual([['HOME', '/h=1']]);
  });

  it.each([
    ['a short seed', { seed: new Uint8Array(15) }, 'the seed has 15 bytes, fewer than 16'],
    ['a cap that is no number', { stdoutBytesMax: Number.NaN }, '`stdoutBytesMax` is not an integer of 0 or more'],
    ['a negative limit', { handlesMax: -1 }, '`handlesMax` is not an integer of 0 or more'],
    ['a NUL in an argument', { args: ['a\0b'] }, 'an argument, variable or preopen name contains a NUL'],
    ['a variable named with `=`', { env: [['A=B', 'c']] as const }, 'an environment variable has an empty name or one with `=`'],
  ])('refuse %s', (_what, options, message) => {
    expect(thrownBy(() => openWasi(options))).toMatchObject({ code: 'usage/invalid-argument', message });
  });
});

describe('isMet', () => {
  it.each(['wasi:io/streams@0.2.0', 'wasi:io/streams@0.2.3', 'wasi:cli/terminal-stderr@0.2.12', 'wasi:filesystem/types@0.2.6'])(
    'accepts %s',
    (name) => {
      expect(isMet(name)).toBe(true);
    },
  );

  it.each([
    'wasi:io/streams@0.3.0',
    'wasi:io/streams@0.1.0',
    'wasi:io/streams@0.2',
    'wasi:io/streams@0.2.0-rc-2023-11-10',
    'wasi:io/streams@0.2.01',
    'wasi:io/streams@1.0.2',
    'wasi:io/streams',
    'wasi:io/streams@0.2.3\n',
    'wasi:http/outgoing-handler@0.2.3',
    'wasi:sockets/tcp@0.2.3',
    'wasi:clocks/timezone@0.2.3',
    'evil:io/streams@0.2.3',
    'toString@0.2.3',
    '',
  ])('refuses %j', (name) => {
    expect(isMet(name)).toBe(false);
  });

  it('names exactly the interfaces of the closed WASI', () => {
    expect([...CLOSED_WASI_INTERFACES].sort()).toEqual(Object.keys(openWasi().wasi.imports).sort());
    expect([...CLOSED_WASI_INTERFACES].some((name) => /http|sockets/.test(name))).toBe(false);
  });
});
