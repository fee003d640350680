// One contender of the comparison of bindings, in a process of its own: prints its samples as JSON.
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { decodeComponent, decodeParams, encodeParams, encodeValue, resolveFunction } from 'cellblock/runtime';
import { moduleName } from '../dist/runtime/bindings/own/link-plan.js';
import { ownBindings } from '../dist/runtime/bindings/own/own-bindings.js';
import { buildLinkPlan } from '../dist/runtime/bindings/own/plan-builder.js';
import { rounded } from './stats.mjs';

const HOST_CALLS = 1000;
const WARM_UP_MS = 400;
const BATCH_MS = 4;

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

const HOST = { next: (at) => at + 1, note: () => undefined };
const HOST_INTERFACE = 'bench:glue/host';
const GUEST_INTERFACE = 'bench:glue/guest';
const LIMITS = {
  result: { bytesMax: 2 ** 24, elementsMax: 2 ** 20 },
  hostCall: { bytesMax: 2 ** 24, elementsMax: 2 ** 20 },
  handlesMax: 1024,
};

const instantiateCore = (module, imports) => new WebAssembly.Instance(module, imports);

/** Ours: from canonical bytes to canonical bytes, as a cell's worker uses them. */
function own(component, types) {
  const modules = new Map(component.coreModules.map((module, at) => [moduleName(at), new WebAssembly.Module(module.bytes)]));
  const linked = ownBindings.link({ bindings: 'own', plan: buildLinkPlan(component) });
  const instantiate = () => linked.instantiate(modules, { [HOST_INTERFACE]: HOST }, instantiateCore, LIMITS);
  const ofBytes = (instance, name, values) => {
    const bound = instance.bind(GUEST_INTERFACE, name, types[name]);
    const params = encodeParams(values, types[name].params);
    return () => bound.lift(bound.call(bound.lower(params)));
  };
  return { instantiate, ofBytes, plain: ofBytes };
}

/** jco's glue: plain, from JavaScript values to JavaScript values; or with our codecs around it, for the same job as ours. */
async function jco(generate, bytes, types, folder) {
  const { files } = generate(bytes, {
    name: 'glue',
    instantiation: { tag: 'sync' },
    noTypescript: true,
    noNodejsCompat: true,
    map: [[HOST_INTERFACE, HOST_INTERFACE]],
  });
  const modules = new Map();
  for (const [file, content] of files) if (file.endsWith('.wasm')) modules.set(file, new WebAssembly.Module(content));
  const path = join(folder, 'glue.mjs');
  writeFileSync(path, files.find(([file]) => file.endsWith('.js'))[1]);
  const glue = await import(pathToFileURL(path).href);
  const instantiate = () => glue.instantiate((file) => modules.get(file), { [HOST_INTERFACE]: HOST }, instantiateCore);
  const plain = (instance, name, values) => () => instance[GUEST_INTERFACE][name](...values);
  const ofBytes = (instance, name, values) => {
    const { params, result } = types[name];
    const encoded = encodeParams(values, params);
    return () => encodeValue(instance[GUEST_INTERFACE][name](...decodeParams(encoded, params)), result);
  };
  return { instantiate, ofBytes, plain };
}

async function contenderOf({ name, peer, folder }) {
  const bytes = await componentNew(await componentEmbed({ binary: await parse(CORE), witSource: WIT }));
  const component = decodeComponent(bytes);
  const names = ['add', 'echo', 'count', 'tell'];
  const types = Object.fromEntries(names.map((one) => [one, resolveFunction(component, one).type]));
  if (name === 'own') return { version: 'own', ...own(component, types) };
  const root = resolve(peer, 'node_modules/@bytecodealliance', name === 'peer' ? 'jco' : 'jco-transpile');
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const file = name === 'peer' ? 'obj/js-component-bindgen-component.js' : 'vendor/js-component-bindgen-component.js';
  const { $init, generate } = await import(pathToFileURL(join(root, file)).href);
  await $init;
  return { version: `${name === 'peer' ? 'jco' : 'jco-transpile'} ${version}`, ...(await jco(generate, bytes, types, folder)) };
}

function operationsOf({ instantiate, ofBytes, plain }) {
  const instance = instantiate();
  const one = (operation, run, units = 1) => ({ operation, units, run });
  return [
    one('instantiate', instantiate),
    one('instantiate and first call', () => plain(instantiate(), 'add', [1, 2])()),
    one('call (u32, u32) -> u32, of bytes', ofBytes(instance, 'add', [1, 2])),
    one('call (string of 200) -> string, of bytes', ofBytes(instance, 'echo', [TEXT])),
    one('call (u32, u32) -> u32, plain', plain(instance, 'add', [1, 2])),
    one('call (string of 200) -> string, plain', plain(instance, 'echo', [TEXT])),
    one('host call (u32) -> u32', plain(instance, 'count', [HOST_CALLS]), HOST_CALLS),
    one('host call (string of 40)', plain(instance, 'tell', [HOST_CALLS]), HOST_CALLS),
  ];
}

/**
 * Mean nanoseconds of each batch. A batch lasts as long for a slow contender as for a fast one, and so does the warm-up:
 * batches of a fixed count would give the faster one less time to be compiled in.
 */
function measure(operations, rounds) {
  const warm = performance.now() + operations.length * WARM_UP_MS;
  while (performance.now() < warm) for (const operation of operations) runBatch(operation);
  const samples = operations.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, operation] of operations.entries()) samples[at].push(runBatch(operation));
  }
  return operations.map(({ operation }, at) => ({ operation, samples: rounded(samples[at]) }));
}

/** Grows the operation's batch until it lasts `BATCH_MS`; mean nanoseconds of one unit. */
function runBatch(operation) {
  const { run, units } = operation;
  operation.batch ??= 1;
  const began = performance.now();
  for (let index = 0; index < operation.batch; index += 1) run();
  const ms = performance.now() - began;
  const nanoseconds = (ms * 1e6) / (operation.batch * units);
  if (ms < BATCH_MS / 2) operation.batch *= 2;
  return nanoseconds;
}

const task = JSON.parse(process.argv[2]);
const contender = await contenderOf(task);
console.log(JSON.stringify({ contender: contender.version, rows: measure(operationsOf(contender), task.rounds) }));
