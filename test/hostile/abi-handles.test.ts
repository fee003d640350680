import { describe, expect, it } from 'vitest';
import { ending, useHostileCells } from '../support/abi-guests.ts';
import { guest } from '../support/guests.ts';

/* Handles of the host's resources: forged, dropped, doubled, foreign, without end. */

const cells = useHostileCells();

const WIT = `package test:handles;
  world w {
    import wasi:cli/stdin@0.2.0;
    import wasi:cli/stdout@0.2.0;
    import wasi:io/poll@0.2.0;
    import wasi:io/streams@0.2.0;
    export go: func() -> u32;
  }
  package wasi:io@0.2.0 {
    interface poll {
      resource pollable { ready: func() -> bool; }
      poll: func(in: list<borrow<pollable>>) -> list<u32>;
    }
    interface error { resource error; }
    interface streams {
      use poll.{pollable};
      use error.{error};
      variant stream-error { last-operation-failed(error), closed }
      resource input-stream { subscribe: func() -> pollable; }
      resource output-stream { splice: func(src: borrow<input-stream>, len: u64) -> result<u64, stream-error>; }
    }
  }
  package wasi:cli@0.2.0 {
    interface stdin { use wasi:io/streams@0.2.0.{input-stream}; get-stdin: func() -> input-stream; }
    interface stdout { use wasi:io/streams@0.2.0.{output-stream}; get-stdout: func() -> output-stream; }
  }`;

/** Runs `body` as `go`, which has the locals `$a`, `$b` and `$i` and every function below. */
async function run(body: string, options = {}) {
  const core = `(module
    (import "wasi:cli/stdin@0.2.0" "get-stdin" (func $stdin (result i32)))
    (import "wasi:cli/stdout@0.2.0" "get-stdout" (func $stdout (result i32)))
    (import "wasi:io/poll@0.2.0" "[method]pollable.ready" (func $ready (param i32) (result i32)))
    (import "wasi:io/poll@0.2.0" "poll" (func $poll (param i32 i32 i32)))
    (import "wasi:io/poll@0.2.0" "[resource-drop]pollable" (func $drop-pollable (param i32)))
    (import "wasi:io/streams@0.2.0" "[method]input-stream.subscribe" (func $subscribe (param i32) (result i32)))
    (import "wasi:io/streams@0.2.0" "[method]output-stream.splice" (func $splice (param i32 i32 i64 i32)))
    (import "wasi:io/streams@0.2.0" "[resource-drop]input-stream" (func $drop-input (param i32)))
    (import "wasi:io/streams@0.2.0" "[resource-drop]output-stream" (func $drop-output (param i32)))
    (memory (export "memory") 100)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
    (func $pollable (result i32) (call $subscribe (call $stdin)))
    (func (export "go") (result i32) (local $a i32) (local $b i32) (local $i i32) ${body} (i32.const 7)))`;
  return cells.go(await guest(core, WIT), [], options);
}

const trapped = (message: string) => ({
  kind: 'trapped',
  code: 'trap/abi',
  message: `the guest broke the canonical ABI: ${message}`,
});

describe('a handle of the host', () => {
  it.each([0, 1, 2, 4096, 2 ** 28 - 1, 2 ** 28, 2 ** 31 - 1, -(2 ** 31), -1])('is not forged as %i', async (index) => {
    const message = `unknown handle index ${index >>> 0}`;
    expect(ending(await run(`(drop (call $ready (i32.const ${index})))`))).toEqual(trapped(message));
    expect(ending(await run(`(call $drop-pollable (i32.const ${index}))`))).toEqual(trapped(message));
    const inList = `(i32.store (i32.const 64) (i32.const ${index})) (call $poll (i32.const 64) (i32.const 1) (i32.const 16))`;
    expect(ending(await run(inList))).toEqual(trapped(message));
  });

  it.each([
    [
      'dropped twice',
      '(local.set $a (call $pollable)) (call $drop-pollable (local.get $a)) (call $drop-pollable (local.get $a))',
    ],
    [
      'used after it was dropped',
      '(local.set $a (call $pollable)) (call $drop-pollable (local.get $a)) (drop (call $ready (local.get $a)))',
    ],
    [
      'polled after it was dropped',
      `(local.set $a (call $pollable)) (i32.store (i32.const 64) (local.get $a)) (call $drop-pollable (local.get $a))
       (call $poll (i32.const 64) (i32.const 1) (i32.const 16))`,
    ],
  ])('is not %s', async (_, body) => {
    expect(ending(await run(body))).toEqual(trapped('unknown handle index 2'));
  });

  it.each([
    ['an input stream as a pollable', '(drop (call $ready (call $stdin)))'],
    ['an output stream as an input stream', '(drop (call $subscribe (call $stdout)))'],
    ['a pollable as an input stream', '(local.set $a (call $pollable)) (drop (call $subscribe (i32.const 2)))'],
    [
      'an output stream in both places',
      '(local.set $a (call $stdout)) (call $splice (local.get $a) (local.get $a) (i64.const 1) (i32.const 16))',
    ],
    ['an input stream dropped as an output stream', '(call $drop-output (call $stdin))'],
    ['an input stream dropped as a pollable', '(call $drop-pollable (call $stdin))'],
    [
      'an index that another type has now',
      '(local.set $a (call $pollable)) (call $drop-pollable (i32.const 2)) (drop (call $stdout)) (drop (call $ready (local.get $a)))',
    ],
    [
      'an input stream among pollables',
      `(i32.store (i32.const 64) (call $pollable)) (i32.store (i32.const 68) (call $stdin))
       (call $poll (i32.const 64) (i32.const 2) (i32.const 16))`,
    ],
  ])('is not taken for another type: %s', async (_, body) => {
    const { message, ...rest } = ending(await run(body));
    expect(rest).toEqual({ kind: 'trapped', code: 'trap/abi' });
    expect(message).toMatch(/the handle \d is of another resource type$/);
  });

  it('may be lent many times in one call, and is free after it', async () => {
    const outcome = await run(`(local.set $a (call $pollable))
      (i32.store (i32.const 64) (local.get $a)) (i32.store (i32.const 68) (local.get $a)) (i32.store (i32.const 72) (local.get $a))
      (call $poll (i32.const 64) (i32.const 3) (i32.const 16))
      (if (i32.ne (i32.load (i32.const 20)) (i32.const 3)) (then unreachable))
      (call $drop-pollable (local.get $a))`);
    expect(ending(outcome)).toEqual({ kind: 'ok' });
  });

  it('is found by the index that was freed last', async () => {
    const outcome = await run(`(local.set $a (call $stdin)) (local.set $b (call $stdout))
      (call $drop-input (local.get $a)) (call $drop-output (local.get $b))
      (if (i32.ne (call $stdin) (local.get $b)) (then unreachable))
      (if (i32.ne (call $stdin) (local.get $a)) (then unreachable))`);
    expect(ending(outcome)).toEqual({ kind: 'ok' });
  });
});

describe('handles without end', () => {
  const FLOOD = '(loop $more (drop (call $stdin)) (br $more))';

  it.each([0, 1, 1024])('stop at a limit of %i', async (handlesMax) => {
    const outcome = await run(FLOOD, { limits: { handlesMax } });
    expect(ending(outcome)).toMatchObject({ kind: 'limited', code: 'limit/handles' });
    expect(outcome.error?.data).toEqual({ limit: handlesMax, used: handlesMax + 1 });
  });

  it('stop at the highest limit that there is', async () => {
    const outcome = await run(FLOOD, { limits: { handlesMax: 1_000_000, timeoutMsMax: 60_000 } });
    expect(ending(outcome)).toMatchObject({ kind: 'limited', code: 'limit/handles' });
  }, 90_000);

  it('are no trouble when each is dropped', async () => {
    const outcome = await run(`(loop $more (call $drop-input (call $stdin))
      (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100000))))`);
    expect(ending(outcome)).toEqual({ kind: 'ok' });
  });

  it('stop as a list that names one handle a million times', async () => {
    const outcome = await run(`(local.set $a (call $pollable))
      (loop $more (i32.store (i32.add (i32.const 65536) (i32.mul (local.get $i) (i32.const 4))) (local.get $a))
        (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000000))))
      (call $poll (i32.const 65536) (i32.const 1000000) (i32.const 16))`);
    expect(ending(outcome)).toMatchObject({ kind: 'limited' });
  });
});
