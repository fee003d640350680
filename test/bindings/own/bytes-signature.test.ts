import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesSignature } from '../../../runtime/bindings/own/bytes-signature.ts';
import type { CoreValue, FlatValues } from '../../../runtime/bindings/own/codec.ts';
import type { FunctionType, Param, ValueType } from '../../../runtime/component/types.ts';
import { ByteReader } from '../../../runtime/value/byte-reader.ts';
import { ByteWriter } from '../../../runtime/value/byte-writer.ts';
import { encodeParams, encodeValue, type WitValue } from '../../../runtime/value/index.ts';
import { arbParamsAndValues, arbTypeAndValue } from '../../support/arbitrary-types.ts';
import { FakeGuest } from './bytes-guest.ts';

const ABI = 'the guest broke the canonical ABI: ';
const U32: ValueType = { kind: 'u32' };
const PAIR: ValueType = { kind: 'tuple', items: [U32, U32] };

const signatureOf = (params: readonly Param[], result?: ValueType): FunctionType => ({
  params,
  isAsync: false,
  ...(result === undefined ? {} : { result }),
});
const named = (types: readonly ValueType[]): Param[] => types.map((type, at) => ({ name: `p${at}`, type }));
const reader = (bytes: Uint8Array): ByteReader => new ByteReader(bytes, 1_000_000);

function written(write: (out: ByteWriter) => void, slotsMax = 1_000_000): Uint8Array {
  const out = new ByteWriter();
  out.reset(2 ** 24, slotsMax);
  write(out);
  return out.finish();
}

/** Core values as core wasm passes them on: its i64 are signed. */
const throughCore = (values: readonly CoreValue[]): CoreValue[] =>
  values.map((value) => (typeof value === 'bigint' ? BigInt.asIntN(64, value) : value));

describe('the parameters of a call', () => {
  it('come back as they went, in core values or in memory', () => {
    const used = { core: 0, memory: 0 };
    const arbTwice = fc.tuple(arbParamsAndValues(), arbParamsAndValues(), fc.boolean());
    fc.assert(
      fc.property(arbTwice, ([one, two, both]) => {
        const types = [...one.params, ...(both ? [...two.params, ...one.params] : [])].map((param) => param.type);
        const values = [...one.values, ...(both ? [...two.values, ...one.values] : [])];
        const params = named(types);
        const bytes = encodeParams(values, params);
        const signature = bytesSignature(signatureOf(params));
        const guest = new FakeGuest();
        const flat: FlatValues = { values: Array(40).fill(9n), at: 13 };
        signature.lowerParams(guest.abi, flat, reader(bytes));
        expect(flat.values.length).toBeLessThanOrEqual(16);
        expect(written((out) => signature.liftParams(guest.abi, throughCore(flat.values), out))).toEqual(bytes);
        used[flat.values.length === 1 && guest.asked.length > 0 ? 'memory' : 'core']++;
      }),
      { numRuns: 500 },
    );
    expect(Math.min(used.core, used.memory)).toBeGreaterThan(20);
  });

  it('are core values up to 16 of them, and a tuple in memory beyond', () => {
    for (const [count, asked] of [
      [16, []],
      [17, [[0, 0, 8, 8 * 17]]],
    ] as const) {
      const params = named(Array.from({ length: count }, (): ValueType => ({ kind: 'u64' })));
      const values = Array.from({ length: count }, (_, at) => BigInt(at));
      const guest = new FakeGuest();
      const flat: FlatValues = { values: [], at: 0 };
      bytesSignature(signatureOf(params)).lowerParams(guest.abi, flat, reader(encodeParams(values, params)));
      expect(guest.asked).toEqual(asked);
      expect(flat.values).toEqual(count === 16 ? values : [16]);
      if (count === 17) expect(guest.abi.view.getBigUint64(16 + 8 * 16, true)).toBe(16n);
    }
  });

  it('must be all that the bytes hold', () => {
    const lower = (params: readonly Param[], bytes: Uint8Array) =>
      bytesSignature(signatureOf(params)).lowerParams(new FakeGuest().abi, { values: [], at: 0 }, reader(bytes));
    expect(() => lower(named([U32]), new Uint8Array(5))).toThrow('the encoded value has bytes after its end, near byte 4');
    expect(() => lower(named(Array(17).fill(U32)), new Uint8Array(69))).toThrow('bytes after its end, near byte 68');
    expect(() => lower(named([]), new Uint8Array(1))).toThrow('bytes after its end, near byte 0');
  });

  it('are charged as their encoder charges them', () => {
    const params = named([PAIR, U32]);
    const signature = bytesSignature(signatureOf(params));
    const lift = (slotsMax: number) => written((out) => signature.liftParams(new FakeGuest().abi, [1, 2, 3], out), slotsMax);
    expect(lift(4)).toEqual(encodeParams([[1, 2], 3], params, { elementsMax: 4 }));
    expect(() => lift(3)).toThrow('the value has more elements than its limit');
    expect(() => encodeParams([[1, 2], 3], params, { elementsMax: 3 })).toThrow('the value has more elements than its limit');
  });

  it('trap when a guest gives no place for them that it has', () => {
    const signature = bytesSignature(signatureOf(named(Array(17).fill(U32))));
    const lift = (pointer: number) => written((out) => signature.liftParams(new FakeGuest().abi, [pointer], out));
    expect(() => lift(2)).toThrow(`${ABI}the parameters have an unaligned pointer`);
    expect(() => lift(65536 - 64)).toThrow(`${ABI}the parameters have a pointer out of bounds of memory`);
    expect(() => lift(-4)).toThrow(`${ABI}the parameters have a pointer out of bounds of memory`);
    expect(lift(65536 - 68).length).toBe(68);
  });
});

describe('the result of a call', () => {
  it('comes back as it went, in a core value or in memory', () => {
    const used = { core: 0, memory: 0 };
    fc.assert(
      fc.property(arbTypeAndValue(), ({ type, value }) => {
        const bytes = encodeValue(value, type);
        const signature = bytesSignature(signatureOf([], type));
        const guest = new FakeGuest();
        const place = guest.place(8, 256 * 1024); // more than any of these types takes
        const answer = signature.lowerResult(guest.abi, [7, place], reader(bytes));
        const core = answer === undefined ? place : throughCore([answer])[0];
        expect(written((out) => signature.liftResult(guest.abi, core, out))).toEqual(bytes);
        used[answer === undefined ? 'memory' : 'core']++;
      }),
      { numRuns: 500 },
    );
    expect(Math.min(used.core, used.memory)).toBeGreaterThan(20);
  });

  it('is nothing where the function has none', () => {
    const signature = bytesSignature(signatureOf([]));
    const { abi } = new FakeGuest();
    expect(written((out) => signature.liftResult(abi, undefined, out)).length).toBe(0);
    expect(signature.lowerResult(abi, [], reader(new Uint8Array(3)))).toBe(undefined);
  });

  it('is lifted from one core value, of each type', () => {
    const rows: [ValueType, CoreValue, WitValue][] = [
      [{ kind: 's8' }, -1, -1],
      [{ kind: 'u32' }, -1, 0xffff_ffff],
      [{ kind: 's64' }, -5n, -5n],
      [{ kind: 'u64' }, -5n, 2n ** 64n - 5n],
      [{ kind: 'f32' }, 1.5, 1.5],
      [{ kind: 'f64' }, -0, -0],
      [{ kind: 'char' }, 0x1f600, '😀'],
      [{ kind: 'bool' }, 7, true],
      [{ kind: 'result' }, 1, { err: null }],
      [{ kind: 'tuple', items: [{ kind: 'tuple', items: [{ kind: 's64' }] }] }, -1n, [[-1n]]],
    ];
    for (const [type, core, value] of rows) {
      const signature = bytesSignature(signatureOf([], type));
      const found = written((out) => signature.liftResult(new FakeGuest().abi, core, out));
      expect(found, type.kind).toEqual(encodeValue(value, type));
    }
  });

  it('traps when a guest gives no place for it that it has', () => {
    const signature = bytesSignature(signatureOf([], PAIR));
    const { abi } = new FakeGuest();
    const lift = (pointer: number) => written((out) => signature.liftResult(abi, pointer, out));
    const lower = (pointer: number) => signature.lowerResult(abi, [1, pointer], reader(new Uint8Array(8)));
    expect(() => lift(1)).toThrow(`${ABI}the result has an unaligned pointer`);
    expect(() => lift(65532)).toThrow(`${ABI}the result has a pointer out of bounds of memory`);
    expect(() => lift(-8)).toThrow(`${ABI}the result has a pointer out of bounds of memory`);
    expect(() => lower(1)).toThrow(`${ABI}the place for the result has an unaligned pointer`);
    expect(() => lower(65532)).toThrow(`${ABI}the place for the result has a pointer out of bounds of memory`);
    expect(lift(65528).length).toBe(8);
  });

  it('must be all that the bytes hold', () => {
    const { abi } = new FakeGuest();
    const lower = (type: ValueType, size: number) =>
      bytesSignature(signatureOf([], type)).lowerResult(abi, [8], reader(new Uint8Array(size)));
    expect(() => lower(U32, 5)).toThrow('bytes after its end, near byte 4');
    expect(() => lower(PAIR, 9)).toThrow('bytes after its end, near byte 8');
  });

  it('has no signature when data cannot stand for it', () => {
    const own: ValueType = { kind: 'own', resource: { kind: 'resource', name: 'r' } };
    expect(() => bytesSignature(signatureOf([], own))).toThrow('a value of type `own` cannot be given or taken as data');
    expect(() => bytesSignature(signatureOf(named([own])))).toThrow('a value of type `own` cannot be given or taken as data');
  });
});
