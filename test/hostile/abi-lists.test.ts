import { describe, expect, it } from 'vitest';
import { CROSSINGS, ending, type HostileValue, hostFunction, passing, useHostileCells } from '../support/abi-guests.ts';

/* Lists and strings whose pointers or lengths are lies. Each crossing of the canonical ABI must see through them. */

const cells = useHostileCells();
const PAGE = 65_536;
const UTF16 = 'string-encoding=utf16';
const LATIN1 = 'string-encoding=latin1+utf16';

const OUT = /^the guest broke the canonical ABI: a (string|list) has a pointer out of bounds of memory$/;
const ODD = /^the guest broke the canonical ABI: a (string|list) has an unaligned pointer$/;
const LONG = /^the guest broke the canonical ABI: a (string|list) has .*more than 268435455/;

const OUTSIDE: readonly (readonly [string, HostileValue, RegExp])[] = [
  ['a string of one byte at the end', { type: 'string', pointer: PAGE, length: 1 }, OUT],
  ['a string one byte too long', { type: 'string', pointer: PAGE - 3, length: 4 }, OUT],
  ['an empty string past the end', { type: 'string', pointer: PAGE + 1, length: 0 }, OUT],
  ['an empty string nowhere', { type: 'string', pointer: -1, length: 0 }, OUT],
  ['a string that wraps around', { type: 'string', pointer: -1, length: 2 }, OUT],
  ['a string from 16 that wraps to 15', { type: 'string', pointer: 16, length: -1 }, LONG],
  ['a string of 2 GiB', { type: 'string', pointer: 0, length: -(2 ** 31) }, LONG],
  ['a string of 2^28 bytes', { type: 'string', pointer: 0, length: 2 ** 28 }, LONG],
  ['UTF-16 of 2^27 units', { type: 'string', pointer: 0, length: 2 ** 27, encoding: UTF16 }, LONG],
  ['UTF-16 whose bytes wrap to 0', { type: 'string', pointer: 0, length: -(2 ** 31), encoding: UTF16 }, LONG],
  ['UTF-16 at an odd place', { type: 'string', pointer: 17, length: 1, encoding: UTF16 }, ODD],
  ['empty UTF-16 at an odd place', { type: 'string', pointer: 17, length: 0, encoding: UTF16 }, ODD],
  ['UTF-16 one byte too long', { type: 'string', pointer: PAGE - 2, length: 2, encoding: UTF16 }, OUT],
  ['Latin-1 at an odd place', { type: 'string', pointer: 17, length: 1, encoding: LATIN1 }, ODD],
  ['Latin-1 of 2^31 - 1 bytes', { type: 'string', pointer: 0, length: 2 ** 31 - 1, encoding: LATIN1 }, LONG],
  ['tagged UTF-16 of 2^31 - 1 units', { type: 'string', pointer: 0, length: -1, encoding: LATIN1 }, LONG],
  ['tagged and empty past the end', { type: 'string', pointer: PAGE + 2, length: -(2 ** 31), encoding: LATIN1 }, OUT],
  ['bytes past the end', { type: '(list u8)', pointer: PAGE - 3, length: 4 }, OUT],
  ['no bytes past the end', { type: '(list u8)', pointer: PAGE + 1, length: 0 }, OUT],
  ['bytes that wrap around', { type: '(list u8)', pointer: 16, length: -1 }, LONG],
  ['5e8 bools', { type: '(list bool)', pointer: 0, length: 500_000_000 }, LONG],
  ['2.5e8 bools', { type: '(list bool)', pointer: 0, length: 250_000_000 }, OUT],
  ['a count that times 4 wraps to 4', { type: '(list u32)', pointer: 0, length: 2 ** 30 + 1 }, LONG],
  ['u32 at an odd place', { type: '(list u32)', pointer: 2, length: 1 }, ODD],
  ['no u64 at an odd place', { type: '(list u64)', pointer: 4, length: 0 }, ODD],
  ['f64 half outside', { type: '(list f64)', pointer: PAGE - 8, length: 2 }, OUT],
  ['1e7 pairs', { type: '(list (tuple u32 u32))', pointer: 0, length: 10_000_000 }, OUT],
  ['a list of strings past the end', { type: '(list string)', pointer: PAGE - 4, length: 1 }, OUT],
  [
    'a string in a list, outside',
    {
      type: '(list string)',
      fill: '(i32.store (i32.const 64) (i32.const 65535)) (i32.store (i32.const 68) (i32.const 2))',
      pointer: 64,
      length: 1,
    },
    OUT,
  ],
  [
    'a list in a list, unaligned',
    {
      type: '(list (list u16))',
      fill: '(i32.store (i32.const 64) (i32.const 33)) (i32.store (i32.const 68) (i32.const 1))',
      pointer: 64,
      length: 1,
    },
    ODD,
  ],
];

describe.each(CROSSINGS)('in a %s', (crossing) => {
  it.each(OUTSIDE)('traps on %s', async (_, value, message) => {
    const { calls, capabilities } = hostFunction();
    const outcome = await cells.go(await passing(crossing, value), [], { capabilities });
    expect(ending(outcome)).toEqual({ kind: 'trapped', code: 'trap/abi', message: expect.stringMatching(message) });
    expect(calls).toEqual([]);
  });

  it.each([
    ['all of the memory as bytes', { type: '(list u8)', pointer: 0, length: PAGE }],
    ['all of the memory as text', { type: 'string', pointer: 0, length: PAGE }],
    ['all of the memory as UTF-16', { type: 'string', pointer: 0, length: PAGE / 2, encoding: UTF16 }],
    ['all of the memory as tagged UTF-16', { type: 'string', pointer: 0, length: PAGE / 2 - 2 ** 31, encoding: LATIN1 }],
    ['the last f64', { type: '(list f64)', pointer: PAGE - 8, length: 1 }],
    ['nothing at the very end', { type: '(list u64)', pointer: PAGE, length: 0 }],
    ['no text at the very end', { type: 'string', pointer: PAGE, length: 0 }],
  ] satisfies readonly (readonly [string, HostileValue])[])('takes %s', async (_, value) => {
    const outcome = await cells.go(await passing(crossing, value), [], hostFunction());
    expect(ending(outcome)).toEqual({ kind: 'ok' });
  });
});
