// Random modules, metered with random budgets, beside themselves plain and beside a build that counts every instruction.
// Each has to end in the same way with the same results and memory, or out of fuel; exactly the fuel that a call used has to be
// enough for it, and one unit less must not be. `exact` has to be the naive count; `region` has to stay in its bounds.
// Prints counts, the spread of region / exact, and every difference with its seed; exits with 1 when there is one.
//
//   node test/outside/fuel-fuzz.mjs [--count N] [--seed N] [--dist DIR]
//   node test/outside/fuel-fuzz.mjs --only SEED [--wasm FILE]           one module again; the file gets its bytes
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { seededRandom } from '../support/mutate.mjs';
import { fuzzModule } from './fuel/fuzz.mjs';
import { OperatorTable } from './fuel/random-expressions.mjs';
import { randomModule } from './fuel/random-module.mjs';
import { spreadText } from './fuel/region.mjs';
import { loadInstrumentation } from './fuel/sides.mjs';
import { Tracer } from './fuel/trace.mjs';

const SHOWN_MAX = 30;
const PROGRESS_MS = 10_000;

const { values: options } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    wasm: { type: 'string' },
    dist: { type: 'string', default: fileURLToPath(new URL('../../dist', import.meta.url)) },
    help: { type: 'boolean' },
  },
});
const [count, first] = options.only === undefined ? [Number(options.count), Number(options.seed)] : [1, Number(options.only)];
if (options.help || !Number.isSafeInteger(count) || !Number.isSafeInteger(first)) {
  console.error('usage: node test/outside/fuel-fuzz.mjs [--count N] [--seed N] [--only SEED [--wasm FILE]] [--dist DIR]');
  process.exit(2);
}

const instrumentation = await loadInstrumentation(options.dist);
const operators = new OperatorTable(instrumentation.opcodes);
const tracer = new Tracer(instrumentation.opcodes, instrumentation.COST_MODELS.region);
const kinds = kindsHere();
const totals = { modules: 0, calls: 0, returned: 0, exhausted: 0 };
const problems = [];
const ratios = [];
let told = Date.now();
for (let seed = first; seed < first + count; seed += 1) runSeed(seed);
console.log(`Node ${process.version}, seeds ${first} to ${first + count - 1}: ${JSON.stringify(totals)}`);
console.log(`region / exact of ${ratios.length} calls: ${spreadText(ratios)}`);
for (const problem of problems.slice(0, SHOWN_MAX)) console.log(problem);
console.log(`${problems.length} differences`);
process.exitCode = problems.length > 0 ? 1 : 0;

function runSeed(seed) {
  const module = randomModule(operators, seed, kinds[seed % kinds.length]);
  if (options.wasm !== undefined) writeFileSync(options.wasm, module.bytes);
  const found = fuzzModule(instrumentation, tracer, module, seededRandom(seed));
  totals.modules += 1;
  for (const key of ['calls', 'returned', 'exhausted']) totals[key] += found[key];
  ratios.push(...found.ratios);
  problems.push(...found.problems.map((text) => `seed ${seed}: ${text}`));
  if (Date.now() - told < PROGRESS_MS) return;
  told = Date.now();
  console.error(`${totals.modules} of ${count} modules, ${problems.length} differences`);
}

/** What the engine has: not every one knows the newer form of exceptions, and multiple memories. */
function kindsHere() {
  const all = [
    { exceptions: 'none' },
    { exceptions: 'legacy' },
    { exceptions: 'exnref', newer: true },
    { exceptions: 'none' },
    { exceptions: 'legacy', newer: true },
  ];
  return all.map((kind) => (WebAssembly.validate(randomModule(operators, 0, kind).bytes) ? kind : { exceptions: 'legacy' }));
}
