import { guest } from './guests.ts';

/* Small tools for the tests of the warden: one that needs nothing, one that acts by its host, one that asks its host for another tool. */

const MEMORY = `
  (memory (export "memory") 4)
  (global $next (mut i32) (i32.const 4096))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))`;

/** Imports nothing. `work` turns so often before it answers; `fail` answers `err` with its text. */
export function plainTool(): Promise<Uint8Array> {
  return guest(
    `(module ${MEMORY}
      (func (export "take") (param i32 i32 i32) (result i32) (local.get 2))
      (func (export "work") (param $turns i32) (result i32)
        (loop $l (br_if $l (i32.gt_s (local.tee $turns (i32.sub (local.get $turns) (i32.const 1))) (i32.const 0))))
        (i32.const 7))
      (func (export "echo") (param i32 i32) (result i32)
        (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))
      (func (export "fail") (param i32 i32) (result i32)
        (i32.store8 (i32.const 16) (i32.const 1))
        (i32.store (i32.const 20) (local.get 0)) (i32.store (i32.const 24) (local.get 1)) (i32.const 16))
      (func (export "send") (param i32 i32 i32 i32) (result i32) (local.get 1))
      (func (export "deep") (param i32 i32 i32 i32) (result i32) (local.get 3))
      (func (export "spin") (loop $l (br $l)))
      (func (export "panic") unreachable))`,
    `package test:plain;
     world w {
       record leaf { name: string, n: u32 }
       record tree { left: leaf, size: u32 }
       export take: func(path: string, n: u32) -> u32;
       export work: func(turns: u32) -> u32;
       export echo: func(text: string) -> string;
       export fail: func(text: string) -> result<string, string>;
       export send: func(url: string, headers: list<tuple<string, string>>) -> u32;
       export deep: func(tree: tree) -> u32;
       export spin: func();
       export panic: func();
     }`,
  );
}

/** `act` calls its host's `act` once and answers what that answers. */
export function actingTool(): Promise<Uint8Array> {
  return guest(
    `(module
      (import "test:host/effect@1.0.0" "act" (func $act (param i32) (result i32)))
      ${MEMORY}
      (func (export "act") (param i32 i32 i32) (result i32) (call $act (local.get 2))))`,
    `package test:acting;
     world w { import test:host/effect@1.0.0; export act: func(path: string, n: u32) -> u32; }
     package test:host@1.0.0 { interface effect { act: func(n: u32) -> u32; } }`,
  );
}

/** `ask` calls its host's `ask` once and answers what that answers. */
export function askingTool(): Promise<Uint8Array> {
  return guest(
    `(module
      (import "test:host/deputy@1.0.0" "ask" (func $ask (param i32) (result i32)))
      ${MEMORY}
      (func (export "ask") (param i32) (result i32) (call $ask (local.get 0))))`,
    `package test:asking;
     world w { import test:host/deputy@1.0.0; export ask: func(n: u32) -> u32; }
     package test:host@1.0.0 { interface deputy { ask: func(n: u32) -> u32; } }`,
  );
}
