// Runs reference tests of the component model (`.wast`): every component must be accepted or refused as its file says, every
// call must return or trap as it says. Prints counts for each file, what was skipped and why, and all failures; exits
// with 1 when anything failed.
//
//   node test/outside/wast.mjs [--bindings own|jco] [--json FILE] [--verbose] [--timeout-ms N] [--dist DIR] PATH...
//
// PATH is a file or a folder of them. An assert of a refusal passes when the decoder refuses, or a step of preparing does;
// one of a trap when the call traps, whatever the message. `--verbose` prints the passed asserts whose message has no word
// in common with the expected one, `--json` keeps all pairs. What the project says that it does not support is skipped.
// Each file runs in a process of its own, which is killed when one directive takes longer than `--timeout-ms`.
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runInProcesses } from './wast/processes.mjs';
import { countOf, printFile, printTotal } from './wast/report.mjs';

const { values: options, positionals } = parseArgs({
  options: {
    bindings: { type: 'string', default: 'own' },
    json: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    'timeout-ms': { type: 'string', default: '20000' },
    dist: { type: 'string', default: fileURLToPath(new URL('../../dist', import.meta.url)) },
  },
  allowPositionals: true,
});
const { bindings, dist } = options;
const timeoutMsMax = Number(options['timeout-ms']);
const paths = positionals.flatMap(wastBelow).sort();
if (paths.length === 0 || !['own', 'jco'].includes(bindings) || !(timeoutMsMax > 0)) {
  console.error(
    'usage: node test/outside/wast.mjs [--bindings own|jco] [--json FILE] [--verbose] [--timeout-ms N] [--dist DIR] PATH...',
  );
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
