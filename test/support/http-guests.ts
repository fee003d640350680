import { readFileSync } from 'node:fs';
import { httpWit } from './bulk-guests.mjs';
import { bumpMemory, guest } from './guests.ts';

/* Small tools that speak `wasi:http`, with just what they use of its WIT. */

/**
 * `get(authority, path)` and `post(authority, path, body)` over plain HTTP: the bytes of the body, read 4 KiB at a time. An `err` is
 * the status where it is not 200, 1000 and the number of an `error-code` where `handle` refused, or 2000 and that number where the
 * response did not come. `drop` asks and lets go of the response unread.
 *
 * @param status - the type that the import declares for a status; another than WIT's in core code that is the same.
 */
export function fetchTool(status = 'u16'): Promise<Uint8Array> {
  return guest(
    `(module
      (import "wasi:http/types@0.2.3" "[constructor]fields" (func $fields (result i32)))
      (import "wasi:http/types@0.2.3" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
      (import "wasi:http/types@0.2.3" "[method]outgoing-request.body" (func $body (param i32 i32)))
      (import "wasi:http/types@0.2.3" "[method]outgoing-request.set-method" (func $method (param i32 i32 i32 i32) (result i32)))
      (import "wasi:http/types@0.2.3" "[method]outgoing-request.set-scheme" (func $scheme (param i32 i32 i32 i32 i32) (result i32)))
      (import "wasi:http/types@0.2.3" "[method]outgoing-request.set-authority" (func $authority (param i32 i32 i32 i32) (result i32)))
      (import "wasi:http/types@0.2.3" "[method]outgoing-request.set-path-with-query" (func $path (param i32 i32 i32 i32) (result i32)))
      (import "wasi:http/types@0.2.3" "[method]outgoing-body.write" (func $write (param i32 i32)))
      (import "wasi:http/types@0.2.3" "[static]outgoing-body.finish" (func $finish (param i32 i32 i32 i32)))
      (import "wasi:http/types@0.2.3" "[method]future-incoming-response.subscribe" (func $subscribe (param i32) (result i32)))
      (import "wasi:http/types@0.2.3" "[method]future-incoming-response.get" (func $get (param i32 i32)))
      (import "wasi:http/types@0.2.3" "[resource-drop]future-incoming-response" (func $drop-future (param i32)))
      (import "wasi:http/types@0.2.3" "[method]incoming-response.status" (func $status (param i32) (result i32)))
      (import "wasi:http/types@0.2.3" "[method]incoming-response.consume" (func $consume (param i32 i32)))
      (import "wasi:http/types@0.2.3" "[resource-drop]incoming-response" (func $drop-response (param i32)))
      (import "wasi:http/types@0.2.3" "[method]incoming-body.stream" (func $stream (param i32 i32)))
      (import "wasi:http/outgoing-handler@0.2.3" "handle" (func $handle (param i32 i32 i32 i32)))
      (import "wasi:io/poll@0.2.3" "[method]pollable.block" (func $block (param i32)))
      (import "wasi:io/streams@0.2.3" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
      (import "wasi:io/streams@0.2.3" "[method]output-stream.blocking-write-and-flush" (func $put (param i32 i32 i32 i32)))
      (import "wasi:io/streams@0.2.3" "[resource-drop]output-stream" (func $drop-output (param i32)))
      (memory (export "memory") 64)
      (global $next (mut i32) (i32.const 4096))
      ;; Byte after byte, so that the pieces of a body lie one behind the other.
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (global.get $next)
        (global.set $next (i32.add (global.get $next) (local.get 3))))
      (func $err (param i32) (result i32)
        (i32.store (i32.const 16) (i32.const 1)) (i32.store (i32.const 20) (local.get 0)) (i32.const 16))
      (func $make (param $authority i32) (param i32) (param $path i32) (param i32) (result i32) (local $request i32)
        (local.set $request (call $request (call $fields)))
        (drop (call $scheme (local.get $request) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
        (drop (call $authority (local.get $request) (i32.const 1) (local.get 0) (local.get 1)))
        (drop (call $path (local.get $request) (i32.const 1) (local.get 2) (local.get 3)))
        (local.get $request))
      ;; The response, or 0 with what went wrong at 64.
      (func $response (param $future i32) (result i32)
        (call $block (call $subscribe (local.get $future)))
        (call $get (local.get $future) (i32.const 128))
        (if (i32.load8_u (i32.const 144)) (then
          (i32.store (i32.const 64) (i32.add (i32.const 2000) (i32.load8_u (i32.const 152))))
          (return (i32.const 0))))
        (i32.load (i32.const 152)))
      (func $all (param $response i32) (result i32) (local $stream i32) (local $start i32)
        (if (i32.ne (call $status (local.get $response)) (i32.const 200))
          (then (return (call $err (call $status (local.get $response))))))
        (call $consume (local.get $response) (i32.const 128))
        (call $stream (i32.load (i32.const 132)) (i32.const 128))
        (local.set $stream (i32.load (i32.const 132)))
        (local.set $start (global.get $next))
        (loop $more
          (call $read (local.get $stream) (i64.const 4096) (i32.const 128))
          (br_if $more (i32.eqz (i32.load8_u (i32.const 128)))))
        (if (i32.eqz (i32.load8_u (i32.const 132))) (then (return (call $err (i32.const 3000)))))
        (i32.store (i32.const 16) (i32.const 0))
        (i32.store (i32.const 20) (local.get $start))
        (i32.store (i32.const 24) (i32.sub (global.get $next) (local.get $start)))
        (i32.const 16))
      (func $ask (param $request i32) (result i32)
        (call $handle (local.get $request) (i32.const 0) (i32.const 0) (i32.const 128))
        (if (i32.load8_u (i32.const 128)) (then
          (i32.store (i32.const 64) (i32.add (i32.const 1000) (i32.load8_u (i32.const 136))))
          (return (i32.const 0))))
        (i32.load (i32.const 136)))
      (func (export "get") (param i32 i32 i32 i32) (result i32) (local $at i32)
        (local.set $at (call $ask (call $make (local.get 0) (local.get 1) (local.get 2) (local.get 3))))
        (if (i32.eqz (local.get $at)) (then (return (call $err (i32.load (i32.const 64))))))
        (local.set $at (call $response (local.get $at)))
        (if (i32.eqz (local.get $at)) (then (return (call $err (i32.load (i32.const 64))))))
        (call $all (local.get $at)))
      (func (export "post") (param i32 i32 i32 i32 i32 i32) (result i32) (local $at i32) (local $body i32) (local $stream i32)
        (local.set $at (call $make (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
        (drop (call $method (local.get $at) (i32.const 2) (i32.const 0) (i32.const 0)))
        (call $body (local.get $at) (i32.const 128))
        (local.set $body (i32.load (i32.const 132)))
        (local.set $at (call $ask (local.get $at)))
        (if (i32.eqz (local.get $at)) (then (return (call $err (i32.load (i32.const 64))))))
        (call $write (local.get $body) (i32.const 128))
        (local.set $stream (i32.load (i32.const 132)))
        (call $put (local.get $stream) (local.get 4) (local.get 5) (i32.const 128))
        (call $drop-output (local.get $stream))
        (call $finish (local.get $body) (i32.const 0) (i32.const 0) (i32.const 128))
        (local.set $at (call $response (local.get $at)))
        (if (i32.eqz (local.get $at)) (then (return (call $err (i32.load (i32.const 64))))))
        (call $all (local.get $at)))
      (func (export "drop") (param i32 i32 i32 i32) (result i32) (local $future i32) (local $at i32)
        (local.set $future (call $ask (call $make (local.get 0) (local.get 1) (local.get 2) (local.get 3))))
        (local.set $at (call $response (local.get $future)))
        (call $drop-future (local.get $future))
        (i32.store (i32.const 0) (call $status (local.get $at)))
        (call $drop-response (local.get $at))
        (i32.load (i32.const 0))))`,
    httpWit(
      `import wasi:http/types@0.2.3; import wasi:http/outgoing-handler@0.2.3;
       export get: func(authority: string, path: string) -> result<list<u8>, u32>;
       export post: func(authority: string, path: string, body: string) -> result<list<u8>, u32>;
       export drop: func(authority: string, path: string) -> u32;`,
      status,
    ),
  );
}

/** Passes one request on to `cellblock:host/http`, and the answer back. @param name - of its one function. */
export function sendTool(name = 'do-send'): Promise<Uint8Array> {
  const wit = readFileSync(new URL('../../wit/host/http.wit', import.meta.url), 'utf8');
  const params = Array.from({ length: 9 }, (_, at) => `(local.get ${at})`).join(' ');
  return guest(
    `(module
      (import "cellblock:host/http@0.1.0" "send" (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
      ${bumpMemory(64)}
      (func (export "${name}") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
        (call $send ${params} (i32.const 64))
        (i32.const 64)))`,
    `${wit}
     world w {
       import http;
       use http.{request, response, error};
       export ${name}: func(request: request) -> result<response, error>;
     }`,
  );
}
