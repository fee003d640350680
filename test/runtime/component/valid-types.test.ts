import { describe, expect, it } from 'vitest';
import { MALFORMED, verdict } from './verdict.ts';

describe('types of imports and exports', () => {
  const CORE = '(core module $m (func (export "f") (result i32) unreachable)) (core instance $i (instantiate $m))';
  const UNSEEN = (name: string, how = 'imported or exported') =>
    `${MALFORMED} \`${name}\` to mention types that are ${how} before it only, found another`;
  const KINDS = ['(record (field "x" u8))', '(variant (case "x"))', '(enum "x")', '(flags "x")'];

  it.each(KINDS)('have a name in functions when they are a %s', async (type) => {
    const func = (result: string) => `(func $f (result ${result}) (canon lift (core func $i "f")))`;
    expect(await verdict(`${CORE} (type $t ${type}) ${func('$t')} (export "f" (func $f))`)).toBe(UNSEEN('f'));
    expect(await verdict(`${CORE} (type $t ${type}) (export $n "t" (type $t)) ${func('$t')} (export "f" (func $f))`)).toBe(
      UNSEEN('f'),
    );
    expect(await verdict(`${CORE} (type $t ${type}) (export $n "t" (type $t)) ${func('$n')} (export "f" (func $f))`)).toBe(
      'valid',
    );
  });

  it.each([
    // A resource is known by the name that its export introduces, not by that of its definition.
    ['(type $r (resource (rep i32)))', '$r', UNSEEN('f')],
    ['(type $r (resource (rep i32))) (export $n "r" (type $r))', '$r', UNSEEN('f')],
    ['(type $r (resource (rep i32))) (export $n "r" (type $r))', '$n', 'valid'],
    ['(import "r" (type $r (sub resource)))', '$r', 'valid'],
    [
      '(type $r (resource (rep i32))) (instance $bag (export "r" (type $r))) (alias export $bag "r" (type $n))',
      '$n',
      UNSEEN('f'),
    ],
    [
      `(type $r (resource (rep i32))) (instance $bag (export "r" (type $r))) (export $out "bag" (instance $bag))
       (alias export $out "r" (type $n))`,
      '$n',
      'valid',
    ],
    [
      `(component $C (type $r (resource (rep i32))) (export "r" (type $r))) (instance $c (instantiate $C))
       (alias export $c "r" (type $n))`,
      '$n',
      UNSEEN('f'),
    ],
  ])('%s, handle of %s', async (before, resource, expected) => {
    const text = `${CORE} ${before} (func $f (result (own ${resource})) (canon lift (core func $i "f"))) (export "f" (func $f))`;
    expect(await verdict(text)).toBe(expected);
  });

  it.each([
    ['(type $t (tuple u8 (option (list string)))) (export "t" (type $t))', 'valid'],
    ['(type $e (enum "x")) (type $l (list $e)) (export "t" (type $l))', UNSEEN('t')],
    ['(type $e (enum "x")) (type $t (record (field "e" $e))) (import "t" (type (eq $t)))', UNSEEN('t', 'imported')],
    [
      '(type $e (enum "x")) (import "e" (type $n (eq $e))) (type $t (record (field "e" $n))) (import "t" (type (eq $t)))',
      'valid',
    ],
    // What is imported cannot depend on what is exported.
    ['(type $r (resource (rep i32))) (export $n "r" (type $r)) (import "f" (func (result (own $n))))', UNSEEN('f', 'imported')],
    ['(type $e (enum "x")) (export $n "e" (type $e)) (import "t" (type (eq $n)))', UNSEEN('t', 'imported')],
    ['(type $e (enum "x")) (import "e" (type $n (eq $e))) (component (import "f" (func (result $n))))', UNSEEN('f', 'imported')],
    // An instance type is checked where an instance of it comes in, a component type where it is written.
    ['(type (instance (type $e (enum "x")) (export "f" (func (result $e)))))', 'valid'],
    [
      '(type $i (instance (type $e (enum "x")) (export "f" (func (result $e))))) (import "i" (instance (type $i)))',
      UNSEEN('i', 'imported'),
    ],
    ['(type (component (type $e (enum "x")) (export "f" (func (result $e)))))', UNSEEN('f')],
    [
      '(type $r (resource (rep i32))) (type $u (component (export "r" (type (eq $r))))) (import "c" (component (type $u)))',
      `${MALFORMED} imported component types to mention resources that are imported only, found another`,
    ],
    [
      `(component $x (type $r (resource (rep i32))) (type $u (component (export "r" (type (eq $r)))))
         (import "c" (component $c)) (export "c2" (component $c)))`,
      'valid',
    ],
  ])('%s', async (text, expected) => {
    expect(await verdict(text)).toBe(expected);
  });

  it('may say less of an export than is known, and not more', async () => {
    const text = (given: string, ascribed: string) =>
      `(component (import "i" (instance $i ${given})) (export "e" (instance $i) (instance ${ascribed})))`;
    expect(await verdict(text('(export "f" (func))', ''))).toBe('valid');
    expect(await verdict(text('', '(export "f" (func))'))).toBe(`${MALFORMED} a function for \`e.f\`, found nothing`);
    expect(await verdict(text('(export "r" (type (sub resource)))', '(export "r" (type (sub resource)))'))).toBe(
      'component/unsupported: an export that hides which resource `e` is is not supported',
    );
  });
});

describe('types from outside of a component', () => {
  const RESOURCES = `${MALFORMED} an outer alias of a type without resources, found one that mentions some`;
  it.each([
    ['(type $t (record (field "x" u8)))', 'valid'],
    ['(type $t (resource (rep i32)))', RESOURCES],
    ['(type $r (resource (rep i32))) (type $t (func (param "a" (list (borrow $r)))))', RESOURCES],
    ['(type $r (resource (rep i32))) (type $t (instance (export "r" (type (eq $r)))))', RESOURCES],
    ['(type $t (instance (export "r" (type (sub resource)))))', 'valid'],
    ['(type $t (component (import "r" (type $r (sub resource))) (export "f" (func (result (own $r))))))', 'valid'],
  ])('%s', async (before, expected) => {
    expect(await verdict(`${before} (component (alias outer 1 $t (type)))`)).toBe(expected);
    expect(await verdict(`${before} (component (type (component (alias outer 2 $t (type)))))`)).toBe(expected);
    // Types are no boundary.
    expect(await verdict(`${before} (type (component (alias outer 1 $t (type))))`)).toBe('valid');
  });
});

describe('resources', () => {
  const LOCAL = (name: string) => `${MALFORMED} a resource that the component defines for \`resource.${name}\`, found another`;
  it.each([
    ['(type $r (resource (rep i32))) (core func (canon resource.new $r)) (core func (canon resource.rep $r))', 'valid'],
    ['(import "r" (type $r (sub resource))) (core func (canon resource.drop $r))', 'valid'],
    ['(import "r" (type $r (sub resource))) (core func (canon resource.new $r))', LOCAL('new')],
    ['(import "r" (type $r (sub resource))) (core func (canon resource.rep $r))', LOCAL('rep')],
    [
      `(type $r (resource (rep i32))) (component $C (import "x" (type $x (sub resource))) (export "y" (type $x)))
       (instance $c (instantiate $C (with "x" (type $r)))) (alias export $c "y" (type $y)) (core func (canon resource.rep $y))`,
      'valid',
    ],
    [
      `(core module $m (func (export "d") (param i32))) (core instance $i (instantiate $m))
       (type (resource (rep i32) (dtor (core func $i "d"))))`,
      'valid',
    ],
    [
      `(core module $m (func (export "d"))) (core instance $i (instantiate $m))
       (type (resource (rep i32) (dtor (core func $i "d"))))`,
      `${MALFORMED} a destructor (i32) -> (), found () -> ()`,
    ],
    [
      '(type $r (resource (rep i32))) (type (func (result (list (borrow $r)))))',
      `${MALFORMED} a result without borrowed handles, found one`,
    ],
    ['(type $r (resource (rep i32))) (type (func (param "a" (list (borrow $r))) (result (list (own $r)))))', 'valid'],
    // A function named after a resource mentions it by the name that the same scope gives it.
    [
      '(import "a" (type $a (sub resource))) (import "b" (type $b (eq $a))) (import "[method]b.f" (func (param "self" (borrow $b))))',
      'valid',
    ],
    [
      '(import "a" (type $a (sub resource))) (import "b" (type $b (eq $a))) (import "[method]b.f" (func (param "self" (borrow $a))))',
      `${MALFORMED} the first parameter of \`[method]b.f\` to be \`self: borrow<b>\``,
    ],
  ])('%s', async (text, expected) => {
    expect(await verdict(text)).toBe(expected);
  });
});

describe('names with attributes', () => {
  it.each([
    ['(import "a" (implements "x:y/z@1.0.0") (instance))', 'valid'],
    ['(import "a" (external-id "any \u{1f600}") (func))', 'valid'],
    ['(import "a" (implements "x") (instance))', `${MALFORMED} an interface id, found \`x\``],
    ['(import "a" (implements "x:y/z") (func))', `${MALFORMED} an instance for \`a\`, found a function`],
    [
      '(import "a:b/c" (implements "x:y/z") (instance))',
      `${MALFORMED} a plain name of what implements \`x:y/z\`, found \`a:b/c\``,
    ],
  ])('%s', async (text, expected) => {
    expect(await verdict(text)).toBe(expected);
  });
});

describe('types that no value can have here', () => {
  it.each([
    ['(type (list u8 268435455))', 'valid'],
    ['(type (list u8 268435456))', `${MALFORMED} values of less than 268435456 bytes, found 268435456`],
    // Pointers count with 64 bits, so that the answer does not depend on the memory.
    ['(type (list string 16777216))', `${MALFORMED} values of less than 268435456 bytes, found 268435456`],
    ['(type (tuple (list u8 268435455) u8))', `${MALFORMED} values of less than 268435456 bytes, found 268435456`],
    ['(type (stream char))', `${MALFORMED} a stream of another type than char`],
    ['(type $r (resource (rep i32))) (type (future (borrow $r)))', `${MALFORMED} a future without borrowed handles, found one`],
    ['(type $s (stream u8)) (core func (canon stream.new $s))', 'valid'],
    ['(type $s (stream u8)) (core func (canon future.new $s))', `${MALFORMED} a future type, found unsupported`],
    [
      '(type $s (stream u8)) (core func (canon stream.read $s async))',
      `${MALFORMED} the canonical option \`memory\`, found none`,
    ],
    ['(core func (canon context.get i32 2))', `${MALFORMED} a context slot below 2, found 2`],
  ])('%s', async (text, expected) => {
    expect(await verdict(text)).toBe(expected);
  });
});
