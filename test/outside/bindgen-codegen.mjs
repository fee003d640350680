// Generates and compiles AssemblyScript bindings for every world of wit-bindgen's codegen tests; see HELP.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const USAGE = 'usage: node test/outside/bindgen-codegen.mjs PATH [--only NAME]... [--keep FOLDER] [--generator FILE] [--json]';
const HELP = `${USAGE}

Every world under tests/codegen of bytecodealliance/wit-bindgen: our generator writes its AssemblyScript, a stub writer implements what
the generated files ask for and calls every imported function, \`asc\` compiles all of it, and the component that is made of that
must have the functions and types of the WIT, no more and no less, as our decoder reads it. Left out, with the reason, are worlds
that are asynchronous, which is worked out from their types. Exit code 1 when less than 90 % of the rest pass.

  PATH     a checkout of wit-bindgen; only read
  --only   only the file or folder of this name, such as lists.wit; may be given more than once
  --keep   keep what was generated in this folder
  --generator  a module whose \`generateAssemblyScript\` is used instead of ours; the suite's own tests give a broken one
  --json   prints the rows as JSON
  --help   this text

Needs the build (npm run build).

example: node test/outside/bindgen-codegen.mjs ../wit-bindgen --only resources.wit`;
const SHARE_MIN = 0.9;

const { values: options, positionals } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    keep: { type: 'string' },
    generator: { type: 'string' },
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
if (path === undefined || !existsSync(join(path, 'tests/codegen'))) {
  console.error(`${USAGE}   (PATH must have tests/codegen)`);
  process.exit(2);
}
const { codegenWorlds } = await import('./bindgen/codegen-worlds.mjs');
const { reportRows } = await import('./bindgen/report.mjs');
const { Worker } = await import('./bindgen/worker.mjs');

const found = codegenWorlds(join(resolve(path), 'tests/codegen'));
const worlds = found.filter(({ name }) => options.only?.includes(name.replace(/, .*/, '')) ?? true);
const folder = options.keep === undefined ? await mkdtemp(join(tmpdir(), 'cellblock-codegen-')) : resolve(options.keep);
const generator = options.generator === undefined ? undefined : resolve(options.generator);
const worker = new Worker();
const rows = [];
for (const world of worlds) rows.push(await tryOne(world));
worker.end();
if (options.keep === undefined) await rm(folder, { recursive: true });
reportRows(rows, { json: options.json, shareMin: SHARE_MIN });

async function tryOne({ name, wit, world, text, why }) {
  if (why !== undefined) return { name, status: 'left out', why };
  process.stderr.write(`${name}\n`);
  const own = join(folder, name.replace(/, .*/, ''));
  const answer = await worker.ask({ kind: 'codegen', wit, world, text, folder: own, generator });
  return { name, status: 'failed', why: answer.message, ...answer };
}
