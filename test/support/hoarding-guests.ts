import { httpWit } from './bulk-guests.mjs';
import { bumpMemory, guest } from './guests.ts';

/* Guests that take and never give back, and that make links, over WASI. */

const FILES_WIT = `package test:hoard;
world w {
  import wasi:filesystem/types@0.2.3;
  import wasi:filesystem/preopens@0.2.3;
  export symlink: func(old: string, new: string) -> u32;
  export open-many: func(path: string, n: u32) -> u32;
}
package wasi:filesystem@0.2.3 {
  interface types {
    enum error-code {
      access, would-block, already, bad-descriptor, busy, deadlock, quota, exist, file-too-large, illegal-byte-sequence,
      in-progress, interrupted, invalid, io, is-directory, loop, too-many-links, message-size, name-too-long, no-device,
      no-entry, no-lock, insufficient-memory, insufficient-space, not-directory, not-empty, not-recoverable, unsupported,
      no-tty, no-such-device, overflow, not-permitted, pipe, read-only, invalid-seek, text-file-busy, cross-device
    }
    flags path-flags { symlink-follow }
    flags open-flags { create, directory, exclusive, truncate }
    flags descriptor-flags { read, write, file-integrity-sync, data-integrity-sync, requested-write-sync, mutate-directory }
    resource descriptor {
      symlink-at: func(old-path: string, new-path: string) -> result<_, error-code>;
      open-at: func(path-flags: path-flags, path: string, open-flags: open-flags, %flags: descriptor-flags)
        -> result<descriptor, error-code>;
    }
  }
  interface preopens {
    use types.{descriptor};
    get-directories: func() -> list<tuple<descriptor, string>>;
  }
}`;

const ALLOCATOR = bumpMemory(4);

/** `symlink(old, new)`: 0, or 1 and the number of the `error-code`; `open-many(path, n)`: how often it was opened before that failed. */
export function fileHoarder(): Promise<Uint8Array> {
  return guest(
    `(module
      (import "wasi:filesystem/preopens@0.2.3" "get-directories" (func $directories (param i32)))
      (import "wasi:filesystem/types@0.2.3" "[method]descriptor.symlink-at" (func $link (param i32 i32 i32 i32 i32 i32)))
      (import "wasi:filesystem/types@0.2.3" "[method]descriptor.open-at" (func $open (param i32 i32 i32 i32 i32 i32 i32)))
      ${ALLOCATOR}
      (func $first (result i32) (call $directories (i32.const 64)) (i32.load (i32.load (i32.const 64))))
      (func (export "symlink") (param i32 i32 i32 i32) (result i32)
        (call $link (call $first) (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 80))
        (if (result i32) (i32.load8_u (i32.const 80))
          (then (i32.add (i32.const 1) (i32.load8_u (i32.const 81)))) (else (i32.const 0))))
      (func (export "open-many") (param i32 i32 i32) (result i32) (local $n i32) (local $directory i32)
        (local.set $directory (call $first))
        (block $done (loop $again
          (br_if $done (i32.ge_u (local.get $n) (local.get 2)))
          (call $open (local.get $directory) (i32.const 0) (local.get 0) (local.get 1) (i32.const 0) (i32.const 1) (i32.const 80))
          (br_if $done (i32.load8_u (i32.const 80)))
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br $again)))
        (local.get $n)))`,
    FILES_WIT,
  );
}

/** `ask-many(authority, path, n)`: how many requests were begun, none of them let go of, before one was refused. */
export function requestHoarder(): Promise<Uint8Array> {
  const types = 'wasi:http/types@0.2.3';
  return guest(
    `(module
      (import "${types}" "[constructor]fields" (func $fields (result i32)))
      (import "${types}" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
      (import "${types}" "[method]outgoing-request.set-scheme" (func $scheme (param i32 i32 i32 i32 i32) (result i32)))
      (import "${types}" "[method]outgoing-request.set-authority" (func $authority (param i32 i32 i32 i32) (result i32)))
      (import "${types}" "[method]outgoing-request.set-path-with-query" (func $path (param i32 i32 i32 i32) (result i32)))
      (import "${types}" "[method]future-incoming-response.subscribe" (func $subscribe (param i32) (result i32)))
      (import "${types}" "[method]future-incoming-response.get" (func $get (param i32 i32)))
      (import "wasi:http/outgoing-handler@0.2.3" "handle" (func $handle (param i32 i32 i32 i32)))
      (import "wasi:io/poll@0.2.3" "[method]pollable.block" (func $block (param i32)))
      ${ALLOCATOR}
      (func (export "ask-many") (param i32 i32 i32 i32 i32) (result i32) (local $n i32) (local $at i32)
        (block $done (loop $again
          (br_if $done (i32.ge_u (local.get $n) (local.get 4)))
          (local.set $at (call $request (call $fields)))
          (drop (call $scheme (local.get $at) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
          (drop (call $authority (local.get $at) (i32.const 1) (local.get 0) (local.get 1)))
          (drop (call $path (local.get $at) (i32.const 1) (local.get 2) (local.get 3)))
          (call $handle (local.get $at) (i32.const 0) (i32.const 0) (i32.const 128))
          (br_if $done (i32.load8_u (i32.const 128)))
          (local.set $at (i32.load (i32.const 136)))
          (call $block (call $subscribe (local.get $at)))
          (call $get (local.get $at) (i32.const 128))
          (br_if $done (i32.load8_u (i32.const 144)))
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br $again)))
        (local.get $n)))`,
    httpWit(`import wasi:http/types@0.2.3; import wasi:http/outgoing-handler@0.2.3;
       export ask-many: func(authority: string, path: string, n: u32) -> u32;`),
  );
}
