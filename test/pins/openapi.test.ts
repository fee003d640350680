import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openApiDocument } from '../../host/http/index.ts';

/* docs/openapi.json is made from the schemas that check what comes in: `BLESS=1 npx vitest run test/pins` rewrites it. */

const PAGE = fileURLToPath(new URL('../../docs/openapi.json', import.meta.url));

it('the published OpenAPI document is the one that the server has', () => {
  const text = `${JSON.stringify(openApiDocument(), null, 2)}\n`;
  if (process.env.BLESS === '1') writeFileSync(PAGE, text);
  expect(readFileSync(PAGE, 'utf8')).toBe(text);
});
