import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeComponent } from '../../../runtime/component/decode.ts';
import type { ComponentDescription } from '../../../runtime/component/description.ts';
import { decodeDescription } from '../../../runtime/component/description-decode.ts';
import { encodeDescription } from '../../../runtime/component/description-encode.ts';
import { readTool } from '../../tools/callers.ts';

const TOOLS = ['redact', 'crash-summary'];

function described(bytes: Uint8Array): ComponentDescription {
  const { bytes: _, body: __, coreModules: ___, ...description } = decodeComponent(bytes);
  return description;
}

describe('the description of a component', () => {
  it.each(TOOLS)('says all that is known of its types: %s', async (tool) => {
    const description = described(await readTool(tool));
    expect(decodeDescription(encodeDescription(description))).toEqual(description);
  });

  it('keeps one resource one, and refuses a type that would be too large written out', () => {
    const resource = { kind: 'resource', name: 'r' };
    const types: unknown[] = [
      { kind: 'own', resource: 0 },
      { kind: 'borrow', resource: 0 },
    ];
    const wire = {
      digest: `sha256:${'0'.repeat(64)}`,
      nestedComponents: 0,
      resources: [resource],
      types,
      imports: [],
      exports: [],
    };
    const exported = [
      { kind: 'type', name: 'a', type: 0 },
      { kind: 'type', name: 'b', type: 1 },
    ];
    const { exports } = decodeDescription(JSON.stringify({ ...wire, exports: exported }));
    const [a, b] = exports.map((item) => (item.kind === 'type' && 'resource' in item.type ? item.type.resource : undefined));
    expect(a).toBe(b);
    for (let at = 1; at < 60; at += 1) types.push({ kind: 'tuple', items: [at, at] });
    expect(() => decodeDescription(JSON.stringify(wire))).toThrow('a type that is too large');
  });

  it.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['nothing', 'null'],
    ['no digest', '{"nestedComponents":0,"resources":[],"types":[],"imports":[],"exports":[]}'],
    ['a digest of another form', '{"digest":"x","nestedComponents":0,"resources":[],"types":[],"imports":[],"exports":[]}'],
  ])('is refused when it is %s', (_what, json) => {
    expect(() => decodeDescription(json)).toThrow('a runner’s description'.replace('’', "'"));
  });

  it('is refused or read, and never anything else, wherever one value in it is another', async () => {
    const wire = JSON.parse(encodeDescription(described(await readTool('crash-summary'))));
    const paths: (string | number)[][] = [];
    const walk = (value: unknown, path: (string | number)[]): void => {
      paths.push(path);
      if (typeof value !== 'object' || value === null) return;
      for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
    };
    walk(wire, []);
    const odd = fc.constantFrom(null, -1, 1e9, 0.5, 'x', true, [], {}, { kind: 'list' }, [[]], {
      __proto__: null,
      kind: 'toString',
    });
    fc.assert(
      fc.property(fc.constantFrom(...paths.filter((path) => path.length > 0)), odd, (path, value) => {
        const copy = structuredClone(wire);
        const last = path.at(-1) as string; // not empty
        let place = copy;
        for (const key of path.slice(0, -1)) place = place[key];
        place[last] = value;
        try {
          decodeDescription(JSON.stringify(copy));
        } catch (error) {
          expect(error).toMatchObject({ code: 'internal/invariant' });
        }
      }),
      { numRuns: 2000 },
    );
  });
});
