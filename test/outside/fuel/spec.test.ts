import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { wat } from '../../runtime/instrument/guest.ts';

/*
 * Whether the harness of the WebAssembly test suite tells right from wrong: with this project's instrumentation, and with
 * ones that are broken on purpose.
 */
const SCRIPT = fileURLToPath(new URL('../spec.mjs', import.meta.url));
const DIST = new URL('../../../dist/runtime/instrument/', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'cellblock-spec-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NAN = '2143289345';
const MODULES = {
  'good.wasm': `(module (memory 1)
    (func (export "seven") (result i32) (i32.const 7777))
    (func (export "bits") (param f32) (result f32) (local.get 0))
    (func (export "lanes") (param v128) (result v128) (i32x4.add (local.get 0) (v128.const i32x4 1 2 3 4)))
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))`,
  'shared.wasm': '(module (memory 1 1 shared) (func (export "f")))',
  'user.wasm': '(module (import "shared" "f" (func)))',
};
const COMMANDS = [
  { type: 'module', line: 1, filename: 'good.wasm' },
  { type: 'assert_return', line: 2, action: invoke('seven'), expected: [{ type: 'i32', value: '7777' }] },
  // The bits of a NaN, which JavaScript's own calls do not keep.
  {
    type: 'assert_return',
    line: 3,
    action: invoke('bits', { type: 'f32', value: NAN }),
    expected: [{ type: 'f32', value: NAN }],
  },
  { type: 'assert_return', line: 4, action: invoke('lanes', lanes('1', '2', '3', '4')), expected: [lanes('2', '4', '6', '8')] },
  { type: 'assert_trap', line: 5, action: invoke('load', { type: 'i32', value: '65536' }), text: 'out of bounds memory access' },
  { type: 'module', line: 6, filename: 'shared.wasm' },
  { type: 'register', line: 7, as: 'shared' },
  { type: 'module', line: 8, filename: 'user.wasm' },
];

function invoke(field: string, ...args: object[]): object {
  return { type: 'invoke', field, args };
}

function lanes(...value: string[]): object {
  return { type: 'v128', lane_type: 'i32', value };
}

interface Report {
  readonly plain: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly variants: readonly {
    readonly name: string;
    readonly kept: Readonly<Record<string, number>>;
    readonly refusals: Readonly<Record<string, number>>;
    readonly follows: number;
    readonly losses: readonly { readonly line: number; readonly why: string }[];
  }[];
}

function runSpec(dist: string): { status: number | null; report: Report } {
  const suite = join(folder, 'suite');
  mkdirSync(suite, { recursive: true });
  for (const [name, text] of Object.entries(MODULES)) writeFileSync(join(suite, name), wat(text));
  writeFileSync(join(suite, 'script.json'), JSON.stringify({ commands: COMMANDS }));
  const json = join(folder, 'report.json');
  const { status } = spawnSync(process.execPath, [SCRIPT, '--dist', dist, '--json', json, suite], { encoding: 'utf8' });
  return { status, report: JSON.parse(readFileSync(json, 'utf8')) as Report }; // written by the script
}

/** A build whose `instrument` is the project's, with what it gives changed by code that sees `made`. */
function brokenDist(change: string): string {
  const dist = mkdtempSync(join(folder, 'dist-'));
  const target = join(dist, 'runtime/instrument');
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'opcodes.js'), `export * from '${new URL('opcodes.js', DIST)}';`);
  writeFileSync(
    join(target, 'index.js'),
    `import { instrument as whole } from '${new URL('index.js', DIST)}';
     export * from '${new URL('index.js', DIST)}';
     const SEVENS = [0x41, 0xe1, 0x3c]; // i32.const 7777
     export function instrument(bytes, options) { const made = whole(bytes, options); ${change} return made; }`,
  );
  writeFileSync(join(dist, 'package.json'), '{"type":"module"}');
  return dist;
}

describe('the harness of the WebAssembly test suite', () => {
  it('keeps all that passes plain, by exact bits, and lists refusals and what follows from them', () => {
    const { status, report } = runSpec(fileURLToPath(new URL('../../', DIST)));
    expect(status).toBe(0);
    expect(report.plain).toEqual({
      module: { passed: 3 },
      assert_return: { passed: 3 },
      assert_trap: { passed: 1 },
      register: { passed: 1 },
    });
    expect(report.variants.map(({ name }) => name)).toEqual(['region/own', 'region/shared', 'exact/own', 'exact/shared']);
    for (const { kept, refusals, follows, losses } of report.variants) {
      expect(kept).toEqual({ module: 1, assert_return: 3, assert_trap: 1, register: 1 });
      expect(refusals).toEqual({ 'a shared memory is not supported': 1 });
      expect(follows).toBe(1);
      expect(losses).toEqual([]);
    }
  });

  it.each([
    [
      'another result',
      'const at = made.bytes.findIndex((_, from) => SEVENS.every((byte, index) => made.bytes[from + index] === byte)); if (at >= 0) made.bytes[at + 1] ^= 1;',
      [2],
    ],
    ['a module that is no longer taken', "throw new Error('broken');", [1, 2, 3, 4, 5, 8]],
  ])('finds %s', (_, change, lines) => {
    const { status, report } = runSpec(brokenDist(change));
    expect(status).toBe(1);
    for (const { losses } of report.variants) expect(losses.map(({ line }) => line)).toEqual(lines);
  });
});
