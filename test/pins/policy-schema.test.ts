import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { scopeSchemasOf } from '../../host/capabilities/index.ts';
import { policyJsonSchema } from '../../host/policy/index.ts';

/* docs/policy.schema.json, for editors, is made from the loader's own schema: `BLESS=1 npx vitest run test/pins` rewrites it. */

const PAGE = fileURLToPath(new URL('../../docs/policy.schema.json', import.meta.url));

it('the published JSON Schema of policies is the one that the loader has', () => {
  const text = `${JSON.stringify(policyJsonSchema(scopeSchemasOf()), null, 2)}\n`;
  if (process.env.BLESS === '1') writeFileSync(PAGE, text);
  expect(readFileSync(PAGE, 'utf8')).toBe(text);
});
