import { describe, expect, it } from 'vitest';
import type { Param, ValueType } from '../../../runtime/component/types.ts';
import {
  fromJson,
  type JsonValue,
  jsonText,
  paramsFromJson,
  paramsFromPlain,
  parseJson,
  toJson,
  type WitValue,
} from '../../../runtime/value/index.ts';
import { thrownBy } from './thrown-by.ts';

const u8: ValueType = { kind: 'u8' };
const s32: ValueType = { kind: 's32' };
const u64: ValueType = { kind: 'u64' };
const s64: ValueType = { kind: 's64' };
const f32: ValueType = { kind: 'f32' };
const f64: ValueType = { kind: 'f64' };
const string: ValueType = { kind: 'string' };
const option = (some: ValueType): ValueType => ({ kind: 'option', some });
const bytes: ValueType = { kind: 'list', element: u8 };
const mode: ValueType = { kind: 'enum', names: ['fast', 'safe'], typeName: { name: 'mode' } };
const rights: ValueType = { kind: 'flags', names: ['read', 'write', 'run'] };
const shape: ValueType = { kind: 'variant', cases: [{ name: 'dot' }, { name: 'ring', type: f64 }], typeName: { name: 'shape' } };
const rule: ValueType = {
  kind: 'record',
  fields: [
    { name: 'kind', type: mode },
    { name: 'constructor', type: option(string) },
  ],
  typeName: { name: 'rule' },
};
const plain = (object: object): object => Object.assign(Object.create(null), object);

const read = (text: string, type: ValueType): WitValue => fromJson(parseJson(text), type);

describe('fromJson and toJson', () => {
  it.each<[string, ValueType, WitValue]>([
    ['true', { kind: 'bool' }, true],
    ['255', u8, 255],
    ['-2147483648', s32, -2147483648],
    ['18446744073709551615', u64, 18446744073709551615n],
    ['9007199254740993', u64, 9007199254740993n],
    ['-9223372036854775808', s64, -9223372036854775808n],
    ['9007199254740991', s64, 9007199254740991n],
    ['1e3', f64, 1000],
    ['-0.0', f64, -0],
    ['5', f32, 5],
    ['{"float":"-infinity"}', f32, Number.NEGATIVE_INFINITY],
    ['{"float":"nan"}', f64, Number.NaN],
    ['"😀"', { kind: 'char' }, '😀'],
    ['"AAH/"', bytes, Uint8Array.of(0, 1, 255)],
    ['"AA=="', bytes, Uint8Array.of(0)],
    ['""', bytes, new Uint8Array()],
    ['["a",""]', { kind: 'list', element: string }, ['a', '']],
    ['[1,"x"]', { kind: 'tuple', items: [u8, string] }, [1, 'x']],
    ['{"tag":"dot"}', shape, { tag: 'dot' }],
    ['{"tag":"ring","value":1.5}', shape, { tag: 'ring', value: 1.5 }],
    ['["read","run"]', rights, ['read', 'run']],
    ['null', option(u8), null],
    ['1', option(u8), { some: 1 }],
    ['null', option(option(u8)), null],
    ['{"some":null}', option(option(u8)), { some: null }],
    ['{"some":1}', option(option(u8)), { some: { some: 1 } }],
    ['{"ok":null}', { kind: 'result', err: string }, { ok: null }],
    ['{"err":"no"}', { kind: 'result', err: string }, { err: 'no' }],
  ])('reads %s, and writes it the same', (text, type, value) => {
    expect(read(text, type)).toStrictEqual(value);
    expect(read(jsonText(toJson(value, type)), type)).toStrictEqual(value);
  });

  it.each<[string, ValueType, WitValue]>([
    ['"18446744073709551615"', u64, 18446744073709551615n],
    ['"-9223372036854775808"', s64, -9223372036854775808n],
    ['"5"', s64, 5n],
    ['-0', s32, 0],
    ['0.1', f32, Math.fround(0.1)],
    ['1e-400', f64, 0],
    ['["run","read"]', rights, ['read', 'run']],
    ['{"kind":"safe"}', rule, plain({ kind: 'safe', constructor: null }) as WitValue],
  ])('reads the other form %s', (text, type, value) => {
    expect(read(text, type)).toStrictEqual(value);
  });

  it('reads a record into an object without a prototype, whatever its fields are called', () => {
    const value = read('{"kind":"fast","constructor":"c"}', rule);
    expect(Object.getPrototypeOf(value)).toBe(null);
    expect(Object.entries(value as object)).toEqual([
      ['kind', 'fast'],
      ['constructor', { some: 'c' }],
    ]);
    expect(jsonText(toJson(value, rule))).toBe('{"kind":"fast","constructor":"c"}');
  });

  it('writes 64-bit integers as strings only past 2^53-1', () => {
    expect(
      [9007199254740991n, 9007199254740992n, -9007199254740991n, -9007199254740992n].map((value) => toJson(value, s64)),
    ).toEqual([9007199254740991, '9007199254740992', -9007199254740991, '-9007199254740992']);
  });

  it('writes floats that JSON has no number for as objects', () => {
    expect(jsonText([Number.NaN, Number.POSITIVE_INFINITY, -0].map((value) => toJson(value, f64)))).toBe(
      '[{"float":"nan"},{"float":"infinity"},-0]',
    );
  });

  it.each<[string, ValueType, string, string]>([
    ['256', u8, 'u8 (integer from 0 to 255)', 'integer out of range'],
    ['-1', u8, 'u8 (integer from 0 to 255)', 'integer out of range'],
    ['1.0', u8, 'u8 (integer from 0 to 255)', 'number with a fraction or exponent'],
    ['1e2', u8, 'u8 (integer from 0 to 255)', 'number with a fraction or exponent'],
    ['"5"', u8, 'u8 (integer from 0 to 255)', 'string'],
    ['true', u8, 'u8 (integer from 0 to 255)', 'boolean'],
    ['null', u8, 'u8 (integer from 0 to 255)', 'null'],
    [
      '18446744073709551616',
      u64,
      'u64 (integer or string of decimal digits, from 0 to 18446744073709551615)',
      'integer out of range',
    ],
    [
      '"0005"',
      u64,
      'u64 (integer or string of decimal digits, from 0 to 18446744073709551615)',
      'string that is not a decimal integer',
    ],
    [
      '"-0"',
      u64,
      'u64 (integer or string of decimal digits, from 0 to 18446744073709551615)',
      'string that is not a decimal integer',
    ],
    [
      '" 5"',
      u64,
      'u64 (integer or string of decimal digits, from 0 to 18446744073709551615)',
      'string that is not a decimal integer',
    ],
    ['1', { kind: 'bool' }, 'bool', 'number'],
    ['1e400', f64, 'f64 (number, or object with `float`: "nan", "infinity" or "-infinity")', 'number out of range'],
    ['3.5e38', f32, 'f32 (number, or object with `float`: "nan", "infinity" or "-infinity")', 'number out of range'],
    ['"1"', f64, 'f64 (number, or object with `float`: "nan", "infinity" or "-infinity")', 'string'],
    ['{"float":"NaN"}', f64, 'f64 (number, or object with `float`: "nan", "infinity" or "-infinity")', 'object with 1 key'],
    ['{"float":1}', f64, 'f64 (number, or object with `float`: "nan", "infinity" or "-infinity")', 'object with 1 key'],
    ['["/ok"]', string, 'string', 'array of 1'],
    ['{"toString":1}', string, 'string', 'object with 1 key'],
    ['null', string, 'string', 'null'],
    ['""', { kind: 'char' }, 'char (string of one Unicode scalar value)', 'empty string'],
    ['"ab"', { kind: 'char' }, 'char (string of one Unicode scalar value)', 'longer string'],
    ['"AB=="', bytes, 'list<u8> (base64 string with padding)', 'string that is not canonical base64'],
    ['"AA"', bytes, 'list<u8> (base64 string with padding)', 'string that is not canonical base64'],
    ['"AA==\\n"', bytes, 'list<u8> (base64 string with padding)', 'string that is not canonical base64'],
    ['"-_-_"', bytes, 'list<u8> (base64 string with padding)', 'string that is not canonical base64'],
    ['[1]', bytes, 'list<u8> (base64 string with padding)', 'array of 1'],
    ['[1,2,3]', { kind: 'tuple', items: [u8, string] }, 'tuple<u8, string> (array of 2)', 'array of 3'],
    ['"slow"', mode, 'enum `mode` (string, one of `fast`, `safe`)', 'string that is not one of them'],
    [
      '{"kind":"fast","x":1}',
      rule,
      'record `rule` (object with `kind`, optional `constructor`)',
      'object with 2 keys, of which 1 unknown',
    ],
    ['[]', rule, 'record `rule` (object with `kind`, optional `constructor`)', 'array of 0'],
    ['"ring"', shape, 'variant `shape` (object with `tag`, one of `dot`, `ring`, and its `value` if it has one)', 'string'],
    ['{"tag":"dot","value":null}', shape, 'object with `tag` alone for case `dot`', 'object with 2 keys'],
    ['{"tag":"ring"}', shape, 'object with `tag` and `value` for case `ring`', 'object with 1 key'],
    ['{"tag":"ring","val":1}', shape, 'object with `tag` and `value` for case `ring`', 'object with 2 keys'],
    ['"read"', rights, 'flags (array of strings, none twice, of `read`, `write`, `run`)', 'string'],
    ['1', option(option(u8)), 'option<option<u8>> (null, or object with `some`)', 'number'],
    [
      '{"ok":null,"err":"x"}',
      { kind: 'result', err: string },
      'result<_, string> (object with either `ok` or `err`)',
      'object with 2 keys',
    ],
    ['{}', { kind: 'result', err: string }, 'result<_, string> (object with either `ok` or `err`)', 'object with 0 keys'],
  ])('refuses %s', (text, type, expected, got) => {
    const error = thrownBy(() => read(text, type));
    expect(error.code).toBe('params/invalid');
    expect(error.message).toBe(`expected ${expected} at \`$\`, got ${got}`);
    expect(error.data).toEqual({ path: '$', expected, got });
  });

  it.each<[string, ValueType, string]>([
    [
      '{"rules":[{"kind":"fast"},{"kind":1}]}',
      { kind: 'record', fields: [{ name: 'rules', type: { kind: 'list', element: rule } }] },
      '$.rules[1].kind',
    ],
    ['{"constructor":"x"}', rule, '$.kind'],
    ['{"tag":"ring","value":"x"}', shape, '$.value'],
    ['{"tag":"square"}', shape, '$.tag'],
    ['{"some":"x"}', option(option(u8)), '$.some'],
    ['{"err":1}', { kind: 'result', err: string }, '$.err'],
    ['{"ok":1}', { kind: 'result', err: string }, '$.ok'],
    ['["read","read"]', rights, '$[1]'],
    ['["read","fly"]', rights, '$[1]'],
    ['["a",[1]]', { kind: 'tuple', items: [string, { kind: 'list', element: string }] }, '$[1][0]'],
  ])('says where in %s', (text, type, path) => {
    expect(thrownBy(() => read(text, type)).data.path).toBe(path);
  });

  it('never repeats what the input says', () => {
    const secret = 'hunter2';
    const types = [u8, u64, f64, bytes, mode, rights, shape, rule, option(option(u8)), { kind: 'result' } as const];
    const texts = [`"${secret}"`, `["${secret}"]`, `{"${secret}":"${secret}"}`, `{"tag":"${secret}"}`, `{"float":"${secret}"}`];
    for (const type of types) {
      for (const text of texts) {
        const { message, data } = thrownBy(() => read(text, type));
        expect(message + JSON.stringify(data)).not.toContain(secret);
      }
    }
  });

  it.each<[ValueType, string]>([
    [{ kind: 'own', resource: { kind: 'resource', name: 'file' } }, 'own'],
    [{ kind: 'unsupported', what: 'stream' }, 'stream'],
  ])('refuses handles and streams', (type, what) => {
    const error = thrownBy(() => fromJson(null, type));
    expect(error.code).toBe('component/not-callable');
    expect(error.message).toBe(`a value of type \`${what}\` cannot be given or taken as data`);
    expect(thrownBy(() => toJson(null, type)).code).toBe('component/not-callable');
  });

  it('reports a lifted value of another type as our own bug', () => {
    const error = thrownBy(() => toJson('x', u64));
    expect(error.code).toBe('internal/invariant');
    expect(error.message).toBe('a value of type u64 was lifted as string');
  });
});

const params: readonly Param[] = [
  { name: 'path', type: string },
  { name: 'max', type: option(u8) },
];

describe('paramsFromJson', () => {
  it('gives values in the order of the signature, and none for an option that is missing', () => {
    expect(paramsFromJson(parseJson('{"max":3,"path":"/a"}'), params)).toEqual(['/a', { some: 3 }]);
    expect(paramsFromJson(parseJson('{"path":"/a"}'), params)).toEqual(['/a', null]);
    expect(paramsFromJson(parseJson('{}'), [])).toEqual([]);
  });

  it.each([
    ['["/a",3]', '$', 'array of 2'],
    ['null', '$', 'null'],
    ['{"max":3}', '$.path', 'nothing'],
    ['{"path":"/a","Path":"/b"}', '$', 'object with 2 keys, of which 1 unknown'],
    ['{"path":"/a","__proto__":{}}', '$', 'object with 2 keys, of which 1 unknown'],
  ])('refuses %s', (text, path, got) => {
    const error = thrownBy(() => paramsFromJson(parseJson(text), params));
    expect(error.code).toBe('params/invalid');
    expect(error.data).toMatchObject({ path, got });
  });

  it('refuses more elements than its limit, though they take no bytes each', () => {
    const list: ValueType = { kind: 'list', element: { kind: 'tuple', items: [] } };
    const many: JsonValue = Array.from({ length: 1024 * 1024 + 1 }, () => []);
    expect(fromJson(many.slice(1), list)).toHaveLength(1024 * 1024);
    const error = thrownBy(() => fromJson(many, list));
    expect(error.code).toBe('params/too-large');
    expect(error.message).toBe('the value has more elements than its limit');
  });
});

class Text {
  path = '/a';
}

describe('paramsFromPlain', () => {
  const all: readonly Param[] = [
    { name: 'n', type: u64 },
    { name: 'f', type: f32 },
    { name: 'b', type: bytes },
    { name: 'l', type: option(option({ kind: 'list', element: s32 })) },
  ];

  it('accepts what JSON.parse gives, and bigint, bytes and non-finite floats', () => {
    const b = Buffer.from('abc');
    const values = paramsFromPlain({ n: 2n ** 64n - 1n, f: Number.POSITIVE_INFINITY, b, l: { some: [1, -2] } }, all);
    expect(values).toEqual([2n ** 64n - 1n, Number.POSITIVE_INFINITY, Uint8Array.of(97, 98, 99), { some: { some: [1, -2] } }]);
    b.fill(0);
    expect(values[2]).toEqual(Uint8Array.of(97, 98, 99));
    expect(paramsFromPlain({ __proto__: null, n: '7', f: 0.5, b: 'YWJj', l: null }, all)).toEqual([
      7n,
      0.5,
      Uint8Array.of(97, 98, 99),
      null,
    ]);
  });

  it('runs no code of the caller', () => {
    let ran = 0;
    const run = (): never => {
      ran++;
      throw new Error('ran');
    };
    const handler = { get: run, has: run, ownKeys: run, getOwnPropertyDescriptor: run, getPrototypeOf: run };
    const getter = Object.defineProperty({}, 'path', { get: run, enumerable: true });
    const item = Object.defineProperty([1], 0, { get: run, enumerable: true });
    const list: readonly Param[] = [{ name: 'path', type: { kind: 'list', element: s32 } }];
    for (const value of [new Proxy({}, handler), new Proxy([], handler), getter, { path: new Proxy({}, handler) }]) {
      expect(thrownBy(() => paramsFromPlain(value, params)).code).toBe('params/invalid');
    }
    expect(thrownBy(() => paramsFromPlain({ path: item }, list)).data.got).toBe('array with holes, properties or getters');
    expect(thrownBy(() => paramsFromPlain({ path: { toString: run, valueOf: run, toJSON: run } }, params)).code).toBe(
      'params/invalid',
    );
    expect(ran).toBe(0);
  });

  const sparse: unknown[] = [];
  sparse[1] = 1;
  it.each<[string, unknown, string]>([
    ['undefined', undefined, 'undefined'],
    ['a function', () => 1, 'function'],
    ['a symbol', Symbol('s'), 'symbol'],
    ['a class instance', new Text(), 'class instance'],
    ['a Map', new Map(), 'class instance'],
    ['a Date', new Date(0), 'class instance'],
    ['a String object', Object('x'), 'class instance'],
    ['a sparse array', sparse, 'array with holes or properties'],
    ['an array with a property', Object.assign([1], { x: 1 }), 'array with holes or properties'],
    ['an object with a symbol key', { [Symbol('s')]: 1 }, 'object with symbol keys'],
    ['a hidden property', Object.defineProperty({}, 'x', { value: 1 }), 'object with getters or hidden properties'],
    ['a proxy', new Proxy([], {}), 'proxy'],
    ['a bigint for a string', 1n, 'bigint'],
    ['a number for a string', 1, 'number'],
    ['a lone surrogate', '\ud800', 'string with a lone surrogate'],
  ])('refuses %s', (_, path, got) => {
    const error = thrownBy(() => paramsFromPlain({ path }, params));
    expect(error.code).toBe('params/invalid');
    expect(error.message).toBe(`expected string at \`$.path\`, got ${got}`);
  });

  it.each<[string, unknown, string]>([
    ['that may have been rounded', 2 ** 53, 'number too large to be exact'],
    ['with a fraction', 0.5, 'number that is not an integer'],
    ['that is not a number', Number.NaN, 'number that is not an integer'],
    ['that is negative', -1n, 'integer out of range'],
  ])('refuses an integer %s', (_, n, got) => {
    expect(thrownBy(() => paramsFromPlain({ n, f: 0, b: '', l: null }, all)).data).toMatchObject({ path: '$.n', got });
  });

  it('ends on data that holds itself', () => {
    const loop: unknown[] = [];
    loop.push(loop);
    expect(thrownBy(() => paramsFromPlain({ n: 0, f: 0, b: '', l: { some: loop } }, all)).data.path).toBe('$.l.some[0]');
  });
});
