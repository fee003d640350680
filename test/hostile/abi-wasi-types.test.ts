import { describe, expect, it } from 'vitest';
import { OPTIONS, useHostileCells } from '../support/abi-guests.ts';
import { assemble } from '../support/assemble.ts';

/*
 * Components that declare functions of WASI with types of their own, or functions that WASI does not have. What the host
 * is given is what they declare; so they are refused before anything of them is prepared.
 */

const cells = useHostileCells();

/** Imports streams with one function `declared`, and calls it; `$out` and `$in` hold streams of the host's. */
function calling(declared: string, flat: string, call: string): Promise<Uint8Array> {
  const name = /"(\[.*?)"/.exec(declared)?.[1];
  return assemble(`(component
    (import "wasi:io/streams@0.2.0" (instance $streams
      (export "output-stream" (type $o (sub resource))) (export "input-stream" (type $i (sub resource))) (export ${declared})))
    (alias export $streams "output-stream" (type $out)) (alias export $streams "input-stream" (type $in))
    (import "wasi:cli/stdout@0.2.0" (instance $stdout (export "output-stream" (type $o (eq $out))) (export "get-stdout" (func (result (own $o))))))
    (import "wasi:cli/stdin@0.2.0" (instance $stdin (export "input-stream" (type $o (eq $in))) (export "get-stdin" (func (result (own $o))))))
    (core module $Libc (memory (export "memory") 20) (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536)))
    (core instance $libc (instantiate $Libc))
    (core func $out (canon lower (func $stdout "get-stdout")))
    (core func $in (canon lower (func $stdin "get-stdin")))
    (core func $f (canon lower (func $streams "${name}") ${OPTIONS}))
    (core module $Main
      (import "" "out" (func $get-out (result i32))) (import "" "in" (func $get-in (result i32))) (import "" "f" (func $f ${flat}))
      (func (export "go") (result i32) (local $out i32) (local $in i32)
        (local.set $out (call $get-out)) (local.set $in (call $get-in)) ${call} (i32.const 7)))
    (core instance $main (instantiate $Main (with "" (instance
      (export "out" (func $out)) (export "in" (func $in)) (export "f" (func $f))))))
    (func (export "go") (result u32) (canon lift (core func $main "go"))))`);
}

describe('a function of WASI', () => {
  it.each([
    [
      'text for bytes',
      '"[method]output-stream.blocking-write-and-flush" (func (param "self" (borrow $o)) (param "contents" string))',
      '(param i32 i32 i32)',
      '(call $f (local.get $out) (i32.const 0) (i32.const 9))',
    ],
    [
      'numbers for bytes',
      '"[method]output-stream.blocking-write-and-flush" (func (param "self" (borrow $o)) (param "contents" (list u64)))',
      '(param i32 i32 i32)',
      '(call $f (local.get $out) (i32.const 0) (i32.const 9))',
    ],
    [
      'a number for bytes',
      '"[method]output-stream.write" (func (param "self" (borrow $o)) (param "contents" f64))',
      '(param i32 f64)',
      '(call $f (local.get $out) (f64.const nan))',
    ],
    [
      'a stream for bytes',
      '"[method]output-stream.write" (func (param "self" (borrow $o)) (param "contents" (own $i)))',
      '(param i32 i32)',
      '(call $f (local.get $out) (local.get $in))',
    ],
    [
      'an output stream for an input stream',
      '"[method]output-stream.splice" (func (param "self" (borrow $o)) (param "src" (borrow $o)) (param "len" u64))',
      '(param i32 i32 i64)',
      '(call $f (local.get $out) (local.get $out) (i64.const 5))',
    ],
    [
      'a number for a stream',
      '"[method]output-stream.splice" (func (param "self" (borrow $o)) (param "src" u32) (param "len" u64))',
      '(param i32 i32 i64)',
      '(call $f (local.get $out) (local.get $in) (i64.const 5))',
    ],
    [
      'a negative length',
      '"[method]output-stream.blocking-write-zeroes-and-flush" (func (param "self" (borrow $o)) (param "len" s64))',
      '(param i32 i64)',
      '(call $f (local.get $out) (i64.const -1))',
    ],
    [
      'a method of the host alone',
      '"[method]input-stream.release" (func (param "self" (borrow $i)))',
      '(param i32)',
      '(call $f (local.get $in))',
    ],
    [
      'the constructor',
      '"[method]input-stream.constructor" (func (param "self" (borrow $i)))',
      '(param i32)',
      '(call $f (local.get $in))',
    ],
  ])('is not given %s', async (_, declared, flat, call) => {
    const guest = await calling(declared, flat, call);
    await expect(cells.go(guest)).rejects.toMatchObject({ code: 'component/unsupported' }); // and no call that ends by a fault of ours
  });
});
