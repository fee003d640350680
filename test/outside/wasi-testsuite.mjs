// Runs the preview-1 programs of wasi-testsuite in a `files` grant; see HELP.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';

const USAGE =
  'usage: node test/outside/wasi-testsuite.mjs [--json] [--adapter FILE] [--bindings auto|own|jco] [--access read|write] PATH...';
const HELP = `${USAGE}

Runs the prebuilt preview-1 programs of WebAssembly/wasi-testsuite (branch prod/testsuite-base; for example its folders
tests/c/testsuite, tests/assemblyscript/testsuite and tests/rust/testsuite/wasm32-wasip1). Each is made a component, as
\`jco new --wasi-command\` does, and run with the arguments, variables and folder that the JSON file beside it names; the
folder is granted as files, so what the program writes goes nowhere. Prints what did not end as the JSON file says; exit
code 1 when there is any. \`exit\` of WASI 0.2 says success or failure and no more, so any failure stands for an exit code
that is not 0.

Three programs of AssemblyScript cannot pass, under Wasmtime no more than here: args_get-multiple-arguments and
environ_get-multiple-variables, whose allocator takes the page in which the adapter keeps its state ("assertion failed at
adapter line ..."), and fd_write-to-invalid-fd, since the adapter answers a write of no buffers without looking at the
descriptor. Of those of Rust, seven make links, which granted files do not have.

Needs the build (npm run build).

  PATH        a folder, or a .wasm file
  --adapter   wasi_snapshot_preview1.command.wasm; default: that of @bytecodealliance/jco, where it is installed
  --bindings  who links the components: auto (the default), own or jco
  --access    read: the grant is read-only, so programs that write must fail; default: write
  --json      prints the rows as JSON
  --help      this text

example: node test/outside/wasi-testsuite.mjs --adapter lib/wasi_snapshot_preview1.command.wasm wasi-testsuite/tests/c`;

const { values: options, positionals } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    adapter: { type: 'string' },
    bindings: { type: 'string', default: 'auto' },
    access: { type: 'string', default: 'write' },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
if (options.help) {
  console.log(HELP);
  process.exit(0);
}
const programs = positionals.flatMap(programsBelow).sort();
if (programs.length === 0) {
  console.error(`${USAGE}   (no .wasm found)`);
  process.exit(2);
}
// After the options: `--help` needs no build.
const { Runtime } = await import('cellblock/runtime');
const { BUILT_IN } = await import('cellblock');
const { LoneCall } = await import('../../dist/host/lone-call.js');
const FILES = BUILT_IN.find(({ name }) => name === 'files');
const adapter = readFileSync(options.adapter ?? adapterOfJco());
const runtime = new Runtime({ bindings: options.bindings });
const rows = [];
for (const program of programs) rows.push(await tryProgram(program));
await runtime.close();
report(rows);

function programsBelow(path) {
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path, { recursive: true }).filter((name) => name.endsWith('.wasm'));
  return names.map((name) => join(path, name));
}

function adapterOfJco() {
  try {
    const entry = createRequire(import.meta.url).resolve('@bytecodealliance/jco');
    return fileURLToPath(new URL('../lib/wasi_snapshot_preview1.command.wasm', pathToFileURL(entry)));
  } catch {
    console.error(`${USAGE}   (@bytecodealliance/jco is not installed: name the adapter)`);
    process.exit(2);
  }
}

async function tryProgram(file) {
  const row = { file, passed: false };
  const { args = [], env = {}, root, exit_code: exitCode = 0, stdout } = manifestOf(file);
  try {
    const bytes = await componentNew(readFileSync(file), [['wasi_snapshot_preview1', adapter]]);
    const outcome = await run(bytes, [basename(file), ...args], env, root === undefined ? undefined : join(dirname(file), root));
    const ended = statusOf(outcome);
    const written = new TextDecoder().decode(outcome.stdout.bytes);
    row.passed = ended === (exitCode === 0 ? 'success' : 'failure') && written === (stdout ?? written);
    if (!row.passed) Object.assign(row, { ended, exitCode, written, stderr: new TextDecoder().decode(outcome.stderr.bytes) });
    if (!row.passed) row.message = outcome.error?.message;
  } catch (error) {
    row.ended = error.code ?? error.name;
    row.message = error.message;
  }
  return row;
}

function statusOf({ kind, error }) {
  if (kind === 'ok') return 'success';
  return error?.code === 'tool/exit-status' ? 'failure' : error?.code;
}

function manifestOf(file) {
  const manifest = file.replace(/\.wasm$/, '.json');
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')) : {};
}

async function run(bytes, args, env, folder) {
  const lone = withFiles(folder);
  const program = { kind: 'wasi', name: 'program', setup: { args, env: Object.entries(env), clock: 'real' } };
  const capabilities = [program, ...lone.capabilities];
  const call = await runtime.prepare(await runtime.load(bytes), { function: 'wasi:cli/run#run', capabilities });
  return (await lone.run(call.limits.timeoutMsMax, (invocation) => runtime.invoke(call, [], invocation))).cell;
}

/** A call with a grant of the files below a real folder, as a policy would have it. What is written goes nowhere. */
function withFiles(folder) {
  const grants = folder === undefined ? [] : ['files'];
  const scopes = new Map(
    grants.map((name) => [name, FILES.scope.parse({ mounts: { '/': { from: folder, access: options.access } } })]),
  );
  return new LoneCall({ tool: 'program', entries: BUILT_IN, grants, scopes, folder: process.cwd() });
}

function report(found) {
  if (options.json) console.log(JSON.stringify(found, null, 2));
  else {
    for (const { file, passed, ...why } of found) if (!passed) console.log(`${file}\n  ${JSON.stringify(why)}`);
    console.log(`${found.filter(({ passed }) => passed).length} of ${found.length} passed`);
  }
  process.exitCode = found.every(({ passed }) => passed) ? 0 : 1;
}
