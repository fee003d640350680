import { beforeAll, describe, expect, it } from 'vitest';
import { differenceText, jobsOf, noTotals, runJob } from './jobs.ts';
import { ready } from './sides.ts';
import { SPEC_REASONS } from './spec-reasons.ts';

/*
 * Our bindings, jco's and the specification on the same guests. Only a little of it: test/outside/differential.mjs runs as
 * much as it is told to, and one job again by the name that stands in a failure.
 */

const AMOUNT = { rounds: 500, sequences: 16, seed: 1 };

/** For each listed reason a job that runs into it. */
const SEEN_IN: Readonly<Record<string, string>> = {
  'bool-not-one': 'round-trip:5',
  'flags-without-label': 'round-trip:17',
  'high-bits-of-narrow-integers': 'round-trip:14',
  'joined-to-i64': 'round-trip:2',
  'sign-extended-into-i64': 'round-trip:2',
  'broken-text': 'texts:1',
  'byte-order-mark': 'texts:1',
  'unknown-handle': 'handles:4',
  'lent-handle': 'handles:8',
};

describe('own bindings and jco on random guests', () => {
  beforeAll(() => ready);

  it('are equal, but for listed reasons', async () => {
    const totals = noTotals();
    for (const name of jobsOf(AMOUNT)) await runJob(name, totals);
    expect(totals.broken).toEqual([]);
    expect(totals.unlisted.map(differenceText)).toEqual([]);
    expect(totals.counts.get('values')).toBe(AMOUNT.rounds);
    expect(totals.counts.get('sequences')).toBe(AMOUNT.sequences);
  }, 120_000);

  it.each(SPEC_REASONS.map(({ id }) => id))('differ by %s', async (id) => {
    const totals = noTotals();
    await runJob(SEEN_IN[id]!, totals);
    expect([...totals.explained.keys()]).toContain(id);
    expect(totals.broken).toEqual([]);
    expect(totals.unlisted.map(differenceText)).toEqual([]);
  });
});
