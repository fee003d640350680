import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { OperatorTable } from './random-expressions.mjs';
import { randomModule } from './random-module.mjs';
import { sha256 } from './replay.mjs';

/**
 * A recording: JSON, compressed. Modules that our generator makes are kept as its seed, others as bytes; a call as `[results,
 * fuel]` or `[reason of the trap]`, with the function's name and the arguments in front where nothing makes them anew.
 */
const FORMAT = 1;
const DIGEST_LENGTH = 16;

/**
 * @param version - of Wasmtime.
 * @param modules - `{ name, bytes, made, calls, memory }` each; `made`, what `makeAgain` takes, where it can be made again.
 */
export function writeRecording(file, version, modules) {
  const kept = modules.map(({ name, bytes, made, calls, memory }) => ({
    name,
    ...(made === undefined ? { wasm: Buffer.from(bytes).toString('base64') } : { made, digest: digestOf(bytes) }),
    memory,
    calls: calls.map((call) => [
      ...(made === undefined ? [call.export, call.args.join(' ')] : []),
      ...(call.trap === undefined ? [call.results.join(' '), call.fuel] : [call.trap]),
    ]),
  }));
  writeFileSync(file, gzipSync(JSON.stringify({ format: FORMAT, wasmtime: version, modules: kept }), { level: 9 }));
}

/**
 * Reads a recording.
 *
 * @param opcodes - an `Opcodes`, for modules that are made again.
 * @returns `{ wasmtime, modules }`; a module is `{ name, load }`, and `load()` gives what `replay` takes.
 * `load` throws Error where the generator no longer makes the same bytes.
 */
export function readRecording(file, opcodes) {
  const { format, wasmtime, modules } = JSON.parse(gunzipSync(readFileSync(file)).toString('utf8'));
  if (format !== FORMAT) throw new Error(`${file} has another format: ${format}`);
  const operators = new OperatorTable(opcodes);
  return { wasmtime, modules: modules.map((module) => ({ name: module.name, load: () => loadModule(module, operators) })) };
}

function loadModule({ name, wasm, made, digest, memory, calls }, operators) {
  if (made === undefined) {
    const bytes = new Uint8Array(Buffer.from(wasm, 'base64'));
    return { bytes, memory, calls: calls.map(([item, args, ...end]) => ({ export: item, args: wordsOf(args), ...endOf(end) })) };
  }
  const again = makeAgain(operators, made);
  if (digestOf(again.bytes) !== digest) throw new Error(`${name} is no longer what was recorded: record again`);
  return { bytes: again.bytes, memory, calls: calls.map((end, at) => ({ ...again.calls[at], ...endOf(end) })) };
}

/** @param made - `{ seed, ...options of randomModule }`. */
export function makeAgain(operators, { seed, ...options }) {
  return randomModule(operators, seed, options);
}

function endOf([results, fuel]) {
  return fuel === undefined ? { trap: results } : { results: wordsOf(results), fuel };
}

function wordsOf(text) {
  return text === '' ? [] : text.split(' ');
}

function digestOf(bytes) {
  return sha256(bytes).slice(0, DIGEST_LENGTH);
}
