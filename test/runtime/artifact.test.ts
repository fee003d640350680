import { expect, it } from 'vitest';
import { prepareArtifact } from '../../runtime/artifact.ts';
import type { ArtifactCache } from '../../runtime/artifact-cache.ts';
import type { Preparer } from '../../runtime/bindings/preparer.ts';
import type { Component } from '../../runtime/component/types.ts';

it('takes an instrumented module that does not compile for a bug of ours, and does not cache it', async () => {
  const component = { bytes: new Uint8Array(), digest: 'sha256:0', imports: [] } as unknown as Component; // all that is read
  const bytes = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1);
  const prepared = { linking: { bindings: 'own', plan: { steps: [], exports: [] } }, modules: [{ name: 'module0', bytes }] };
  const preparer = { run: async () => prepared } as unknown as Preparer; // as above
  const written: string[] = [];
  const cache = { read: async () => undefined, write: async (name: string) => written.push(name) } as unknown as ArtifactCache;
  const preparing = prepareArtifact(component, { bindings: 'own', costModel: 'region' }, preparer, cache);
  await expect(preparing).rejects.toMatchObject({
    code: 'internal/invariant',
    message: expect.stringMatching(/^an instrumented core module does not compile: /),
  });
  expect(written).toEqual([]);
});
