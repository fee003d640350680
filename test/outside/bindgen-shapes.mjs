// A world with every type shape in Rust (wit-bindgen) and in AssemblyScript (our generator), through our runtime and through Wasmtime.
//
//   node test/outside/bindgen-shapes.mjs [--python PYTHON] [--seed N]    compares all of them on the calls of a seed
//   node test/outside/bindgen-shapes.mjs --record                        writes Wasmtime's answers to test/golden/shapes/
//
// PYTHON has the package `wasmtime`, 49: in 50.0 a host function that takes two borrowed handles fails ("deferred host scope has no call
// context"), and the calls that meet that are counted, not compared. Prints what was compared, and exits with 1 on any difference.
// Needs no build: vite, which vitest brings, loads the sources.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createViteServer } from 'vitest/node';

const SHOWN_MAX = 20;
const WASMTIMES_OWN_FAULT = 'deferred host scope has no call context';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    seed: { type: 'string', default: '1' },
    record: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (options.help || !/^\d+$/.test(options.seed)) {
  console.error('usage: node test/outside/bindgen-shapes.mjs [--python PYTHON] [--seed N] [--record]');
  process.exit(2);
}

const server = await createViteServer({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  configFile: false,
  logLevel: 'error',
  appType: 'custom',
  server: { middlewareMode: true, watch: null, ws: false, hmr: false },
  optimizeDeps: { noDiscovery: true },
});
const load = (name) => server.ssrLoadModule(`/test/authoring/bindgen/shapes/${name}.ts`);
const { shapesComponents, chains } = await load('components');
const { shapesCalls } = await load('cases');
const { expectedAnswers, ourDifferences } = await load('compare');
const { callJson, readAnswer, resultBytes, writeGolden } = await load('golden');
const { named } = await load('host');
const { ready, subject } = await server.ssrLoadModule('/test/differential/sides.ts');
const { jsonText } = await server.ssrLoadModule('/runtime/value/index.ts');
await ready;

const folder = mkdtempSync(join(tmpdir(), 'cellblock-shapes-'));
const shown = [];
let compared = 0;
let skipped = 0;
try {
  await compareAll();
} finally {
  rmSync(folder, { recursive: true, force: true });
  await server.close();
}
for (const line of shown.slice(0, SHOWN_MAX)) console.log(line);
console.log(`${compared} answers compared, ${shown.length} differences, ${skipped} calls that fail by a fault of Wasmtime 50`);
process.exitCode = shown.length > 0 || compared === 0 ? 1 : 0;

async function compareAll() {
  const components = await shapesComponents();
  const { component } = subject(components.Rust, false);
  const calls = shapesCalls(component, Number(options.seed));
  const expected = await expectedAnswers(components.Rust, calls);
  const relays = calls.filter(({ within }) => within === 'shapes').map((call) => ({ ...call, within: 'relay' }));
  const relayed = expected
    .filter(({ call }) => call.within === 'shapes')
    .map((one) => ({ ...one, call: { ...one.call, within: 'relay' } }));
  for (const [name, bytes] of Object.entries(components)) {
    const { wasmtime, answers } = askWasmtime(component, bytes, [...calls, ...relays]);
    compare(`${name} in Wasmtime ${wasmtime}`, component, [...expected, ...relayed], answers);
    if (options.record && name === 'Rust') record(component, wasmtime, calls, answers);
    take(name, ourDifferences(bytes, expected));
  }
  const driven = expected.filter(({ call }) => call.within === 'driver').map((one) => ({ ...one, things: [] }));
  for (const [name, bytes] of Object.entries(chains(components))) {
    const { wasmtime, answers } = askWasmtime(
      component,
      bytes,
      driven.map(({ call }) => call),
    );
    compare(`${name} in Wasmtime ${wasmtime}`, component, driven, answers);
    take(name, ourDifferences(bytes, driven, !name.includes('AssemblyScript'))); // jco panics on UTF-16 between components
  }
}

function take(name, { compared: count, differences }) {
  compared += count;
  shown.push(...differences.map((difference) => `${name}: ${difference}`));
}

function record(component, wasmtime, calls, answers) {
  const failed = answers.find(({ error }) => error !== undefined);
  if (failed !== undefined) throw new Error(`nothing is recorded: ${failed.error}`);
  writeGolden(
    component,
    wasmtime,
    calls.map((call, at) => [call, answers[at]]),
  );
}

/** Runs calls by Wasmtime, in order, in one instance; programs have one each. */
function askWasmtime(component, bytes, calls) {
  const path = join(folder, 'component.wasm');
  writeFileSync(path, bytes);
  const head = { component: path, mirror: named('mirror'), things: named('things') };
  const lines = calls.map((call) => {
    const { within, ...rest } = callJson(component, call);
    return jsonText({ within: named(within), ...rest, fresh: within === 'driver' });
  });
  const script = fileURLToPath(new URL('./shapes/wasmtime_calls.py', import.meta.url));
  const input = `${JSON.stringify(head)}\n${lines.join('\n')}\n`;
  const { status, stdout, stderr } = spawnSync(options.python, [script], { input, encoding: 'utf8', maxBuffer: 2 ** 30 });
  if (status !== 0) throw new Error(`${options.python} with the package wasmtime: ${stderr}`);
  const [first, ...answers] = stdout.trimEnd().split('\n');
  return { wasmtime: JSON.parse(first).wasmtime, answers: answers.map((line, at) => readAnswer(component, calls[at], line)) };
}

function compare(title, component, expected, answers) {
  for (const [at, { call, result, things }] of expected.entries()) {
    const { error, ...answer } = answers[at];
    if (error?.includes(WASMTIMES_OWN_FAULT)) {
      skipped += 1;
      continue;
    }
    compared += 1;
    const found = error ?? resultBytes(component, call, answer.result);
    const where = `${title}: ${call.within}#${call.name} of ${jsonText(callJson(component, call).params).slice(0, 200)}`;
    if (found !== result) shown.push(`${where}\n  expected ${result.slice(0, 300)}\n  found    ${found.slice(0, 300)}`);
    if (answer.things.join('\n') !== things.join('\n')) shown.push(`${where}\n  things ${things}\n  found  ${answer.things}`);
    if (call.within === 'relay' && answer.mirrored.length !== 1)
      shown.push(`${where}\n  the mirror was asked ${answer.mirrored.length} times`);
  }
}
