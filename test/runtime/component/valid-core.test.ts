import { describe, expect, it } from 'vitest';
import { MALFORMED, verdict } from './verdict.ts';

/** A core module whose instance `$i` has what the rows below lift and pass on. */
const CORE = `
  (core module $M
    (memory (export "mem") 1) (memory (export "big") 2 4) (table (export "t") 1 funcref) (table (export "any") 1 externref)
    (global (export "g") i32 (i32.const 1)) (global (export "gm") (mut i32) (i32.const 1))
    (tag (export "tag") (param i32))
    (func (export "none")) (func (export "i") (param i32)) (func (export "ii") (param i32 i32))
    (func (export "ri") (result i32) unreachable) (func (export "iri") (param i32) (result i32) unreachable)
    (func (export "l") (param i64)) (func (export "cb") (param i32 i32 i32) (result i32) unreachable)
    (func (export "mix") (param i32 i64 i64) (result i32) unreachable)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $M))
  (alias core export $i "mem" (core memory $mem))`;
const MEM = '(memory $mem)';
const REALLOC = '(realloc (core func $i "realloc"))';

describe('a lifted function', () => {
  it.each([
    ['(func (param "a" u32) (canon lift (core func $i "i")))', 'valid'],
    ['(func (param "a" f32) (canon lift (core func $i "i")))', `${MALFORMED} a core function (f32) -> (), found (i32) -> ()`],
    ['(func (param "a" s64) (canon lift (core func $i "i")))', `${MALFORMED} a core function (i64) -> (), found (i32) -> ()`],
    ['(func (result u8) (canon lift (core func $i "none")))', `${MALFORMED} a core function () -> (i32), found () -> ()`],
    [`(func (param "a" string) (canon lift (core func $i "ii") ${MEM} ${REALLOC}))`, 'valid'],
    [
      `(func (param "a" string) (canon lift (core func $i "ii") ${MEM}))`,
      `${MALFORMED} the canonical option \`realloc\`, found none`,
    ],
    ['(func (param "a" (list u8)) (canon lift (core func $i "ii")))', `${MALFORMED} the canonical option \`memory\`, found none`],
    [`(func (result string) (canon lift (core func $i "ri") ${MEM}))`, 'valid'],
    ['(func (result string) (canon lift (core func $i "ri")))', `${MALFORMED} the canonical option \`memory\`, found none`],
    [`(func (result string) (canon lift (core func $i "ri") ${MEM} (post-return (core func $i "i"))))`, 'valid'],
    [
      `(func (result string) (canon lift (core func $i "ri") ${MEM} (post-return (core func $i "none"))))`,
      `${MALFORMED} (i32) -> () for \`post-return\`, found () -> ()`,
    ],
    [
      `(func (canon lift (core func $i "none") ${MEM} (realloc (core func $i "i"))))`,
      `${MALFORMED} (i32, i32, i32, i32) -> (i32) for \`realloc\`, found (i32) -> ()`,
    ],
    // A payload that is an integer in one case and a number in another travels as the wider of both.
    [
      `(type $v (variant (case "a" f64) (case "b" (tuple u32 s64)) (case "c")))
       (func (param "v" $v) (result bool) (canon lift (core func $i "mix")))`,
      'valid',
    ],
    [
      `(func (param "v" (result f32 (error u32))) (canon lift (core func $i "l")))`,
      `${MALFORMED} a core function (i32, i32) -> (), found (i64) -> ()`,
    ],
    // Sixteen core parameters are the most; beyond them one pointer.
    [`(func ${params(16)} (canon lift (core func $i "i") ${MEM} ${REALLOC}))`, expect.stringContaining('found (i32) -> ()')],
    [`(func ${params(17)} (canon lift (core func $i "i") ${MEM} ${REALLOC}))`, 'valid'],
    [`(func ${params(17)} (canon lift (core func $i "i") ${MEM}))`, `${MALFORMED} the canonical option \`realloc\`, found none`],
    ['(func (canon lift (core func $i "none") async))', `${MALFORMED} an async function type for the canonical option \`async\``],
    ['(func async (canon lift (core func $i "none") async))', 'valid'],
    ['(func async (canon lift (core func $i "ri") async (callback (core func $i "cb"))))', 'valid'],
    [
      '(func async (canon lift (core func $i "ri") async (callback (core func $i "i"))))',
      `${MALFORMED} (i32, i32, i32) -> (i32) for \`callback\`, found (i32) -> ()`,
    ],
  ])('%s', async (text, expected) => {
    expect(await verdict(CORE + text)).toEqual(expected);
  });

  function params(count: number): string {
    return Array.from({ length: count }, (_, index) => `(param "p${index}" u8)`).join(' ');
  }
});

describe('a lowered function', () => {
  const USE = (params: string) =>
    `(core module $U (import "" "f" (func ${params}))) (core instance (instantiate $U (with "" (instance (export "f" (func $low))))))`;
  it.each([
    ['(func $f (param "a" u64) (result f32))', '', '(param i64) (result f32)', 'valid'],
    ['(func $f (result (tuple u8 u8)))', MEM, '(param i32)', 'valid'],
    ['(func $f (result (tuple u8 u8)))', '', '(param i32)', `${MALFORMED} the canonical option \`memory\`, found none`],
    ['(func $f (result string))', MEM, '(param i32)', `${MALFORMED} the canonical option \`realloc\`, found none`],
    ['(func $f (param "a" string))', MEM, '(param i32 i32)', 'valid'],
    [
      '(func $f (param "a" string))',
      MEM,
      '(param i32)',
      `${MALFORMED} (i32) -> (), found (i32, i32) -> () for the core import \`f\` of \`\``,
    ],
    ['(func $f)', '(post-return (core func $i "none"))', '', `${MALFORMED} \`post-return\` for a lifted function only`],
    ['(func $f async (param "a" u8) (result u8))', `async ${MEM}`, '(param i32 i32) (result i32)', 'valid'],
  ])('%s %s', async (func, options, params, expected) => {
    const text = `${CORE} (import "f" ${func}) (core func $low (canon lower (func $f) ${options})) ${USE(params)}`;
    expect(await verdict(text)).toBe(expected);
  });
});

describe('core instances', () => {
  it.each([
    ['(func)', '(func $i "none")', 'valid'],
    ['(func (result i32))', '(func $i "none")', `${MALFORMED} () -> (i32), found () -> ()`],
    ['(func)', '(global $i "g")', `${MALFORMED} a func, found a global`],
    ['(global i32)', '(global $i "g")', 'valid'],
    ['(global i64)', '(global $i "g")', `${MALFORMED} a global of i64, found i32`],
    ['(global (mut i32))', '(global $i "g")', `${MALFORMED} a mutable global, found an immutable global`],
    ['(global i32)', '(global $i "gm")', `${MALFORMED} an immutable global, found a mutable global`],
    ['(memory 1)', '(memory $i "big")', 'valid'],
    ['(memory 1 8)', '(memory $i "big")', 'valid'],
    ['(memory 3)', '(memory $i "big")', `${MALFORMED} a memory of at least 3, found 2`],
    ['(memory 1 3)', '(memory $i "big")', `${MALFORMED} a memory of at most 3, found 4`],
    ['(memory 1 3)', '(memory $i "mem")', `${MALFORMED} a memory of at most 3, found no maximum`],
    ['(memory 1 2 shared)', '(memory $i "mem")', `${MALFORMED} a shared memory, found an unshared memory`],
    ['(memory i64 1)', '(memory $i "mem")', `${MALFORMED} a memory with 64-bit addresses, found 32-bit`],
    ['(table 1 funcref)', '(table $i "t")', 'valid'],
    ['(table 1 funcref)', '(table $i "any")', `${MALFORMED} a table of funcref, found externref`],
    ['(tag (param i32))', '(tag $i "tag")', 'valid'],
    ['(tag (param i64))', '(tag $i "tag")', `${MALFORMED} (i64) -> (), found (i32) -> ()`],
  ])('meet the import %s with %s', async (wanted, given, expected) => {
    const user = `(core module $U (import "m" "x" ${wanted}))`;
    const text = `${CORE} ${user} (core instance (instantiate $U (with "m" (instance (export "x" ${given})))))`;
    expect(await verdict(text)).toBe(expected === 'valid' ? 'valid' : `${expected} for the core import \`x\` of \`m\``);
  });

  it.each([
    [
      '(core module $U (import "m" "x" (func))) (core instance (instantiate $U))',
      `${MALFORMED} an argument for the core module name \`m\`, found none`,
    ],
    [
      '(core module $U (import "m" "x" (func))) (core instance (instantiate $U (with "m" (instance $i))))',
      `${MALFORMED} a func, found nothing for the core import \`x\` of \`m\``,
    ],
    ['(alias core export $i "x" (core func))', `${MALFORMED} the name of a core export, found \`x\``],
    ['(alias core export $i "g" (core func))', `${MALFORMED} a core func, found a core global`],
    [
      '(core module (import "a" "b" (func)) (import "a" "b" (memory 1)))',
      `${MALFORMED} a core import not made before, found \`b\` of \`a\` again`,
    ],
  ])('%s', async (text, expected) => {
    expect(await verdict(CORE + text)).toBe(expected);
  });
});

describe('core module types', () => {
  const INNER = (type: string) =>
    `(component $C (import "m" (core module ${type}))) (instance (instantiate $C (with "m" (core module $given))))`;
  it.each([
    ['(core module $given (func (export "f")) (func (export "g")))', '(export "f" (func))', 'valid'],
    [
      '(core module $given)',
      '(export "f" (func))',
      `${MALFORMED} a func, found nothing for the core export \`f\` of the module \`m\``,
    ],
    ['(core module $given)', '(import "a" "b" (func))', 'valid'],
    [
      '(core module $given (import "a" "b" (func)))',
      '',
      `${MALFORMED} no import for the core import \`b\` of \`a\` of the module \`m\``,
    ],
    // An import asks for less than what is promised to be there.
    ['(core module $given (import "a" "b" (memory 1)))', '(import "a" "b" (memory 2))', 'valid'],
    [
      '(core module $given (import "a" "b" (memory 2)))',
      '(import "a" "b" (memory 1))',
      `${MALFORMED} a memory of at least 2, found 1 for the core import \`b\` of \`a\` of the module \`m\``,
    ],
  ])('%s for (module %s)', async (given, type, expected) => {
    expect(await verdict(`${given} ${INNER(type)}`)).toBe(expected);
  });

  it.each([
    ['(core type (module (type $t (func)) (import "a" "b" (func (type $t))) (export "c" (func (type $t)))))', 'valid'],
    ['(core type $t (func)) (core type (module (alias outer 1 $t (type)) (export "c" (func (type 0)))))', 'valid'],
    ['(core type (module (export "c" (func (type 0)))))', `${MALFORMED} a core type index below 0, found 0`],
    ['(core type (module (import "" "" (memory 70000))))', `${MALFORMED} at most 65536 pages of memory, found 70000`],
    [
      '(core type (module (export "a" (func)) (export "a" (func))))',
      `${MALFORMED} a core export name not used before, found \`a\` again`,
    ],
  ])('%s', async (text, expected) => {
    expect(await verdict(text)).toBe(expected);
  });
});

describe('component arguments', () => {
  const GIVEN = (argument: string) => `(instance (instantiate $C (with "c" ${argument})))`;
  it.each([
    // What is given may import less and export more than what is expected.
    ['(component $g)', '(component $C (import "c" (component (import "f" (func)))))', 'valid'],
    [
      '(component $g (import "f" (func)))',
      '(component $C (import "c" (component)))',
      `${MALFORMED} an argument for the import \`f\``,
    ],
    [
      '(component $g)',
      '(component $C (import "c" (component (export "f" (func)))))',
      `${MALFORMED} a function for \`f\`, found nothing`,
    ],
    [
      '(component $g (import "r" (type $r (sub resource))) (import "f" (func $f (result (own $r)))) (export "g" (func $f)))',
      `(component $C (import "c" (component
        (import "r" (type $r (sub resource))) (import "f" (func (result (own $r)))) (export "g" (func (result (own $r)))))))`,
      'valid',
    ],
    [
      '(component $g (import "r" (type $r (sub resource))) (import "f" (func $f (result (own $r)))) (export "g" (func $f)))',
      `(component $C (import "c" (component
        (import "r" (type $r (sub resource))) (import "s" (type $s (sub resource)))
        (import "f" (func (result (own $r)))) (export "g" (func (result (own $s)))))))`,
      `${MALFORMED} a function for \`g\`, found a function of another type`,
    ],
  ])('%s for %s', async (given, wanted, expected) => {
    expect(await verdict(`${given} ${wanted} ${GIVEN('(component $g)')}`)).toBe(expected);
  });
});
