import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Param, ValueType } from '../../../runtime/component/types.ts';
import { decodeParams, decodeValue, encodeParams, encodeValue, type WitValue } from '../../../runtime/value/index.ts';
import { thrownBy } from './thrown-by.ts';

const u8: ValueType = { kind: 'u8' };
const u32: ValueType = { kind: 'u32' };
const f32: ValueType = { kind: 'f32' };
const f64: ValueType = { kind: 'f64' };
const char: ValueType = { kind: 'char' };
const string: ValueType = { kind: 'string' };
const nothing: ValueType = { kind: 'tuple', items: [] };
const list = (element: ValueType): ValueType => ({ kind: 'list', element });
const option = (some: ValueType): ValueType => ({ kind: 'option', some });
const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`);
const flags = (count: number): ValueType => ({ kind: 'flags', names: names(count) });
const pair: ValueType = {
  kind: 'record',
  fields: [
    { name: 'a', type: u8 },
    { name: 'b', type: string },
  ],
  typeName: { name: 'pair' },
};
const shape: ValueType = { kind: 'variant', cases: [{ name: 'dot' }, { name: 'ring', type: u8 }] };
const outcome: ValueType = { kind: 'result', ok: u8 };

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

describe('encodeValue and decodeValue', () => {
  it.each<[string, ValueType, WitValue, string]>([
    ['bool', { kind: 'bool' }, true, '01'],
    ['s8', { kind: 's8' }, -2, 'fe'],
    ['u8', u8, 255, 'ff'],
    ['s16', { kind: 's16' }, -2, 'feff'],
    ['u16', { kind: 'u16' }, 0x0102, '0201'],
    ['s32', { kind: 's32' }, -2147483648, '00000080'],
    ['u32', u32, 0xfffffffe, 'feffffff'],
    ['s64', { kind: 's64' }, -2n, 'feffffffffffffff'],
    ['u64', { kind: 'u64' }, 2n ** 64n - 1n, 'ffffffffffffffff'],
    ['f32', f32, 1.5, '0000c03f'],
    ['f32 -0', f32, -0, '00000080'],
    ['f32 NaN', f32, Number.NaN, '0000c07f'],
    ['f64', f64, -2, '00000000000000c0'],
    ['f64 NaN', f64, Number.NaN, '000000000000f87f'],
    ['char', char, '😀', '00f60100'],
    ['string', string, 'hé\ufeff', '0600000068c3a9efbbbf'],
    ['string that starts with a byte order mark', string, '\ufeffa', '04000000efbbbf61'],
    ['list<u8>', list(u8), Uint8Array.of(1, 2), '020000000102'],
    ['list', list({ kind: 'u16' }), [1, 2], '0200000001000200'],
    ['record', pair, Object.assign(Object.create(null), { a: 7, b: 'x' }), '070100000078'],
    ['tuple', { kind: 'tuple', items: [u8, u8] }, [1, 2], '0102'],
    ['variant without payload', shape, { tag: 'dot' }, '00'],
    ['variant with payload', shape, { tag: 'ring', value: 9 }, '0109'],
    ['enum of 256', { kind: 'enum', names: names(256) }, 'n255', 'ff'],
    ['enum of 257', { kind: 'enum', names: names(257) }, 'n256', '0001'],
    ['enum of 65537', { kind: 'enum', names: names(65537) }, 'n65536', '00000100'],
    ['none', option(u8), null, '00'],
    ['some', option(u8), { some: 5 }, '0105'],
    ['some none', option(option(u8)), { some: null }, '0100'],
    ['ok', outcome, { ok: 3 }, '0003'],
    ['err without payload', outcome, { err: null }, '01'],
    ['8 flags', flags(8), ['n0', 'n7'], '81'],
    ['9 flags', flags(9), ['n1', 'n8'], '0201'],
    ['33 flags', flags(33), ['n32'], '0000000001'],
    ['no flags', flags(0), [], ''],
  ])('%s', (_, type, value, bytes) => {
    expect(hex(encodeValue(value, type))).toBe(bytes);
    expect(decodeValue(unhex(bytes), type)).toStrictEqual(value);
  });

  it('puts parameters one after the other', () => {
    const params: readonly Param[] = [
      { name: 'left', type: u8 },
      { name: 'right', type: string },
    ];
    expect(hex(encodeParams([1, 'a'], params))).toBe('010100000061');
    expect(decodeParams(unhex('010100000061'), params)).toEqual([1, 'a']);
    expect(encodeParams([], [])).toHaveLength(0);
    expect(thrownBy(() => encodeParams([1], params)).message).toBe('expected 2 parameters at `$`, got 1');
    expect(thrownBy(() => encodeParams([1, 2], params)).message).toBe('expected string at `$.right`, got number');
  });

  it.each<[ValueType, WitValue]>([
    [list(u8), new Uint8Array(3_000_000).fill(7)],
    [list(list(u8)), Array.from({ length: 5000 }, (_, index) => new Uint8Array(index % 13).fill(index))],
    [list(string), Array.from({ length: 20_000 }, (_, index) => `é${'x'.repeat(index % 41)}`)],
    [list(string), ['é'.repeat(500_000), 'a'.repeat(500_000)]],
    ...(['bool', 'u8', 'u16', 'u32', 'f32', 'f64'] as const).map((kind): [ValueType, WitValue] => [
      { kind: 'list', element: { kind: 'tuple', items: [{ kind }] } },
      Array.from({ length: 20_000 }, (_, index) => [kind === 'bool' ? index % 3 === 0 : index % 251]),
    ]),
    [list({ kind: 's64' }), Array.from({ length: 20_000 }, (_, index) => BigInt(index) - 10_000n)],
  ])('keeps values that outgrow the first buffer (case %#)', (type, value) => {
    // Not by toEqual, which takes seconds for so many parts.
    expect(isDeepStrictEqual(decodeValue(encodeValue(value, type), type), value)).toBe(true);
  });

  it('gives bytes and values that share nothing with its own buffers or the input', () => {
    const first = encodeValue('first', string);
    encodeValue('other', string);
    expect(hex(first)).toBe('050000006669727374');
    const input = Buffer.from('020000000102', 'hex');
    const value = decodeValue(input, list(u8));
    input.fill(0xff);
    expect(value).toStrictEqual(Uint8Array.of(1, 2));
  });

  it('reads a copy of shared memory', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(7));
    shared.set(unhex('03000000c3a978'));
    expect(decodeValue(shared, string)).toBe('éx');
  });

  it('can be used again inside a getter of a value, and after a failure', () => {
    const value = Object.defineProperty({ a: 1 }, 'b', { enumerable: true, get: () => hex(encodeValue(258, u32)) });
    expect(hex(encodeValue(value as unknown as WitValue, pair))).toBe('01080000003032303130303030');
    expect(thrownBy(() => encodeValue([1, 2, 'x'], list(u32))).data.path).toBe('$[2]');
    expect(hex(encodeValue(1, u8))).toBe('01');
  });
});

describe('encodeValue', () => {
  it.each<[ValueType, unknown, string]>([
    [{ kind: 'bool' }, 1, 'expected bool at `$`, got number'],
    [u8, 256, 'expected u8 at `$`, got number out of range'],
    [u8, 1.5, 'expected u8 at `$`, got number out of range'],
    [u8, '1', 'expected u8 at `$`, got string'],
    [u8, 1n, 'expected u8 at `$`, got bigint'],
    [u8, undefined, 'expected u8 at `$`, got nothing'],
    [{ kind: 'u64' }, 1, 'expected u64 at `$`, got number'],
    [{ kind: 'u64' }, -1n, 'expected u64 at `$`, got integer out of range'],
    [{ kind: 's64' }, 2n ** 63n, 'expected s64 at `$`, got integer out of range'],
    [f32, 0.1, 'expected f32 at `$`, got number that needs more than 32 bits'],
    [f64, '1', 'expected f64 at `$`, got string'],
    [char, 'ab', 'expected char at `$`, got string that is not one Unicode scalar value'],
    [char, '\ud800', 'expected char at `$`, got string that is not one Unicode scalar value'],
    [string, '\ud800', 'expected string at `$`, got string with a lone surrogate'],
    [list(u8), [1, 2], 'expected list<u8> at `$`, got array of 2'],
    [list(u32), new Uint8Array(1), 'expected list<u32> at `$`, got bytes'],
    [
      list(pair),
      [
        { a: 1, b: 'x' },
        { a: 1, b: 2 },
      ],
      'expected string at `$[1].b`, got number',
    ],
    [pair, { a: 1, b: 'x', c: 1 }, 'expected record `pair` at `$`, got object with 3 keys'],
    [pair, { a: 1, c: 'x' }, 'expected string at `$.b`, got nothing'],
    [
      pair,
      new (class {
        a = 1;
        b = 'x';
      })(),
      'expected record `pair` at `$`, got object with 2 keys',
    ],
    [shape, { tag: 'dot', value: 1 }, 'expected variant at `$`, got object with 2 keys'],
    [shape, { tag: 'ring' }, 'expected variant at `$`, got object with 1 key'],
    [shape, { tag: 'ring', value: 'x' }, 'expected u8 at `$.value`, got string'],
    [shape, { tag: 'toString' }, 'expected variant at `$`, got object with 1 key'],
    [{ kind: 'enum', names: ['a'] }, 'b', 'expected enum at `$`, got string'],
    [flags(3), ['n1', 'n0'], 'expected flags at `$[1]`, got names out of order'],
    [flags(3), ['n1', 'n1'], 'expected flags at `$[1]`, got names out of order'],
    [flags(3), ['n9'], 'expected flags at `$[0]`, got an unknown name'],
    [option(u8), 5, 'expected option<u8> at `$`, got number'],
    [option(u8), { some: 'x' }, 'expected u8 at `$.some`, got string'],
    [outcome, { ok: 1, err: null }, 'expected result<u8, _> at `$`, got object with 2 keys'],
    [outcome, { err: 1 }, 'expected result<u8, _> at `$`, got object with 1 key'],
    [{ kind: 'tuple', items: [u8] }, [], 'expected tuple<u8> at `$`, got array of 0'],
  ])('refuses what is not a value of the type (case %#)', (type, value, message) => {
    const error = thrownBy(() => encodeValue(value as WitValue, type));
    expect(error.code).toBe('params/invalid');
    expect(error.message).toBe(message);
  });
});

describe('decodeValue', () => {
  it.each<[string, ValueType, string, string]>([
    ['a bool of 2', { kind: 'bool' }, '02', 'a bool that is neither 0 nor 1'],
    ['a NaN with a payload', f32, '0100c07f', 'a NaN that is not the canonical one'],
    ['a negative NaN', f32, '0000c0ff', 'a NaN that is not the canonical one'],
    ['a signalling NaN', f64, '010000000000f07f', 'a NaN that is not the canonical one'],
    ['a surrogate', char, '00d80000', 'a char that is no Unicode scalar value'],
    ['a char past the last', char, '00001100', 'a char that is no Unicode scalar value'],
    ['broken UTF-8', string, '01000000ff', 'text that is not UTF-8'],
    ['overlong UTF-8', string, '02000000c080', 'text that is not UTF-8'],
    ['UTF-8 of a surrogate', string, '03000000eda080', 'text that is not UTF-8'],
    ['a cut string', string, '0300000061', 'too few bytes'],
    ['a cut integer', u32, '000000', 'too few bytes'],
    ['no bytes', u8, '', 'too few bytes'],
    ['a byte left over', u8, '0000', 'bytes after its end'],
    ['a count past the end', list(u32), 'ffffffff00000000', 'a count that passes its end'],
    ['a byte count past the end', list(u8), 'ffffffff00', 'too few bytes'],
    ['a case that does not exist', shape, '02', 'the index of a case that does not exist'],
    ['an enum that does not exist', { kind: 'enum', names: ['a'] }, '01', 'the index of a case that does not exist'],
    ['an option of 2', option(u8), '0200', 'an option that is neither 0 nor 1'],
    ['a result of 2', outcome, '0200', 'a result that is neither 0 nor 1'],
    ['a flag that does not exist', flags(9), '0002', 'a flag that does not exist'],
  ])('refuses %s', (_, type, bytes, what) => {
    const error = thrownBy(() => decodeValue(unhex(bytes), type));
    expect(error.code).toBe('params/invalid');
    expect(error.message).toMatch(new RegExp(`^the encoded value has ${what}, near byte \\d+$`));
  });

  it('does not make four thousand million elements that take no bytes', () => {
    const error = thrownBy(() => decodeValue(unhex('ffffffff'), list(nothing)));
    expect(error.code).toBe('params/too-large');
    expect(error.message).toBe('the value has more elements than its limit');
  });
});

describe('limits', () => {
  const three = [1, 2, 3];
  const bytes = encodeValue(three, list(u32));

  it('hold for the size in bytes, both ways', () => {
    expect(decodeValue(bytes, list(u32), { bytesMax: 16 })).toEqual(three);
    expect(encodeValue(three, list(u32), { bytesMax: 16 })).toEqual(bytes);
    for (const work of [
      () => decodeValue(bytes, list(u32), { bytesMax: 15 }),
      () => encodeValue(three, list(u32), { bytesMax: 15 }),
    ]) {
      const error = thrownBy(work);
      expect(error.code).toBe('params/too-large');
      expect(error.message).toMatch(/^the (encoded )?value takes more than 15 bytes$/);
    }
  });

  it('hold for the number of elements, both ways', () => {
    expect(decodeValue(bytes, list(u32), { elementsMax: 3 })).toEqual(three);
    expect(encodeValue(three, list(u32), { elementsMax: 3 })).toEqual(bytes);
    expect(thrownBy(() => decodeValue(bytes, list(u32), { elementsMax: 2 })).code).toBe('params/too-large');
    expect(thrownBy(() => encodeValue(three, list(u32), { elementsMax: 2 })).code).toBe('params/too-large');
  });

  it('hold for the depth of the type, both ways', () => {
    const deep = list(option(u8));
    expect(hex(encodeValue([null], deep, { depthMax: 3 }))).toBe('0100000000');
    for (const work of [
      () => encodeValue([], deep, { depthMax: 2 }),
      () => decodeValue(unhex('00000000'), deep, { depthMax: 2 }),
    ]) {
      const error = thrownBy(work);
      expect(error.code).toBe('params/too-large');
      expect(error.message).toBe('the type is nested more than 2 levels deep');
    }
  });

  it('refuse types that data cannot stand for', () => {
    expect(thrownBy(() => encodeValue(null, option({ kind: 'unsupported', what: 'future' }))).code).toBe(
      'component/not-callable',
    );
  });
});
