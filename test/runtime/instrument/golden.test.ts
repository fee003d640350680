import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { InstrumentOptions } from '../../../runtime/instrument/index.ts';
import { toWat, validInstrumented, wat } from './guest.ts';

/* `BLESS=1 npx vitest run test/runtime/instrument/golden.test.ts` writes the `.after.wat` files anew. */

const folder = new URL('../../golden/instrument/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.before.wat'));

/** A source states its options in a comment, as JSON. */
function optionsOf(source: string): InstrumentOptions {
  return JSON.parse(/^;; options: (.*)$/m.exec(source)?.[1] ?? '{}');
}

describe('instrumented text', () => {
  it('has its golden files, and none that is left over', () => {
    expect(names.length).toBeGreaterThan(12);
    const after = readdirSync(folder).filter((name) => !name.endsWith('.before.wat'));
    if (process.env.BLESS !== '1') expect(after).toEqual(names.map((name) => name.replace('.before.', '.after.')));
  });

  it.each(names)('%s', (name) => {
    const source = readFileSync(new URL(name, folder), 'utf8');
    const after = new URL(name.replace('.before.', '.after.'), folder);
    const head = ';; Written by: BLESS=1 npx vitest run test/runtime/instrument/golden.test.ts\n';
    const text = head + toWat(validInstrumented(wat(source, true), optionsOf(source)).bytes);
    if (process.env.BLESS === '1') writeFileSync(after, text);
    expect(text).toBe(readFileSync(after, 'utf8'));
  });
});
