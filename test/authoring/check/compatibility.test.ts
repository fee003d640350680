import { decodeComponent } from 'cellblock/runtime';
import { describe, expect, it } from 'vitest';
import { componentChanges } from '../../../authoring/check/compatibility.ts';
import { dummyComponent } from '../../support/assemble.ts';

/* What callers in JSON notice of a new version, with components of real WIT. */

const TYPES = `
  enum kind { a, b, %c }
  enum kind-less { a, b }
  flags marks { x, y }
  flags marks-more { x, y, z }
  variant shape { dot, circle(u32) }
  variant shape-more { dot, circle(u32), square(u32) }
  record options { kind: kind, deep: list<option<kind>> }
  record options-less { kind: kind-less, deep: list<option<kind-less>> }
  record small { a: u32 }
  record with-option { a: u32, b: option<string> }
  record with-field { a: u32, b: string }`;

async function component(declaration: string, version = '1.0.0') {
  const wit = `package test:compat@${version}; interface api { ${TYPES} ${declaration} } world w { export api; }`;
  return decodeComponent(await dummyComponent(wit, 'w'));
}

/** Changes that break callers, then `|`, then the others. */
async function changes(before: string, now: string): Promise<string> {
  const found = componentChanges(await component(before), await component(now));
  const words = (breaks: boolean) =>
    found.flatMap((one) => (one.breaks === breaks ? [`${one.path.replace('test:compat/api@1.0.0#', '')}: ${one.message}`] : []));
  return `${words(true).join('; ')} | ${words(false).join('; ')}`.trim();
}

const DIFFER =
  'the types differ in a way that callers in JSON do not see; components that are composed with it have to be built anew';

describe('a parameter', () => {
  it.each([
    ['the same', 'f: func(x: options);', 'f: func(x: options);', '|'],
    [
      'an enum that lost a case, deep inside',
      'f: func(x: options);',
      'f: func(x: options-less);',
      'f.x.kind: enum lost case `c`; f.x.deep[]: enum lost case `c` |',
    ],
    ['an enum that gained one', 'f: func(x: kind-less);', 'f: func(x: kind);', '| f.x: enum gained case `c`'],
    ['flags that lost one', 'f: func(x: marks-more);', 'f: func(x: marks);', 'f.x: flags lost flag `z` |'],
    ['flags that gained one', 'f: func(x: marks);', 'f: func(x: marks-more);', '| f.x: flags gained flag `z`'],
    ['a variant that lost a case', 'f: func(x: shape-more);', 'f: func(x: shape);', 'f.x: variant lost case `square` |'],
    ['a smaller integer', 'f: func(x: u32);', 'f: func(x: u16);', 'f.x: was u32 and is u16 |'],
    ['a signed integer', 'f: func(x: u32);', 'f: func(x: s32);', 'f.x: was u32 and is s32 |'],
    ['a larger integer', 'f: func(x: u32);', 'f: func(x: s64);', `| f: ${DIFFER}`],
    [
      'text in place of bytes, which look the same',
      'f: func(x: list<u8>);',
      'f: func(x: string);',
      'f.x: was list<u8> and is string |',
    ],
    ['numbers in place of bytes', 'f: func(x: list<u8>);', 'f: func(x: list<u16>);', 'f.x: was list<u8> and is list<u16> |'],
    ['no option any more', 'f: func(x: option<u32>);', 'f: func(x: u32);', 'f.x: has to be there now |'],
    ['an option now', 'f: func(x: u32);', 'f: func(x: option<u32>);', `| f: ${DIFFER}`],
    [
      'a field that has to be there',
      'f: func(x: small);',
      'f: func(x: with-field);',
      'f.x: record gained field `b`, which has to be there |',
    ],
    ['a field that may be left out', 'f: func(x: small);', 'f: func(x: with-option);', '| f.x: record gained field `b`'],
    ['a field less', 'f: func(x: with-option);', 'f: func(x: small);', 'f.x: record lost field `b` |'],
    [
      'one more, needed',
      'f: func(x: u32);',
      'f: func(x: u32, y: u32);',
      'f: function gained parameter `y`, which has to be there |',
    ],
    ['one more, an option', 'f: func(x: u32);', 'f: func(x: u32, y: option<u32>);', '| f: function gained parameter `y`'],
    [
      'another name',
      'f: func(x: u32);',
      'f: func(y: u32);',
      'f: function lost parameter `x`; f: function gained parameter `y`, which has to be there |',
    ],
    ['another order, which JSON does not have', 'f: func(x: u32, y: string);', 'f: func(y: string, x: u32);', `| f: ${DIFFER}`],
    [
      'another length of a tuple',
      'f: func(x: tuple<u8, u8>);',
      'f: func(x: tuple<u8>);',
      'f.x: was tuple<u8, u8> and is tuple<u8> |',
    ],
    [
      'a case of a variant with another payload',
      'f: func(x: result<u32, string>);',
      'f: func(x: result<u8>);',
      'f.x.ok: was u32 and is u8; f.x.err: was with string and is without a value |',
    ],
  ])('with %s', async (_, before, now, expected) => {
    expect(await changes(before, now)).toBe(expected);
  });
});

describe('a result', () => {
  it.each([
    [
      'with an enum that gained a case',
      'f: func() -> options-less;',
      'f: func() -> options;',
      'f.result.kind: enum gained case `c`; f.result.deep[]: enum gained case `c` |',
    ],
    ['with an enum that lost one', 'f: func() -> kind;', 'f: func() -> kind-less;', '| f.result: enum lost case `c`'],
    ['with a larger integer', 'f: func() -> u8;', 'f: func() -> u16;', 'f.result: was u8 and is u16 |'],
    ['with a smaller integer', 'f: func() -> u16;', 'f: func() -> u8;', `| f: ${DIFFER}`],
    ['with a field less', 'f: func() -> with-field;', 'f: func() -> small;', 'f.result: record lost field `b` |'],
    ['with a field more', 'f: func() -> small;', 'f: func() -> with-field;', '| f.result: record gained field `b`'],
    ['that may be absent', 'f: func() -> u32;', 'f: func() -> option<u32>;', 'f.result: may be absent now |'],
    ['that is always there', 'f: func() -> option<u32>;', 'f: func() -> u32;', `| f: ${DIFFER}`],
    ['that may be an error', 'f: func() -> u32;', 'f: func() -> result<u32, string>;', 'f.result: may end with an error now |'],
    ['that is no error any more', 'f: func() -> result<u32, string>;', 'f: func() -> u32;', `| f: ${DIFFER}`],
    [
      'with another error',
      'f: func() -> result<u32, kind-less>;',
      'f: func() -> result<u32, kind>;',
      'f.result.err: enum gained case `c` |',
    ],
    ['that is gone', 'f: func() -> u32;', 'f: func();', 'f.result: returns nothing now, and u32 before |'],
    ['that is new', 'f: func();', 'f: func() -> u32;', '| f.result: returns u32 now, and nothing before'],
  ])('%s', async (_, before, now, expected) => {
    expect(await changes(before, now)).toBe(expected);
  });
});

describe('a function', () => {
  it('that is gone breaks, one that is new does not', async () => {
    expect(await changes('f: func(); g: func();', 'f: func(); h: func();')).toBe(
      'g: the function is gone | h: the function is new',
    );
  });

  it('that cannot be called from data any more breaks', async () => {
    expect(await changes('f: func();', 'resource r; f: func(x: r);')).toMatch(
      /^f: cannot be called any more: it takes an owned handle/,
    );
  });

  it('is found under another version of its interface', async () => {
    const found = componentChanges(await component('f: func(x: kind);'), await component('f: func(x: kind-less);', '2.0.0'));
    expect(found).toEqual([
      {
        path: 'test:compat/api@1.0.0#f',
        message: 'is `test:compat/api@2.0.0#f` now; names with the old version find nothing',
        breaks: false,
      },
      { path: 'f.x', message: 'enum lost case `c`', breaks: true },
    ]);
  });
});
