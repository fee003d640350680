import { expect, it } from 'vitest';
import { killWriters } from '../../torture/trail.mjs';

/* `npm run torture -- trail` does the same a thousand times. It runs the built journal, since processes cannot start from the sources. */

it('two processes that share a trail and are killed twenty times lose nothing that they acknowledged', async () => {
  const { kills, acknowledged, records } = await killWriters({ kills: 20 });
  expect(kills).toBe(20);
  expect(acknowledged).toBeGreaterThan(20);
  expect(records).toBeGreaterThan(acknowledged);
});
