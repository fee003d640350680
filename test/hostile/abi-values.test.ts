import type { WitValue } from 'cellblock/runtime';
import { describe, expect, it } from 'vitest';
import { abiGuest, ending, hostFunction, useHostileCells } from '../support/abi-guests.ts';

/* Values that their type forbids, or with bits that it does not have: the canonical ABI says for each whether it traps. */

const cells = useHostileCells();

/** Types by the names that the tests give them; named ones are exported, as a valid component must. */
const NAMED: Readonly<Record<string, string>> = {
  traffic: '(enum "red" "yellow" "green")',
  'many-cases': `(enum ${Array.from({ length: 257 }, (_, at) => `"c${at}"`).join(' ')})`,
  perms: '(flags "r" "w" "x")',
  wide: `(flags ${Array.from({ length: 9 }, (_, at) => `"f${at}"`).join(' ')})`,
  'all-flags': `(flags ${Array.from({ length: 32 }, (_, at) => `"f${at}"`).join(' ')})`,
  shape: '(variant (case "none") (case "size" u8))',
  'small-or-large': '(variant (case "small" u32) (case "large" u64))',
  'char-or-large': '(variant (case "letter" char) (case "large" u64))',
  'bool-or-large': '(variant (case "yes" bool) (case "large" s64) (case "s" s8))',
  'float-or-large': '(variant (case "single" f32) (case "large" u64) (case "double" f64))',
  'float-or-word': '(variant (case "single" f32) (case "word" u32))',
};

function typeText(name: string): { readonly before: string; readonly use: string } {
  const named = NAMED[name];
  return named === undefined
    ? { before: '', use: name }
    : { before: `(type $named ${named}) (export $exported "${name}" (type $named))`, use: '$exported' };
}

/** `go` returns one value as core value(s) of its own: only types of one core value. */
async function inCore(type: string, value: string) {
  const { before, use } = typeText(type);
  const core = /^\(([if]\d\d)/.exec(value)?.[1] ?? 'i32';
  return cells.go(await abiGuest({ before, core: `(func (export "go") (result ${core}) ${value})`, type: `(result ${use})` }));
}

/** `go` returns the value in memory, as the second half of a pair. */
async function inMemory(type: string, store: string) {
  const { before, use } = typeText(type);
  return cells.go(
    await abiGuest({
      before,
      core: `(func (export "go") (result i32) (i64.store (i32.const 16) (i64.const -1)) (i64.store (i32.const 24) (i64.const -1)) ${store} (i32.const 16))`,
      type: `(result (tuple u64 ${use}))`,
    }),
  );
}

/** `go` passes core values to the host function, which takes the type. */
async function toHost(type: string, flat: string, values: string) {
  const named = NAMED[type];
  const { calls, capabilities } = hostFunction();
  const before =
    named === undefined
      ? `(import "host" (func $callee (param "x" ${type})))`
      : `(type $named ${named}) (import "${type}" (type $imported (eq $named))) (import "host" (func $callee (param "x" $imported)))`;
  const guest = await abiGuest({
    before,
    lowered: '(core func $pass (canon lower (func $callee) (memory (core memory $libc "memory"))))',
    uses: { pass: `(param ${flat})` },
    core: `(func (export "go") (result i32) (call $pass ${values}) (i32.const 1))`,
    type: '(result u32)',
  });
  return { outcome: await cells.go(guest, [], { capabilities }), calls };
}

const TRAP = { kind: 'trapped', code: 'trap/abi' };

describe('one core value', () => {
  it.each([
    ['char', 0xd800, 'a char is no Unicode scalar value'],
    ['char', 0xdbff, 'a char is no Unicode scalar value'],
    ['char', 0xdfff, 'a char is no Unicode scalar value'],
    ['char', 0x110000, 'a char is no Unicode scalar value'],
    ['char', -1, 'a char is no Unicode scalar value'],
    ['char', -(2 ** 31), 'a char is no Unicode scalar value'],
    ['traffic', 3, 'a value has a case that its type does not have'],
    ['traffic', 256, 'a value has a case that its type does not have'], // its low byte is a case, the value is not
    ['traffic', -1, 'a value has a case that its type does not have'],
    ['traffic', -(2 ** 31), 'a value has a case that its type does not have'],
    ['many-cases', 257, 'a value has a case that its type does not have'],
    ['many-cases', 65_536, 'a value has a case that its type does not have'],
    ['(result)', 2, 'a value has a case that its type does not have'],
  ])('traps on a %s of %i', async (type, value, message) => {
    const expected = { ...TRAP, message: `the guest broke the canonical ABI: ${message}` };
    expect(ending(await inCore(type, `(i32.const ${value})`))).toEqual(expected);
    const { outcome, calls } = await toHost(type, 'i32', `(i32.const ${value})`);
    expect(ending(outcome)).toEqual(expected);
    expect(calls).toEqual([]);
  });

  it.each<[string, string, WitValue]>([
    ['bool', '(i32.const 0)', false],
    ['bool', '(i32.const 2)', true],
    ['bool', '(i32.const -1)', true],
    ['bool', '(i32.const 256)', true], // any bit counts, not the low byte alone
    ['u8', '(i32.const 0x1ff)', 255],
    ['u8', '(i32.const -1)', 255],
    ['s8', '(i32.const 0x80)', -128],
    ['s8', '(i32.const 0x17f)', 127],
    ['s8', '(i32.const -129)', 127],
    ['u16', '(i32.const 0x12345)', 0x2345],
    ['s16', '(i32.const 0x18000)', -32_768],
    ['u32', '(i32.const -1)', 0xffff_ffff],
    ['s32', '(i32.const 0x80000000)', -(2 ** 31)],
    ['u64', '(i64.const -1)', 2n ** 64n - 1n],
    ['s64', '(i64.const 0x8000000000000000)', -(2n ** 63n)],
    ['char', '(i32.const 0xd7ff)', '\ud7ff'],
    ['char', '(i32.const 0xe000)', '\ue000'],
    ['char', '(i32.const 0x10ffff)', '\u{10ffff}'],
    ['traffic', '(i32.const 2)', 'green'],
    ['many-cases', '(i32.const 256)', 'c256'],
    ['perms', '(i32.const -1)', ['r', 'w', 'x']],
    ['perms', '(i32.const 0xfffffff8)', []],
  ])('lifts a %s from %s', async (type, value, expected) => {
    const outcome = await inCore(type, value);
    expect({ ...ending(outcome), value: outcome.value }).toEqual({ kind: 'ok', value: expected });
    const { outcome: passed, calls } = await toHost(type, value.slice(1, 4), value);
    expect(ending(passed)).toEqual({ kind: 'ok' });
    expect(calls).toEqual([[expected]]);
  });

  it.each([
    ['f32', '(f32.const nan:0x200001)', '0000c07f'],
    ['f32', '(f32.const -nan:0x7fffff)', '0000c07f'],
    ['f32', '(f32.const -nan)', '0000c07f'],
    ['f64', '(f64.const nan:0x4000000000001)', '000000000000f87f'],
    ['f64', '(f64.const -nan:0xfffffffffffff)', '000000000000f87f'],
  ])('has one NaN for a %s of %s', async (type, value, hex) => {
    const { kind, valueBytes } = await inCore(type, value);
    expect([kind, Buffer.from(valueBytes ?? []).toString('hex')]).toEqual(['ok', hex]);
  });
});

describe('in memory', () => {
  it.each([
    ['char', '(i32.store (i32.const 24) (i32.const 0xd800))'],
    ['char', '(i32.store (i32.const 24) (i32.const 0x110000))'],
    ['char', ''], // all bits set
    ['traffic', '(i32.store8 (i32.const 24) (i32.const 3))'],
    ['traffic', ''],
    ['many-cases', '(i32.store16 (i32.const 24) (i32.const 257))'],
    ['many-cases', ''],
    ['shape', '(i32.store8 (i32.const 24) (i32.const 2))'],
    ['shape', ''],
    ['(option u8)', '(i32.store8 (i32.const 24) (i32.const 2))'],
    ['(option u8)', ''],
    ['(result u8 (error u8))', '(i32.store8 (i32.const 24) (i32.const 0x80))'],
    ['(result)', '(i32.store8 (i32.const 24) (i32.const 2))'],
  ])('traps on a %s after %s', async (type, store) => {
    expect(ending(await inMemory(type, store))).toMatchObject(TRAP);
  });

  it.each<[string, string, WitValue]>([
    ['bool', '(i32.store8 (i32.const 24) (i32.const 2))', true],
    ['bool', '', true],
    ['bool', '(i32.store8 (i32.const 24) (i32.const 0))', false],
    ['perms', '', ['r', 'w', 'x']],
    ['wide', '(i32.store16 (i32.const 24) (i32.const 0xfe00))', []],
    ['all-flags', '', Array.from({ length: 32 }, (_, at) => `f${at}`)],
    ['s8', '', -1],
    ['u16', '', 65_535],
    ['(option u8)', '(i32.store8 (i32.const 24) (i32.const 0))', null],
  ])('lifts a %s after %s', async (type, store, expected) => {
    const { kind, value } = await inMemory(type, store);
    expect({ kind, value }).toEqual({ kind: 'ok', value: [2n ** 64n - 1n, expected] });
  });

  it.each([
    ['f32', '(i32.store (i32.const 24) (i32.const 0xff800001))', '0000c07f'], // signalling
    ['f64', '(i64.store (i32.const 24) (i64.const 0xfff0000000000001))', '000000000000f87f'],
  ])('has one NaN for a %s after %s', async (type, store, hex) => {
    const { kind, valueBytes } = await inMemory(type, store);
    expect([kind, Buffer.from(valueBytes ?? []).toString('hex')]).toEqual(['ok', `ffffffffffffffff${hex}`]);
  });
});

describe('payloads that share core values', () => {
  it.each<[string, string, string, WitValue]>([
    ['small-or-large', 'i32 i64', '(i32.const 0) (i64.const 0xdeadbeef00000007)', { tag: 'small', value: 7 }],
    ['small-or-large', 'i32 i64', '(i32.const 0) (i64.const -1)', { tag: 'small', value: 0xffff_ffff }],
    ['small-or-large', 'i32 i64', '(i32.const 1) (i64.const -1)', { tag: 'large', value: 2n ** 64n - 1n }],
    ['char-or-large', 'i32 i64', '(i32.const 0) (i64.const 0xffffffff00000041)', { tag: 'letter', value: 'A' }],
    ['bool-or-large', 'i32 i64', '(i32.const 0) (i64.const 0x100000000)', { tag: 'yes', value: false }],
    ['bool-or-large', 'i32 i64', '(i32.const 0) (i64.const 0xf00000002)', { tag: 'yes', value: true }],
    ['bool-or-large', 'i32 i64', '(i32.const 2) (i64.const 0x1180)', { tag: 's', value: -128 }],
    ['float-or-large', 'i32 i64', '(i32.const 0) (i64.const 0xffffffff3f800000)', { tag: 'single', value: 1 }],
    ['float-or-large', 'i32 i64', '(i32.const 2) (i64.const 0x3ff0000000000000)', { tag: 'double', value: 1 }],
    ['float-or-large', 'i32 i64', '(i32.const 2) (i64.const -1)', { tag: 'double', value: Number.NaN }],
    ['float-or-word', 'i32 i32', '(i32.const 0) (i32.const -1)', { tag: 'single', value: Number.NaN }],
    ['float-or-word', 'i32 i32', '(i32.const 1) (i32.const -1)', { tag: 'word', value: 0xffff_ffff }],
    ['shape', 'i32 i32', '(i32.const 0) (i32.const -1)', { tag: 'none' }],
  ])('lifts a %s from (%s) %s', async (type, flat, values, expected) => {
    const { outcome, calls } = await toHost(type, flat, values);
    expect(ending(outcome)).toEqual({ kind: 'ok' });
    expect(calls).toEqual([[expected]]);
  });

  it.each([
    ['small-or-large', 'i32 i64', '(i32.const 2) (i64.const 0)'],
    ['small-or-large', 'i32 i64', '(i32.const -1) (i64.const 0)'],
    ['char-or-large', 'i32 i64', '(i32.const 0) (i64.const 0x11110000d800)'],
    ['shape', 'i32 i32', '(i32.const 0x100) (i32.const 0)'],
  ])('traps on a %s from (%s) %s', async (type, flat, values) => {
    const { outcome, calls } = await toHost(type, flat, values);
    expect(ending(outcome)).toMatchObject(TRAP);
    expect(calls).toEqual([]);
  });
});
