import { $init, generate } from '@bytecodealliance/jco-transpile/component';
import { beforeAll, describe, expect, it } from 'vitest';
import wabt from 'wabt';
import { exitCodeOf } from '../../../runtime/wasi/index.ts';
import { assemble } from '../../support/assemble.ts';
import { openWasi, SECOND, text, thrown } from './guest-side.ts';

/* What the classes promise, seen from inside a component through jco's own glue. */

const GUEST = `(component
  (import "wasi:io/poll@0.2.3" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $p)) (export "pollable" (type $own (eq $p)))
    (export "now" (func (result u64)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $own))))))
  (import "wasi:io/error@0.2.3" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error-type))
  (import "wasi:io/streams@0.2.3" (instance $streams
    (export "output-stream" (type $stream (sub resource)))
    (alias outer 1 $error-type (type $e)) (export "error" (type $err (eq $e)))
    (type $failure (variant (case "last-operation-failed" (own $err)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $failure)))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $stream)) (param "contents" (list u8)) (result (result (error $stream-error)))))))
  (alias export $streams "output-stream" (type $stream))
  (import "wasi:cli/stdout@0.2.3" (instance $stdout
    (alias outer 1 $stream (type $s)) (export "output-stream" (type $own (eq $s)))
    (export "get-stdout" (func (result (own $own))))))
  (core module $memory (memory (export "memory") 1))
  (core instance $memory (instantiate $memory))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core func $drop-pollable (canon resource.drop $pollable))
  (core func $now (canon lower (func $clock "now")))
  (core func $subscribe (canon lower (func $clock "subscribe-duration")))
  (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
    (memory (core memory $memory "memory"))))
  (core func $drop-stream (canon resource.drop $stream))
  (core func $stdout (canon lower (func $stdout "get-stdout")))
  (core module $guest
    (import "host" "block" (func $block (param i32)))
    (import "host" "drop-pollable" (func $drop-pollable (param i32)))
    (import "host" "now" (func $now (result i64)))
    (import "host" "subscribe" (func $subscribe (param i64) (result i32)))
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    (import "host" "drop-stream" (func $drop-stream (param i32)))
    (import "host" "stdout" (func $stdout (result i32)))
    (import "host" "memory" (memory 1))
    (data (i32.const 0) "hello")
    (func (export "sleep") (param i64) (result i64) (local $pollable i32) (local $began i64)
      (local.set $began (call $now))
      (local.set $pollable (call $subscribe (local.get 0)))
      (call $block (local.get $pollable))
      (call $drop-pollable (local.get $pollable))
      (i64.sub (call $now) (local.get $began)))
    (func (export "greet") (param $length i32) (local $stream i32)
      (local.set $stream (call $stdout))
      (call $write (local.get $stream) (i32.const 0) (local.get $length) (i32.const 16384))
      (call $drop-stream (local.get $stream)))
    (func (export "leak") (loop $again (drop (call $stdout)) (br $again))))
  (core instance $guest (instantiate $guest (with "host" (instance
    (export "block" (func $block)) (export "drop-pollable" (func $drop-pollable))
    (export "now" (func $now)) (export "subscribe" (func $subscribe))
    (export "write" (func $write)) (export "drop-stream" (func $drop-stream))
    (export "stdout" (func $stdout))
    (export "memory" (memory $memory "memory"))))))
  (func (export "sleep") (param "duration" u64) (result u64) (canon lift (core func $guest "sleep")))
  (func (export "greet") (param "length" u32) (canon lift (core func $guest "greet")))
  (func (export "leak") (canon lift (core func $guest "leak"))))`;

/** Counts, in tens, what it could catch of an exit and of the call after it; in ones, what returned. */
const CATCHER = `(module
  (import "host" "exit" (func $exit))
  (import "host" "now" (func $now (result i64)))
  (func (export "outlive-exit") (result i32) (local $count i32)
    try
      call $exit
      (local.set $count (i32.add (local.get $count) (i32.const 1)))
    catch_all
      (local.set $count (i32.add (local.get $count) (i32.const 10)))
    end
    try
      (drop (call $now))
      (local.set $count (i32.add (local.get $count) (i32.const 1)))
    catch_all
      (local.set $count (i32.add (local.get $count) (i32.const 10)))
    end
    (local.get $count)))`;

interface Guest {
  sleep(duration: bigint): bigint;
  greet(length: number): void;
  leak(): void;
}

type Instantiate = (get: (name: string) => WebAssembly.Module, imports: object) => Guest;

let files: readonly (readonly [string, Uint8Array])[] = [];
beforeAll(async () => {
  await $init;
  const options = { name: 'guest', instantiation: { tag: 'sync' as const }, noTypescript: true, noNodejsCompat: true };
  files = generate(await assemble(GUEST), options).files;
});

function start(imports: object): Guest {
  const source = text(files.find(([name]) => name.endsWith('.js'))![1]);
  const body = source.slice(source.indexOf('function instantiate('), source.lastIndexOf('\nexport const _util'));
  const instantiate = new Function(`${body}\nreturn instantiate;`)() as Instantiate;
  const bytes = (name: string) => files.find(([file]) => file === name)![1] as Uint8Array<ArrayBuffer>; // jco makes no shared ones
  return instantiate((name) => new WebAssembly.Module(bytes(name)), imports);
}

describe('a component', () => {
  it('sleeps without waiting and gives its handle back', () => {
    const { wasi } = openWasi();
    expect(start(wasi.imports).sleep(60n * SECOND)).toBe(60n * SECOND);
    expect([wasi.hostCalls(), wasi.handles()]).toEqual([4, 0]);
  });

  it('writes to the captured stdout', () => {
    const { wasi } = openWasi();
    start(wasi.imports).greet(5);
    expect([text(wasi.stdout().bytes), wasi.handles(), wasi.hostCalls()]).toEqual(['hello', 0, 2]);
  });

  it('is ended by a write past what is permitted', () => {
    const { wasi } = openWasi();
    const guest = start(wasi.imports);
    expect(thrown(() => guest.greet(4097))).toBe(wasi.failure);
    expect(wasi.failure).toMatchObject({ code: 'trap/host-call' });
  });

  it('is ended when it leaks handles', () => {
    const { wasi } = openWasi({ handlesMax: 100 });
    const guest = start(wasi.imports);
    expect(thrown(() => guest.leak())).toBe(wasi.failure);
    expect(wasi.failure).toMatchObject({ code: 'limit/handles' });
    expect(wasi.hostCalls()).toBe(101);
  });
});

describe('core code', () => {
  it('can catch an exit, but nothing that it calls afterwards works and the exit is on record', async () => {
    const { wasi, guest } = openWasi();
    const { parseWat } = await wabt();
    const { buffer } = parseWat('catcher.wat', CATCHER, { exceptions: true }).toBinary({});
    const exit = () => guest['wasi:cli/exit'].exit({ tag: 'err', val: undefined });
    const host = { exit, now: guest['wasi:clocks/monotonic-clock'].now };
    const instance = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(buffer)), { host });
    const outliveExit = instance.exports['outlive-exit'] as () => number; // as the text above declares it
    expect(outliveExit()).toBe(20);
    expect(exitCodeOf(wasi.failure)).toBe(1);
  });
});
