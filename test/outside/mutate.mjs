// Damages every component below the given paths in many ways and runs what is left; see HELP.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { mutate, mutateInside, seededRandom } from '../support/mutate.mjs';
import { sampleFor } from './sample.mjs';
import { wasmBelow } from './wasm-files.mjs';

const USAGE =
  'usage: node test/outside/mutate.mjs [--count N] [--seed N] [--only N] [--reasons] [--bindings auto|own|jco] [--isolation thread|process] PATH...';
const HELP = `${USAGE}

Damages every component below the given paths in many ways and runs what is left, all in this one process: each mutant
must end in a typed error or an outcome, in bounded time, and must not spoil the good call that follows. Prints ends by
code, the slowest mutants and all violations; exits with 1 on any violation. Needs the build (npm run build).

Time allowed for one request, from the mutant's bytes to the outcome of one of its functions: 250 ms; for seeds of 64 kB
and more, three times what the seed itself takes in this run. One that is slower is run twice more and its fastest run
counts, since a busy machine delays good and bad alike.

  PATH        a .wasm file, or a folder: every .wasm below it is a seed
  --count N   mutants, spread over the seeds; 2000 by default
  --seed N    number that the random changes follow from; 1 by default, and the same number gives the same mutants
  --only N    runs the one mutant of that number and prints its ends
  --reasons   prints how often each message came
  --bindings  who links the components: auto (the default), own or jco
  --isolation which wall: thread (the default), this process alone; or process, a runner that may not die
  --help      this text

example: node test/outside/mutate.mjs --count 200 tools`;

const FUNCTIONS_MAX = 3;
const SMALL_BYTES_MAX = 64_000;
const SMALL_MS_MAX = 250;
const SEED_TIMES_MAX = 3;
const SEED_RUNS = 5;
const GOOD_EVERY = 20;
const RUNS_AGAIN = 2;
const SLOWEST_SHOWN = 15;
const LIMITS = { fuelMax: 10_000_000n, memoryPagesMax: 1024, timeoutMsMax: 2000, resultBytesMax: 1024 * 1024 };
const GOOD = new URL('../../tools/redact/redact.wasm', import.meta.url);

const { values: options, positionals } = parseArgs({
  options: {
    count: { type: 'string' },
    seed: { type: 'string' },
    only: { type: 'string' },
    reasons: { type: 'boolean' },
    bindings: { type: 'string', default: 'auto' },
    isolation: { type: 'string', default: 'thread' },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
if (options.help) {
  console.log(HELP);
  process.exit(0);
}
// After the options: `--help` needs no build.
const { CODES, decodeComponent, findFunctions, isCoded, paramsFromJson, paramsSchema, parseJson, ProcessRunner, Runtime } =
  await import('cellblock/runtime');
const count = Number(options.count ?? 2000);
const firstSeed = Number(options.seed ?? 1);
const violations = [];
const outcomes = {};
const slow = [];
const memory = [];
const goodTimes = { afterCrash: [], otherwise: [] };
/** First words of the messages behind a code. */
const reasons = new Map();
let uniqueCopies = 0;
let reruns = 0;
process.on('unhandledRejection', (reason) => violations.push(`unhandled rejection: ${reason?.stack ?? reason}`));
process.on('uncaughtException', (error) => violations.push(`uncaught exception: ${error?.stack ?? error}`));

const Runner = options.isolation === 'process' ? ProcessRunner : Runtime;
const onRunnerEvent = ({ type, reason }) => violations.push(`a runner was ${type}: ${reason}`);
const runtime = new Runner({ cacheDirectory: false, bindings: options.bindings, onRunnerEvent });
const good = new Uint8Array(readFileSync(GOOD));
const goodWanted = plain(await run(good));
if (!goodWanted.includes('"ok"')) throw new Error(`the good component does not work: ${goodWanted}`);
const seeds = await readSeeds(positionals);
if (options.only !== undefined) console.log(plain(await run(mutant(Number(options.only)).bytes)));
else await runAll();
await runtime.close();
report();
process.exitCode = violations.length === 0 ? 0 : 1;

async function runAll() {
  for (let at = 0; at < count; at += 1) {
    if (at % Math.ceil(count / 8) === 0) noteMemory(at);
    const { seed, bytes } = mutant(at);
    const result = await run(bytes);
    for (let again = 0; again < RUNS_AGAIN && result.ms > seed.allowedMs; again += 1) await rerun(bytes, result);
    judge(at, seed, result);
    const crashed = result.ends.some((end) => end.code === 'component/transpile-failed' || end.kind === 'failed');
    if (crashed || at % GOOD_EVERY === GOOD_EVERY - 1) await checkGood(at, crashed);
  }
  noteMemory(count);
}

async function rerun(bytes, result) {
  reruns += 1;
  const { ms, times } = await run(isReadable(bytes) ? unique(bytes) : bytes);
  if (ms < result.ms) Object.assign(result, { ms, times });
}

/** Whether the mutant is a component to the decoder; then it may be in the runtime's memory, under its digest. */
function isReadable(bytes) {
  try {
    decodeComponent(bytes);
    return true;
  } catch {
    return false;
  }
}

function mutant(at) {
  const seed = seeds[at % seeds.length];
  const change = Math.floor(at / seeds.length) % 2 === 0 ? mutate : mutateInside;
  return { seed, bytes: change(seed.bytes, seededRandom(firstSeed * 1_000_003 + at)) };
}

/** Decodes, prepares and invokes; everything that came of it as data, with the milliseconds of each step. */
async function run(bytes) {
  const ends = [];
  const times = { decode: 0, prepare: 0, invoke: 0, slowest: 0 };
  const began = performance.now();
  try {
    const component = await runtime.load(bytes);
    const callable = findFunctions(component).filter((found) => found.callable);
    const capabilities = capabilitiesFor(component);
    times.decode = performance.now() - began;
    if (callable.length === 0) ends.push({ code: 'nothing callable' });
    for (const found of callable.slice(0, FUNCTIONS_MAX)) {
      const functionBegan = performance.now();
      ends.push(await runFunction(component, found, capabilities, times));
      times.slowest = Math.max(times.slowest, performance.now() - functionBegan);
    }
  } catch (error) {
    ends.push(endOf(error));
  }
  const allMs = performance.now() - began;
  return { ends, times, allMs, ms: times.slowest === 0 ? allMs : times.decode + times.slowest };
}

async function runFunction(component, found, capabilities, times) {
  try {
    const prepareBegan = performance.now();
    const call = await runtime.prepare(component, { function: found.id, limits: LIMITS, capabilities }).finally(() => {
      times.prepare += performance.now() - prepareBegan;
    });
    const params = samples(found.type.params);
    const invokeBegan = performance.now();
    const outcome = await runtime.invoke(call, params);
    times.invoke += performance.now() - invokeBegan;
    runtime.release(call);
    return {
      kind: outcome.kind,
      code: outcome.error?.code ?? outcome.kind,
      message: outcome.error?.message,
      value: outcome.value,
    };
  } catch (error) {
    return endOf(error);
  }
}

/** A stand-in for each import that is not WASI, so that mutants get as far as they can: it answers a small value. */
function capabilitiesFor({ imports }) {
  return imports
    .filter(({ name, kind }) => (kind === 'interface' || kind === 'func') && !name.startsWith('wasi:'))
    .map((item) => {
      const functions = item.kind === 'func' ? [item] : item.items.filter(({ kind }) => kind === 'func');
      const answers = functions.map(({ name, type }) => [name, () => answerFor(type.result)]);
      return { kind: 'bridged', name: item.name, interface: item.name, functions: Object.fromEntries(answers) };
    });
}

function answerFor(type) {
  return type && samples([{ name: 'answer', type }])[0];
}

function samples(params) {
  return paramsFromJson(parseJson(JSON.stringify(sampleFor(paramsSchema(params)))), params);
}

function endOf(error) {
  if (isCoded(error)) return { code: error.code, message: error.message };
  return { untyped: true, code: 'UNTYPED', message: String(error?.stack ?? error) };
}

function judge(at, seed, { ends, times, ms }) {
  const name = `mutant ${at} of ${seed.name}`;
  for (const { code, untyped, message } of ends) {
    outcomes[code] = (outcomes[code] ?? 0) + 1;
    if (message !== undefined && !code.startsWith('trap')) tally(code, message);
    const known = code === 'ok' || code === 'nothing callable' || Object.hasOwn(CODES, code);
    if (untyped || !known) violations.push(`${name}: not a typed error: ${message}`);
    if (code === 'internal/invariant' || code.startsWith('failed/')) violations.push(`${name}: ${code}: ${message}`);
  }
  slow.push({ name, ms, allowed: seed.allowedMs, times, codes: ends.map((end) => end.code) });
  if (ms > seed.allowedMs) violations.push(`${name}: took ${ms.toFixed(0)} ms, allowed ${seed.allowedMs.toFixed(0)} ms`);
}

/** Counts messages by their first words, without what names the mutant's own parts. */
function tally(code, message) {
  const words = `${code}: ${message.replace(/`[^`]*`|\d+|0x[0-9a-f]+/g, '_').slice(0, 110)}`;
  reasons.set(words, (reasons.get(words) ?? 0) + 1);
}

/** A good component with a digest not seen before, so that it passes every step again. */
async function checkGood(at, afterCrash) {
  const result = await run(unique(good));
  goodTimes[afterCrash ? 'afterCrash' : 'otherwise'].push(result.ms);
  const found = plain(result);
  if (found !== goodWanted) violations.push(`the good component failed after mutant ${at}: ${found}, expected ${goodWanted}`);
}

function plain({ ends }) {
  return JSON.stringify(ends, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
}

/** The same component with one more custom section. */
function unique(bytes) {
  uniqueCopies += 1;
  const text = Buffer.from(String(uniqueCopies));
  return new Uint8Array(Buffer.concat([bytes, Buffer.from([0, 2 + text.length, 1, 0x78]), text]));
}

async function readSeeds(paths) {
  const all = new Map();
  for (const path of paths.flatMap(wasmBelow).sort()) {
    const bytes = new Uint8Array(readFileSync(path));
    try {
      all.set(decodeComponent(bytes).digest, { name: basename(path, '.wasm'), bytes });
    } catch (error) {
      console.error(`not a seed: ${path}: ${error.message}`);
    }
  }
  if (all.size === 0) {
    console.error(`${USAGE}   (no component found)`);
    process.exit(2);
  }
  const timed = [];
  for (const seed of all.values()) timed.push(await timeSeed(seed));
  return timed;
}

async function timeSeed(seed) {
  const times = [];
  let last;
  for (let at = 0; at < SEED_RUNS; at += 1) {
    last = await run(unique(seed.bytes));
    times.push(last.ms);
  }
  const ms = times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
  const small = seed.bytes.length < SMALL_BYTES_MAX;
  const allowedMs = small ? SMALL_MS_MAX : SEED_TIMES_MAX * ms;
  const codes = last.ends.map((end) => end.code).join(', ');
  console.log(`seed ${seed.name}: ${seed.bytes.length} bytes, ${ms.toFixed(0)} ms, allowed ${allowedMs.toFixed(0)} ms; ${codes}`);
  return { ...seed, allowedMs };
}

function noteMemory(at) {
  const { rss, heapUsed } = process.memoryUsage();
  memory.push(`${at}: ${Math.round(rss / 2 ** 20)}/${Math.round(heapUsed / 2 ** 20)}`);
}

function report() {
  const sorted = Object.entries(outcomes).sort(([, a], [, b]) => b - a);
  console.log(`\n${slow.length} mutants of ${seeds.length} seeds, ${reruns} runs repeated; ends of their functions by code:`);
  for (const [code, times] of sorted) console.log(`  ${String(times).padStart(6)}  ${code}`);
  slow.sort((a, b) => b.ms / b.allowed - a.ms / a.allowed);
  console.log('\nslowest against their allowance:');
  for (const { name, ms, allowed, times, codes } of slow.slice(0, SLOWEST_SHOWN)) {
    const steps = Object.entries(times).map(([step, spent]) => `${step} ${spent.toFixed(0)}`);
    console.log(`  ${ms.toFixed(0)} of ${allowed.toFixed(0)} ms  ${name} (${steps.join(', ')}): ${codes.join(', ')}`);
  }
  for (const [when, times] of Object.entries(goodTimes)) {
    const sorted = times.sort((a, b) => a - b);
    const [median, worst] = [sorted[sorted.length >> 1] ?? 0, sorted.at(-1) ?? 0];
    console.log(`\ngood calls ${when}: ${sorted.length}, median ${median.toFixed(0)} ms, slowest ${worst.toFixed(0)} ms`);
  }
  if (options.reasons)
    for (const [words, times] of [...reasons].sort(([, a], [, b]) => b - a)) console.log(`  ${times}  ${words}`);
  console.log(`\nmemory in MiB after mutants, process/heap: ${memory.join('  ')}`);
  console.log(`\n${violations.length} violations`);
  for (const violation of violations) console.log(`  ${violation.slice(0, 600)}`);
}
