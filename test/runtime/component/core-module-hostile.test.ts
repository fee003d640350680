/** Core modules inside components: bytes that break a rule, and checks that are asked for again and again. */
import { describe, expect, it } from 'vitest';
import { decodeComponent } from '../../../runtime/component/decode.ts';
import { isCoded } from '../../../runtime/error.ts';
import { assemble } from '../../support/assemble.ts';
import { mutate, seededRandom } from '../../support/mutate.mjs';
import { MALFORMED, verdict, verdictOf } from './verdict.ts';

const COMPONENT = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
const MODULE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** A component with one core module of these sections: an id and its contents each. All are shorter than 128 bytes. */
function withModule(...sections: readonly (readonly [number, readonly number[]])[]): Uint8Array {
  const module = [...MODULE, ...sections.flatMap(([id, content]) => [id, content.length, ...content])];
  return Uint8Array.from([...COMPONENT, 1, module.length, ...module]);
}

const TYPE = [1, 0x60, 0, 0];

describe('the bytes of a core module', () => {
  it.each([
    ['nothing', [], 'valid'],
    [
      'all sections in order',
      [
        [1, TYPE],
        [2, [0]],
        [3, [1, 0]],
        [7, [1, 1, 0x66, 0, 0]],
        [10, [1, 2, 0, 0x0b]],
      ],
      'valid',
    ],
    [
      'tags before globals',
      [
        [1, TYPE],
        [13, [1, 0, 0]],
        [6, [1, 0x7f, 0, 0x41, 0x01, 0x0b]],
      ],
      'valid',
    ],
    [
      'a section after a later one',
      [
        [3, [0]],
        [1, TYPE],
      ],
      `${MALFORMED} the core sections in order, found 0x01 after 0x03`,
    ],
    [
      'a section twice',
      [
        [1, TYPE],
        [1, TYPE],
      ],
      `${MALFORMED} the core sections in order, found 0x01 after 0x01`,
    ],
    ['an unknown section', [[14, [0]]], `${MALFORMED} a core section id, found 0x0e`],
    ['bytes behind the items', [[1, [...TYPE, 0]]], `${MALFORMED} the end of the section of core types, found 1 more bytes`],
    ['a function of no type', [[3, [1, 0]]], `${MALFORMED} a core type index below 0, found 0`],
    ['an export of no function', [[7, [1, 1, 0x66, 0, 0]]], `${MALFORMED} a core func index below 0, found 0`],
    ['an export of no memory', [[7, [1, 1, 0x66, 2, 0]]], `${MALFORMED} a core memory index below 0, found 0`],
    ['an unknown kind of export', [[7, [1, 1, 0x66, 5, 0]]], `${MALFORMED} the kind of a core export (0x00 to 0x04)`],
    [
      'a name used twice',
      [
        [5, [1, 0, 0]],
        [7, [2, 1, 0x66, 2, 0, 1, 0x66, 2, 0]],
      ],
      `${MALFORMED} a core export name not used before, found \`f\` again`,
    ],
    ['an unknown value type', [[1, [1, 0x60, 1, 0x10, 0]]], `${MALFORMED} a core value type, found 0x10`],
    ['a table of integers', [[4, [1, 0x7f, 0, 0]]], `${MALFORMED} a reference type, found i32`],
    ['a memory that is too large', [[5, [1, 0, 0x81, 0x80, 0x04]]], `${MALFORMED} at most 65536 pages of memory, found 65537`],
    ['a maximum below the minimum', [[5, [1, 1, 2, 1]]], `${MALFORMED} a maximum of at least 2, found 1`],
    [
      'a value that is no constant',
      [[6, [1, 0x7f, 0, 0x10, 0, 0x0b]]],
      `${MALFORMED} an instruction of a constant expression, found 0x10`,
    ],
    ['a value without an end', [[6, [1, 0x7f, 0, 0x41, 0x01]]], `${MALFORMED} a constant expression, found the end`],
    [
      'a tag with a result',
      [
        [1, [1, 0x60, 0, 1, 0x7f]],
        [13, [1, 0, 0]],
      ],
      `${MALFORMED} a tag without results, found 1`,
    ],
    ['a structure', [[1, [1, 0x5f, 0]]], 'component/unsupported: the core type 0x5f is not supported'],
    ['a shared global', [[6, [1, 0x7f, 2, 0x41, 0x01, 0x0b]]], 'component/unsupported: a shared global is not supported'],
  ] as [string, (readonly [number, number[]])[], string][])('with %s', (_, sections, expected) => {
    expect(verdictOf(withModule(...sections))).toBe(expected);
  });

  it('give the types of what is exported, in each index space behind the imports', async () => {
    const text = (table: string) => `
      (core module $m
        (import "a" "f" (func (param f32))) (import "a" "g" (global i64)) (import "a" "m" (memory 1)) (import "a" "t" (table 0 funcref))
        (func $own (param i64)) (table $tab 3 externref) (memory $mem 7) (global $glo (mut f32) (f32.const 0.5))
        (global $v v128 (v128.const i64x2 1 2)) (global $r funcref (ref.func $own)) (global $n externref (ref.null extern))
        (global $sum i32 (i32.add (i32.const 1) (i32.mul (i32.const -300000) (i32.const 3)))) (global $d f64 (f64.const -1))
        (export "f" (func $own)) (export "t" (table $tab)) (export "m" (memory $mem)) (export "g" (global $glo)) (export "d" (global $d)))
      (component $C (import "m" (core module
        (import "a" "f" (func (param f32))) (import "a" "g" (global i64)) (import "a" "m" (memory 1)) (import "a" "t" (table 0 funcref))
        (export "f" (func (param i64))) (export "t" (table ${table})) (export "m" (memory 7)) (export "g" (global (mut f32)))
        (export "d" (global f64)))))
      (instance (instantiate $C (with "m" (core module $m))))`;
    expect(await verdict(text('3 externref'))).toBe('valid');
    expect(await verdict(text('3 funcref'))).toBe(
      `${MALFORMED} a table of funcref, found externref for the core export \`t\` of the module \`m\``,
    );
  });

  it('are decoded or refused with a code and an offset, whatever is changed in them', async () => {
    const bytes = await assemble(`(component (core module $m
      (import "a" "f" (func (param i32))) (table 1 funcref) (memory 1 2) (tag (param i32)) (global i32 (i32.const 7))
      (func (export "g") (param i32 i64) (result f32) unreachable) (export "m" (memory 0)) (export "t" (table 0)))
      (core module $n (func (export "f") (param i32))) (core instance $i (instantiate $n))
      (core instance $j (instantiate $m (with "a" (instance $i)))) (alias core export $j "m" (core memory)))`);
    const random = seededRandom(7);
    for (let round = 0; round < 2000; round++) {
      const changed = mutate(bytes, random);
      try {
        decodeComponent(changed);
      } catch (error) {
        if (!isCoded(error)) throw error;
        expect(error.code).toMatch(/^component\//);
        expect(error.data.offset).toBeLessThanOrEqual(changed.length);
      }
    }
  });
});

describe('work that is asked for again and again', () => {
  const many = (count: number, text: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => text(index)).join('\n');
  it.each([
    [
      'instances of a core module with many imports',
      `(core module $m ${many(1000, (i) => `(func (export "f${i}"))`)}) (core instance $i (instantiate $m))
       (core module $u ${many(1000, (i) => `(import "m" "f${i}" (func))`)})
       ${many(1000, () => '(core instance (instantiate $u (with "m" (instance $i))))')}`,
    ],
    [
      'a large core module as an argument',
      `(core module $m ${many(1000, (i) => `(func (export "f${i}"))`)})
       (component $C (import "m" (core module ${many(1000, (i) => `(export "f${i}" (func))`)})))
       ${many(1000, () => '(instance (instantiate $C (with "m" (core module $m))))')}`,
    ],
    [
      'exports of a large instance inside of a component',
      `(component (import "f" (func $f)) (instance $i ${many(1000, (i) => `(export "f${i}" (func $f))`)})
       ${many(1000, (i) => `(export "i${i}" (instance $i))`)})`,
    ],
    [
      'exports of a record with many fields',
      `(component (type $r (record ${many(1000, (i) => `(field "f${i}" u8)`)})) ${many(1000, (i) => `(export "r${i}" (type $r))`)})`,
    ],
    [
      'functions with many parameters that are compared',
      `(component (type $f (func ${many(1000, (i) => `(param "p${i}" u8)`)})) (type $g (func ${many(1000, (i) => `(param "p${i}" u8)`)}))
       (component $C (alias outer 1 $f (type $h)) (import "f" (func (type $h)))) (import "g" (func $g (type $g)))
       ${many(1000, () => '(instance (instantiate $C (with "f" (func $g))))')})`,
    ],
  ])('is charged: %s', async (_, text) => {
    const bytes = await assemble(`(component ${text})`);
    const started = performance.now();
    expect(verdictOf(bytes)).toContain('(`itemsMax`)');
    expect(performance.now() - started).toBeLessThan(3000);
  });

  it('is done once: functions of one long type that are lifted', async () => {
    const params = Array.from({ length: 2000 }, (_, index) => `(param "p${index}" u8)`).join(' ');
    const bytes = await assemble(`(component
      (core module $m (memory (export "mem") 1) (func (export "f") (param i32))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
      (core instance $i (instantiate $m)) (alias core export $i "f" (core func $f)) (alias core export $i "mem" (core memory $mem))
      (alias core export $i "realloc" (core func $realloc)) (type $t (func ${params}))
      ${'(func (type $t) (canon lift (core func $f) (memory $mem) (realloc $realloc)))'.repeat(5000)})`);
    const started = performance.now();
    expect(verdictOf(bytes)).toBe('valid');
    expect(performance.now() - started).toBeLessThan(3000);
  });
});
