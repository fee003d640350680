// What is measured: the sample tools with the log that they are made for, and a component that does next to nothing.
import { readFileSync } from 'node:fs';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { openBuiltIn } from 'cellblock';
import { decodeComponent, paramsFromPlain } from 'cellblock/runtime';
import { ROOT } from './machine.mjs';

/**
 * WAT of a memory and of a `cabi_realloc` that gives out one block after another: an instance serves one call, so nothing is
 * ever freed. `growth` is what it does before it gives out a block that ends at `$next`: by default nothing, one page is enough.
 */
export function bumpAllocator(growth = '') {
  return `(memory (export "memory") 1)
  (global $next (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    ${growth}
    (local.get $at))`;
}

/** A function that adds two numbers, and one that returns its text: the smallest calls there are. */
const TINY_CORE = `(module
  ${bumpAllocator()}
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "echo") (param i32 i32) (result i32)
    (i32.store (i32.const 16) (local.get 0))
    (i32.store (i32.const 20) (local.get 1))
    (i32.const 16)))`;

const TINY_WIT = `package bench:tiny; world tiny {
  export add: func(a: u32, b: u32) -> u32;
  export echo: func(text: string) -> string;
}`;

/** The bytes of the tiny component, assembled from the text above. */
export async function tinyBytes() {
  return componentNew(await componentEmbed({ binary: await parse(TINY_CORE), witSource: TINY_WIT }));
}

/**
 * The calls to measure: name, component bytes, options of `Runtime.prepare`, parameters as values by position, and how
 * many bytes of text go in. The limits are high enough that none of them ends a call.
 */
export async function subjects() {
  const log = readFileSync(`${ROOT}tools/samples/kube-crashloop.log`, 'utf8');
  const tiny = await tinyBytes();
  const sample = (name) => readFileSync(`${ROOT}tools/${name}/${name}.wasm`);
  const capabilities = openBuiltIn(['log']);
  return [
    subject('tiny add', tiny, { function: 'add' }, { a: 1, b: 2 }),
    subject('tiny echo', tiny, { function: 'echo' }, { text: log.slice(0, 200) }),
    subject('redact', sample('redact'), { function: 'redact', capabilities }, { text: log, options: { custom: [] } }),
    subject('crash-summary', sample('crash-summary'), { function: 'summarise' }, { log, 'pods-max': 5 }),
  ];
}

function subject(name, bytes, options, params) {
  return { name, bytes, options: { ...options, limits: { fuelMax: 2_000_000_000n } }, params };
}

/** Decodes and prepares a subject in a runtime, with its parameters as values. */
export async function prepare(runtime, { bytes, options, params }) {
  const call = await runtime.prepare(decodeComponent(bytes), options);
  return { call, values: paramsFromPlain(params, call.function.type.params) };
}

/** Runs one call and insists that it went well: a bench of refusals would be fast. */
export async function invokeOk(runtime, call, values) {
  const outcome = await runtime.invoke(call, values);
  if (outcome.kind !== 'ok') throw new Error(`a call ended as \`${outcome.kind}\`: ${outcome.error?.message}`);
  return outcome;
}

/** A guest whose `go` calls a host function, that does nothing, so many times. */
export async function bridgedBytes() {
  const core = `(module
    (import "bench:host/noop" "noop" (func $noop))
    (func (export "go") (param i32)
      (block $end (loop $l
        (br_if $end (i32.eqz (local.get 0)))
        (call $noop)
        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (br $l)))))`;
  const wit =
    'package bench:bridged; world w { import bench:host/noop; export go: func(times: u32); } package bench:host { interface noop { noop: func(); } }';
  return componentNew(await componentEmbed({ binary: await parse(core), witSource: wit }));
}

/** As `prepare`, by a runner that decodes for itself. */
export async function prepareLoaded(runner, { bytes, options, params }) {
  const call = await runner.prepare(await runner.load(bytes), options);
  return { call, values: paramsFromPlain(params, call.function.type.params) };
}
