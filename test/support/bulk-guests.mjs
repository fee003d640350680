// Guests that pass large files and large responses through, for tests and the benchmark; plain JavaScript, so that every Node can run it.
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { HTTP_SIGNATURES } from '../../dist/runtime/wasi/http/signatures.js';

async function component(core, wit) {
  return componentNew(await componentEmbed({ binary: await parse(core), witSource: wit }));
}

/**
 * Reads a file of the first preopen through a stream to its end: `measure` returns the sum of its bytes' count and the last byte; 0 when it
 * cannot be opened. `copy` writes what it reads to another file.
 */
export function bulkFilesGuest() {
  return component(
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

/** The cases of `error-code`, whose payloads WIT wants to be named. */
function errorCodeCases() {
  const line = HTTP_SIGNATURES['wasi:http/types']['http-error-code'];
  return /variant \{ (.*) \}>$/
    .exec(line)[1]
    .replaceAll('record { rcode: option<string>, info-code: option<u16> }', 'dns-error-payload')
    .replaceAll('record { alert-id: option<u8>, alert-message: option<string> }', 'tls-alert-payload')
    .replaceAll('record { field-name: option<string>, field-size: option<u32> }', 'field-size-payload');
}

/**
 * WIT of a world with what small tools use of `wasi:http`.
 *
 * @param status - the type that is declared for a status.
 */
export const httpWit = (world, status = 'u16') => `package test:fetch;
world w { ${world} }
package wasi:io@0.2.3 {
  interface error { resource error; }
  interface poll { resource pollable { block: func(); } }
  interface streams {
    use error.{error};
    variant stream-error { last-operation-failed(error), closed }
    resource input-stream { blocking-read: func(len: u64) -> result<list<u8>, stream-error>; }
    resource output-stream { blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>; }
  }
}
package wasi:http@0.2.3 {
  interface types {
    use wasi:io/poll@0.2.3.{pollable};
    use wasi:io/streams@0.2.3.{input-stream, output-stream};
    variant method { get, head, post, put, delete, connect, options, trace, patch, other(string) }
    variant scheme { HTTP, HTTPS, other(string) }
    record dns-error-payload { rcode: option<string>, info-code: option<u16> }
    record tls-alert-payload { alert-id: option<u8>, alert-message: option<string> }
    record field-size-payload { field-name: option<string>, field-size: option<u32> }
    variant error-code { ${errorCodeCases()} }
    resource fields { constructor(); }
    resource request-options;
    resource outgoing-request {
      constructor(headers: fields);
      body: func() -> result<outgoing-body>;
      set-method: func(method: method) -> result;
      set-scheme: func(scheme: option<scheme>) -> result;
      set-authority: func(authority: option<string>) -> result;
      set-path-with-query: func(path-with-query: option<string>) -> result;
    }
    resource outgoing-body {
      write: func() -> result<output-stream>;
      finish: static func(this: outgoing-body, trailers: option<fields>) -> result<_, error-code>;
    }
    resource future-incoming-response {
      subscribe: func() -> pollable;
      get: func() -> option<result<result<incoming-response, error-code>>>;
    }
    resource incoming-response { status: func() -> ${status}; consume: func() -> result<incoming-body>; }
    resource incoming-body { %stream: func() -> result<input-stream>; }
  }
  interface outgoing-handler {
    use types.{outgoing-request, request-options, future-incoming-response, error-code};
    handle: func(request: outgoing-request, options: option<request-options>) -> result<future-incoming-response, error-code>;
  }
}`;

/** Fetches over plain `wasi:http` and reads the body to its end: `measure(authority, path)` is its bytes, or the status where that is not 200. */
export function bulkFetchGuest() {
  const types = 'wasi:http/types@0.2.3';
  return component(
    `(module
      (import "${types}" "[constructor]fields" (func $fields (result i32)))
      (import "${types}" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
      (import "${types}" "[method]outgoing-request.set-scheme" (func $scheme (param i32 i32 i32 i32 i32) (result i32)))
      (import "${types}" "[method]outgoing-request.set-authority" (func $authority (param i32 i32 i32 i32) (result i32)))
      (import "${types}" "[method]outgoing-request.set-path-with-query" (func $path (param i32 i32 i32 i32) (result i32)))
      (import "${types}" "[method]future-incoming-response.subscribe" (func $subscribe (param i32) (result i32)))
      (import "${types}" "[method]future-incoming-response.get" (func $get (param i32 i32)))
      (import "${types}" "[method]incoming-response.status" (func $status (param i32) (result i32)))
      (import "${types}" "[method]incoming-response.consume" (func $consume (param i32 i32)))
      (import "${types}" "[method]incoming-body.stream" (func $stream (param i32 i32)))
      (import "wasi:http/outgoing-handler@0.2.3" "handle" (func $handle (param i32 i32 i32 i32)))
      (import "wasi:io/poll@0.2.3" "[method]pollable.block" (func $block (param i32)))
      (import "wasi:io/streams@0.2.3" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
      (memory (export "memory") 4)
      (global $next (mut i32) (i32.const 4096))
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (global.get $next)
        (global.set $next (i32.add (global.get $next) (local.get 3))))
      (func $err (param i32) (result i32)
        (i32.store8 (i32.const 16) (i32.const 1)) (i32.store (i32.const 24) (local.get 0)) (i32.const 16))
      (func (export "measure") (param i32 i32 i32 i32) (result i32)
        (local $at i32) (local $stream i32) (local $total i64) (local $kept i32)
        (local.set $at (call $request (call $fields)))
        (drop (call $scheme (local.get $at) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
        (drop (call $authority (local.get $at) (i32.const 1) (local.get 0) (local.get 1)))
        (drop (call $path (local.get $at) (i32.const 1) (local.get 2) (local.get 3)))
        (call $handle (local.get $at) (i32.const 0) (i32.const 0) (i32.const 128))
        (if (i32.load8_u (i32.const 128)) (then (return (call $err (i32.add (i32.const 1000) (i32.load8_u (i32.const 136)))))))
        (local.set $at (i32.load (i32.const 136)))
        (call $block (call $subscribe (local.get $at)))
        (call $get (local.get $at) (i32.const 128))
        (if (i32.load8_u (i32.const 144)) (then (return (call $err (i32.add (i32.const 2000) (i32.load8_u (i32.const 152)))))))
        (local.set $at (i32.load (i32.const 152)))
        (if (i32.ne (call $status (local.get $at)) (i32.const 200)) (then (return (call $err (call $status (local.get $at))))))
        (call $consume (local.get $at) (i32.const 128))
        (call $stream (i32.load (i32.const 132)) (i32.const 128))
        (local.set $stream (i32.load (i32.const 132)))
        (local.set $kept (global.get $next))
        (block $end (loop $more
          (global.set $next (local.get $kept))
          (call $read (local.get $stream) (i64.const 65536) (i32.const 128))
          (br_if $end (i32.load8_u (i32.const 128)))
          (local.set $total (i64.add (local.get $total) (i64.extend_i32_u (i32.load (i32.const 136)))))
          (br $more)))
        (if (i32.eqz (i32.load8_u (i32.const 132))) (then (return (call $err (i32.const 3000)))))
        (i32.store8 (i32.const 16) (i32.const 0))
        (i64.store (i32.const 24) (local.get $total))
        (i32.const 16)))`,
    httpWit(`import wasi:http/types@0.2.3; import wasi:http/outgoing-handler@0.2.3;
       export measure: func(authority: string, path: string) -> result<u64, u32>;`),
  );
}
