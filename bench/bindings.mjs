// Our bindings beside jco's glue: one component, one thread, plain core modules, in turns.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { generate } from '@bytecodealliance/jco-transpile/component';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { decodeComponent, encodeParams, resolveFunction } from 'cellblock/runtime';
import { moduleName } from '../dist/runtime/bindings/own/link-plan.js';
import { ownBindings } from '../dist/runtime/bindings/own/own-bindings.js';
import { buildLinkPlan } from '../dist/runtime/bindings/own/plan-builder.js';
import { duration, median, ratio, rounded, table } from './stats.mjs';

const HOST_CALLS = 1000;

/** Adds, returns its text, and calls the host a thousand times: what the three rows measure. */
const CORE = `(module
  (import "bench:glue/host" "next" (func $next (param i32) (result i32)))
  (import "bench:glue/host" "note" (func $note (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "a line of text for the host, 40 bytes....")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "bench:glue/guest#add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "bench:glue/guest#echo") (param i32 i32) (result i32)
    (i32.store (i32.const 16) (local.get 0))
    (i32.store (i32.const 20) (local.get 1))
    (i32.const 16))
  (func (export "bench:glue/guest#count") (param $left i32) (result i32) (local $at i32)
    (loop $again
      (local.set $at (call $next (local.get $at)))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (local.get $at))
  (func (export "bench:glue/guest#tell") (param $left i32)
    (loop $again
      (call $note (i32.const 64) (i32.const 40))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))))`;

const WIT = `package bench:glue;
interface host { next: func(at: u32) -> u32; note: func(text: string); }
interface guest { add: func(a: u32, b: u32) -> u32; echo: func(text: string) -> string; count: func(calls: u32) -> u32; tell: func(calls: u32); }
world glue { import host; export guest; }`;

const TEXT = 'some text of two hundred characters, '.repeat(6).slice(0, 200);

/**
 * Measures instantiation, a call of two numbers, a call with text and host calls.
 *
 * @param peer - a folder with `node_modules/@bytecodealliance/jco`, for example version 1.10.2; without it only the current
 * jco is beside us.
 * @returns rows of `{contender, operation, nanoseconds, samples}`; samples are batch means in nanoseconds.
 */
export async function measureBindings({ quick, peer }) {
  const bytes = await componentNew(await componentEmbed({ binary: await parse(CORE), witSource: WIT }));
  const folder = mkdtempSync(join(tmpdir(), 'cellblock-bench-glue-'));
  try {
    const contenders = [await own(bytes), await jcoGlue('jco-transpile', generate, bytes, join(folder, 'current'))];
    if (peer !== undefined) contenders.push(await peerGlue(peer, bytes, join(folder, 'peer')));
    return takeTurns(contenders, quick ? 12 : 40);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function bindingsTable(rows) {
  const names = [...new Set(rows.map(({ contender }) => contender))];
  const cell = (contender, operation) => rows.find((row) => row.contender === contender && row.operation === operation);
  return table(
    ['bindings', ...names, ...names.slice(1).map((name) => `own / ${name}`)],
    [...new Set(rows.map(({ operation }) => operation))].map((operation) => {
      const [first, ...rest] = names.map((name) => cell(name, operation).nanoseconds);
      return [operation, ...[first, ...rest].map((value) => duration(value / 1e6)), ...rest.map((value) => ratio(first, value))];
    }),
  );
}

const HOST = { next: (at) => at + 1, note: () => undefined };
const LIMITS = {
  result: { bytesMax: 2 ** 24, elementsMax: 2 ** 20 },
  hostCall: { bytesMax: 2 ** 24, elementsMax: 2 ** 20 },
  handlesMax: 1024,
};

/** Ours, from encoded parameters to the encoded result, as a cell's worker uses them. */
async function own(bytes) {
  const component = decodeComponent(bytes);
  const plan = buildLinkPlan(component);
  const modules = new Map(component.coreModules.map((module, at) => [moduleName(at), new WebAssembly.Module(module.bytes)]));
  const linked = ownBindings.link({ bindings: 'own', plan });
  const instantiateCore = (module, imports) => new WebAssembly.Instance(module, imports);
  const types = Object.fromEntries(['add', 'echo', 'count', 'tell'].map((name) => [name, resolveFunction(component, name).type]));
  const instantiate = () => linked.instantiate(modules, { 'bench:glue/host': HOST }, instantiateCore, LIMITS);
  const caller = (instance, name, values) => {
    const bound = instance.bind('bench:glue/guest', name, types[name]);
    const params = encodeParams(values, types[name].params);
    return () => bound.lift(bound.call(bound.lower(params)));
  };
  return contender('own', instantiate, caller);
}

async function peerGlue(folder, bytes, into) {
  const root = resolve(folder, 'node_modules/@bytecodealliance/jco');
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const { $init, generate: peerGenerate } = await import(pathToFileURL(join(root, 'obj/js-component-bindgen-component.js')).href);
  await $init;
  return jcoGlue(`jco ${version}`, peerGenerate, bytes, into);
}

/** jco's glue, from JavaScript values to JavaScript values. */
async function jcoGlue(name, generateGlue, bytes, into) {
  const { files } = generateGlue(bytes, {
    name: 'glue',
    instantiation: { tag: 'sync' },
    noTypescript: true,
    noNodejsCompat: true,
    map: [['bench:glue/host', 'bench:glue/host']],
  });
  const modules = new Map();
  for (const [file, content] of files) if (file.endsWith('.wasm')) modules.set(file, new WebAssembly.Module(content));
  const source = files.find(([file]) => file.endsWith('.js'))[1];
  const path = `${into}.mjs`;
  writeFileSync(path, source);
  const { instantiate } = await import(pathToFileURL(path).href);
  const instantiateCore = (module, imports) => new WebAssembly.Instance(module, imports);
  const make = () => instantiate((file) => modules.get(file), { 'bench:glue/host': HOST }, instantiateCore);
  const caller = (instance, name_, values) => () => instance['bench:glue/guest'][name_](...values);
  return contender(name, make, caller);
}

function contender(name, instantiate, caller) {
  const add = caller(instantiate(), 'add', [1, 2]);
  const echo = caller(instantiate(), 'echo', [TEXT]);
  const count = caller(instantiate(), 'count', [HOST_CALLS]);
  const tell = caller(instantiate(), 'tell', [HOST_CALLS]);
  return {
    name,
    operations: [
      { operation: 'instantiate', batch: 200, units: 1, run: instantiate },
      { operation: 'instantiate and first call', batch: 200, units: 1, run: () => caller(instantiate(), 'add', [1, 2])() },
      { operation: 'call (u32, u32) -> u32', batch: 5000, units: 1, run: add },
      { operation: 'call (string of 200) -> string', batch: 2000, units: 1, run: echo },
      { operation: 'host call (u32) -> u32', batch: 20, units: HOST_CALLS, run: count },
      { operation: 'host call (string of 40)', batch: 20, units: HOST_CALLS, run: tell },
    ],
  };
}

/** Batches in turns; the first rounds warm up the compiler. */
function takeTurns(contenders, rounds) {
  const rows = contenders.flatMap(({ name, operations }) =>
    operations.map(({ operation }) => ({ contender: name, operation, samples: [] })),
  );
  for (let round = -10; round < rounds; round += 1) {
    for (const { name, operations } of contenders) {
      for (const { operation, batch, units, run } of operations) {
        const began = performance.now();
        for (let at = 0; at < batch; at += 1) run();
        const nanoseconds = ((performance.now() - began) * 1e6) / (batch * units);
        if (round >= 0) rows.find((row) => row.contender === name && row.operation === operation).samples.push(nanoseconds);
      }
    }
  }
  return rows.map((row) => ({ ...row, nanoseconds: median(row.samples), samples: rounded(row.samples) }));
}
