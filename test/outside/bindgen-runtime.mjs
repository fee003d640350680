// AssemblyScript guests in the place of Rust's, under wit-bindgen's own Rust runners; see HELP.

import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const USAGE =
  'usage: node test/outside/bindgen-runtime.mjs PATH --cache FOLDER [--only NAME]... [--guests ts|rust] [--python PYTHON] [--json]';
const HELP = `${USAGE}

The runtime tests of bytecodealliance/wit-bindgen (its folder tests/runtime), with guests written in AssemblyScript on our generated
bindings (test/fixtures/bindgen-runtime/) in the place of the suite's own. The suite's Rust runner calls the guest and asserts; both
are compiled and composed by the suite's own harness (\`wit-bindgen test\`), and the composed component runs in our Runtime, in a
thread, and in Wasmtime. A test passes when each of its Rust runners passes in both.

Left out, with the reason, is what is asynchronous and what has no guest in Rust. Exit code 1 when less than 75 % of the rest pass.

  PATH      a checkout of wit-bindgen; only read
  --cache   a folder to build in: the harness, and std for WebAssembly where Rust has none. Some minutes, the first time
  --only    only the test of this name, such as lists or rust/skip; may be given more than once
  --guests  ts: ours, the default. rust: the suite's own, to see that runners, compiler and engines are right
  --python  a Python that has the package wasmtime; default: python3
  --json    prints the rows as JSON
  --help    this text

Needs the build (npm run build), and Rust: \`rustup target add wasm32-unknown-unknown\`, or on Debian
\`apt install rustc-web cargo-web rust-web-src lld\`.

example: node test/outside/bindgen-runtime.mjs ../wit-bindgen --cache ../bindgen-cache --only lists`;
const SHARE_MIN = 0.75;

const { values: options, positionals } = parseArgs({
  options: {
    cache: { type: 'string' },
    only: { type: 'string', multiple: true },
    guests: { type: 'string', default: 'ts' },
    python: { type: 'string', default: 'python3' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
if (options.help) {
  console.log(HELP);
  process.exit(0);
}
const [path] = positionals;
if (path === undefined || options.cache === undefined || !existsSync(join(path, 'tests/runtime'))) {
  console.error(`${USAGE}   (PATH must have tests/runtime)`);
  process.exit(2);
}
// After the options: `--help` needs no build.
const { Runtime } = await import('cellblock/runtime');
const { runHere, runInWasmtime } = await import('./bindgen/engines.mjs');
const { layOver, worldsWithoutGuest } = await import('./bindgen/overlay.mjs');
const { openSuite } = await import('./bindgen/rust-suite.mjs');
const { runtimeTests, sourcesOf } = await import('./bindgen/runtime-worlds.mjs');
const { reportRows } = await import('./bindgen/report.mjs');
const { Worker } = await import('./bindgen/worker.mjs');

const cache = resolve(options.cache);
const from = join(resolve(path), 'tests/runtime');
const tests = runtimeTests(from).filter(({ name }) => options.only?.includes(name) ?? true);
const rows = await classify(tests);
const open = rows.filter(({ status }) => status === undefined);
const overlay = join(cache, 'overlay');
await layOver({ from, to: overlay }, options.guests === 'ts' ? open.map(({ test }) => test) : []);
const suite = await openSuite({ path: resolve(path), cache, progress });
const runtime = new Runtime();
for (const row of open) {
  progress(row.name);
  await runTest(row);
}
await runtime.close();
reportRows(rows, { json: options.json, shareMin: SHARE_MIN });

function progress(text) {
  process.stderr.write(`${text}\n`);
}

/** Rows, of which those that are to run have no status yet. */
async function classify(found) {
  const worker = new Worker();
  const classified = [];
  for (const test of found) classified.push({ name: test.name, test, ...(await leftOut(worker, test)) });
  worker.end();
  return classified;
}

async function leftOut(worker, test) {
  const text = await readFile(join(test.folder, 'test.wit'), 'utf8');
  for (const world of [test.runner, ...test.dependencies]) {
    const answer = await worker.ask({ kind: 'inspect', wit: test.wit, world, text });
    if (answer.asynchronous !== undefined) return { status: 'left out', why: `asynchronous: ${answer.asynchronous}` };
    if (answer.message !== undefined) return { status: 'failed', why: answer.message };
  }
  if (test.dependencies.every((world) => sourcesOf(test, world).length === 0)) {
    return { status: 'left out', why: 'has no guest in Rust' };
  }
  if (options.guests === 'rust') {
    const absent = [test.runner, ...test.dependencies].filter((world) => sourcesOf(test, world).length === 0);
    return absent.length === 0 ? {} : { status: 'left out', why: `has no \`${absent[0]}\` in Rust` };
  }
  const missing = worldsWithoutGuest(test);
  return missing.length === 0 ? {} : { status: 'failed', why: `no guest of ours for world \`${missing.join('`, `')}\`` };
}

async function runTest(row) {
  const composed = join(cache, 'composed.txt');
  await rm(composed, { force: true });
  const languages = options.guests === 'ts' ? ['rust', 'ts'] : ['rust'];
  const { failed } = await suite.run(join(overlay, row.name), { languages, composed });
  if (failed !== undefined) return Object.assign(row, { status: 'failed', why: `does not compile: ${reasonOf(failed)}` });
  const files = (await readFile(composed, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  if (files.length === 0) return Object.assign(row, { status: 'failed', why: 'nothing was composed' });
  const inWasmtime = await runInWasmtime(options.python, files);
  row.runs = [];
  for (const file of files) {
    row.runs.push({
      component: file.replace(/^.*composed-/, ''),
      here: await runHere(runtime, file),
      wasmtime: inWasmtime.get(file),
    });
  }
  row.status = row.runs.every(({ here, wasmtime }) => here.passed && wasmtime.passed) ? 'passed' : 'failed';
  row.why = row.runs.flatMap(failuresOf)[0];
}

function failuresOf({ component, here, wasmtime }) {
  return Object.entries({ here, wasmtime }).flatMap(([engine, { passed, why }]) =>
    passed ? [] : [`${component}, ${engine}: ${why}`],
  );
}

/** What a compiler had to say, out of what the harness printed. */
function reasonOf(text) {
  const lines = text.split('\n').map((line) => line.trim());
  const at = lines.indexOf('stderr:');
  return lines
    .slice(at + 1, at + 9)
    .join(' ')
    .slice(0, 1000);
}
