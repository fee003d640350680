import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';

/*
 * Guests written to misbehave, and small honest ones, assembled from text: a core module and the WIT world it fills.
 */

/** A component from core text and WIT. */
export async function guest(core: string, wit: string): Promise<Uint8Array> {
  return componentNew(await componentEmbed({ binary: await parse(core), witSource: wit }));
}

/**
 * Memory, and an allocator that never frees and never grows it. What it gives out begins at 4096.
 *
 * @param pages - of 64 KiB.
 */
export const bumpMemory = (pages: number): string => `
  (memory (export "memory") ${pages})
  (global $next (mut i32) (i32.const 4096))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))`;

const MEMORY = bumpMemory(1);

/** Exports that each try to break one limit, and one that works. */
export function hostileGuest(): Promise<Uint8Array> {
  return guest(
    `(module ${MEMORY}
      (table $t 1 funcref)
      (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func $spin (export "spin") (loop $l (br $l)))
      (func (export "grow") (param i32) (result i32)
        (local $grown i32)
        (block $full (loop $l
          (br_if $full (i32.eq (memory.grow (i32.const 16)) (i32.const -1)))
          (local.set $grown (i32.add (local.get $grown) (i32.const 16)))
          (br_if $l (i32.lt_u (local.get $grown) (local.get 0)))))
        (memory.size))
      (func (export "grow-table") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0)))
      (func $down (export "recurse") (result i32) (i32.add (call $down) (i32.const 1)))
      (func (export "fill") (loop $l (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) (br $l)))
      (func (export "panic") unreachable)
      (func (export "peek") (result i32) (i32.load (i32.const -4)))
      (func (export "divide") (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
      (func (export "call-null") (call_indirect $t (i32.const 0)))
      (func (export "big-list") (param i32) (result i32)
        (drop (memory.grow (i32.add (i32.shr_u (local.get 0) (i32.const 16)) (i32.const 1))))
        (i32.store (i32.const 16) (i32.const 0))
        (i32.store (i32.const 20) (local.get 0))
        (i32.const 16))
      (func (export "long-list") (param i32) (result i32)
        (i32.store (i32.const 16) (i32.const 0))
        (i32.store (i32.const 20) (local.get 0))
        (i32.const 16)))`,
    `package test:hostile; world w {
      export big-list: func(length: u32) -> list<u8>;
      export add: func(a: u32, b: u32) -> u32;
      export spin: func();
      export grow: func(pages: u32) -> u32;
      export grow-table: func(elements: u32) -> s32;
      export recurse: func() -> u32;
      export fill: func();
      export panic: func();
      export peek: func() -> u32;
      export divide: func(by: u32) -> u32;
      export call-null: func();
      export long-list: func(length: u32) -> list<u8>;
    }`,
  );
}

/** Its core `start` function never ends. */
export function endlessStartGuest(): Promise<Uint8Array> {
  return guest(
    `(module ${MEMORY} (func $start (loop $l (br $l))) (start $start) (func (export "go") (result i32) (i32.const 1)))`,
    'package test:start; world w { export go: func() -> u32; }',
  );
}

/** Counts its calls in a global and in memory: a fresh instance has always seen one. */
export function rememberingGuest(): Promise<Uint8Array> {
  return guest(
    `(module ${MEMORY}
      (global $calls (mut i32) (i32.const 0))
      (func (export "count") (result i32)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))
        (i32.add (i32.mul (global.get $calls) (i32.const 1000)) (i32.load (i32.const 64)))))`,
    'package test:remember; world w { export count: func() -> u32; }',
  );
}

const WASI_WIT = `
  package wasi:io@0.2.0 {
    interface error { resource error; }
    interface streams {
      use error.{error};
      variant stream-error { last-operation-failed(error), closed }
      resource output-stream {
        blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
      }
    }
  }
  package wasi:cli@0.2.0 {
    interface stdout { use wasi:io/streams@0.2.0.{output-stream}; get-stdout: func() -> output-stream; }
    interface stderr { use wasi:io/streams@0.2.0.{output-stream}; get-stderr: func() -> output-stream; }
    interface exit { exit: func(status: result); }
    interface run { run: func() -> result; }
  }
  package wasi:random@0.2.0 { interface random { get-random-u64: func() -> u64; } }
  package wasi:clocks@0.2.0 { interface wall-clock { record datetime { seconds: u64, nanoseconds: u32 } now: func() -> datetime; } }`;

/** Uses WASI: floods stdout, exits, asks for randomness and time. */
export function wasiGuest(): Promise<Uint8Array> {
  return guest(
    `(module
      (import "wasi:cli/stdout@0.2.0" "get-stdout" (func $stdout (result i32)))
      (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
      (import "wasi:cli/exit@0.2.0" "exit" (func $exit (param i32)))
      (import "wasi:random/random@0.2.0" "get-random-u64" (func $random (result i64)))
      (import "wasi:clocks/wall-clock@0.2.0" "now" (func $now (param i32)))
      ${MEMORY}
      (func (export "flood") (param $times i32)
        (local $out i32)
        (local.set $out (call $stdout))
        (memory.fill (i32.const 8192) (i32.const 120) (i32.const 4096))
        (loop $l
          (call $write (local.get $out) (i32.const 8192) (i32.const 4096) (i32.const 32))
          (local.set $times (i32.sub (local.get $times) (i32.const 1)))
          (br_if $l (i32.gt_s (local.get $times) (i32.const 0)))))
      (func (export "quit") (param i32) (call $exit (local.get 0)))
      (func (export "random") (result i64) (call $random))
      (func (export "now") (result i64) (call $now (i32.const 64)) (i64.load (i32.const 64)))
      (func (export "wasi:cli/run@0.2.0#run") (result i32) (call $exit (i32.const 1)) (i32.const 0)))`,
    `package test:wasi;
     world w {
       import wasi:cli/stdout@0.2.0;
       import wasi:io/streams@0.2.0;
       import wasi:cli/exit@0.2.0;
       import wasi:random/random@0.2.0;
       import wasi:clocks/wall-clock@0.2.0;
       export flood: func(times: s32);
       export quit: func(status: u32);
       export random: func() -> u64;
       export now: func() -> u64;
       export wasi:cli/run@0.2.0;
     }
     ${WASI_WIT}`,
  );
}

/** Imports one interface of the embedding program and one that nobody provides, and passes values through the first. */
export function importingGuest(): Promise<Uint8Array> {
  return guest(
    `(module
      (import "test:host/double@1.0.0" "double" (func $double (param i32) (result i32)))
      (import "test:host/double@1.0.0" "check" (func $check (param i32) (result i32)))
      ${MEMORY}
      (func (export "twice") (param i32) (result i32) (call $double (call $double (local.get 0))))
      (func (export "ask") (param i32) (result i32) (call $check (local.get 0)))
      (func (export "greedy") (result i32)
        (loop $l (drop (call $double (i32.const 1))) (br $l))
        unreachable))`,
    `package test:importing;
     world w {
       import test:host/double@1.0.0;
       export twice: func(x: u32) -> u32;
       export ask: func(x: u32) -> result;
       export greedy: func() -> u32;
     }
     package test:host@1.0.0 { interface double { double: func(x: u32) -> u32; check: func(x: u32) -> result; } }`,
  );
}

/** Floods the log of `cellblock:host/log` with lines of one length, or imports that interface with signatures of its own. */
export function loggingGuest(declared = 'write: func(level: level, message: string)'): Promise<Uint8Array> {
  const name = declared.slice(0, declared.indexOf(':')).replace('%', ''); // WIT's escape for its own keywords
  const params = declared.includes('level: level') ? 'i32 i32 i32' : 'i32 i32';
  const level = declared.includes('level: level') ? '(i32.const 1)' : '';
  return guest(
    `(module
      (import "cellblock:host/log@0.1.0" "${name}" (func $write (param ${params})))
      ${MEMORY}
      (func (export "flood") (param $times i32) (param $length i32)
        (loop $l
          (call $write ${level} (i32.const 8192) (local.get $length))
          (local.set $times (i32.sub (local.get $times) (i32.const 1)))
          (br_if $l (i32.gt_s (local.get $times) (i32.const 0))))))`,
    `package test:logging;
     world w { import cellblock:host/log@0.1.0; export flood: func(times: s32, length: u32); }
     package cellblock:host@0.1.0 { interface log { enum level { debug, info, warn, error } ${declared}; } }`,
  );
}
