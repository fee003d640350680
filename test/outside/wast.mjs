// Runs reference tests of the component model (`.wast`) on a build of this project; see HELP.
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runInProcesses } from './wast/processes.mjs';
import { countOf, printFile, printTotal } from './wast/report.mjs';

const USAGE =
  'usage: node test/outside/wast.mjs [--bindings own|jco] [--json FILE] [--verbose] [--timeout-ms N] [--dist DIR] PATH...';
const HELP = `${USAGE}

Runs reference tests of the component model (.wast): every component must be accepted or refused as its file says, every
call must return or trap as it says. Prints counts for each file, what was skipped and why, and all failures; exits
with 1 when anything failed. Needs the build (npm run build).

An assert of a refusal passes when the decoder refuses, or a step of preparing does; one of a trap when the call traps,
whatever the message. What the project says that it does not support is skipped. Each file runs in a process of its own.

  PATH            a .wast file, or a folder: every .wast below it
  --bindings      whose linking code runs the calls: own (the default) or jco
  --json FILE     writes everything as JSON, with all pairs of messages
  --verbose       prints the passed asserts whose message has no word in common with the expected one
  --timeout-ms N  milliseconds that one directive may take before its process is killed; 20000 by default
  --dist DIR      folder of the build; by default this checkout's
  --help          this text

example: git clone https://github.com/WebAssembly/component-model
         node test/outside/wast.mjs component-model/test/values component-model/test/resources`;

const { values: options, positionals } = parseArgs({
  options: {
    bindings: { type: 'string', default: 'own' },
    json: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    'timeout-ms': { type: 'string', default: '20000' },
    dist: { type: 'string', default: fileURLToPath(new URL('../../dist', import.meta.url)) },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
if (options.help) {
  console.log(HELP);
  process.exit(0);
}
const { bindings, dist } = options;
const timeoutMsMax = Number(options['timeout-ms']);
const paths = positionals.flatMap(wastBelow).sort();
if (paths.length === 0 || !['own', 'jco'].includes(bindings) || !(timeoutMsMax > 0)) {
  console.error(USAGE);
  process.exit(2);
}

const files = [];
for (const path of paths) {
  const file = { file: path, items: await runInProcesses({ file: path, dist, bindings, timeoutMsMax }) };
  files.push(file);
  printFile(file, options.verbose);
}
printTotal(files, bindings);
const total = countOf(files.flatMap(({ items }) => items));
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ bindings, total, files }, null, 2)}\n`);
process.exitCode = total.failed > 0 ? 1 : 0;

function wastBelow(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.wast'))
    .map((entry) => join(entry.parentPath, entry.name));
}
