import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseParameterPath } from '../../../../host/policy/conditions/index.ts';
import { type ParameterRecord, parameterValueFromJson } from '../../../../host/policy/parameter-value.ts';
import { failureOf, record } from './support.ts';

const PARAMETERS = record({
  a: record({ b: 'ab', 'odd name': 1n, none: null, 'a"b': 'quoted' }),
  list: [record({ c: 'c0' }), record({ c: 'c1' }), record({ c: null }), record({})],
  tuple: ['t0', 2n, null],
  deep: [[1n, 2n], [], [3n]],
  bytes: new Uint8Array([1, 2]),
  text: 'abc',
  nothing: null,
});

describe('parseParameterPath', () => {
  test.each<[path: string, selected: unknown[]]>([
    ['a.b', ['ab']],
    ['a["b"]', ['ab']],
    ['["a"].b', ['ab']],
    ['a["odd name"]', [1n]],
    ['a["a\\"b"]', ['quoted']],
    ['a.none', []],
    ['a.missing', []],
    ['list[*].c', ['c0', 'c1']],
    ['list[0].c', ['c0']],
    ['list[7].c', []],
    ['tuple[0]', ['t0']],
    ['tuple[*]', ['t0', 2n]],
    ['deep[*][*]', [1n, 2n, 3n]],
    ['deep[*][0]', [1n, 3n]],
    ['nothing', []],
    ['nothing.b', []],
    ['nothing[*]', []],
    ['text.length', []],
    ['text[0]', []],
    ['text[*]', []],
    ['list.length', []],
    ['bytes', [new Uint8Array([1, 2])]],
    ['bytes[0]', []],
    ['bytes.length', []],
    ['bytes.buffer', []],
    ['__proto__', []],
    ['constructor', []],
    ['a.__proto__.b', []],
    ['a.constructor.prototype', []],
    ['list.constructor', []],
    ['text.constructor', []],
    ['toString', []],
    ['hasOwnProperty', []],
  ])('`%s` selects its values', (path, selected) => {
    expect(parseParameterPath(path).select(PARAMETERS)).toEqual(selected);
  });

  test('looks at no prototype, even where a record has one', () => {
    const parameters = { a: { own: 1n } } as ParameterRecord;
    for (const path of ['toString', 'a.toString', 'constructor.name', '__proto__', 'a.__proto__']) {
      expect(parseParameterPath(path).select(parameters)).toEqual([]);
    }
    const own = parameterValueFromJson(JSON.parse('{"__proto__": {"x": 1}, "constructor": 2}')) as ParameterRecord;
    expect(parseParameterPath('__proto__.x').select(own)).toEqual([1n]);
    expect(parseParameterPath('constructor').select(own)).toEqual([2n]);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  test.each([
    '',
    '.a',
    'a.',
    'a..b',
    'a b',
    ' a',
    'a ',
    'a.*',
    '*',
    '[*]',
    '[0]',
    'a[',
    'a[]',
    'a[-1]',
    'a[01]',
    'a[1.5]',
    'a[1e3]',
    'a[9999999999]',
    'a["b]',
    "a['b']",
    'a["\\x"]',
    'a[*]b',
    '$.a',
    'a.b\n',
    '\u00e4',
    'a'.repeat(513),
    Array(33).fill('a').join('.'),
  ])('refuses %j', (path) => {
    expect(failureOf(() => parseParameterPath(path))?.[0]).toBe('usage/invalid-argument');
  });

  test('says what it expected', () => {
    expect(failureOf(() => parseParameterPath('a..b'))?.[1]).toBe(
      'expected a parameter path such as `a.b`, `list[*].c`, `list[0]` or `a["odd name"]`, got `a..b`',
    );
  });

  test('reads any name in quotes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (name) => {
        const parameters = record({ a: record({ [name]: 'found' }) });
        // A lone surrogate or `__proto__` as a computed key is an own field like others.
        expect(parseParameterPath(`a[${JSON.stringify(name)}]`).select(parameters)).toEqual(['found']);
      }),
    );
  });
});
