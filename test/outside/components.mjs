// Inspects and runs every component below the given paths, as `cellblock inspect` and `cellblock run` would: each callable
// function once, with small parameters made from its JSON Schema. Prints counts by outcome and every reason.
//
//   node test/outside/components.mjs [--json] PATH...
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { decodeComponent, findFunctions, paramsFromJson, paramsSchema, parseJson, Runtime } from 'cellblock/runtime';
import { sampleFor } from './sample.mjs';

const json = process.argv.includes('--json');
const paths = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const files = paths.flatMap(wasmBelow).sort();
if (files.length === 0) {
  console.error('usage: node test/outside/components.mjs [--json] PATH...   (no .wasm found)');
  process.exit(2);
}

const runtime = new Runtime();
const rows = [];
for (const file of files) rows.push(await tryComponent(file));
await runtime.close();
report(rows);

function wasmBelow(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.wasm'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((found) => !/[/\\]p3[/\\]/.test(found));
}

async function tryComponent(file) {
  const row = { file, loaded: false, functions: 0, callable: 0, outcomes: {}, reasons: [] };
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
    const { kind, why } = await tryFunction(component, found);
    row.outcomes[kind] = (row.outcomes[kind] ?? 0) + 1;
    if (why !== undefined) row.reasons.push(`${found.id} ${kind}: ${why}`);
  }
  return row;
}

async function tryFunction(component, found) {
  try {
    const call = await runtime.prepare(component, { function: found.id, limits: { memoryPagesMax: 4096, timeoutMsMax: 20_000 } });
    const params = paramsFromJson(parseJson(JSON.stringify(sampleFor(paramsSchema(found.type.params)))), found.type.params);
    const outcome = await runtime.invoke(call, params);
    runtime.release(call);
    return { kind: outcome.kind, why: outcome.error && `${outcome.error.code}: ${outcome.error.message}` };
  } catch (error) {
    return { kind: error.code === undefined ? 'BROKEN' : 'refused', why: `${error.code ?? error.stack}: ${error.message}` };
  }
}

function report(all) {
  if (json) return console.log(JSON.stringify(all, null, 2));
  for (const row of all) {
    console.log(
      `${row.file}\n  ${row.loaded ? 'loaded' : 'NOT LOADED'}, ${row.callable} of ${row.functions} functions callable, ${JSON.stringify(row.outcomes)}`,
    );
    for (const reason of row.reasons) console.log(`    ${reason.slice(0, 240)}`);
  }
  const sum = {};
  for (const row of all) for (const [kind, count] of Object.entries(row.outcomes)) sum[kind] = (sum[kind] ?? 0) + count;
  const ran = all.filter((row) => row.outcomes.ok || row.outcomes['tool-error'] || row.outcomes.trapped).length;
  const refused = all.filter((row) => row.loaded && row.outcomes.refused && !row.outcomes.ok).length;
  console.log(
    `\n${all.length} components: ${all.filter((row) => row.loaded).length} loaded, ${ran} ran at least one function, ${refused} refused for their imports or features`,
  );
  console.log(`calls by outcome: ${JSON.stringify(sum)}`);
}
