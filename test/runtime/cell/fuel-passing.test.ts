import type { Capability, HostCallContext } from 'cellblock/runtime';
import { describe, expect, it } from 'vitest';
import { ISOLATIONS, useCells } from '../../support/cells.ts';
import { importingGuest } from '../../support/guests.ts';

/* Fuel that host functions see and charge: what a tool has others do for it is paid from its own budget. */

interface Seen {
  readonly left: bigint[];
  readonly capability: Capability;
}

/** The host function of `importingGuest`, which charges what it is told, once for each call. */
function charging(...charges: readonly bigint[]): Seen {
  const left: bigint[] = [];
  const double = ([x]: readonly unknown[], context: HostCallContext): number => {
    left.push(context.fuelLeft);
    const units = charges[left.length - 1];
    if (units !== undefined) context.charge(units);
    return (x as number) * 2;
  };
  return {
    left,
    capability: {
      kind: 'bridged',
      name: 'double',
      interface: 'test:host/double@1.0.0',
      functions: { double, check: () => ({ ok: null }) },
    },
  };
}

describe.each(ISOLATIONS)('fuel and host functions behind the wall `%s`', (isolation) => {
  const cells = useCells(isolation);
  const run = async (seen: Seen, fuelMax: bigint, invoke = {}) =>
    cells.run(await importingGuest(), 'twice', [3], { capabilities: [seen.capability], limits: { fuelMax }, invoke });

  it('is told what is left, charged what was done, and both add up to what was used', async () => {
    const free = await run(charging(), 1_000_000n);
    const seen = charging(1000n, 234_567n);
    const paid = await run(seen, 1_000_000n);
    expect([free.kind, paid.kind]).toEqual(['ok', 'ok']);
    expect(paid.usage.fuel).toBe(free.usage.fuel + 235_567n);
    expect(seen.left[0]).toBeLessThan(1_000_000n);
    expect(seen.left[1]).toBeLessThanOrEqual(seen.left[0]! - 1000n);
  });

  it.each([[1_000_001n], [2n ** 63n], [2n ** 80n]])('a charge of %s that cannot be paid ends the call', async (units) => {
    expect(await run(charging(units), 1_000_000n)).toMatchObject({ kind: 'limited', error: { code: 'limit/fuel' } });
  });

  it('a charge below nothing gives nothing back', async () => {
    const free = await run(charging(), 1_000_000n);
    expect((await run(charging(-5000n, -(2n ** 70n)), 1_000_000n)).usage.fuel).toBe(free.usage.fuel);
  });

  it('may be less for one call than its limits say, and never more', async () => {
    const seen = charging();
    expect((await run(seen, 1_000_000n, { fuelMax: 5000n })).kind).toBe('ok');
    expect(seen.left[0]).toBeLessThan(5000n);
    expect(await run(charging(), 1_000_000n, { fuelMax: 1n })).toMatchObject({ kind: 'limited', error: { code: 'limit/fuel' } });
    const more = charging();
    expect((await run(more, 1000n, { fuelMax: 2n ** 40n })).kind).toBe('ok');
    expect(more.left[0]).toBeLessThan(1000n);
  });
});
