import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DURATION_MS_MAX, FUEL_MAX, parseDuration, parseFuel, parseSize } from '../../../host/policy/index.ts';
import { thrownBy } from './fixture.ts';

const SIZE = 'expected a size such as `64MiB`, in B, KiB, MiB or GiB';
const DURATION = 'expected a duration such as `2s`, in ms, s or m';
const FUEL = 'expected whole units of fuel from 1 to 2^62, in digits';

function refusal(action: () => unknown): string {
  const error = thrownBy(action);
  expect(error.code).toBe('usage/invalid-argument');
  return error.message;
}

describe('parseSize', () => {
  test.each([
    ['1B', 1],
    ['64KiB', 65_536],
    ['64MiB', 67_108_864],
    ['4GiB', 4_294_967_296],
    ['9007199254740991B', Number.MAX_SAFE_INTEGER],
  ])('reads %s', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  test.each([
    '',
    '64',
    '0B',
    '0MiB',
    '-1B',
    '+1B',
    '1.5GiB',
    '1e3B',
    '064KiB',
    '0x10B',
    '1_000B',
    '1,000B',
    '64MB',
    '64M',
    '64mib',
    '64 MiB',
    ' 64MiB',
    '64MiB ',
    '64MiB\n',
    '64Mi',
    'MiB',
    '１B',
    '64MiB64MiB',
  ])('refuses `%s`', (text) => expect(refusal(() => parseSize(text))).toMatch(`${SIZE}, got \``));

  test('refuses what a double cannot hold, by its limit', () => {
    const limit = `${SIZE}, at most 9007199254740991`;
    expect(refusal(() => parseSize('9007199254740992B'))).toBe(`${limit}, got \`9007199254740992B\``);
    expect(refusal(() => parseSize('8388608GiB'))).toBe(`${limit}, got \`8388608GiB\``);
    expect(refusal(() => parseSize(`${'9'.repeat(400)}B`))).toBe(`${limit}, got \`${'9'.repeat(80)}...\``);
  });

  test('refuses a value that is not text, without coercion', () => {
    // Callers in JavaScript are not held by the types.
    expect(refusal(() => parseSize(64 as unknown as string))).toBe(`${SIZE}, got 64`);
    expect(refusal(() => parseSize(['64MiB'] as unknown as string))).toBe(`${SIZE}, got a object`);
  });

  test('escapes what it shows', () => {
    expect(refusal(() => parseSize('1\u202eBiM`'))).toBe(`${SIZE}, got \`1\\u{202e}BiM\\u{60}\``);
  });
});

describe('parseDuration', () => {
  test.each([
    ['1ms', 1],
    ['250ms', 250],
    ['2s', 2000],
    ['1m', 60_000],
    ['2147483647ms', DURATION_MS_MAX],
  ])('reads %s', (text, ms) => expect(parseDuration(text)).toBe(ms));

  test.each(['', '2', '0s', '0ms', '-1s', '1.5s', '2S', '2M', '2 s', '2sec', '1h', '1m30s', '1e3ms', '02s', 'Infinitys', '2s\n'])(
    'refuses `%s`',
    (text) => expect(refusal(() => parseDuration(text))).toMatch(`${DURATION}, got \``),
  );

  test('refuses more than a timer can wait, which would fire at once', () => {
    expect(refusal(() => parseDuration('2147483648ms'))).toBe(`${DURATION}, at most 2147483647, got \`2147483648ms\``);
    expect(refusal(() => parseDuration('35792m'))).toBe(`${DURATION}, at most 2147483647, got \`35792m\``);
  });
});

describe('parseFuel', () => {
  test.each([
    [1, 1n],
    ['1', 1n],
    [Number.MAX_SAFE_INTEGER, 9_007_199_254_740_991n],
    ['9007199254740993', 9_007_199_254_740_993n],
    ['4611686018427387904', FUEL_MAX],
  ])('reads %s', (value, fuel) => expect(parseFuel(value)).toBe(fuel));

  test.each([
    [0, `${FUEL}, got 0`],
    [-1, `${FUEL}, got -1`],
    [1.5, `${FUEL}, got 1.5`],
    [Number.NaN, `${FUEL}, got NaN`],
    [Number.POSITIVE_INFINITY, `${FUEL}, got Infinity`],
    [2 ** 53, `${FUEL} and in quotes above 2^53 - 1, got 9007199254740992`],
    ['0', `${FUEL}, got \`0\``],
    ['', `${FUEL}, got \`\``],
    ['-1', `${FUEL}, got \`-1\``],
    ['1e9', `${FUEL}, got \`1e9\``],
    ['0x10', `${FUEL}, got \`0x10\``],
    ['007', `${FUEL}, got \`007\``],
    [' 7', `${FUEL}, got \` 7\``],
    ['4611686018427387905', `${FUEL}, got \`4611686018427387905\``],
    ['10000000000000000000', `${FUEL}, got \`10000000000000000000\``],
  ])('refuses %j', (value, message) => expect(refusal(() => parseFuel(value))).toBe(message));
});

test('every text gives a whole positive number or a typed refusal', () => {
  const shape = fc.oneof(fc.string(), fc.stringMatching(/^[0-9.eE+-]{0,20} ?[KMGkmg]?i?[BbsSm]{0,2}$/));
  fc.assert(
    fc.property(shape, (text) => {
      for (const parse of [parseSize, parseDuration]) {
        try {
          const value = parse(text);
          expect(Number.isSafeInteger(value) && value >= 1 && /^[1-9]/.test(text)).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ code: 'usage/invalid-argument' });
        }
      }
    }),
  );
});
