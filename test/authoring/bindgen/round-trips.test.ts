import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ValueType } from '../../../runtime/component/types.ts';
import { encodeParams, encodeValue, type WitValue } from '../../../runtime/value/index.ts';
import { arbDeepValue, arbParamTypes, pick } from '../../differential/arbitrary.ts';
import { functionType, hostImports, ready, type Subject, subject, WIDE } from '../../differential/sides.ts';
import { WitTypes } from '../../support/echo-component.ts';
import { bindingsOf, buildGuest, RUNTIMES } from './build.ts';

/*
 * Values of all shapes through an AssemblyScript guest, by our bindings of components and by jco's: into its classes and out
 * again, and on the way through a function that it imports. What they are said to be is the runtime's canonical encoding.
 */

const HOST = 'test:round/host';
const API = 'test:round/api';
const FUNCTIONS = ['turn', 'relay'] as const;
/** Without those whose types make jco 0.15 fail: of a variant's payload that shares 64 bits with another, it does not take the low 32. */
const SEEDS = [1, 3, 4, 5, 6, 7, 8, 9];
const VALUES = 12;

beforeAll(() => ready, 60_000);

describe('values through a guest in AssemblyScript', () => {
  it.each(SEEDS)(
    'come back as they were, for the types of seed %i',
    async (seed) => {
      const params = pick(arbParamTypes(), seed, 1)[0]!;
      await expectRound(params, seed, RUNTIMES[seed % RUNTIMES.length]!);
    },
    120_000,
  );

  it('come back when there are more parameters than core values may be passed', async () => {
    const params = Array.from(
      { length: 20 },
      (_, at): ValueType => ({ kind: at % 3 === 0 ? 'string' : at % 3 === 1 ? 'u8' : 'f64' }),
    );
    await expectRound(params, 1, 'incremental');
  }, 120_000);
});

async function expectRound(params: readonly ValueType[], seed: number, runtime: (typeof RUNTIMES)[number]): Promise<void> {
  const wit = roundWit(params);
  const source = guestOf(await bindingsOf(wit), params.length);
  const linked = subject((await buildGuest(wit, source, { runtime })).component);
  expect(linked.contenders).toContain('jco, plain');
  for (const values of pick(fc.tuple(...params.map(arbDeepValue)), seed, VALUES)) expectValues(linked, params, values);
}

function expectValues(linked: Subject, params: readonly ValueType[], values: readonly WitValue[]): void {
  const type = resultOf(params);
  const value = params.length === 1 ? values[0]! : [...values];
  const expected = Buffer.from(encodeValue(value, type, WIDE)).toString('hex');
  const call = functionType(linked.component.imports, HOST, 'turn');
  for (const contender of linked.contenders) {
    const host = new Map([
      [HOST, new Map([['turn', { type: call, call: (args: readonly WitValue[]) => (args.length === 1 ? args[0] : [...args]) }]])],
    ]);
    const instance = linked.instantiate(contender, hostImports(contender, host));
    for (const name of FUNCTIONS) {
      const signature = functionType(linked.component.exports, API, name);
      const ending = instance.call(API, name, encodeParams(values, signature.params, WIDE));
      const found = 'bytes' in ending ? Buffer.from(ending.bytes).toString('hex') : ending.what;
      expect(found, `${contender}, ${name}`).toBe(expected);
    }
  }
}

/** The result of functions that take these parameters: the only one, or a tuple of all. */
function resultOf(params: readonly ValueType[]): ValueType {
  return params.length === 1 ? params[0]! : { kind: 'tuple', items: params };
}

/** One interface has the types, so that they are the same in what is imported and exported. */
function roundWit(params: readonly ValueType[]): string {
  const types = new WitTypes();
  const list = params.map((type, at) => `p${at}: ${types.of(type)}`).join(', ');
  const turn = `func(${list}) -> ${types.of(resultOf(params))};`;
  const names = types.lines.map((line) => line.split(' ')[1]!);
  const use = names.length === 0 ? '' : `use types.{${names.join(', ')}};`;
  return `package test:round;
    interface types { ${types.lines.join('\n')} }
    interface host { ${use} turn: ${turn} }
    interface api { ${use} turn: ${turn} relay: ${turn} }
    world w { import host; export api; }`;
}

/** A guest that gives back what it gets. */
function guestOf(bindings: ReadonlyMap<string, string>, count: number): string {
  const text = bindings.get('exports/api.ts')!;
  const [, params, result] = / {2}turn\((.*)\): (.*);/.exec(text)!;
  const args = Array.from({ length: count }, (_, at) => `p${at}`).join(', ');
  const imports = [...text.matchAll(/^import .*;$/gm)].map(([line]) => line.replace(/'\.\.\//, "'./bindings/"));
  const made = count === 1 ? args : `new ${result}(${args})`;
  return `
    ${imports.filter((line) => !line.includes('canonical')).join('\n')}
    import { ApiGuest } from './bindings/exports/api';
    import { turn } from './bindings/imports/host';
    export class Api implements ApiGuest {
      turn(${params}): ${result} { return ${made}; }
      relay(${params}): ${result} { return turn(${args}); }
    }`;
}
