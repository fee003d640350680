// `npm run bench`: what a call costs, phase by phase, beside a piscina pool that does nothing, on this machine.
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build, install, ROOT } from '../test/setup/set-up.mjs';
import { installCommand } from './fuel/packages.mjs';

const HELP = `usage: npm run bench -- [--quick] [--json] [--only phases|warm|start|bindings|throughput|runners|decide|warden|capabilities|bindgen] [--peer FOLDER]
       npm run bench -- --only serve [--quick] [--json] [--everything FOLDER]
       npm run bench -- --only fuel [--quick] [--json] [--node PATH]... [--jobs NAMES] [--workloads FOLDER] [--kernels FOLDER]
                        [--wasmtime PYTHON] [--peer-metering FOLDER]

Measures a call by phase, warm calls beside a piscina no-op, whole processes beside \`node -e 0\`, our bindings beside
jco's glue, large values through a call, decisions on a large policy beside Cedar's engine, and what a use of each capability costs.
Prints tables and writes raw data to bench/results/<UTC time>-node<major>.json.

  --quick   fewer samples, about a quarter of the time; writes to the temporary folder instead
  --json    print the raw data instead of the tables
  --only    one part; writes to the temporary folder instead, but for \`capabilities\`, \`bindgen\` and \`serve\`
  --peer    a folder with node_modules/@bytecodealliance/jco of another version, for the part \`bindings\`:
            npm install --prefix FOLDER @bytecodealliance/jco@1.10.2
  --help    this text

What MCP costs is measured by \`--only serve\` alone, some minutes:

  --everything FOLDER     the reference server beside it: npm install --prefix FOLDER @modelcontextprotocol/server-everything@2026.8.31

What fuel costs is measured by \`--only fuel\` alone, about 15 minutes for two Nodes (\`--quick\`: 3 a Node). With all jobs and \`--workloads\`,
raw data and a plot are kept:

  --node PATH             a Node to measure on, as often as there are some; default: the one that runs this
  --jobs NAMES            only these jobs, with commas between
  --workloads FOLDER      real programs beside the kernels, from packages in a folder that this fills:
                          ${installCommand()}
  --kernels FOLDER        more kernels: .wasm files without imports that export run(), which returns an i32
  --wasmtime PYTHON       Wasmtime's own fuel, by a Python that has the package wasmtime
  --peer-metering FOLDER  wasm-metering: npm install --prefix FOLDER wasm-metering@0.2.1`;

/** Of a run without `--only`. */
const PARTS = ['phases', 'warm', 'start', 'bindings', 'throughput', 'runners', 'decide', 'warden', 'capabilities'];

function options() {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      only: { type: 'string' },
      peer: { type: 'string' },
      everything: { type: 'string' },
      node: { type: 'string', multiple: true },
      jobs: { type: 'string' },
      workloads: { type: 'string' },
      kernels: { type: 'string' },
      wasmtime: { type: 'string' },
      'peer-metering': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.only !== undefined && ![...PARTS, 'bindgen', 'fuel', 'serve'].includes(values.only))
    throw new Error(`there is no part \`${values.only}\``);
  return values;
}

/** Runs the parts that were asked for; each is loaded after the build that it measures. */
async function measure({ quick, only, peer, everything, ...fuel }) {
  const { machine, versions } = await import('./machine.mjs');
  const results = { format: 1, startedAt: new Date().toISOString(), quick, machine: machine(), versions: versions() };
  const wants = (part) => only === undefined || only === part;
  if (wants('phases')) results.phases = await (await import('./phases.mjs')).measurePhases({ quick });
  if (wants('warm')) results.warmCalls = await (await import('./warm-call.mjs')).measureWarmCalls({ quick });
  if (wants('start')) results.starts = (await import('./start.mjs')).measureStarts({ quick });
  if (wants('bindings')) results.bindings = (await import('./bindings.mjs')).measureBindings({ quick, peer });
  if (wants('throughput')) results.throughput = await (await import('./throughput.mjs')).measureThroughput({ quick });
  if (wants('runners')) results.runners = await (await import('./runners.mjs')).measureRunners({ quick });
  if (wants('decide')) results.decide = (await import('./decide.mjs')).measureDecide({ quick });
  if (wants('warden')) results.warden = await (await import('./warden.mjs')).measureWarden({ quick });
  if (wants('capabilities')) {
    results.capabilities = await (await import('./capabilities.mjs')).measureCapabilities({ quick });
  }
  if (only === 'bindgen') results.bindgen = await (await import('./bindgen.mjs')).measureBindgen({ quick });
  if (only === 'serve') results.serve = await (await import('./serve.mjs')).measureServe({ quick, everything });
  if (only === 'fuel') results.fuel = await (await import('./fuel.mjs')).measureFuel({ quick, ...fuelOptions(fuel) });
  return results;
}

function fuelOptions({ node: nodes, jobs, workloads, kernels, wasmtime, 'peer-metering': peerMetering }) {
  return { nodes, jobs: jobs?.split(','), workloads, kernels, wasmtime, peerMetering };
}

/** The tables of a run, as Markdown. */
async function report({
  machine,
  versions,
  startedAt,
  phases,
  warmCalls,
  starts,
  bindings,
  throughput,
  runners,
  decide,
  warden,
  capabilities,
  bindgen,
  serve,
  fuel,
}) {
  const memory = `${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB`;
  const commit = versions.commit === undefined ? '' : ` (${versions.commit}${versions.dirty ? ', changed' : ''})`;
  const parts = [
    `${startedAt}\n${machine.cpu}, ${machine.cores} cores, ${memory}, ${machine.os}, load ${machine.loadAverage.toFixed(2)}`,
    `node ${versions.node}, V8 ${versions.v8}, jco-transpile ${versions.jcoTranspile}, piscina ${versions.piscina}, cellblock ${versions.cellblock}${commit}`,
  ];
  if (phases !== undefined) {
    const { phaseTable } = await import('./phases.mjs');
    for (const name of new Set(phases.map(({ subject }) => subject))) {
      parts.push(phaseTable(phases.filter(({ subject }) => subject === name)));
    }
  }
  if (warmCalls !== undefined) parts.push((await import('./warm-call.mjs')).warmCallTable(warmCalls));
  if (starts !== undefined) parts.push((await import('./start.mjs')).startTable(starts));
  if (bindings !== undefined) parts.push((await import('./bindings.mjs')).bindingsTable(bindings));
  if (throughput !== undefined) parts.push((await import('./throughput.mjs')).throughputTable(throughput));
  if (runners !== undefined) parts.push((await import('./runners.mjs')).runnersTable(runners));
  if (decide !== undefined) parts.push((await import('./decide.mjs')).decideTable(decide));
  if (warden !== undefined) parts.push((await import('./warden.mjs')).wardenTable(warden));
  if (capabilities !== undefined) parts.push((await import('./capabilities.mjs')).capabilitiesTable(capabilities));
  if (bindgen !== undefined) parts.push((await import('./bindgen.mjs')).bindgenTable(bindgen));
  if (serve !== undefined) parts.push((await import('./serve.mjs')).serveTable(serve));
  if (fuel !== undefined) parts.push((await import('./fuel/tables.mjs')).fuelTables(fuel));
  return parts.join('\n\n');
}

/** Only complete runs are evidence to keep. */
function isComplete({ quick, only, jobs, workloads, everything }) {
  const isWhole =
    only === undefined ||
    only === 'capabilities' ||
    only === 'bindgen' ||
    (only === 'serve' && everything !== undefined) ||
    (only === 'fuel' && jobs === undefined && workloads !== undefined);
  return !quick && isWhole;
}

/** Complete runs go to the project's folder, the rest to the temporary folder. @returns the files' paths. */
async function save(results, only, isKept) {
  const directory = isKept ? join(ROOT, 'bench', 'results') : join(tmpdir(), 'cellblock-bench-results');
  mkdirSync(directory, { recursive: true });
  const name = `${results.startedAt.replace(/[-:]|\.\d+/g, '')}-node${process.versions.node.split('.')[0]}`;
  const path = join(directory, only === undefined ? name : `${name}-${only}`);
  writeFileSync(`${path}.json`, `${JSON.stringify(results)}\n`);
  if (results.fuel === undefined) return [`${path}.json`];
  writeFileSync(`${path}.svg`, (await import('./fuel/plot.mjs')).fuelPlot(results.fuel));
  return [`${path}.json`, `${path}.svg`];
}

async function main() {
  const chosen = options();
  if (chosen.help) return console.log(HELP);
  install();
  build();
  const results = await measure(chosen);
  const paths = await save(results, chosen.only, isComplete(chosen));
  console.log(chosen.json ? JSON.stringify(results) : await report(results));
  console.error(`\nraw data: ${paths.join(', plot: ')}`);
}

await main();
