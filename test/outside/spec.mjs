// Runs the WebAssembly test suite on V8, plain and instrumented: in both cost models, with counters of a module's own and
// shared ones (which modules that link with one another always have). Every module that loads plain has to load
// instrumented unless it is refused by name, and every command that passes plain has to pass again, traps with the same
// message. Prints counts, refusals by reason and what was lost; exits with 1 when anything was.
//
//   node test/outside/spec.mjs [--only REGEXP] [--converter COMMAND] [--json FILE] [--dist DIR] PATH...
//
// PATH is a script or a folder: JSON by `wast2json` or `wasm-tools json-from-wast` with its modules beside it, or `.wast`, which
// `--converter` (either program; default `wasm-tools`) makes into such. Numbers and vectors go in and out as exact bits.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadInstrumentation, METERED, MeteredSide, PlainSide } from './fuel/sides.mjs';
import { compareRuns, count, countByKind, printReport, reasonOf } from './fuel/spec-report.mjs';
import { runScript } from './fuel/spec-run.mjs';
import { scriptsBelow } from './fuel/spec-scripts.mjs';

const { values: options, positionals } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    converter: { type: 'string', default: 'wasm-tools' },
    json: { type: 'string' },
    dist: { type: 'string', default: fileURLToPath(new URL('../../dist', import.meta.url)) },
    help: { type: 'boolean' },
  },
  allowPositionals: true,
});
if (positionals.length === 0 || options.help) {
  console.error('usage: node test/outside/spec.mjs [--only REGEXP] [--converter COMMAND] [--json FILE] [--dist DIR] PATH...');
  process.exit(2);
}

const instrumentation = await loadInstrumentation(options.dist);
const only = new RegExp(options.only);
const variants = METERED.map((way) => ({ way, name: '', kept: {}, refusals: {}, follows: 0, losses: [], fuel: {} }));
const plainOutcomes = [];
const unread = [];
let files = 0;
for (const path of positionals) {
  for (const script of scriptsBelow(path, options.converter)) {
    if (!only.test(script.name)) continue;
    if (script.problem === undefined) runAll(script);
    else unread.push(script);
  }
}
const report = {
  node: process.version,
  files,
  unread,
  plain: countByKind(plainOutcomes),
  variants: variants.map(({ way, ...rest }) => rest),
};
printReport(report);
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
process.exitCode = files === 0 || variants.some(({ losses }) => losses.length > 0) ? 1 : 0;

function runAll(script) {
  files += 1;
  const plain = runScript(script, new PlainSide()).outcomes;
  plainOutcomes.push(...plain);
  for (const variant of variants) {
    const side = new MeteredSide(instrumentation, variant.way);
    const { outcomes, fuel } = runScript(script, side);
    const { kept, refused, follows, losses } = compareRuns(plain, outcomes);
    variant.name = side.name;
    variant.follows += follows;
    variant.fuel[script.name] = String(fuel);
    variant.losses.push(...losses.map((loss) => ({ script: script.name, ...loss })));
    for (const [kind, times] of Object.entries(kept)) count(variant.kept, kind, times);
    for (const { why } of refused) count(variant.refusals, reasonOf(why));
  }
}
