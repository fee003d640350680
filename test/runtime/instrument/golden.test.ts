import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { instrument } from '../../../runtime/instrument/index.ts';
import { toWat, wat } from './guest.ts';

/* `BLESS=1 npx vitest run test/runtime/instrument/golden.test.ts` writes the `.after.wat` files anew. */

const folder = new URL('../../golden/instrument/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.before.wat'));

describe('instrumented text', () => {
  it('has its golden files', () => {
    expect(names.length).toBeGreaterThan(1);
  });

  it.each(names)('%s', (name) => {
    const source = readFileSync(new URL(name, folder), 'utf8');
    const after = new URL(name.replace('.before.', '.after.'), folder);
    const head = ';; Written by: BLESS=1 npx vitest run test/runtime/instrument/golden.test.ts\n';
    const { bytes } = instrument(wat(source), { memoryPagesMax: 16, tableElementsMax: 100 });
    const text = head + toWat(bytes);
    if (process.env.BLESS === '1') writeFileSync(after, text);
    expect(text).toBe(readFileSync(after, 'utf8'));
  });
});
