import { describe, expect, it } from 'vitest';
import { JsonNumber, jsonText, parseJson } from '../../../runtime/value/index.ts';
import { thrownBy } from './thrown-by.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('parseJson', () => {
  it.each([
    ['null', null],
    [' true\n', true],
    ['\t"a\\u00e9\\n\\"\\/\\\\"\r', 'aé\n"/\\'],
    ['"\\ud83d\\ude00😀"', '😀😀'],
    ['[]', []],
    ['[1, [ ], {}]', [new JsonNumber('1'), [], new Map()]],
    [
      '{"a":{"b":[false]},"":null}',
      new Map<string, unknown>([
        ['a', new Map([['b', [false]]])],
        ['', null],
      ]),
    ],
  ])('reads %s', (text, value) => {
    expect(parseJson(text)).toEqual(value);
    expect(parseJson(utf8(text))).toEqual(value);
  });

  it.each(['0', '-0', '18446744073709551615', '9007199254740993', '-1.50e+07', '1E400', '0.1'])(
    'keeps the number %s as it is written',
    (text) => {
      expect(parseJson(text)).toEqual(new JsonNumber(text));
    },
  );

  it('takes __proto__ for a key like any other', () => {
    const value = parseJson('{"__proto__":{"polluted":1},"constructor":2}');
    expect(value).toEqual(
      new Map<string, unknown>([
        ['__proto__', new Map([['polluted', new JsonNumber('1')]])],
        ['constructor', new JsonNumber('2')],
      ]),
    );
    expect(({} as { polluted?: unknown }).polluted).toBe(undefined);
  });

  it.each([
    ['', 'the end of the text too early', 1, 1, 0],
    ['[1,]', 'an unexpected character', 1, 4, 3],
    ['{"a":1,}', 'an unexpected character', 1, 8, 7],
    ["{'a':1}", 'an unexpected character', 1, 2, 1],
    ['{"a" 1}', 'an unexpected character', 1, 6, 5],
    ['[1 2]', 'an unexpected character', 1, 4, 3],
    ['[1}', 'an unexpected character', 1, 3, 2],
    ['[1', 'the end of the text too early', 1, 3, 2],
    ['"a', 'the end of the text too early', 1, 3, 2],
    ['"a\nb"', 'an unexpected character', 1, 3, 2],
    ['"\\x41"', 'an escape that JSON does not have', 1, 2, 1],
    ['"\\u12g4"', 'an escape that JSON does not have', 1, 2, 1],
    ['"\\', 'an escape that JSON does not have', 1, 2, 1],
    ['01', 'more text after the value', 1, 2, 1],
    ['+1', 'an unexpected character', 1, 1, 0],
    ['.5', 'an unexpected character', 1, 1, 0],
    ['1.', 'the end of the text too early', 1, 3, 2],
    ['1e', 'the end of the text too early', 1, 3, 2],
    ['-', 'the end of the text too early', 1, 2, 1],
    ['NaN', 'an unexpected character', 1, 1, 0],
    ['nul', 'an unexpected character', 1, 1, 0],
    ['nullx', 'more text after the value', 1, 5, 4],
    ['{} {}', 'more text after the value', 1, 4, 3],
    ['// no\n1', 'an unexpected character', 1, 1, 0],
    ['\ufeff1', 'an unexpected character', 1, 1, 0],
    ['\u00a01', 'an unexpected character', 1, 1, 0],
    ['{\n "a": 1,\n "a": 1}', 'a key that the object already has', 3, 2, 12],
    ['{"a":1,"\\u0061":2}', 'a key that the object already has', 1, 8, 7],
    ['["\\ud83d"]', 'a string with a lone surrogate', 1, 2, 1],
    ['["\\ude00\\ud83d"]', 'a string with a lone surrogate', 1, 2, 1],
    ['["x\ud83d"]', 'a lone surrogate', 1, 4, 3],
  ])('refuses %j', (text, what, line, column, offset) => {
    const error = thrownBy(() => parseJson(text));
    expect(error.code).toBe('params/malformed-json');
    expect(error.message).toBe(`the JSON text has ${what} at ${line}:${column}`);
    expect(error.data).toEqual({ offset, line, column });
  });

  it.each([
    [[0x22, 0xc3, 0x22], 1],
    [[0x22, 0xed, 0xa0, 0x80, 0x22], 1], // a surrogate, encoded
    [[0x22, 0xef, 0xbf, 0xbd, 0xc0, 0x80, 0x22], 4], // after a true replacement character, an overlong zero
  ])('refuses the bytes %j, which are not UTF-8', (bytes, offset) => {
    const error = thrownBy(() => parseJson(Uint8Array.from(bytes)));
    expect(error.code).toBe('params/malformed-json');
    expect(error.message).toBe(`the JSON text is not valid UTF-8 at byte ${offset}`);
    expect(error.data).toEqual({ offset });
  });

  it('refuses a byte order mark in bytes', () => {
    expect(thrownBy(() => parseJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31))).data).toEqual({ offset: 0, line: 1, column: 1 });
  });

  it('accepts nesting up to its limit and refuses one more', () => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    expect(parseJson(nested(128))).toHaveLength(1);
    const error = thrownBy(() => parseJson(nested(129)));
    expect(error.code).toBe('params/too-large');
    expect(error.message).toBe('the JSON text is nested more than 128 levels deep');
    expect(error.data).toEqual({ offset: 128, line: 1, column: 129, depthMax: 128 });
  });

  it('does not overflow the stack, however deep it is allowed to go', () => {
    const text = '[{"a":'.repeat(200_000);
    expect(thrownBy(() => parseJson(text, { depthMax: Number.POSITIVE_INFINITY })).code).toBe('params/malformed-json');
    expect(thrownBy(() => parseJson(text)).code).toBe('params/too-large');
  });

  it('counts its size limit in UTF-8 bytes', () => {
    expect(parseJson('"éé"', { bytesMax: 6 })).toBe('éé');
    const error = thrownBy(() => parseJson('"éé"', { bytesMax: 5 }));
    expect(error.code).toBe('params/too-large');
    expect(error.message).toBe('the JSON text is longer than 5 bytes');
    expect(thrownBy(() => parseJson(utf8('"éé"'), { bytesMax: 5 })).code).toBe('params/too-large');
  });
});

describe('jsonText', () => {
  it('writes what JSON.stringify writes, and the sign of -0', () => {
    const value = { a: [1, -0, 1e21, 'x"\n\u2028'], __proto__: null, b: { c: null, d: true } };
    expect(jsonText(value)).toBe('{"a":[1,-0,1e+21,"x\\"\\n\u2028"],"b":{"c":null,"d":true}}');
    expect(jsonText(value).replace('-0', '0')).toBe(JSON.stringify(value));
  });

  it.each([[undefined], [Number.NaN], [1n], [() => 1]])('refuses %s, which JSON cannot say', (value) => {
    expect(thrownBy(() => jsonText([value])).code).toBe('internal/invariant');
  });
});
