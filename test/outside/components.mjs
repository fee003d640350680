// Inspects and runs every component below the given paths; see HELP.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { sampleFor } from './sample.mjs';
import { wasmBelow } from './wasm-files.mjs';

const USAGE = 'usage: node test/outside/components.mjs [--json] [--bindings auto|own|jco] PATH...';
const HELP = `${USAGE}

Inspects and runs every component below the given paths, as \`cellblock inspect\` and \`cellblock run\` would: each callable
function once, with small parameters made from its JSON Schema. Prints counts by outcome and every reason. A component
that is refused for its imports is then run a second time with host functions that give sample answers.
Needs the build (npm run build).

  PATH        a .wasm file, or a folder: every .wasm below it, without folders named p3 (the asynchronous ABI)
  --json      prints the rows as JSON
  --bindings  who links the components: auto (the default), own or jco
  --help      this text

example: node test/outside/components.mjs tools`;

const { values: options, positionals } = parseArgs({
  options: {
    json: { type: 'boolean' },
    bindings: { type: 'string', default: 'auto' },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
if (options.help) {
  console.log(HELP);
  process.exit(0);
}
// After the options: `--help` needs no build.
const { decodeComponent, findFunctions, fromJson, isMet, paramsFromJson, paramsSchema, parseJson, Runtime, resultSchema } =
  await import('cellblock/runtime');
const files = positionals.flatMap(wasmBelow).sort();
if (files.length === 0) {
  console.error(`${USAGE}   (no .wasm found)`);
  process.exit(2);
}

const runtime = new Runtime({ bindings: options.bindings });
const rows = [];
for (const file of files) rows.push(await tryComponent(file));
await runtime.close();
report(rows);

async function tryComponent(file) {
  const row = { file, loaded: false, functions: 0, callable: 0, bindings: [], outcomes: {}, withHost: {}, reasons: [] };
  let component;
  try {
    component = decodeComponent(readFileSync(file));
    row.loaded = true;
  } catch (error) {
    row.reasons.push(`${error.code}: ${error.message}`);
    return row;
  }
  const functions = findFunctions(component);
  row.functions = functions.length;
  for (const found of functions) {
    if (!found.callable) {
      row.reasons.push(`${found.id} not callable: ${found.reason}`);
      continue;
    }
    row.callable += 1;
    const alone = await tryFunction(component, found, []);
    noteBindings(row, alone);
    count(row.outcomes, alone.kind);
    if (alone.why !== undefined) row.reasons.push(`${found.id} ${alone.kind}: ${alone.why}`);
    if (!alone.why?.startsWith('denied/no-grant')) continue;
    const served = await tryFunction(component, found, sampleHost(component));
    noteBindings(row, served);
    count(row.withHost, served.kind);
    if (served.why !== undefined) row.reasons.push(`${found.id} with host functions ${served.kind}: ${served.why}`);
  }
  return row;
}

/** Which bindings linked it, and why not our own. */
function noteBindings(row, { bindings, bindingsReason }) {
  const words = bindingsReason === undefined ? bindings : `${bindings} (${bindingsReason})`;
  if (words !== undefined && !row.bindings.includes(words)) row.bindings.push(words);
}

function count(counts, kind) {
  counts[kind] = (counts[kind] ?? 0) + 1;
}

/** A capability for each import that the runtime does not meet itself: every function answers with a sample of its result type. */
function sampleHost(component) {
  return component.imports
    .filter((item) => (item.kind === 'interface' && !isMet(item.name)) || item.kind === 'func')
    .map((item) => {
      const functions = item.kind === 'func' ? [item] : item.items.filter((inner) => inner.kind === 'func');
      return {
        kind: 'bridged',
        name: item.name,
        interface: item.name,
        functions: Object.fromEntries(functions.map((inner) => [inner.name, sampleFunction(inner.type)])),
      };
    });
}

function sampleFunction({ result }) {
  return () => (result === undefined ? undefined : fromJson(parseJson(JSON.stringify(sampleFor(resultSchema(result)))), result));
}

async function tryFunction(component, found, capabilities) {
  try {
    const call = await runtime.prepare(component, {
      function: found.id,
      capabilities,
      limits: { memoryPagesMax: 4096, timeoutMsMax: 20_000 },
    });
    const params = paramsFromJson(parseJson(JSON.stringify(sampleFor(paramsSchema(found.type.params)))), found.type.params);
    const outcome = await runtime.invoke(call, params);
    runtime.release(call);
    const { bindings, bindingsReason } = call.artifact;
    const why = outcome.error && `${outcome.error.code}: ${outcome.error.message}`;
    return { kind: outcome.kind, why, bindings, bindingsReason };
  } catch (error) {
    return { kind: error.code === undefined ? 'BROKEN' : 'refused', why: `${error.code ?? error.stack}: ${error.message}` };
  }
}

function report(all) {
  if (options.json) return console.log(JSON.stringify(all, null, 2));
  for (const row of all) {
    console.log(
      `${row.file}\n  ${row.loaded ? 'loaded' : 'NOT LOADED'}, ${row.callable} of ${row.functions} functions callable, ${JSON.stringify(row.outcomes)}, linked by ${row.bindings.join(' and ') || 'nothing'}`,
    );
    for (const reason of row.reasons) console.log(`    ${reason.slice(0, 240)}`);
  }
  const total = (key) => {
    const sum = {};
    for (const row of all) for (const [kind, times] of Object.entries(row[key])) sum[kind] = (sum[kind] ?? 0) + times;
    return JSON.stringify(sum);
  };
  const ran = (row) => ['ok', 'tool-error', 'trapped', 'limited'].some((kind) => row.outcomes[kind] || row.withHost[kind]);
  const none = all.filter((row) => row.loaded && row.callable === 0).length;
  console.log(
    `\n${all.length} components: ${all.filter((row) => row.loaded).length} loaded, ${all.filter(ran).length} ran, ${none} have no function that data can call`,
  );
  const by = (name) => all.filter((row) => row.bindings.some((words) => words.startsWith(name))).length;
  console.log(`linked by our own bindings: ${by('own')}, by jco: ${by('jco')}`);
  console.log(`calls with nothing granted: ${total('outcomes')}`);
  console.log(`calls refused for an import, again with host functions: ${total('withHost')}`);
}
