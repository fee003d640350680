import { guest } from './guests.ts';

/* Guests that call other tools, and guests that ask humans: each does what its parameters say, so that tests write the chains. */

/** An allocator that takes new pages when it needs them; each function below begins with empty memory again where it loops. */
const MEMORY = `
  (memory (export "memory") 8)
  (global $next (mut i32) (i32.const 4096))
  (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (block $fits (loop $grow
      (br_if $fits (i32.le_u (global.get $next) (i32.mul (memory.size) (i32.const 65536))))
      (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable))
      (br $grow)))
    (local.get $at))`;

const TOOLS_WIT = `package cellblock:host@0.1.0 {
  interface tools {
    record failure { outcome: string, code: string, message: string, value: option<string> }
    call: func(tool: string, parameters: string, justification: option<string>) -> result<string, failure>;
  }
}`;

const NOW = '(i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1024)';

/**
 * Calls other tools. `relay` passes one call on, and its answer back; `justified` does so with a justification; `hard` works first, so many turns;
 * `many` calls so often, one after another, and answers how many came back well; `deaf` answers 7, whatever became of its call.
 */
export function deputyTool(): Promise<Uint8Array> {
  return guest(
    `(module
      (import "cellblock:host/tools@0.1.0" "call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32)))
      ${MEMORY}
      (func $relay (export "relay") (param i32 i32 i32 i32) (result i32)
        (call $call (local.get 0) (local.get 1) (local.get 2) (local.get 3) ${NOW})
        (i32.const 1024))
      (func (export "justified") (param i32 i32 i32 i32 i32 i32) (result i32)
        (call $call (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 1) (local.get 4) (local.get 5) (i32.const 1024))
        (i32.const 1024))
      (func (export "hard") (param i32 i32 i32 i32) (param $turns i32) (result i32)
        (loop $l (br_if $l (i32.gt_s (local.tee $turns (i32.sub (local.get $turns) (i32.const 1))) (i32.const 0))))
        (call $relay (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
      (func (export "many") (param i32 i32 i32 i32) (param $times i32) (result i32)
        (local $ok i32) (local $free i32)
        (local.set $free (global.get $next))
        (loop $l
          (global.set $next (local.get $free))
          (drop (call $relay (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
          (local.set $ok (i32.add (local.get $ok) (i32.eqz (i32.load8_u (i32.const 1024)))))
          (br_if $l (i32.gt_s (local.tee $times (i32.sub (local.get $times) (i32.const 1))) (i32.const 0))))
        (local.get $ok))
      (func (export "deaf") (param i32 i32 i32 i32) (result i32)
        (drop (call $relay (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
        (i32.const 7)))`,
    `package test:deputy;
     world w {
       import cellblock:host/tools@0.1.0;
       use cellblock:host/tools@0.1.0.{failure};
       export relay: func(tool: string, parameters: string) -> result<string, failure>;
       export justified: func(tool: string, parameters: string, why: string) -> result<string, failure>;
       export hard: func(tool: string, parameters: string, turns: u32) -> result<string, failure>;
       export many: func(tool: string, parameters: string, times: u32) -> u32;
       export deaf: func(tool: string, parameters: string) -> u32;
     }
     ${TOOLS_WIT}`,
  );
}

/** Asks a human what it is told to ask. `ask` passes the answer back; `twice` asks the same again, and passes the second one back. */
export function curiousTool(): Promise<Uint8Array> {
  return guest(
    `(module
      (import "cellblock:host/approve@0.1.0" "ask" (func $ask (param i32 i32 i32 i32 i32 i32)))
      ${MEMORY}
      (func $once (export "ask") (param i32 i32 i32 i32 i32) (result i32)
        (call $ask (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (i32.const 1024))
        (i32.const 1024))
      (func (export "twice") (param i32 i32 i32 i32 i32) (result i32)
        (drop (call $once (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)))
        (call $once (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4))))`,
    `package test:curious;
     world w {
       import cellblock:host/approve@0.1.0;
       use cellblock:host/approve@0.1.0.{answer, error};
       export ask: func(question: string, details: option<string>) -> result<answer, error>;
       export twice: func(question: string, details: option<string>) -> result<answer, error>;
     }
     package cellblock:host@0.1.0 {
       interface approve {
         variant answer { yes, no(option<string>), silence }
         variant error { denied(string), unavailable }
         ask: func(question: string, details: option<string>) -> result<answer, error>;
       }
     }`,
  );
}

/** Reports how far it is, so often, and answers how often. */
export function reportingTool(): Promise<Uint8Array> {
  return guest(
    `(module
      (import "cellblock:host/progress@0.1.0" "report" (func $report (param i64 i32 i64 i32 i32)))
      ${MEMORY}
      (func (export "go") (param $text i32) (param $length i32) (param $times i32) (result i32)
        (local $done i32)
        (loop $l
          (local.set $done (i32.add (local.get $done) (i32.const 1)))
          (call $report (i64.extend_i32_u (local.get $done)) (i32.const 1) (i64.extend_i32_u (local.get $times)) (local.get $text) (local.get $length))
          (br_if $l (i32.lt_s (local.get $done) (local.get $times))))
        (local.get $done)))`,
    `package test:reporting;
     world w { import cellblock:host/progress@0.1.0; export go: func(text: string, times: u32) -> u32; }
     package cellblock:host@0.1.0 { interface progress { report: func(done: u64, total: option<u64>, message: string); } }`,
  );
}
