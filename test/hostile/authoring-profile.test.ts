import { describe, expect, it } from 'vitest';
import { flameGraph, foldedStacks } from '../../authoring/profile/index.ts';

/* Names of functions are the tool's own words. */

const tree = (name: string) => {
  const leaf = { name, total: 10, self: 10, calls: 1, children: [] };
  return { name: 'all', total: 10, self: 0, calls: 1, children: [leaf] };
};

const NAMES = [
  '</title><script>alert(1)</script>',
  '"/><a href="javascript:alert(1)">',
  ']]><!-- &amp;',
  'a\u0000\u001b[31m\ufffe\uffff\ud800b',
  '__proto__',
  'constructor',
];

describe('pictures of a profile', () => {
  it.each(NAMES)('have %j as text, and nothing else of it', (name) => {
    const svg = flameGraph(tree(name), { title: `${name} of x.wasm`, unit: 'units' });
    expect(svg).not.toMatch(/<(?!\/?(?:svg|title|desc|rect|text|g)\b)/);
    expect(svg.match(/<title/g)).toHaveLength(svg.match(/<\/title>/g)?.length ?? 0);
    expect(svg).not.toMatch(/[\u0000-\u0009\u000b-\u001f\ufffe\uffff]|\p{Surrogate}/u);
  });

  it.each(['a;b 7', 'x 1'])('have one line for each stack, with %j as one frame', (name) => {
    expect(foldedStacks(tree(name))).toBe(`${name.replaceAll(';', ',')} 10\n`);
  });
});
