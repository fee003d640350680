import { describe, expect, it } from 'vitest';
import { bytesCodec } from '../../../runtime/bindings/own/bytes-codec.ts';
import type { CoreValue } from '../../../runtime/bindings/own/codec.ts';
import type { StringEncoding } from '../../../runtime/component/definitions.ts';
import type { ValueType } from '../../../runtime/component/types.ts';
import { ByteReader } from '../../../runtime/value/byte-reader.ts';
import { ByteWriter } from '../../../runtime/value/byte-writer.ts';
import { FakeGuest } from './bytes-guest.ts';

const PAGE = 65536;
const U8: ValueType = { kind: 'u8' };
const TEXT: ValueType = { kind: 'string' };
const EMPTY: ValueType = { kind: 'tuple', items: [] };
const listOf = (element: ValueType): ValueType => ({ kind: 'list', element });
const enumOf = (count: number): ValueType => ({ kind: 'enum', names: Array.from({ length: count }, (_, at) => `n${at}`) });
const flagsOf = (count: number): ValueType => ({ kind: 'flags', names: Array.from({ length: count }, (_, at) => `n${at}`) });

const ABI = 'the guest broke the canonical ABI: ';
const OUTSIDE = `${ABI}a list has a pointer out of bounds of memory`;
const UNALIGNED = `${ABI}a list has an unaligned pointer`;
const TEXT_OUTSIDE = `${ABI}a string has a pointer out of bounds of memory`;
const NO_CHAR = `${ABI}a char is no Unicode scalar value`;
const NO_CASE = `${ABI}a value has a case that its type does not have`;
const NOT_UTF8 = `${ABI}a string is not valid UTF-8`;
const NOT_UTF16 = `${ABI}a string is not valid UTF-16`;

function lift(guest: FakeGuest, type: ValueType, values: readonly CoreValue[], bytesMax = 2 ** 20, slotsMax = 1000): Uint8Array {
  const out = new ByteWriter();
  out.reset(bytesMax, slotsMax);
  bytesCodec(type).lift(guest.abi, { values: [...values], at: 0 }, out);
  return out.finish();
}

/** What is thrown: its code and its message. */
function thrown(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return code === 'trap/abi' ? message : `${code}: ${message}`;
  }
  return 'nothing';
}

describe('core values of a hostile guest', () => {
  const rows: [string, ValueType, CoreValue[], string][] = [
    ['a list that ends behind the memory', listOf(U8), [PAGE - 1, 2], OUTSIDE],
    ['a list whose pointer is negative', listOf(U8), [-1, 1], OUTSIDE],
    ['an empty list outside the memory', listOf(U8), [PAGE + 1, 0], OUTSIDE],
    ['an empty list at an odd place', listOf({ kind: 'u32' }), [2, 0], UNALIGNED],
    ['unaligned 64-bit elements', listOf({ kind: 'f64' }), [4, 1], UNALIGNED],
    ['a length of all bits', listOf(U8), [0, -1], `${ABI}a list has 4294967295 bytes, which is more than 268435455`],
    [
      'a length that wraps around',
      listOf({ kind: 'u64' }),
      [0, 0x2000_0001],
      `${ABI}a list has 4294967304 bytes, which is more than 268435455`,
    ],
    ['a string behind the memory', TEXT, [PAGE, 1], TEXT_OUTSIDE],
    ['an empty string outside the memory', TEXT, [PAGE + 1, 0], TEXT_OUTSIDE],
    ['a string of all bits', TEXT, [0, -1], `${ABI}a string has 4294967295 bytes, which is more than 268435455`],
    ['a char that is a surrogate', { kind: 'char' }, [0xd800], NO_CHAR],
    ['a char that is the last surrogate', { kind: 'char' }, [0xdfff], NO_CHAR],
    ['a char above Unicode', { kind: 'char' }, [0x110000], NO_CHAR],
    ['a negative char', { kind: 'char' }, [-1], NO_CHAR],
    ['a case of an enum', enumOf(3), [3], NO_CASE],
    ['a negative case', enumOf(3), [-1], NO_CASE],
    ['a case of an enum of 256', enumOf(256), [256], NO_CASE],
    ['a case of an option', { kind: 'option', some: U8 }, [2, 0], NO_CASE],
    ['a case of a result', { kind: 'result', ok: U8 }, [2, 0], NO_CASE],
    ['a case of a result without payloads', { kind: 'result' }, [2], NO_CASE],
  ];

  for (const [name, type, values, message] of rows) {
    it(`trap: ${name}`, () => {
      expect(thrown(() => lift(new FakeGuest(), type, values))).toBe(message);
    });
  }

  it('are taken at the very end of the memory', () => {
    expect([...lift(new FakeGuest(), listOf(U8), [PAGE - 1, 1])]).toEqual([1, 0, 0, 0, 0]);
    expect([...lift(new FakeGuest(), listOf(U8), [PAGE, 0])]).toEqual([0, 0, 0, 0]);
    expect([...lift(new FakeGuest(), TEXT, [PAGE, 0])]).toEqual([0, 0, 0, 0]);
  });

  it('lose the bits that mean nothing', () => {
    expect([...lift(new FakeGuest(), { kind: 'bool' }, [-256])]).toEqual([1]);
    expect([...lift(new FakeGuest(), U8, [-1])]).toEqual([0xff]);
    expect([...lift(new FakeGuest(), { kind: 's16' }, [0x12345])]).toEqual([0x45, 0x23]);
    expect([...lift(new FakeGuest(), flagsOf(3), [-1])]).toEqual([7]);
    expect([...lift(new FakeGuest(), flagsOf(17), [-1])]).toEqual([0xff, 0xff, 1]);
    expect([...lift(new FakeGuest(), flagsOf(32), [-1])]).toEqual([0xff, 0xff, 0xff, 0xff]);
  });
});

describe('memory of a hostile guest', () => {
  const rows: [string, ValueType, number[], string][] = [
    ['a char among others', listOf({ kind: 'char' }), [0x61, 0, 0, 0, 0, 0xd8, 0, 0], NO_CHAR],
    ['a case in a list', listOf(enumOf(2)), [0, 1, 2], NO_CASE],
    ['a case of two bytes', listOf(enumOf(257)), [0, 1, 1, 1], NO_CASE],
  ];
  for (const [name, type, bytes, message] of rows) {
    it(`traps: ${name}`, () => {
      const guest = new FakeGuest();
      guest.abi.bytes.set(bytes, 64);
      const size = type.kind === 'list' ? bytesCodec(type.element).layout.size : 1;
      expect(thrown(() => lift(guest, type, [64, bytes.length / size]))).toBe(message);
    });
  }

  it('gives the one NaN for every NaN, in lists and alone', () => {
    const guest = new FakeGuest();
    const { view } = guest.abi;
    view.setUint32(64, 0xffc1_2345, true);
    view.setUint32(68, 0x7f80_0001, true); // a signalling NaN
    view.setUint32(72, 0x7f80_0000, true); // infinity
    view.setBigUint64(80, 0xfff0_0000_0000_0001n, true);
    view.setBigUint64(88, 0xfff0_0000_0000_0000n, true); // minus infinity
    const nan32 = [0, 0, 0xc0, 0x7f];
    const nan64 = [0, 0, 0, 0, 0, 0, 0xf8, 0x7f];
    expect([...lift(guest, listOf({ kind: 'f32' }), [64, 3])]).toEqual([3, 0, 0, 0, ...nan32, ...nan32, 0, 0, 0x80, 0x7f]);
    expect([...lift(guest, listOf({ kind: 'f64' }), [80, 2])]).toEqual([2, 0, 0, 0, ...nan64, 0, 0, 0, 0, 0, 0, 0xf0, 0xff]);
    const pair: ValueType = { kind: 'tuple', items: [{ kind: 'f32' }, { kind: 'f32' }] };
    expect([...lift(guest, listOf(pair), [64, 1])]).toEqual([1, 0, 0, 0, ...nan32, ...nan32]);
    expect([...lift(guest, { kind: 'f64' }, [Number.NaN])]).toEqual(nan64);
  });

  it('gives 1 for every true', () => {
    const guest = new FakeGuest();
    guest.abi.bytes.set([0, 1, 2, 0xff], 64);
    expect([...lift(guest, listOf({ kind: 'bool' }), [64, 4])]).toEqual([4, 0, 0, 0, 0, 1, 1, 1]);
  });
});

describe('text of a hostile guest', () => {
  const padded = (bytes: readonly number[], unit: readonly number[], count: number) => [
    ...Array.from({ length: count }, () => unit).flat(),
    ...bytes,
  ];
  const utf8: Readonly<Record<string, number[]>> = {
    'a lone continuation byte': [0x80],
    'an overlong form': [0xc0, 0x80],
    'a surrogate': [0xed, 0xa0, 0x80],
    'a truncated character': [0xe6, 0xbc],
    'a code point above Unicode': [0xf4, 0x90, 0x80, 0x80],
    'a byte that never occurs': [0xff],
  };
  const utf16: Readonly<Record<string, number[]>> = {
    'a lone high surrogate': [0x00, 0xd8],
    'a lone low surrogate': [0x00, 0xdc],
    'surrogates in the wrong order': [0x00, 0xdc, 0x00, 0xd8],
    'a high surrogate before a letter': [0x00, 0xd8, 0x61, 0x00],
  };
  // Shorter and longer than each length from which another way is taken.
  const paddings = [0, 1, 30, 40, 300, 600, 5000];

  const trapOf = (encoding: StringEncoding, bytes: readonly number[], units: number): string => {
    const guest = new FakeGuest(encoding);
    guest.abi.bytes.set(bytes, 64);
    return thrown(() => lift(guest, TEXT, [64, units]));
  };

  it('traps when it is not UTF-8', () => {
    for (const [name, bad] of Object.entries(utf8)) {
      for (const count of paddings) {
        const bytes = padded(bad, [0x61], count);
        expect(trapOf('utf8', bytes, bytes.length), `${name} behind ${count} letters`).toBe(NOT_UTF8);
      }
    }
  });

  it('traps when it is not UTF-16', () => {
    for (const [name, bad] of Object.entries(utf16)) {
      for (const count of paddings) {
        for (const unit of [
          [0x61, 0],
          [0x22, 0x6f],
        ]) {
          const bytes = padded(bad, unit, count);
          const where = `${name} behind ${count}`;
          expect(trapOf('utf16', bytes, bytes.length / 2), where).toBe(NOT_UTF16);
          expect(trapOf('latin1+utf16', bytes, bytes.length / 2 + 2 ** 31), where).toBe(NOT_UTF16);
        }
      }
    }
  });

  it('traps at odd places, when code units have two bytes or may have', () => {
    for (const encoding of ['utf16', 'latin1+utf16'] as const) {
      const guest = new FakeGuest(encoding);
      expect(thrown(() => lift(guest, TEXT, [3, 0]))).toBe(`${ABI}a string has an unaligned pointer`);
    }
    expect([...lift(new FakeGuest('utf8'), TEXT, [3, 0])]).toEqual([0, 0, 0, 0]);
  });

  it('traps when its bytes end behind the memory, though its units would not', () => {
    expect(thrown(() => lift(new FakeGuest('utf16'), TEXT, [PAGE - 4, 3]))).toBe(TEXT_OUTSIDE);
    expect(thrown(() => lift(new FakeGuest('latin1+utf16'), TEXT, [PAGE - 4, 2 ** 31 + 3]))).toBe(TEXT_OUTSIDE);
    expect([...lift(new FakeGuest('latin1+utf16'), TEXT, [PAGE - 4, 3])]).toEqual([3, 0, 0, 0, 0, 0, 0]);
  });
});

describe('sizes that a guest makes up', () => {
  const SLOTS = 'params/too-large: the value has more elements than its limit';
  const BYTES = 'params/too-large: the value takes more than 1000000 bytes';
  // 192 MiB; nothing of it is touched, so nothing of it is there.
  const huge = new FakeGuest('utf8', 3072);
  const huge16 = new FakeGuest('utf16', 3072);
  const many = 190 * 1024 * 1024;
  const rows: [string, FakeGuest, ValueType, CoreValue[], string][] = [
    ['bool', huge, listOf({ kind: 'bool' }), [0, many], SLOTS],
    ['s8', huge, listOf({ kind: 's8' }), [0, many], SLOTS],
    ['bytes', huge, listOf(U8), [0, many], BYTES],
    ['text', huge, TEXT, [0, many], BYTES],
    ['wide text', huge16, TEXT, [0, many / 2], BYTES],
    ['empty tuples', huge, listOf(EMPTY), [0, -1], SLOTS],
    ['lists', huge, listOf(listOf(U8)), [0, many / 8], SLOTS],
  ];
  for (const [name, guest, type, values, message] of rows) {
    it(`are refused before anything is done for them: ${name}`, () => {
      const start = performance.now();
      expect(thrown(() => lift(guest, type, values, 1_000_000, 1_000_000))).toBe(message);
      expect(performance.now() - start).toBeLessThan(100);
    });
  }

  it('are counted as often as they overlap', () => {
    const guest = new FakeGuest();
    for (let at = 0; at < 100; at++) {
      guest.abi.view.setUint32(1024 + 8 * at, 0, true);
      guest.abi.view.setUint32(1028 + 8 * at, 1000, true);
    }
    const type = listOf(TEXT);
    expect(lift(guest, type, [1024, 100], 4 + 100 * 1004).length).toBe(100_404);
    expect(thrown(() => lift(guest, type, [1024, 100], 3 + 100 * 1004))).toBe(
      'params/too-large: the value takes more than 100403 bytes',
    );
  });

  it('count the parts of elements that are copied at once', () => {
    const pair: ValueType = { kind: 'tuple', items: [{ kind: 'u32' }, { kind: 'u32' }] };
    expect(lift(new FakeGuest(), listOf(pair), [0, 10], 1000, 30).length).toBe(84);
    expect(thrown(() => lift(new FakeGuest(), listOf(pair), [0, 10], 1000, 29))).toBe(SLOTS);
  });
});

describe('bytes for a guest', () => {
  const store = (type: ValueType, bytes: readonly number[], guest = new FakeGuest(), slotsMax = 1000): string => {
    const codec = bytesCodec(type);
    const pointer = guest.place(codec.layout.alignment, codec.layout.size);
    return thrown(() => codec.store(guest.abi, pointer, new ByteReader(Uint8Array.from(bytes), slotsMax)));
  };
  const SHORT = 'params/invalid: the encoded value has too few bytes, near byte';
  const PAST = 'params/invalid: the encoded value has a count that passes its end, near byte 4';

  it('are refused where they end too early', () => {
    expect(store({ kind: 'u32' }, [1, 2, 3])).toBe(`${SHORT} 0`);
    expect(store({ kind: 'f64' }, [1, 2, 3, 4, 5, 6, 7])).toBe(`${SHORT} 4`);
    expect(store(TEXT, [2, 0, 0, 0, 0x61])).toBe(PAST);
    expect(store(listOf(U8), [2, 0, 0, 0, 1])).toBe(PAST);
    expect(store(listOf({ kind: 'u16' }), [2, 0, 0, 0, 1, 1, 1])).toBe(PAST);
    expect(store(listOf(TEXT), [1, 0, 0, 0, 0, 0, 0])).toBe(PAST);
  });

  it('are refused where a case does not exist', () => {
    const message = 'params/invalid: the encoded value has the index of a case that does not exist, near byte 1';
    expect(store(enumOf(2), [2])).toBe(message);
    expect(store({ kind: 'option', some: U8 }, [2, 0])).toBe(message);
  });

  it('are refused where they have more elements than the limit', () => {
    const message = 'params/too-large: the value has more elements than its limit';
    expect(store(listOf(EMPTY), [0xff, 0xff, 0xff, 0xff])).toBe(message);
    expect(store(listOf({ kind: 'u16' }), [3, 0, 0, 0, 1, 0, 2, 0, 3, 0], new FakeGuest(), 2)).toBe(message);
  });

  it('trap where the guest gives no room for them', () => {
    const without = (found: number): FakeGuest => {
      const guest = new FakeGuest();
      guest.realloc = () => found;
      return guest;
    };
    const into = (type: ValueType, bytes: readonly number[], found: number): string => {
      const codec = bytesCodec(type);
      return thrown(() => codec.store(without(found).abi, 64, new ByteReader(Uint8Array.from(bytes), 1000)));
    };
    expect(into(listOf({ kind: 'u32' }), [1, 0, 0, 0, 1, 0, 0, 0], 6)).toBe(`${ABI}realloc returned an unaligned pointer`);
    expect(into(listOf(U8), [1, 0, 0, 0, 1], PAGE)).toBe(`${ABI}realloc returned a pointer out of bounds of memory`);
    expect(into(TEXT, [1, 0, 0, 0, 0x61], -1)).toBe(`${ABI}realloc returned a pointer out of bounds of memory`);
  });

  it('trap where they take more than any memory has', () => {
    // An element takes 32 KiB in memory, and 1 byte in the encoding.
    const wide: ValueType = {
      kind: 'option',
      some: { kind: 'tuple', items: Array.from({ length: 4096 }, () => ({ kind: 'u64' })) },
    };
    const count = 2 ** 17;
    const bytes = new Uint8Array(4 + count);
    new DataView(bytes.buffer).setUint32(0, count, true);
    const guest = new FakeGuest();
    const run = () => bytesCodec(listOf(wide)).lower(guest.abi, { values: [], at: 0 }, new ByteReader(bytes, 2 ** 31));
    expect(thrown(run)).toBe(`${ABI}a list takes more bytes than any memory has`);
    expect(guest.asked).toEqual([]);
  });

  it('are written where the memory is after it has grown', () => {
    const guest = new FakeGuest();
    guest.top = PAGE - 32;
    const bytes = Uint8Array.from([2, 0, 0, 0, 1, 0, 0, 0, 0x61, 1, 0, 0, 0, 0x62]);
    guest.realloc = (_pointer, _old, alignment, size) => {
      guest.memory.grow(1); // each call makes the views of the memory stale
      const found = Math.ceil(guest.top / alignment) * alignment;
      guest.top = found + size;
      return found;
    };
    const flat = { values: [] as CoreValue[], at: 0 };
    bytesCodec(listOf(TEXT)).lower(guest.abi, flat, new ByteReader(bytes, 1000));
    expect(lift(guest, listOf(TEXT), flat.values)).toEqual(bytes);
  });
});

describe('types that data cannot stand for', () => {
  it('have no codec', () => {
    const resource = { kind: 'resource', name: 'r' } as const;
    for (const type of [
      { kind: 'own', resource },
      { kind: 'borrow', resource },
      { kind: 'unsupported', what: 'stream' },
    ] as const) {
      expect(thrown(() => bytesCodec(listOf(type)))).toMatch(/^component\/not-callable: /);
    }
  });
});
