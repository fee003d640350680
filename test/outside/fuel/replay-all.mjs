import { RESET } from './binaryen.mjs';
import { replay } from './replay.mjs';
import { count, reasonOf } from './spec-report.mjs';
import { Tracer } from './trace.mjs';

/**
 * Replays the modules of recordings.
 *
 * @param modules - as `readRecording` gives them.
 * @returns sums over all: `modules`, `calls`, `returned`; `skipped`, counts by reason; `executed`, calls by opcode; `ratios`
 * of `region` to the exact fuel and to the price of the path, with the exact fuel; `regions`, the fuel in `region` of all
 * calls of a module as text, by its name; `problems`.
 */
export function replayAll(instrumentation, modules) {
  const tracer = new Tracer(instrumentation.opcodes, instrumentation.COST_MODELS.region);
  const sums = { modules: 0, calls: 0, returned: 0, skipped: {}, executed: new Map(), ratios: [], regions: {}, problems: [] };
  for (const [at, { name, load }] of modules.entries()) {
    const module = load();
    const found = replayHere(instrumentation, tracer, module);
    if (found.skipped === undefined) addUp(sums, `${name} (${at})`, module, found);
    else count(sums.skipped, found.skipped);
  }
  return sums;
}

/** Replays what this engine and the instrumentation take; else says why not. */
function replayHere(instrumentation, tracer, module) {
  if (!WebAssembly.validate(module.bytes)) return { skipped: 'this engine does not take them' };
  try {
    return replay(instrumentation, tracer, module);
  } catch (error) {
    if (!error.code?.startsWith('component/')) throw error;
    return { skipped: `refused: ${reasonOf(error.message)}` };
  }
}

function addUp(sums, moduleName, { calls }, { problems, fuel, executed, prices }) {
  sums.modules += 1;
  for (const [at, { export: name, fuel: exact }] of calls.entries()) {
    if (name === RESET) continue;
    sums.calls += 1;
    if (exact === undefined) continue;
    sums.returned += 1;
    const region = Number(fuel.region[at]);
    sums.ratios.push({ exact, toExact: region / exact, toPath: region / Number(prices[at]) });
  }
  for (const [opcode, times] of executed) sums.executed.set(opcode, (sums.executed.get(opcode) ?? 0) + times);
  sums.regions[moduleName] = fuel.region.map(String).join(' ');
  sums.problems.push(...problems.map((text) => `${moduleName} ${text}`));
}
