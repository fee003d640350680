// How long after its deadline a guest that only computes is ended, and how soon the next call runs.
import { parseArgs } from 'node:util';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { decodeComponent, Runtime } from 'cellblock/runtime';

const HELP = `usage: node test/outside/deadlines.mjs [--rounds N] [--timeout-ms N] [--late-ms N] [--json]

Runs guests that never end, with fuel for years, until their deadline: a plain loop, endless recursion behind a loop, and
a loop around a memory.fill of 64 MiB. Prints how late each call ended, and how long the good call after it took. Exits with 1
when a call ended later than --late-ms after its deadline. Needs the build (npm run build).

  --rounds N      calls of each guest; 10 by default
  --timeout-ms N  the deadline of each call; 300 by default
  --late-ms N     how late is too late; 50 by default
  --json          print the samples as JSON
  --help          this text

example: node test/outside/deadlines.mjs --rounds 20`;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    'timeout-ms': { type: 'string', default: '300' },
    'late-ms': { type: 'string', default: '50' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const GUESTS = {
  loop: '(loop $again (br $again))',
  recursion: '(loop $again (drop (call $deep (i32.const 1000))) (br $again))',
  fill: '(loop $again (memory.fill (i32.const 0) (i32.const 7) (i32.const 0x4000000)) (br $again))',
};

async function component(body) {
  const core = `(module
    (memory (export "memory") 1024)
    (func $deep (param i32) (result i32)
      (if (result i32) (local.get 0) (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0))))
    (func (export "spin") (result i32) ${body} (unreachable))
    (func (export "well") (result i32) (i32.const 42)))`;
  const witSource = 'package test:deadlines; world deadlines { export spin: func() -> u32; export well: func() -> u32; }';
  return decodeComponent(await componentNew(await componentEmbed({ binary: await parse(core), witSource })));
}

/** @returns milliseconds past the deadline, and milliseconds of the good call that follows at once. */
async function measure(runtime, calls, timeoutMs) {
  const spun = await runtime.invoke(calls.spin, []);
  if (spun.error?.code !== 'limit/deadline') throw new Error(`the call ended as ${spun.kind} ${spun.error?.code}`);
  const began = performance.now();
  const well = await runtime.invoke(calls.well, []);
  if (well.kind !== 'ok') throw new Error(`the good call ended as ${well.kind} ${well.error?.code}`);
  return { lateMs: spun.usage.wallMs - timeoutMs, nextMs: performance.now() - began };
}

async function main() {
  if (options.help) return console.log(HELP);
  const timeoutMs = Number(options['timeout-ms']);
  const limits = { fuelMax: 2n ** 62n, timeoutMsMax: timeoutMs, memoryPagesMax: 1024 };
  const results = {};
  const runtime = new Runtime({ threads: 2, cacheDirectory: false });
  try {
    for (const [name, body] of Object.entries(GUESTS)) {
      const subject = await component(body);
      const prepare = (id, more) => runtime.prepare(subject, { function: id, limits: { ...limits, ...more } });
      const calls = { spin: await prepare('spin'), well: await prepare('well', { timeoutMsMax: 10_000 }) };
      results[name] = [];
      for (let round = 0; round < Number(options.rounds); round += 1)
        results[name].push(await measure(runtime, calls, timeoutMs));
    }
  } finally {
    await runtime.close();
  }
  report(results);
}

function report(results) {
  if (options.json) return console.log(JSON.stringify({ node: process.version, results }));
  let latest = 0;
  for (const [name, samples] of Object.entries(results)) {
    const worst = (key) => Math.max(...samples.map((sample) => sample[key]));
    latest = Math.max(latest, worst('lateMs'));
    console.log(
      `${name.padEnd(10)} at most ${worst('lateMs').toFixed(1)} ms late, next call at most ${worst('nextMs').toFixed(1)} ms`,
    );
  }
  console.log(`node ${process.version}: ${latest <= Number(options['late-ms']) ? 'in time' : 'TOO LATE'}`);
  if (latest > Number(options['late-ms'])) process.exitCode = 1;
}

await main();
