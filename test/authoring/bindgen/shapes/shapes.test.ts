import { beforeAll, describe, expect, it } from 'vitest';
import { ready, subject } from '../../../differential/sides.ts';
import { functionsOf } from './cases.ts';
import { ourDifferences } from './compare.ts';
import { chains, shapesComponents } from './components.ts';
import { readGolden } from './golden.ts';

/*
 * A world with every type shape, in Rust by wit-bindgen and in AssemblyScript by our generator, against what Wasmtime answered.
 * test/outside/bindgen-shapes.mjs recorded that, and compares all of them alive.
 */

const components = await shapesComponents();
const { component } = subject(components.Rust!, false);
const golden = readGolden(component);
const driven = golden.calls.filter(({ call }) => call.within === 'driver').map((one) => ({ ...one, things: [] }));

describe('a world with every type shape', () => {
  beforeAll(() => ready);

  it('was recorded for every function, a thousand calls', () => {
    const recorded = new Set(golden.calls.map(({ call }) => `${call.within}#${call.name}`));
    const all = ['shapes', 'extra', 'driver'].flatMap((within) =>
      functionsOf(component, within).map(([name]) => `${within}#${name}`),
    );
    expect([...recorded].sort()).toEqual(all.sort());
    expect(golden.calls.length).toBeGreaterThan(1000);
  });

  it.each(Object.keys(components))(
    'in %s gives what Wasmtime gave, by our bindings and by jco',
    (name) => {
      const { compared, differences } = ourDifferences(components[name]!, golden.calls);
      expect(differences).toEqual([]);
      expect(compared).toBeGreaterThan(5 * golden.calls.length);
    },
    120_000,
  );

  it.each(Object.entries(chains(components)))(
    'drives in %s the same programs',
    (name, bytes) => {
      const { differences } = ourDifferences(bytes, driven, !name.includes('AssemblyScript'));
      expect(differences).toEqual([]);
    },
    60_000,
  );

  it('tells a wrong answer, and a wrong word in the log of the host', () => {
    const asked = golden.calls.filter(({ call }) => call.name === 'a-many' || call.within === 'driver');
    const wrong = asked.map((one) =>
      one.call.name === 'a-many' ? { ...one, result: 'ff' } : { ...one, things: [...one.things, '?'] },
    );
    const { differences } = ourDifferences(components.Rust!, wrong.slice(0, 1), false);
    expect(differences.some((one) => one.includes('result'))).toBe(true);
    expect(ourDifferences(components.Rust!, wrong.slice(-1), false).differences.join()).toContain('things');
  });
});
