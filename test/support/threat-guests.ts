import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type Capability, ProcessRunner, type Runner, type WitValue } from 'cellblock/runtime';
import { guest } from './guests.ts';

/*
 * Guests of the threat cases, and what their tests watch with: a host function that answers when it is told to, and the memory
 * of both sides of a wall.
 */

const AGAIN = 'test:threats/host@1.0.0';
const AGAIN_WIT = 'package test:threats@1.0.0 { interface host { again: func(depth: u32) -> u32; } }';
const AGAIN_IMPORT = `(import "${AGAIN}" "again" (func $again (param i32) (result i32)))`;

/**
 * `go` counts its calls in a global and in memory, asks its host once unless `depth` is 0, and returns a hundred times the host's
 * answer and both counts: a fresh instance always gives 11 of its own.
 */
export function callingBackGuest(): Promise<Uint8Array> {
  return guest(
    `(module ${AGAIN_IMPORT}
      (memory (export "memory") 1)
      (global $calls (mut i32) (i32.const 0))
      (func (export "go") (param $depth i32) (result i32)
        (local $answer i32)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))
        (if (local.get $depth)
          (then (local.set $answer (call $again (i32.sub (local.get $depth) (i32.const 1))))))
        (i32.add (i32.mul (local.get $answer) (i32.const 100))
          (i32.add (i32.mul (global.get $calls) (i32.const 10)) (i32.load (i32.const 64))))))`,
    `package test:calling-back; world w { import ${AGAIN}; export go: func(depth: u32) -> u32; } ${AGAIN_WIT}`,
  );
}

/** Runs the code that it is given as its core `start` function, with `$again` of the host; `go` returns what that left in `$seen`. */
export function startingGuest(start: string): Promise<Uint8Array> {
  return guest(
    `(module ${AGAIN_IMPORT}
      (memory (export "memory") 1)
      (global $seen (mut i32) (i32.const 0))
      (func $start ${start})
      (start $start)
      (func (export "go") (result i32) (drop (call $again (i32.const 0))) (global.get $seen)))`,
    `package test:starting; world w { import ${AGAIN}; export go: func() -> s32; } ${AGAIN_WIT}`,
  );
}

/** Grows its memory in one step, or page by page until it gets no more, and then writes to all of it. */
export function growingGuest(): Promise<Uint8Array> {
  return guest(
    `(module (memory (export "memory") 1)
      (func (export "grow-once") (param i32) (result i32) (memory.grow (local.get 0)))
      (func (export "grow-and-fill") (result i32)
        (loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
        (memory.fill (i32.const 0) (i32.const 170) (i32.shl (memory.size) (i32.const 16)))
        (memory.size)))`,
    'package test:growing; world w { export grow-once: func(pages: u32) -> s32; export grow-and-fill: func() -> u32; }',
  );
}

/** A command, and a function, that end the program with a status: 0 is `ok`, 1 is `err`. */
export function exitingGuest(status: 0 | 1): Promise<Uint8Array> {
  return guest(
    `(module
      (import "wasi:cli/exit@0.2.0" "exit" (func $exit (param i32)))
      (func (export "quit") (result i32) (call $exit (i32.const ${status})) (i32.const 7))
      (func (export "wasi:cli/run@0.2.0#run") (result i32) (call $exit (i32.const ${status})) (i32.const ${1 - status})))`,
    `package test:exiting;
     world w { import wasi:cli/exit@0.2.0; export quit: func() -> u32; export wasi:cli/run@0.2.0; }
     package wasi:cli@0.2.0 { interface exit { exit: func(status: result); } interface run { run: func() -> result; } }`,
  );
}

const WASI_WIT = `
  package wasi:io@0.2.0 {
    interface error { resource error; }
    interface poll {
      resource pollable { block: func(); }
      poll: func(in: list<borrow<pollable>>) -> list<u32>;
    }
    interface streams {
      use error.{error};
      use poll.{pollable};
      variant stream-error { last-operation-failed(error), closed }
      resource input-stream {
        read: func(len: u64) -> result<list<u8>, stream-error>;
        blocking-read: func(len: u64) -> result<list<u8>, stream-error>;
        skip: func(len: u64) -> result<u64, stream-error>;
        subscribe: func() -> pollable;
      }
      resource output-stream {
        check-write: func() -> result<u64, stream-error>;
        write: func(contents: list<u8>) -> result<_, stream-error>;
        write-zeroes: func(len: u64) -> result<_, stream-error>;
      }
    }
  }
  package wasi:cli@0.2.0 {
    interface environment {
      get-environment: func() -> list<tuple<string, string>>;
      get-arguments: func() -> list<string>;
      initial-cwd: func() -> option<string>;
    }
    interface stdin { use wasi:io/streams@0.2.0.{input-stream}; get-stdin: func() -> input-stream; }
    interface stderr { use wasi:io/streams@0.2.0.{output-stream}; get-stderr: func() -> output-stream; }
  }
  package wasi:clocks@0.2.0 {
    interface monotonic-clock {
      use wasi:io/poll@0.2.0.{pollable};
      now: func() -> u64;
      resolution: func() -> u64;
      subscribe-duration: func(when: u64) -> pollable;
    }
    interface wall-clock {
      record datetime { seconds: u64, nanoseconds: u32 }
      now: func() -> datetime;
      resolution: func() -> datetime;
    }
  }
  package wasi:filesystem@0.2.0 {
    interface types { resource descriptor; }
    interface preopens { use types.{descriptor}; get-directories: func() -> list<tuple<descriptor, string>>; }
  }
  package wasi:random@0.2.0 {
    interface random { get-random-bytes: func(len: u64) -> list<u8>; }
    interface insecure { get-insecure-random-bytes: func(len: u64) -> list<u8>; }
  }`;

/** An import of core functions of one interface: by name, with their core types. */
const imports = (from: string, functions: Readonly<Record<string, string>>): string =>
  Object.entries(functions)
    .map(([name, type]) => `(import "wasi:${from}@0.2.0" "${name}" (func $${name.replace(/^.*\./, '')}${suffix(from)} ${type}))`)
    .join('\n');

/** Tells functions of one name in two interfaces apart. */
const suffix = (from: string): string => (from === 'clocks/wall-clock' ? '-wall' : '');

/**
 * Uses WASI as a hostile tool would. What the host gives it goes to one place and is overwritten by the next: only lengths and
 * cases are looked at. Its memory has 50 MiB, so that a list of ten million handles fits.
 */
export function wasiThreatGuest(): Promise<Uint8Array> {
  return guest(
    `(module
      ${imports('filesystem/preopens', { 'get-directories': '(param i32)' })}
      ${imports('cli/environment', {
        'get-environment': '(param i32)',
        'get-arguments': '(param i32)',
        'initial-cwd': '(param i32)',
      })}
      ${imports('cli/stdin', { 'get-stdin': '(result i32)' })}
      ${imports('cli/stderr', { 'get-stderr': '(result i32)' })}
      ${imports('io/streams', {
        '[method]input-stream.read': '(param i32 i64 i32)',
        '[method]input-stream.blocking-read': '(param i32 i64 i32)',
        '[method]input-stream.skip': '(param i32 i64 i32)',
        '[method]input-stream.subscribe': '(param i32) (result i32)',
        '[method]output-stream.check-write': '(param i32 i32)',
        '[method]output-stream.write': '(param i32 i32 i32 i32)',
        '[method]output-stream.write-zeroes': '(param i32 i64 i32)',
      })}
      ${imports('io/poll', { '[method]pollable.block': '(param i32)', poll: '(param i32 i32 i32)' })}
      ${imports('clocks/monotonic-clock', {
        now: '(result i64)',
        resolution: '(result i64)',
        'subscribe-duration': '(param i64) (result i32)',
      })}
      ${imports('clocks/wall-clock', { now: '(param i32)', resolution: '(param i32)' })}
      ${imports('random/random', { 'get-random-bytes': '(param i64 i32)' })}
      ${imports('random/insecure', { 'get-insecure-random-bytes': '(param i64 i32)' })}
      (memory (export "memory") 800)
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536))
      ;; Whether the result at 64, with its payload at an address, is the error that a stream is closed.
      (func $is-closed (param $payload i32) (result i32)
        (i32.and (i32.eq (i32.load8_u (i32.const 64)) (i32.const 1)) (i32.eq (i32.load8_u (local.get $payload)) (i32.const 1))))
      ;; The datetime at 64, in nanoseconds.
      (func $datetime (result i64)
        (i64.add (i64.mul (i64.load (i32.const 64)) (i64.const 1000000000)) (i64.load32_u (i32.const 72))))
      (func (export "look") (result i32)
        (call $get-directories (i32.const 64))
        (i64.store (i32.const 512) (i64.load32_u (i32.const 68)))
        (call $get-environment (i32.const 64))
        (i64.store (i32.const 520) (i64.load32_u (i32.const 68)))
        (call $get-arguments (i32.const 64))
        (i64.store (i32.const 528) (i64.load32_u (i32.const 68)))
        (call $initial-cwd (i32.const 64))
        (i64.store (i32.const 536) (i64.load8_u (i32.const 64)))
        (call $read (call $get-stdin) (i64.const 1) (i32.const 64))
        (i64.store (i32.const 544) (i64.extend_i32_u (call $is-closed (i32.const 68))))
        (call $now-wall (i32.const 64))
        (i64.store (i32.const 552) (call $datetime))
        (call $resolution-wall (i32.const 64))
        (i64.store (i32.const 560) (call $datetime))
        (i64.store (i32.const 568) (call $now))
        (i64.store (i32.const 576) (call $resolution))
        (i32.const 512))
      ;; All digits below a millisecond that many readings of both clocks show.
      (func (export "fine-digits") (param $times i32) (result i64) (local $seen i64)
        (loop $l
          (call $now-wall (i32.const 64))
          (local.set $seen (i64.or (local.get $seen)
            (i64.or (i64.rem_u (call $now) (i64.const 1000000)) (i64.rem_u (call $datetime) (i64.const 1000000)))))
          (br_if $l (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
        (local.get $seen))
      (func (export "leak-pollables") (param $times i32)
        (loop $l
          (drop (call $subscribe-duration (i64.const 1)))
          (br_if $l (local.tee $times (i32.sub (local.get $times) (i32.const 1))))))
      (func (export "sleep") (param $nanoseconds i64) (result i64) (local $began i64)
        (local.set $began (call $now))
        (call $block (call $subscribe-duration (local.get $nanoseconds)))
        (i64.sub (call $now) (local.get $began)))
      (func (export "poll-forever")
        (i32.store (i32.const 64) (call $subscribe-duration (i64.const 0)))
        (loop $l (call $poll (i32.const 64) (i32.const 1) (i32.const 80)) (br $l)))
      (func (export "poll-many") (param $count i32) (result i32) (local $at i32) (local $pollable i32)
        (local.set $pollable (call $subscribe-duration (i64.const 0)))
        (loop $l
          (i32.store offset=2097152 (i32.shl (local.get $at) (i32.const 2)) (local.get $pollable))
          (br_if $l (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $count))))
        (call $poll (i32.const 2097152) (local.get $count) (i32.const 80))
        (i32.load (i32.const 84)))
      (func (export "wait-for-stdin") (param $length i64) (result i32) (local $stdin i32)
        (local.set $stdin (call $get-stdin))
        (call $block (call $subscribe (local.get $stdin)))
        (call $blocking-read (local.get $stdin) (local.get $length) (i32.const 64))
        (call $is-closed (i32.const 68)))
      (func (export "skip-stdin") (param $length i64) (result i32)
        (call $skip (call $get-stdin) (local.get $length) (i32.const 64))
        (call $is-closed (i32.const 72)))
      (func (export "random") (param $length i64) (result i32)
        (call $get-random-bytes (local.get $length) (i32.const 64))
        (i32.load (i32.const 68)))
      (func (export "insecure") (param $length i64) (result i32)
        (call $get-insecure-random-bytes (local.get $length) (i32.const 64))
        (i32.load (i32.const 68)))
      (func (export "zeroes") (param $length i64) (local $stderr i32)
        (local.set $stderr (call $get-stderr))
        (call $check-write (local.get $stderr) (i32.const 64))
        (call $write-zeroes (local.get $stderr) (local.get $length) (i32.const 64)))
      (func (export "flood-stderr") (param $times i32) (local $stderr i32)
        (local.set $stderr (call $get-stderr))
        (memory.fill (i32.const 2097152) (i32.const 120) (i32.const 65536))
        (loop $l
          (call $check-write (local.get $stderr) (i32.const 64))
          (call $write (local.get $stderr) (i32.const 2097152) (i32.const 65536) (i32.const 80))
          (br_if $l (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))))`,
    `package test:wasi-threats;
     world w {
       import wasi:filesystem/preopens@0.2.0;
       import wasi:cli/environment@0.2.0;
       import wasi:cli/stdin@0.2.0;
       import wasi:cli/stderr@0.2.0;
       import wasi:io/streams@0.2.0;
       import wasi:io/poll@0.2.0;
       import wasi:clocks/monotonic-clock@0.2.0;
       import wasi:clocks/wall-clock@0.2.0;
       import wasi:random/random@0.2.0;
       import wasi:random/insecure@0.2.0;
       record sight {
         directories: u64, variables: u64, arguments: u64, has-folder: u64, is-stdin-closed: u64,
         wall: u64, wall-resolution: u64, monotonic: u64, monotonic-resolution: u64,
       }
       export look: func() -> sight;
       export fine-digits: func(times: u32) -> u64;
       export leak-pollables: func(times: u32);
       export sleep: func(nanoseconds: u64) -> u64;
       export poll-forever: func();
       export poll-many: func(count: u32) -> u32;
       export wait-for-stdin: func(length: u64) -> bool;
       export skip-stdin: func(length: u64) -> bool;
       export random: func(length: u64) -> u32;
       export insecure: func(length: u64) -> u32;
       export zeroes: func(length: u64);
       export flood-stderr: func(times: u32);
     }
     ${WASI_WIT}`,
  );
}

/** What grants the real clock. */
export const REAL_CLOCK: readonly Capability[] = [{ kind: 'wasi', name: 'clock', setup: { clock: 'real' } }];

/** A grant of `again` with an answer of the test's. */
export function againHost(answer: (depth: number) => WitValue | Promise<WitValue>): readonly Capability[] {
  return [{ kind: 'bridged', name: 'again', interface: AGAIN, functions: { again: ([depth]) => answer(Number(depth)) } }];
}

/** A grant of `again` that answers 0, and only once it was opened: until then, calls that ask it are in flight. */
export interface HeldHost {
  readonly capabilities: readonly Capability[];
  /** Resolves once so many calls have asked. */
  arrived(count: number): Promise<void>;
  /** Answers all, and whoever asks later at once. */
  open(): void;
}

export function heldHost(): HeldHost {
  const news = new EventEmitter();
  let asked = 0;
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    capabilities: againHost(async () => {
      asked += 1;
      news.emit('asked');
      await opened;
      return 0;
    }),
    async arrived(count) {
      while (asked < count) await once(news, 'asked');
    },
    open: () => open(),
  };
}

/** Bytes by which two processes were larger while something ran than before it. */
export interface Growth {
  readonly host: number;
  /** 0 where there is no runner process. */
  readonly runner: number;
}

/** Watches the resident memory of this process, and of the runner's, every few milliseconds. */
export async function residentGrowth(runner: Runner, run: () => Promise<unknown>): Promise<Growth> {
  const pid = runner instanceof ProcessRunner ? runner.pids[0] : undefined;
  const now = (): Growth => ({ host: process.memoryUsage.rss(), runner: pid === undefined ? 0 : residentBytes(pid) });
  const before = now();
  let peak = before;
  const look = (): void => {
    const { host, runner } = now();
    peak = { host: Math.max(peak.host, host), runner: Math.max(peak.runner, runner) };
  };
  const timer = setInterval(look, 5);
  await run().finally(() => clearInterval(timer));
  look();
  return { host: peak.host - before.host, runner: peak.runner - before.runner };
}

/** Bytes of a process that are in memory; 0 when it is gone. */
function residentBytes(pid: number): number {
  try {
    return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
