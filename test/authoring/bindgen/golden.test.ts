import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bindingsOf } from './build.ts';

/* `BLESS=1 npx vitest run test/authoring/bindgen/golden.test.ts` writes the golden files anew. */

const FOLDER = new URL('../../golden/bindgen/', import.meta.url);
const WORLDS = ['greeter', 'shapes', 'resources'];

describe('the files that people read', () => {
  it.each(WORLDS)(
    'are as they were for world %s',
    async (name) => {
      const files = await bindingsOf(readFileSync(new URL(`${name}.wit`, FOLDER), 'utf8'));
      const golden = new URL(`${name}.bindings.txt`, FOLDER);
      const text = [...files]
        .filter(([path]) => !['canonical.ts', 'names.mjs', 'values.ts'].includes(path)) // the same for all, and tried by running them
        .map(([path, body]) => `==> ${path}\n${body}`)
        .join('\n');
      if (process.env.BLESS === '1') writeFileSync(golden, text);
      expect(text).toBe(readFileSync(golden, 'utf8'));
    },
    60_000,
  );

  it('import abi.ts only where code needs it, whatever docs say', async () => {
    const world = (type: string): string => `package test:abi;
      world w { /// As in abi.ts, and \`abi.load\`.
        import note: func(value: ${type}); }`;
    const [without, needing] = [await bindingsOf(world('u32')), await bindingsOf(world('list<string>'))];
    expect(without.get('imports/w.ts')).toContain('abi.load');
    expect(without.get('imports/w.ts')).not.toContain("from '../abi'");
    expect(without.has('abi.ts')).toBe(false);
    expect(needing.get('imports/w.ts')).toContain("import * as abi from '../abi';");
    expect(needing.has('abi.ts')).toBe(true);
  }, 60_000);

  it('are the same each time', async () => {
    const wit = readFileSync(new URL('shapes.wit', FOLDER), 'utf8');
    expect([...(await bindingsOf(wit))]).toEqual([...(await bindingsOf(wit))]);
  }, 60_000);
});
