import { describe, expect, test } from 'vitest';
import { loadString, STRING_BYTES_MAX, stored, storeString, storeUtf8 } from '../../../runtime/bindings/own/strings.ts';
import type { StringEncoding } from '../../../runtime/component/definitions.ts';
import { codeOf, fill, HEAP, makeGuest, PAGE } from './value-codec-guest.ts';
import { type ReallocCall, storeString as storeByReference } from './value-codec-reference.ts';

const ENCODINGS: readonly StringEncoding[] = ['utf8', 'utf16', 'latin1+utf16'];
const TAG = 0x8000_0000;
const ALPHABETS = {
  ascii: 'The quick brown fox',
  latin1: 'naïve café ÿ',
  cjk: '漢字かな交じり文',
  emoji: '🍰a🎉é',
  replacement: 'ok \ufffd and \ufeff too',
  'late latin1': `${'x'.repeat(23)}é`,
  'late wide': `${'x'.repeat(47)}☃`,
};
const LENGTHS = [0, 1, 2, 3, 4, 5, 8, 15, 16, 17, 23, 24, 25, 40, 100, 341, 342, 1023, 1024, 1025, 5000];

/** So many code units of an alphabet, without half a pair at the end. */
function textOf(alphabet: string, length: number): string {
  const text = alphabet.repeat(Math.ceil(length / alphabet.length) + 1).slice(0, length);
  return /[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text;
}

describe.each(ENCODINGS)('%s', (encoding) => {
  test.each(Object.entries(ALPHABETS))('text of every length comes back: %s', (_, alphabet) => {
    for (const length of LENGTHS) {
      const text = textOf(alphabet, length);
      const guest = makeGuest(encoding);
      storeString(guest.abi, text);
      expect([stored.pointer, stored.units]).toEqual(storeByReference(guest.cx, text));
      expect(guest.calls).toEqual(guest.cx.guest.calls);
      const used = guest.cx.guest.next;
      expect(Buffer.compare(guest.abi.bytes.subarray(0, used), guest.cx.guest.memory.subarray(0, used))).toBe(0);
      expect(loadString(guest.abi, stored.pointer, stored.units)).toBe(text);
      expect(loadString(guest.abi, stored.pointer | 0, stored.units | 0)).toBe(text);
      const again = makeGuest(encoding);
      storeUtf8(again.abi, new TextEncoder().encode(text));
      expect(again.calls).toEqual(guest.calls);
      expect(Buffer.compare(again.abi.bytes, guest.abi.bytes)).toBe(0);
    }
  });

  test('a string from the host takes one call of realloc, an empty one too', () => {
    const guest = makeGuest(encoding);
    storeString(guest.abi, '');
    storeString(guest.abi, 'é☃');
    const bytes = encoding === 'utf8' ? 5 : 4;
    const alignment = encoding === 'utf8' ? 1 : 2;
    expect(guest.calls).toEqual([
      [0, 0, alignment, 0],
      [0, 0, alignment, bytes],
    ]);
  });

  test('refuses a lone surrogate from the host', () => {
    for (const text of ['\ud800', 'a\udc00', `${'x'.repeat(2000)}\ud83c`]) {
      expect(codeOf(() => storeString(makeGuest(encoding).abi, text))).toBe('capability/failed');
    }
  });
});

/** By hand, from the specification: what each pair of encodings asks `realloc` for. Text, source, destination, calls, units. */
test.each<[string, StringEncoding, StringEncoding, ReallocCall[], number]>([
  ['hö☃🍰', 'utf8', 'utf8', [[0, 0, 1, 10]], 10],
  ['abc', 'utf16', 'utf8', [[0, 0, 1, 3]], 3],
  [
    'abö☃',
    'utf16',
    'utf8',
    [
      [0, 0, 1, 4],
      [HEAP, 4, 1, 12],
      [HEAP + 4, 12, 1, 7],
    ],
    7,
  ],
  [
    '☃☃',
    'utf16',
    'utf8',
    [
      [0, 0, 1, 2],
      [HEAP, 2, 1, 6],
    ],
    6,
  ],
  [
    'aé',
    'latin1+utf16',
    'utf8',
    [
      [0, 0, 1, 2],
      [HEAP, 2, 1, 4],
      [HEAP + 2, 4, 1, 3],
    ],
    3,
  ],
  [
    'a☃',
    'latin1+utf16',
    'utf8',
    [
      [0, 0, 1, 2],
      [HEAP, 2, 1, 6],
      [HEAP + 2, 6, 1, 4],
    ],
    4,
  ],
  ['ab', 'utf8', 'utf16', [[0, 0, 2, 4]], 2],
  [
    'aé',
    'utf8',
    'utf16',
    [
      [0, 0, 2, 6],
      [HEAP, 6, 2, 4],
    ],
    2,
  ],
  ['a☃', 'utf16', 'utf16', [[0, 0, 2, 4]], 2],
  ['aé', 'latin1+utf16', 'utf16', [[0, 0, 2, 4]], 2],
  ['ab', 'utf8', 'latin1+utf16', [[0, 0, 2, 2]], 2],
  [
    'aé',
    'utf8',
    'latin1+utf16',
    [
      [0, 0, 2, 3],
      [HEAP, 3, 2, 2],
    ],
    2,
  ],
  [
    'aé☃',
    'utf8',
    'latin1+utf16',
    [
      [0, 0, 2, 6],
      [HEAP, 6, 2, 12],
      [HEAP + 6, 12, 2, 6],
    ],
    3 + TAG,
  ],
  ['aé', 'utf16', 'latin1+utf16', [[0, 0, 2, 2]], 2],
  [
    'a☃',
    'utf16',
    'latin1+utf16',
    [
      [0, 0, 2, 2],
      [HEAP, 2, 2, 4],
    ],
    2 + TAG,
  ],
  ['aé', 'latin1+utf16', 'latin1+utf16', [[0, 0, 2, 2]], 2],
  ['a☃', 'latin1+utf16', 'latin1+utf16', [[0, 0, 2, 4]], 2 + TAG],
])('%j from %s to %s', (text, sourceEncoding, encoding, calls, units) => {
  const guest = makeGuest(encoding, { sourceEncoding });
  storeString(guest.abi, text);
  expect(guest.calls).toEqual(calls);
  expect(stored.units).toBe(units);
  expect(loadString(guest.abi, stored.pointer, stored.units)).toBe(text);
});

const END = 4 * PAGE;

test.each<[StringEncoding, string, number, number, string]>([
  ['utf8', 'empty, outside', 0xdead_beef, 0, 'a string has a pointer out of bounds of memory'],
  ['utf8', 'one byte too many', END - 1, 2, 'a string has a pointer out of bounds of memory'],
  ['utf8', 'wraps around', -1, 2, 'a string has a pointer out of bounds of memory'],
  ['utf8', 'too long', 0, STRING_BYTES_MAX + 1, 'a string has 268435456 bytes, which is more than 268435455'],
  ['utf8', 'negative length', 0, -1, 'a string has 4294967295 bytes, which is more than 268435455'],
  ['utf16', 'too long', 0, 2 ** 27, 'a string has 268435456 bytes, which is more than 268435455'],
  ['utf16', 'unaligned, empty', 1, 0, 'a string has an unaligned pointer'],
  ['utf16', 'one unit too many', END - 2, 2, 'a string has a pointer out of bounds of memory'],
  ['latin1+utf16', 'unaligned Latin-1, empty', 1, 0, 'a string has an unaligned pointer'],
  ['latin1+utf16', 'unaligned UTF-16, empty', 1, TAG, 'a string has an unaligned pointer'],
  ['latin1+utf16', 'Latin-1 outside', END, 1, 'a string has a pointer out of bounds of memory'],
  ['latin1+utf16', 'UTF-16 too long', 0, TAG + 2 ** 27, 'a string has 268435456 bytes, which is more than 268435455'],
])('%s: traps on %s', (encoding, _, pointer, units, message) => {
  const expected = expect.objectContaining({ code: 'trap/abi', message: `the guest broke the canonical ABI: ${message}` });
  const { abi } = makeGuest(encoding, { bytesMax: 0 });
  expect(() => loadString(abi, pointer, units)).toThrow(expected);
});

test('takes an empty string at the very end of memory', () => {
  for (const encoding of ENCODINGS) expect(loadString(makeGuest(encoding).abi, END, 0)).toBe('');
});

const INVALID: Record<string, number[]> = {
  'a byte that is never valid': [0xff],
  'a truncated sequence': [0xc3],
  'a sequence without its last byte': [0xf0, 0x9f, 0x8d],
  'an overlong slash': [0xc0, 0xaf],
  'an encoded surrogate': [0xed, 0xa0, 0x80],
  'a point beyond Unicode': [0xf4, 0x90, 0x80, 0x80],
  'a continuation byte alone': [0x80],
};

test.each(Object.entries(INVALID))('UTF-8: traps on %s', (_, invalid) => {
  for (const before of [0, 3, 20, 100, 2000]) {
    for (const after of ['', 'z', 'é\ufffd☃']) {
      const bytes = Uint8Array.from([
        ...new TextEncoder().encode('y'.repeat(before)),
        ...invalid,
        ...new TextEncoder().encode(after),
      ]);
      const guest = makeGuest('utf8');
      fill(guest, bytes, 64);
      expect(codeOf(() => loadString(guest.abi, 64, bytes.length))).toBe('trap/abi');
    }
  }
});

test.each<[string, number[]]>([
  ['a high surrogate at the end', [0x61, 0xd83c]],
  ['a low surrogate first', [0xdf70, 0xd83c]],
  ['two high surrogates', [0xd83c, 0xd83c, 0xdf70]],
])('UTF-16: traps on %s', (_, units) => {
  for (const before of [0, 30, 2000]) {
    const all = Uint16Array.from([...Array.from({ length: before }, () => 0x79), ...units]);
    for (const [encoding, tag] of [
      ['utf16', 0],
      ['latin1+utf16', TAG],
    ] as const) {
      const guest = makeGuest(encoding);
      fill(guest, new Uint8Array(all.buffer), 64);
      expect(codeOf(() => loadString(guest.abi, 64, all.length + tag))).toBe('trap/abi');
    }
  }
});

test('charges the bytes of memory before it looks at them', () => {
  const guest = makeGuest('utf8', { bytesMax: 10 });
  fill(guest, Uint8Array.of(0xff, 0xff, 0xff, 0xff), 64);
  expect(loadString(guest.abi, 0, 4)).toBe('\0\0\0\0');
  expect(codeOf(() => loadString(guest.abi, 64, 7))).toBe('limit/result');
  const wide = makeGuest('utf16', { bytesMax: 10 });
  expect(loadString(wide.abi, 0, 5)).toHaveLength(5);
  expect(codeOf(() => loadString(wide.abi, 0, 1))).toBe('limit/result');
});

test('traps on what realloc returns before it writes', () => {
  const guest = makeGuest('utf16');
  const bad = makeGuest('utf16', { pages: 0 });
  expect(codeOf(() => storeString(bad.abi, 'x'))).toBe('trap/abi');
  expect(codeOf(() => storeString(guest.abi, 'x'))).toBeUndefined();
});
