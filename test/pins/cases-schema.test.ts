import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { casesJsonSchema } from '../../authoring/cases/json-schema.ts';

/* docs/cases.schema.json, for editors, is made from the reader's own schema: `BLESS=1 npx vitest run test/pins` rewrites it. */

const PAGE = fileURLToPath(new URL('../../docs/cases.schema.json', import.meta.url));

it('the published JSON Schema of cases is the one that the reader has', () => {
  const text = `${JSON.stringify(casesJsonSchema(), null, 2)}\n`;
  if (process.env.BLESS === '1') writeFileSync(PAGE, text);
  expect(readFileSync(PAGE, 'utf8')).toBe(text);
});
