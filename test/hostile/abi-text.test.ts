import { describe, expect, it } from 'vitest';
import { CROSSINGS, ending, type HostileValue, hostFunction, passing, useHostileCells } from '../support/abi-guests.ts';

/* Text that is none in its encoding. Nothing is replaced or mended: it traps, wherever it leaves the guest. */

const cells = useHostileCells();
const UTF16 = 'string-encoding=utf16';
const LATIN1 = 'string-encoding=latin1+utf16';
const TAG = -(2 ** 31);

function dataOf(bytes: readonly number[]): string {
  return `(data (i32.const 64) "${bytes.map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')}")`;
}

/** Little-endian bytes of UTF-16 code units. */
function unitsOf(units: readonly number[]): number[] {
  return units.flatMap((unit) => [unit & 0xff, unit >> 8]);
}

const BAD_UTF8: readonly (readonly [string, readonly number[]])[] = [
  ['a continuation alone', [0x80]],
  ['a continuation after a letter', [0x61, 0xbf]],
  ['an overlong slash of 2 bytes', [0xc0, 0xaf]],
  ['an overlong NUL', [0xc0, 0x80]],
  ['an overlong DEL', [0xc1, 0xbf]],
  ['an overlong slash of 3 bytes', [0xe0, 0x80, 0xaf]],
  ['an overlong U+07FF', [0xe0, 0x9f, 0xbf]],
  ['an overlong slash of 4 bytes', [0xf0, 0x80, 0x80, 0xaf]],
  ['an overlong U+FFFF', [0xf0, 0x8f, 0xbf, 0xbf]],
  ['the first surrogate', [0xed, 0xa0, 0x80]],
  ['the last surrogate', [0xed, 0xbf, 0xbf]],
  ['a surrogate pair (CESU-8)', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
  ['a cut sequence of 2', [0x61, 0xc3]],
  ['a cut sequence of 3', [0xe2, 0x82]],
  ['a cut sequence of 4', [0xf0, 0x9f, 0x98]],
  ['a cut sequence before a letter', [0xe2, 0x82, 0x61]],
  ['U+110000', [0xf4, 0x90, 0x80, 0x80]],
  ['0xf5', [0xf5, 0x80, 0x80, 0x80]],
  ['0xf8, 5 bytes', [0xf8, 0x88, 0x80, 0x80, 0x80]],
  ['0xfe', [0xfe]],
  ['0xff', [0xff]],
  ['a bad byte after 40 good ones', [...new Array<number>(40).fill(0x61), 0xff]],
  ['a bad byte before 40 good ones', [0xff, ...new Array<number>(40).fill(0x61)]],
  ['a cut sequence after 31 letters', [...new Array<number>(31).fill(0x61), 0xc3]],
];

const BAD_UTF16: readonly (readonly [string, readonly number[]])[] = [
  ['a high surrogate alone', [0xd800]],
  ['a low surrogate alone', [0xdc00]],
  ['a high surrogate before a letter', [0xd83d, 0x61]],
  ['a high surrogate at the end', [0x61, 0xdbff]],
  ['a reversed pair', [0xde00, 0xd83d]],
  ['two high surrogates', [0xd83d, 0xd83d, 0xde00]],
  ['a low surrogate after a pair', [0xd83d, 0xde00, 0xde00]],
];

describe.each(CROSSINGS)('in a %s', (crossing) => {
  async function pass(value: Omit<HostileValue, 'type' | 'pointer'>) {
    const host = hostFunction();
    const outcome = await cells.go(await passing(crossing, { type: 'string', pointer: 64, ...value }), [], host);
    return { outcome, text: crossing === 'result' ? outcome.value : host.calls[0]?.[0] };
  }

  function refused(outcome: Awaited<ReturnType<typeof pass>>['outcome'], encoding: string): void {
    expect(ending(outcome)).toMatchObject({ kind: 'trapped', code: 'trap/abi' });
    expect(outcome.error?.message).toContain(encoding);
  }

  it.each(BAD_UTF8)('traps on %s', async (_, bytes) => {
    const { outcome, text } = await pass({ data: dataOf(bytes), length: bytes.length });
    refused(outcome, 'UTF-8');
    expect(text).toBeUndefined();
  });

  it.each(BAD_UTF16)('traps on UTF-16 with %s', async (_, units) => {
    const data = dataOf(unitsOf(units));
    const plain = await pass({ data, length: units.length, encoding: UTF16 });
    refused(plain.outcome, 'UTF-16');
    const tagged = await pass({ data, length: TAG + units.length, encoding: LATIN1 });
    refused(tagged.outcome, 'UTF-16');
    expect([plain.text, tagged.text]).toEqual([undefined, undefined]);
  });

  it.each([
    ['every Latin-1 byte is a character', { data: dataOf([0x00, 0x80, 0xff, 0xd8]), length: 4, encoding: LATIN1 }, '\0\u0080ÿØ'],
    [
      'the tag makes the same bytes UTF-16',
      { data: dataOf([0x00, 0x80, 0xff, 0x58]), length: TAG + 2, encoding: LATIN1 },
      '\u8000\u58ff',
    ],
    ['tagged UTF-16 may hold what Latin-1 could', { data: dataOf([0x61, 0]), length: TAG + 1, encoding: LATIN1 }, 'a'],
    ['a byte order mark is a character in UTF-8', { data: dataOf([0xef, 0xbb, 0xbf, 0x61]), length: 4 }, '\ufeffa'],
    [
      'a byte order mark is a character in UTF-16',
      { data: dataOf([0xff, 0xfe, 0x61, 0]), length: 2, encoding: UTF16 },
      '\ufeffa',
    ],
    ['a swapped byte order mark swaps nothing', { data: dataOf([0xfe, 0xff, 0x61, 0]), length: 2, encoding: UTF16 }, '\ufffea'],
    ['noncharacters are characters', { data: dataOf([0xef, 0xbf, 0xbf, 0xf4, 0x8f, 0xbf, 0xbf]), length: 7 }, '\uffff\u{10ffff}'],
    ['NUL ends nothing', { data: dataOf([0x61, 0, 0x62]), length: 3 }, 'a\0b'],
  ] as const)('%s', async (_, value, expected) => {
    const { outcome, text } = await pass(value);
    expect(ending(outcome)).toEqual({ kind: 'ok' });
    if (crossing !== 'component call') expect(text).toBe(expected);
  });
});
