// The cost models beside Wasmtime's own count: `record` lets Wasmtime run many calls and keeps results and fuel; `replay` runs the
// same calls here, instrumented in every way, and compares. `exact` has to take the same fuel to the unit, both have to give the
// same results and memory, and `region` has to stay within its bounds of what was executed. Exits with 1 on any difference.
//
//   node test/outside/fuel-reference.mjs replay [--write-regions FILE | --compare-regions FILE] [--dist DIR] [RECORDING...]
//   node test/outside/fuel-reference.mjs record --python PYTHON --out RECORDING [--random N] [--seed N]
//       [--wasm-opt COMMAND --binaryen N]... [--spec PATH [--converter COMMAND]]
//
// Without RECORDING, `replay` takes the project's own, test/golden/fuel/. `record` needs a Python with the package `wasmtime`.
// It takes N modules of our own generator, N by Binaryen's (twice for two versions of it), and the modules of the
// WebAssembly test suite with the calls of its scripts. What executed means is counted by a build that adds 1 before every
// instruction. `--write-regions` keeps the fuel in `region` of all calls, to compare that of another Node with it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { RESET } from './fuel/binaryen.mjs';
import { recordAll } from './fuel/record.mjs';
import { readRecording, writeRecording } from './fuel/recording.mjs';
import { spreadText } from './fuel/region.mjs';
import { replayAll } from './fuel/replay-all.mjs';
import { loadInstrumentation } from './fuel/sides.mjs';

const SHOWN_MAX = 40;
const GOLDEN = new URL('../golden/fuel/', import.meta.url);
const USAGE = 'usage: node test/outside/fuel-reference.mjs replay|record ...   (see the head of the file)';

const { values: options, positionals } = parseArgs({
  options: {
    dist: { type: 'string', default: fileURLToPath(new URL('../../dist', import.meta.url)) },
    'write-regions': { type: 'string' },
    'compare-regions': { type: 'string' },
    python: { type: 'string' },
    out: { type: 'string' },
    random: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    'wasm-opt': { type: 'string', multiple: true, default: [] },
    binaryen: { type: 'string', multiple: true, default: [] },
    spec: { type: 'string', multiple: true, default: [] },
    converter: { type: 'string', default: 'wasm-tools' },
    help: { type: 'boolean' },
  },
  allowPositionals: true,
});
const [command, ...files] = positionals;
const instrumentation = await loadInstrumentation(options.dist);
if (command === 'replay' && !options.help) runReplay();
else if (command === 'record' && !options.help && options.python !== undefined && options.out !== undefined) runRecord();
else {
  console.error(USAGE);
  process.exitCode = 2;
}

function runRecord() {
  const sources = {
    random: Number(options.random),
    seed: Number(options.seed),
    binaryen: options['wasm-opt'].map((tool, at) => ({ tool, count: Number(options.binaryen[at] ?? 0) })),
    spec: options.spec,
    converter: options.converter,
  };
  const { version, modules, dropped } = recordAll(instrumentation, options.python, sources);
  writeRecording(options.out, version, modules);
  const calls = modules.flatMap((module) => module.calls).filter((call) => call.export !== RESET);
  console.log(
    `Wasmtime ${version}: ${modules.length} modules, ${calls.length} calls, ${calls.filter((call) => call.fuel !== undefined).length} returned`,
  );
  for (const [reason, times] of Object.entries(dropped)) console.log(`  ${times} modules left out: ${reason}`);
}

function runReplay() {
  const paths = files.length > 0 ? files : golden();
  const recordings = paths.map((file) => readRecording(file, instrumentation.opcodes));
  const found = replayAll(
    instrumentation,
    recordings.flatMap(({ modules }) => modules),
  );
  const { mnemonics } = instrumentation.opcodes;
  const missing = [...mnemonics].filter(([opcode]) => !found.executed.has(opcode)).map(([, name]) => name);
  console.log(`Node ${process.version} beside Wasmtime ${[...new Set(recordings.map(({ wasmtime }) => wasmtime))].join(', ')}`);
  console.log(`${found.modules} modules, ${found.calls} calls, ${found.returned} returned`);
  for (const [reason, times] of Object.entries(found.skipped)) console.log(`  ${times} modules not run: ${reason}`);
  console.log(`opcodes executed by calls that returned: ${found.executed.size} of ${mnemonics.size}; not ${missing.join(' ')}`);
  printRatios(found.ratios);
  for (const problem of found.problems.slice(0, SHOWN_MAX)) console.log(problem);
  console.log(`${found.problems.length} differences`);
  const regionsDiffer = compareRegions(found.regions);
  process.exitCode = found.problems.length > 0 || found.returned === 0 || regionsDiffer ? 1 : 0;
}

function printRatios(ratios) {
  for (const least of [1, 100, 1000]) {
    const some = ratios.filter(({ exact }) => exact >= least);
    console.log(`${some.length} calls of ${least} units and more`);
    console.log(`  region / price of the path: ${spreadText(some.map(({ toPath }) => toPath))}`);
    console.log(`  region / exact:             ${spreadText(some.map(({ toExact }) => toExact))}`);
  }
}

function golden() {
  const folder = fileURLToPath(GOLDEN);
  return readdirSync(folder).map((name) => folder + name);
}

/** @returns whether a module has other fuel in `region` than in the file. */
function compareRegions(regions) {
  if (options['write-regions'] !== undefined) writeFileSync(options['write-regions'], JSON.stringify(regions));
  if (options['compare-regions'] === undefined) return false;
  const others = JSON.parse(readFileSync(options['compare-regions'], 'utf8'));
  const common = Object.keys(regions).filter((name) => name in others);
  const differing = common.filter((name) => regions[name] !== others[name]);
  console.log(
    `fuel in region of ${common.length} modules that both ran: ${differing.length} differ ${differing.slice(0, SHOWN_MAX).join(' ')}`,
  );
  return differing.length > 0 || common.length === 0;
}
