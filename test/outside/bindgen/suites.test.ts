import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, print } from '@bytecodealliance/jco-transpile/wasm-tools';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readWorld } from '../../../authoring/index.ts';
import { compileGuest } from './compile.mjs';
import { type EngineAnswer, runHere, runInWasmtime } from './engines.mjs';
import { layOver, worldsWithoutGuest } from './overlay.mjs';
import { runtimeTests } from './runtime-worlds.mjs';
import { differenceOf } from './same-world.mjs';

/*
 * Whether the suites for wit-bindgen's checkout tell right from wrong: on worlds of our own, without that checkout.
 */

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
const CODEGEN = fileURLToPath(new URL('../bindgen-codegen.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'cellblock-bindgen-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Of what `--json` prints. */
interface Report {
  readonly rows: readonly { readonly name: string; readonly status: string; readonly why?: string }[];
}

function runCodegen(...args: string[]): { status: number | null; rows: Record<string, string> } {
  const { status, stdout } = spawnSync(process.execPath, [CODEGEN, fixture('bindgen-codegen'), '--json', ...args], {
    encoding: 'utf8',
  });
  const { rows } = JSON.parse(stdout) as Report; // written by the script
  return {
    status,
    rows: Object.fromEntries(rows.map((row) => [row.name, `${row.status}${row.why === undefined ? '' : `: ${row.why}`}`])),
  };
}

describe('the suite of generated code', () => {
  it('passes each synchronous world, and says of the others what is asynchronous', () => {
    expect(runCodegen()).toEqual({
      status: 0,
      rows: {
        'asynchronous.wit': 'left out: asynchronous: function `tiny:asynchronous/later#wait` is async',
        folder: 'passed',
        'two-worlds.wit, waits': 'left out: asynchronous: `take` has a stream',
        'two-worlds.wit, works': 'passed',
        'values.wit': 'passed',
      },
    });
  }, 120_000);

  it('fails worlds for which a generator leaves a function out', () => {
    const only = ['--only', 'folder', '--only', 'two-worlds.wit'];
    const { status, rows } = runCodegen('--generator', fixture('bindgen-codegen/one-export-less.mjs'), ...only);
    expect(status).toBe(1);
    expect(rows.folder).toMatch(
      /^failed: .*author\/mismatch: .*failed to find export of interface `tiny:dep\/api` function `double`/,
    );
    expect(rows['two-worlds.wit, works']).toBe('passed');
  }, 120_000);

  it('fails worlds for which the generated code does not compile', () => {
    const { status, rows } = runCodegen('--generator', fixture('bindgen-codegen/no-such-type.mjs'), '--only', 'values.wit');
    expect(status).toBe(1);
    expect(rows).toEqual({ 'values.wit': expect.stringMatching(/^failed: .*asc: ERROR TS\d+: .*Float/) });
  }, 120_000);
});

describe('worlds compared', () => {
  const base =
    'package tiny:w; interface i { record r { a: u8 } resource x; f: func(r: r) -> borrow-free; type borrow-free = list<x>; }';
  const worldOf = async (text: string) => {
    const file = join(folder, 'compared.wit');
    writeFileSync(file, text);
    return (await readWorld(file)).component;
  };
  const wanted = () => worldOf(`${base} world w { import i; export i; export g: func(); }`);

  it('are the same as themselves', async () => {
    expect(differenceOf(await wanted(), await wanted())).toBeUndefined();
  });

  it.each([
    [
      'a field of another type',
      base.replace('a: u8', 'a: u16'),
      'import i; export i; export g: func();',
      /^import `tiny:w\/i#f` is .*u16.*, not .*u8/,
    ],
    ['a function less', base, 'import i; export i;', /^export `g` is missing$/],
    ['an interface less', base, 'import i; export g: func();', /^export `tiny:w\/i#f` is missing$/],
    ['an import less', base, 'export i; export g: func();', /^import `tiny:w\/i#f` is missing$/],
    ['a function more', base, 'import i; export i; export g: func(); export h: func();', /^export `h` is not in the WIT$/],
  ])('differ by %s', async (_what, interfaces, items, difference) => {
    expect(differenceOf(await wanted(), await worldOf(`${interfaces} world w { ${items} }`))).toMatch(difference);
  });
});

describe('the suite of guests that run', () => {
  const GUEST = (text: string): string =>
    `import { ApiGuest } from './bindings/exports/api';\nexport class Api implements ApiGuest {\n  greet(name: string): string {\n    return ${text};\n  }\n}\n`;
  const files = { right: join(folder, 'right.wasm'), wrong: join(folder, 'wrong.wasm') };
  const wit = fixture('bindgen-runtime-own/test.wit');

  beforeAll(async () => {
    const runner = await compile('runner', readFileSync(fixture('bindgen-runtime-own/runner.ts'), 'utf8'));
    writeFileSync(files.right, await compose(runner, await compile('test', GUEST("'Hello, ' + name"))));
    writeFileSync(files.wrong, await compose(runner, await compile('test', GUEST("'Hallo, ' + name"))));
  }, 120_000);

  async function compile(world: string, source: string): Promise<Uint8Array> {
    return compileGuest({ world: await readWorld(wit, world), wit, source, folder: join(folder, world) });
  }

  async function compose(runner: Uint8Array, guest: Uint8Array): Promise<Uint8Array> {
    const [outer, inner] = await Promise.all([print(runner), print(guest)]);
    return parse(`(component
      ${inner.replace('(component', '(component $guest')}
      ${outer.replace('(component', '(component $runner')}
      (instance $g (instantiate $guest))
      (alias export $g "tiny:composed/api" (instance $api))
      (instance $r (instantiate $runner (with "tiny:composed/api" (instance $api))))
      (alias export $r "run" (func $run))
      (export "run" (func $run)))`);
  }

  it('passes a right guest here and fails a wrong one', async () => {
    const { Runtime } = await import('cellblock/runtime');
    const runtime = new Runtime();
    expect(await runHere(runtime, files.right)).toMatchObject({ passed: true });
    expect(await runHere(runtime, files.wrong)).toMatchObject({
      passed: false,
      why: expect.stringMatching(/^trapped: trap\/unreachable/),
    });
    expect(await runHere(runtime, join(folder, 'none.wasm'))).toMatchObject({ passed: false });
    await runtime.close();
  });

  it.skipIf(!hasWasmtime())('passes a right guest in Wasmtime and fails a wrong one (needs wasmtime of PyPI)', async () => {
    const answers = await runInWasmtime('python3', [files.right, files.wrong]);
    expect(answers.get(files.right)).toEqual({ passed: true });
    expect(answers.get(files.wrong)).toMatchObject({ passed: false, why: expect.stringContaining('unreachable') });
  });

  it('fails everything where Wasmtime does not answer', async () => {
    const answers: Map<string, EngineAnswer> = await runInWasmtime(join(folder, 'no-python'), [files.right]);
    expect(answers.get(files.right)).toMatchObject({
      passed: false,
      why: expect.stringMatching(/^wasmtime ended without an answer/),
    });
  });
});

describe('guests in the place of others', () => {
  const from = join(folder, 'from');
  const guests = join(folder, 'guests');
  const write = (root: string, test: string, names: readonly string[], text = ''): void => {
    mkdirSync(join(root, test), { recursive: true });
    for (const name of names) writeFileSync(join(root, test, name), text);
  };

  beforeAll(() => {
    write(from, 'plain', ['runner.rs', 'test.rs', 'test-other.rs', 'alloc.rs', 'runner.c']);
    writeFileSync(join(from, 'plain/test.wit'), 'package a:b; world runner {} world test {}');
    write(from, 'deep/chain', ['runner.rs', 'leaf.rs', 'middle.rs']);
    writeFileSync(
      join(from, 'deep/chain/test.wit'),
      "//@ dependencies = ['middle', 'leaf']\n//@ wac = 'compose.wac'\npackage a:b;",
    );
    write(guests, 'plain', ['test.ts', 'runner.ts'], 'ours');
    write(guests, 'deep/chain', ['leaf.ts'], 'ours');
  });

  it('reads worlds from the first comments of a test', () => {
    const found = runtimeTests(from).map(({ name, runner, dependencies }) => ({ name, runner, dependencies }));
    expect(found).toEqual([
      { name: 'deep/chain', runner: 'runner', dependencies: ['middle', 'leaf'] },
      { name: 'plain', runner: 'runner', dependencies: ['test'] },
    ]);
  });

  it('takes the place of every guest, and of no runner', async () => {
    const [chain, plain] = runtimeTests(from);
    expect(worldsWithoutGuest(plain!, guests)).toEqual([]);
    expect(worldsWithoutGuest(chain!, guests)).toEqual(['middle']);
    const to = join(folder, 'to');
    await layOver({ from, to, guests }, [plain!]);
    expect(readdirSync(join(to, 'plain')).sort()).toEqual(['alloc.rs', 'runner.c', 'runner.rs', 'test.ts', 'test.wit']);
    expect(readdirSync(join(to, 'deep/chain')).sort()).toEqual(['leaf.rs', 'middle.rs', 'runner.rs', 'test.wit']);
  });
});

function hasWasmtime(): boolean {
  try {
    execFileSync('python3', ['-c', 'import wasmtime.component'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
