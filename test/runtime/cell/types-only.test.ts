import { describe, expect, it } from 'vitest';
import { ISOLATIONS, useCells } from '../../support/cells.ts';
import { mediaGuest } from '../../support/media-guests.ts';

describe.each(ISOLATIONS)('an import that has only types, in a %s', (isolation) => {
  const cells = useCells(isolation);

  it.each(['own', 'jco'] as const)('needs no grant, with %s bindings', async (bindings) => {
    expect(await cells.run(await mediaGuest(), 'picture', [], { bindings })).toMatchObject({
      kind: 'ok',
      value: { data: Uint8Array.of(1, 2, 3), 'mime-type': 'image/png' },
      usage: { hostCalls: 0 },
    });
  });

  it.each(['own', 'jco'] as const)('is refused once it has a function, too, with %s bindings', async (bindings) => {
    const guest = await mediaGuest({ inner: '(export "show" (func (param "path" string)))' });
    await expect(cells.run(guest, 'picture', [], { bindings })).rejects.toMatchObject({
      code: 'denied/no-grant',
      message: 'the component imports what was not granted: `cellblock:host/media@0.1.0`',
      data: { missing: [{ import: 'cellblock:host/media@0.1.0', grantedBy: null }] },
    });
  });

  it.each(['own', 'jco'] as const)('is refused once it has a resource, too, with %s bindings', async (bindings) => {
    const guest = await mediaGuest({ inner: '(export "screen" (type (sub resource)))' });
    await expect(cells.run(guest, 'picture', [], { bindings })).rejects.toMatchObject({ code: 'denied/no-grant' });
  });
});
