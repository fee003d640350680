import { binaryenModules } from './binaryen.mjs';
import { moduleTypes } from './module-types.mjs';
import { OperatorTable } from './random-expressions.mjs';
import { makeAgain } from './recording.mjs';
import { specModules } from './spec-calls.mjs';
import { count } from './spec-report.mjs';
import { standInNames } from './stand-ins.mjs';
import { askWasmtime } from './wasmtime.mjs';

const BINARYEN_INPUT_BYTES = 5000;
/** One after the other: plain modules, and those that need an engine of 2023 or later. */
const KINDS = [{ exceptions: 'none' }, { exceptions: 'exnref', newer: true }, { exceptions: 'none' }];

/**
 * Makes modules from all sources, and lets Wasmtime run their calls.
 *
 * @param sources - `{ random, seed, binaryen: [{ tool, count }], spec: [path], converter }`.
 * @returns `{ version, modules, dropped }`; modules as `writeRecording` takes them; `dropped`, counts by reason.
 */
export function recordAll({ opcodes }, python, sources) {
  const dropped = {};
  const asked = [...allModules(opcodes, sources)].filter(({ bytes }) => isReadable(bytes, dropped));
  const { version, answers } = askWasmtime(python, asked);
  const modules = [];
  for (const [at, { calls, memory, error }] of answers.entries()) {
    if (error !== undefined) count(dropped, reasonOf(error));
    else if (calls.length > 0)
      modules.push({ ...asked[at], memory, calls: calls.map((end, index) => ({ ...asked[at].calls[index], ...end })) });
  }
  return { version, modules, dropped };
}

function* allModules(opcodes, { random, seed, binaryen, spec, converter }) {
  const operators = new OperatorTable(opcodes);
  for (let at = 0; at < random; at += 1) {
    const made = { seed: seed + at, ...KINDS[at % KINDS.length] };
    yield { ...makeAgain(operators, made), made };
  }
  for (const [index, { tool, count: modules }] of binaryen.entries())
    yield* binaryenModules(tool, { count: modules, seed: seed + index, inputBytes: BINARYEN_INPUT_BYTES });
  for (const path of spec) yield* specModules(path, converter);
}

function isReadable(bytes, dropped) {
  try {
    standInNames(moduleTypes(bytes));
    return true;
  } catch (error) {
    count(dropped, error.message);
    return false;
  }
}

/** An error of Wasmtime without the numbers that differ from module to module. */
function reasonOf(error) {
  return `Wasmtime: ${error.replace(/\d+/g, 'N').slice(0, 80)}`;
}
