import { readFileSync } from 'node:fs';
import {
  type Capability,
  CODES,
  type Component,
  decodeComponent,
  findFunctions,
  isCoded,
  type WitValue,
} from 'cellblock/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { assemble } from '../support/assemble.ts';
import { useCells } from '../support/cells.ts';
import { hostileGuest, importingGuest, rememberingGuest, wasiGuest } from '../support/guests.ts';
import { mutate, mutateInside, seededRandom } from '../support/mutate.mjs';

/*
 * Damaged components through every step, in one process: each ends in a code or works, and the good call after it is
 * not spoiled. `test/outside/mutate.mjs` does the same for thousands, with times.
 */

const MUTANTS_PER_SEED = 30;
const LIMITS = { fuelMax: 1_000_000n, memoryPagesMax: 256, timeoutMsMax: 5_000 };

const cells = useCells();
let good: Uint8Array;

beforeAll(async () => {
  good = await hostileGuest();
});

const seeds: readonly (readonly [string, () => Uint8Array | Promise<Uint8Array>])[] = [
  ['a guest of many functions', hostileGuest],
  ['a guest with WASI imports', wasiGuest],
  ['a guest with a host interface', importingGuest],
  ['a guest with state', rememberingGuest],
  ['crash-summary', () => new Uint8Array(readFileSync(new URL('../../tools/crash-summary/crash-summary.wasm', import.meta.url)))],
];

const DOUBLE: Capability = {
  kind: 'bridged',
  name: 'double',
  interface: 'test:host/double@1.0.0',
  functions: { double: ([x]) => (Number(x) * 2) >>> 0, check: () => ({ ok: null }) },
};

/** How one mutant ended: the codes of its refusals and outcomes, or `ok`. */
async function endsOf(bytes: Uint8Array): Promise<string[]> {
  let component: Component;
  try {
    component = decodeComponent(bytes);
  } catch (error) {
    return [codeOf(error)];
  }
  const ends: string[] = [];
  const callable = findFunctions(component).filter((found) => found.callable && found.type.params.every(isSimple));
  for (const { id, type } of callable.slice(0, 2)) {
    try {
      const call = await cells.runtime.prepare(component, { function: id, limits: LIMITS, capabilities: [DOUBLE] });
      const outcome = await cells.runtime.invoke(
        call,
        type.params.map((param) => VALUES[param.type.kind] as WitValue),
      );
      cells.runtime.release(call);
      ends.push(outcome.error?.code ?? outcome.kind);
    } catch (error) {
      ends.push(codeOf(error));
    }
  }
  return ends;
}

const VALUES: Readonly<Record<string, WitValue>> = { u32: 2, s32: 2, string: 'line one', option: null };

function isSimple({ type }: { readonly type: { readonly kind: string } }): boolean {
  return Object.hasOwn(VALUES, type.kind);
}

function codeOf(error: unknown): string {
  if (!isCoded(error)) throw error;
  return error.code;
}

describe('damaged components', () => {
  it.each(seeds)('end by a code or work, and spoil nothing: %s', async (_, make) => {
    const seed = await make();
    const seen = new Set<string>();
    for (let at = 0; at < MUTANTS_PER_SEED; at += 1) {
      const change = at % 3 === 0 ? mutate : mutateInside;
      for (const end of await endsOf(change(seed, seededRandom(at)))) seen.add(end);
      if (at % 5 === 4) {
        const { kind, value } = await cells.run(good, 'add', [at, 40]);
        expect({ kind, value }).toEqual({ kind: 'ok', value: at + 40 });
      }
    }
    const strange = [...seen].filter((end) => end !== 'ok' && (!Object.hasOwn(CODES, end) || /^(internal|failed)\//.test(end)));
    expect(strange).toEqual([]);
    expect(seen.size).toBeGreaterThan(1); // the damage reached more than one check
  });
});

describe('a component that makes jco panic', () => {
  /** jco asserts that a string is UTF-8 or UTF-16; one flipped byte is enough. */
  const withEncoding = (encoding: string) =>
    assemble(`(component
      (core module $m
        (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 64)
        (func (export "go") (param i32 i32) (result i32) (local.get 1)))
      (core instance $i (instantiate $m))
      (func (export "go") (param "x" string) (result u32)
        (canon lift (core func $i "go") string-encoding=${encoding} (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))`);

  it('is not given to jco', async () => {
    const bytes = await withEncoding('latin1+utf16');
    await expect(cells.run(bytes, 'go', ['four'], { bindings: 'jco' })).rejects.toMatchObject({
      code: 'component/unsupported',
      help: 'leave the choice of bindings to `auto`',
    });
  });

  it('spoils nothing where it gets as far as jco', async () => {
    const honest = decodeComponent(await withEncoding('utf8'));
    const bytes = await withEncoding('latin1+utf16');
    for (const digest of ['sha256:first', 'sha256:second', 'sha256:third']) {
      const preparing = cells.runtime.prepare({ ...honest, bytes, digest }, { function: 'go', bindings: 'jco' });
      await expect(preparing).rejects.toMatchObject({ code: 'component/transpile-failed' });
      const { kind, value } = await cells.run(honest.bytes, 'go', ['four'], { bindings: 'jco' });
      expect({ kind, value }).toEqual({ kind: 'ok', value: 4 });
    }
    const fresh = await rememberingGuest(); // one that this runtime has not prepared before
    expect(await cells.run(fresh, 'count', [], { bindings: 'jco' })).toMatchObject({ kind: 'ok', value: 1001 });
  });
});
