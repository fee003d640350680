// What our AssemblyScript bindings cost a call, beside the Canonical ABI by hand and Rust's bindings.
import { decodeComponent, encodeParams, Runtime, resolveFunction } from 'cellblock/runtime';
import { moduleName } from '../dist/runtime/bindings/own/link-plan.js';
import { ownBindings } from '../dist/runtime/bindings/own/own-bindings.js';
import { buildLinkPlan } from '../dist/runtime/bindings/own/plan-builder.js';
import { greeters } from './bindgen/guests.mjs';
import { invokeOk } from './components.mjs';
import { duration, median, ratio, rounded, table } from './stats.mjs';

const LENGTHS = [5, 200, 2000];
/** Short, so that most batches run through: the machine may have other work. */
const BATCH = 1000;
const CELL_BATCH = 20;
const LIMITS = {
  result: { bytesMax: 2 ** 24, elementsMax: 2 ** 20 },
  hostCall: { bytesMax: 2 ** 24, elementsMax: 2 ** 20 },
  handlesMax: 1024,
};

/**
 * Measures `greet(name: string) -> string` in one instance, called a million times from canonical bytes to canonical bytes, and
 * through a fresh cell each. Guests take turns batch by batch, in an order that changes, so that whatever else the machine does meets
 * all of them alike.
 *
 * @returns rows of `{guest, operation, componentBytes, ms, samples}`; samples are batch means in milliseconds.
 */
export async function measureBindgen({ quick }) {
  const guests = (await greeters()).map(({ name, bytes }) => ({ name, bytes, component: decodeComponent(bytes) }));
  const rows = [];
  for (const length of LENGTHS) {
    const contenders = guests.map((guest) => ({ guest, run: warmCall(guest.component, 'x'.repeat(length)) }));
    const rounds = quick ? 100 : 1000; // a million calls of each
    rows.push(...takeTurns(`warm instance, ${length} letters`, contenders, rounds, BATCH));
  }
  rows.push(...(await measureCells(guests, quick)));
  return rows;
}

export function bindgenTable(rows) {
  const guests = [...new Set(rows.map(({ guest }) => guest))];
  const cell = (guest, operation) => rows.find((row) => row.guest === guest && row.operation === operation);
  const operations = [...new Set(rows.map(({ operation }) => operation))];
  return table(
    ['greet(name: string) -> string', 'component', ...operations.flatMap((operation) => [operation, 'of hand-written'])],
    guests.map((guest) => [
      guest,
      `${cell(guest, operations[0]).componentBytes} B`,
      ...operations.flatMap((operation) => [
        duration(cell(guest, operation).ms),
        ratio(cell(guest, operation).ms, cell('hand-written', operation).ms),
      ]),
    ]),
  );
}

/** One instance of a component by our bindings, without fuel. */
function warmCall(component, name) {
  const modules = new Map(component.coreModules.map((module, at) => [moduleName(at), new WebAssembly.Module(module.bytes)]));
  const linked = ownBindings.link({ bindings: 'own', plan: buildLinkPlan(component) });
  const instantiateCore = (module, imports) => new WebAssembly.Instance(module, imports);
  const { type } = resolveFunction(component, 'greet');
  const bound = linked.instantiate(modules, {}, instantiateCore, LIMITS).bind(undefined, 'greet', type);
  const params = encodeParams([name], type.params);
  return () => bound.lift(bound.call(bound.lower(params)));
}

function takeTurns(operation, contenders, rounds, batch) {
  for (const { run } of contenders) runBatch(run, 30 * batch);
  const samples = contenders.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const at = (turn + round) % contenders.length;
      samples[at].push(runBatch(contenders[at].run, batch));
    }
  }
  return contenders.map(({ guest }, at) => row(guest, operation, samples[at]));
}

/** Mean milliseconds of a call. */
function runBatch(run, batch) {
  const began = performance.now();
  for (let index = 0; index < batch; index += 1) run();
  return (performance.now() - began) / batch;
}

async function measureCells(guests, quick) {
  const runtime = new Runtime({ cacheDirectory: false, threads: 1 });
  try {
    const calls = [];
    for (const { component } of guests) calls.push(await runtime.prepare(component, { function: 'greet' }));
    const samples = guests.map(() => []);
    for (let round = -5; round < (quick ? 20 : 100); round += 1) {
      for (const [at, call] of calls.entries()) {
        // The first call of a batch is not counted: the worker has the instance of another guest ready.
        await invokeOk(runtime, call, ['x'.repeat(200)]);
        const began = performance.now();
        for (let index = 0; index < CELL_BATCH; index += 1) await invokeOk(runtime, call, ['x'.repeat(200)]);
        if (round >= 0) samples[at].push((performance.now() - began) / CELL_BATCH);
      }
    }
    return guests.map((guest, at) => row(guest, 'fresh cell, 200 letters', samples[at]));
  } finally {
    await runtime.close();
  }
}

function row({ name, bytes }, operation, samples) {
  return { guest: name, operation, componentBytes: bytes.length, ms: median(samples), samples: rounded(samples) };
}
