import { bumpMemory, guest } from './guests.ts';

/**
 * A tool for surfaces: a 64-bit number given back, a picture, a record, and a report of progress with a line in the log.
 * `watched` reports `done` of `done` steps; needs the grants `log` and `progress`.
 */
export function surfaceTool(): Promise<Uint8Array> {
  return guest(
    `(module
      (import "cellblock:host/progress@0.1.0" "report" (func $report (param i64 i32 i64 i32 i32)))
      (import "cellblock:host/log@0.1.0" "write" (func $write (param i32 i32 i32)))
      ${bumpMemory(1)}
      (data (i32.const 64) "PNGimage/pngstep")
      (func (export "exact") (param i64) (result i64) (local.get 0))
      (func (export "picture") (result i32)
        (i32.store (i32.const 16) (i32.const 64)) (i32.store (i32.const 20) (i32.const 3))
        (i32.store (i32.const 24) (i32.const 67)) (i32.store (i32.const 28) (i32.const 9)) (i32.const 16))
      (func (export "point") (param i32 i32) (result i32)
        (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))
      (func (export "watched") (param i64) (result i64)
        (call $report (local.get 0) (i32.const 1) (local.get 0) (i32.const 76) (i32.const 4))
        (call $write (i32.const 2) (i32.const 76) (i32.const 4))
        (local.get 0)))`,
    `package test:surface;
     world w {
       use cellblock:host/media@0.1.0.{media};
       import cellblock:host/progress@0.1.0;
       import cellblock:host/log@0.1.0;
       record xy { x: u32, y: u32 }
       export exact: func(n: u64) -> u64;
       export picture: func() -> media;
       export point: func(x: u32, y: u32) -> xy;
       export watched: func(done: u64) -> u64;
     }
     package cellblock:host@0.1.0 {
       interface media { record media { data: list<u8>, mime-type: string } }
       interface progress { report: func(done: u64, total: option<u64>, message: string); }
       interface log { enum level { debug, info, warn, error } write: func(level: level, message: string); }
     }`,
  );
}
