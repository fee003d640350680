import { guest } from './guests.ts';

/* Guests that use files, through `cellblock:host/files` and through `wasi:filesystem`. */

const MEMORY = `
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 4096))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32) (local $needed i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.set $needed (i32.sub (i32.add (i32.shr_u (global.get $next) (i32.const 16)) (i32.const 1)) (memory.size)))
    (if (i32.gt_s (local.get $needed) (i32.const 0)) (then (drop (memory.grow (local.get $needed)))))
    (local.get $at))`;

const HOST_FILES = 'cellblock:host/files@0.1.0';

/** Functions of `cellblock:host/files`: core parameters without the return area, and WIT. */
const FUNCTIONS = {
  mounts: ['', 'func() -> list<string>'],
  stat: ['i32 i32', 'func(path: string) -> result<entry, error>'],
  list: ['i32 i32', 'func(path: string) -> result<list<entry>, error>'],
  read: ['i32 i32 i64 i32', 'func(path: string, offset: u64, length: u32) -> result<list<u8>, error>'],
  write: ['i32 i32 i64 i32 i32', 'func(path: string, offset: u64, bytes: list<u8>) -> result<_, error>'],
  'set-size': ['i32 i32 i64', 'func(path: string, size: u64) -> result<_, error>'],
  'make-directory': ['i32 i32', 'func(path: string) -> result<_, error>'],
  remove: ['i32 i32', 'func(path: string) -> result<_, error>'],
  rename: ['i32 i32 i32 i32', 'func(old: string, new: string) -> result<_, error>'],
} as const;

/**
 * Exports every function of `cellblock:host/files` as `do-NAME` and passes each call on; `twice` writes a file and returns `err`, so that what it
 * wrote must not leave; `then-trap` traps after it wrote.
 *
 * @param errors - the cases of its `error`.
 */
export function hostFilesGuest(
  errors = 'no-entry, not-permitted, exists, is-directory, not-directory, not-empty, quota, name-too-long, invalid, io',
): Promise<Uint8Array> {
  const all = Object.entries(FUNCTIONS);
  const core = all.map(([name, [params]]) => {
    const passed = params.split(' ').filter(Boolean);
    const given = passed.map((_, at) => `(local.get ${at})`).join(' ');
    return {
      import: `(import "${HOST_FILES}" "${name}" (func $${name} (param ${params} i32)))`,
      export: `(func (export "do-${name}") (param ${params}) (result i32) (call $${name} ${given} (i32.const 64)) (i32.const 64))`,
    };
  });
  const write = '(call $write (local.get 0) (local.get 1) (i64.const 0) (i32.const 128) (i32.const 5) (i32.const 64))';
  return guest(
    `(module
      ${core.map((each) => each.import).join('\n')}
      ${MEMORY}
      (data (i32.const 128) "hello")
      ${core.map((each) => each.export).join('\n')}
      (func (export "then-fail") (param i32 i32) (result i32) ${write} (i32.const 1))
      (func (export "then-trap") (param i32 i32) ${write} unreachable))`,
    `package test:files;
     world w {
       import ${HOST_FILES};
       use ${HOST_FILES}.{entry, error};
       ${all.map(([name, [, type]]) => `export do-${name}: ${type};`).join('\n')}
       export then-fail: func(path: string) -> result;
       export then-trap: func(path: string);
     }
     package cellblock:host@0.1.0 {
       interface files {
         enum kind { file, directory }
         record entry { name: string, kind: kind, size: u64 }
         enum error { ${errors} }
         ${all.map(([name, [, type]]) => `%${name}: ${type};`).join('\n')}
       }
     }`,
  );
}

/** Exports both functions of `cellblock:host/config`. */
export function configGuest(): Promise<Uint8Array> {
  return guest(
    `(module
      (import "cellblock:host/config@0.1.0" "get" (func $get (param i32 i32 i32)))
      (import "cellblock:host/config@0.1.0" "all" (func $all (param i32)))
      ${MEMORY}
      (func (export "do-get") (param i32 i32) (result i32) (call $get (local.get 0) (local.get 1) (i32.const 64)) (i32.const 64))
      (func (export "do-all") (result i32) (call $all (i32.const 64)) (i32.const 64)))`,
    `package test:config;
     world w {
       import cellblock:host/config@0.1.0;
       export do-get: func(name: string) -> option<string>;
       export do-all: func() -> list<tuple<string, string>>;
     }
     package cellblock:host@0.1.0 {
       interface config { get: func(name: string) -> option<string>; all: func() -> list<tuple<string, string>>; }
     }`,
  );
}

/**
 * Reads a file of the first preopen through a stream to its end: `measure` returns the sum of its bytes' count and the last byte; 0 when it
 * cannot be opened. `copy` writes what it reads to another file.
 */
export function streamingGuest(): Promise<Uint8Array> {
  return guest(
    `(module
      (import "wasi:filesystem/preopens@0.2.3" "get-directories" (func $directories (param i32)))
      (import "wasi:filesystem/types@0.2.3" "[method]descriptor.open-at"
        (func $open (param i32 i32 i32 i32 i32 i32 i32)))
      (import "wasi:filesystem/types@0.2.3" "[method]descriptor.read-via-stream" (func $reading (param i32 i64 i32)))
      (import "wasi:filesystem/types@0.2.3" "[method]descriptor.write" (func $write (param i32 i32 i32 i64 i32)))
      (import "wasi:io/streams@0.2.3" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
      (memory (export "memory") 4)
      (global $next (mut i32) (i32.const 4096))
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
        (global.set $next (i32.add (local.get $at) (local.get 3)))
        (local.get $at))
      (func $descriptor (param $path i32) (param $length i32) (param $open i32) (param $flags i32) (result i32)
        (call $directories (i32.const 64))
        (call $open (i32.load (i32.load (i32.const 64))) (i32.const 0) (local.get $path) (local.get $length)
          (local.get $open) (local.get $flags) (i32.const 80))
        (if (result i32) (i32.load8_u (i32.const 80)) (then (i32.const -1)) (else (i32.load (i32.const 84)))))
      (func $pass (param $from i32) (param $to i32) (result i64)
        (local $stream i32) (local $total i64) (local $kept i32)
        (call $reading (local.get $from) (i64.const 0) (i32.const 80))
        (local.set $stream (i32.load (i32.const 84)))
        (local.set $kept (global.get $next))
        (block $end (loop $more
          (global.set $next (local.get $kept))
          (call $read (local.get $stream) (i64.const -1) (i32.const 80))
          (br_if $end (i32.load8_u (i32.const 80)))
          (if (i32.ge_s (local.get $to) (i32.const 0)) (then
            (call $write (local.get $to) (i32.load (i32.const 84)) (i32.load (i32.const 88)) (local.get $total) (i32.const 96))
            (br_if $end (i32.load8_u (i32.const 96)))))
          (local.set $total (i64.add (local.get $total) (i64.extend_i32_u (i32.load (i32.const 88)))))
          (br $more)))
        (local.get $total))
      (func (export "measure") (param i32 i32) (result i64) (local $from i32)
        (local.set $from (call $descriptor (local.get 0) (local.get 1) (i32.const 0) (i32.const 1)))
        (if (i32.lt_s (local.get $from) (i32.const 0)) (then (return (i64.const -1))))
        (call $pass (local.get $from) (i32.const -1)))
      (func (export "copy") (param i32 i32 i32 i32) (result i64) (local $from i32) (local $to i32)
        (local.set $from (call $descriptor (local.get 0) (local.get 1) (i32.const 0) (i32.const 1)))
        (if (i32.lt_s (local.get $from) (i32.const 0)) (then (return (i64.const -1))))
        (local.set $to (call $descriptor (local.get 2) (local.get 3) (i32.const 9) (i32.const 2)))
        (if (i32.lt_s (local.get $to) (i32.const 0)) (then (return (i64.const -1))))
        (call $pass (local.get $from) (local.get $to))))`,
    `package test:streaming;
     world w {
       import wasi:io/streams@0.2.3;
       import wasi:filesystem/types@0.2.3;
       import wasi:filesystem/preopens@0.2.3;
       export measure: func(path: string) -> s64;
       export copy: func(%from: string, to: string) -> s64;
     }
     package wasi:io@0.2.3 {
       interface error { resource error; }
       interface streams {
         use error.{error};
         variant stream-error { last-operation-failed(error), closed }
         resource input-stream { blocking-read: func(len: u64) -> result<list<u8>, stream-error>; }
       }
     }
     package wasi:filesystem@0.2.3 {
       interface types {
         use wasi:io/streams@0.2.3.{input-stream};
         enum error-code {
           access, would-block, already, bad-descriptor, busy, deadlock, quota, exist, file-too-large, illegal-byte-sequence,
           in-progress, interrupted, invalid, io, is-directory, loop, too-many-links, message-size, name-too-long, no-device,
           no-entry, no-lock, insufficient-memory, insufficient-space, not-directory, not-empty, not-recoverable, unsupported,
           no-tty, no-such-device, overflow, not-permitted, pipe, read-only, invalid-seek, text-file-busy, cross-device
         }
         flags path-flags { symlink-follow }
         flags open-flags { create, directory, exclusive, truncate }
         flags descriptor-flags {
           read, write, file-integrity-sync, data-integrity-sync, requested-write-sync, mutate-directory
         }
         resource descriptor {
           read-via-stream: func(offset: u64) -> result<input-stream, error-code>;
           write: func(buffer: list<u8>, offset: u64) -> result<u64, error-code>;
           open-at: func(path-flags: path-flags, path: string, open-flags: open-flags, %flags: descriptor-flags)
             -> result<descriptor, error-code>;
         }
       }
       interface preopens {
         use types.{descriptor};
         get-directories: func() -> list<tuple<descriptor, string>>;
       }
     }`,
  );
}
