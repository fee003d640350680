// What one call costs, step by step: the first time in a process, from the cache on disk, and warm.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeComponent, encodeParams, paramsFromPlain, Runtime } from 'cellblock/runtime';
import { invokeOk, prepare, subjects } from './components.mjs';
import { duration, median, rounded, table } from './stats.mjs';

/** Steps of preparing a component, then of one call, in the order in which they happen. */
const PHASES = [
  'decode',
  'link',
  'instrument',
  'compile',
  'prepareOther',
  'params',
  'instantiate',
  'lower',
  'guest',
  'lift',
  'hop',
];

/**
 * Measures each subject in three states.
 *
 * - cold: a new runtime without a cache, first call; each run starts its own threads.
 * - cached: the same with an entry in the cache.
 * - warm: a runtime that has run the call before; `instantiate` is of calls that found no instance made ahead.
 *
 * @returns rows of `{subject, state, samplesMs: {phase: [...]}, fuel, memoryBytesPeak, aheadShare?}`.
 */
export async function measurePhases({ quick }) {
  const rows = [];
  const cache = mkdtempSync(join(tmpdir(), 'cellblock-bench-'));
  try {
    for (const subject of await subjects()) {
      const starts = quick ? 3 : 7;
      rows.push(await fromStart(subject, 'cold', starts, { cacheDirectory: false }));
      await oneStart(subject, { cacheDirectory: cache }); // fills the cache
      rows.push(await fromStart(subject, 'cached', starts, { cacheDirectory: cache }));
      rows.push(await warm(subject, quick ? 60 : 400));
    }
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
  return rows;
}

export function phaseTable(rows) {
  const head = ['median', ...rows.map(({ subject, state }) => `${subject}, ${state}`)];
  const lines = PHASES.map((phase) => [
    phase === 'prepareOther' ? 'prepare, rest' : phase,
    ...rows.map(({ samplesMs }) => duration(median(samplesMs[phase] ?? []))),
  ]);
  const walls = ['**call as seen**', ...rows.map(({ samplesMs }) => duration(median(samplesMs.wall)))];
  const ahead = [
    'made ahead',
    ...rows.map(({ aheadShare }) => (aheadShare === undefined ? '-' : `${Math.round(aheadShare * 100)} %`)),
  ];
  const fuel = ['fuel', ...rows.map(({ fuel }) => fuel)];
  return table(head, [...lines, walls, ahead, fuel]);
}

async function fromStart(subject, state, runs, options) {
  const row = { subject: subject.name, state, samplesMs: {} };
  for (let run = 0; run < runs; run += 1) {
    const { phases, outcome } = await oneStart(subject, options);
    keep(row, phases, outcome);
  }
  return finished(row);
}

/** A runtime from nothing to its first result. */
async function oneStart({ bytes, options, params }, runtimeOptions) {
  const runtime = new Runtime({ ...runtimeOptions, threads: 2 });
  try {
    const began = performance.now();
    const component = decodeComponent(bytes);
    const decoded = performance.now();
    const call = await runtime.prepare(component, options);
    const prepared = performance.now();
    const { linkMs, instrumentMs, compileMs } = call.artifact.times;
    const { encoded, paramsMs } = encode(call, params);
    const outcome = await invokeOk(runtime, call, encoded);
    const phases = {
      decode: decoded - began,
      link: linkMs,
      instrument: instrumentMs,
      compile: compileMs,
      prepareOther: prepared - decoded - linkMs - instrumentMs - compileMs,
      params: paramsMs,
    };
    return { phases, outcome };
  } finally {
    await runtime.close();
  }
}

/**
 * Three plans take turns on two workers, so that some calls find no instance made ahead for them and show what making one
 * costs. All other phases do not depend on that.
 */
async function warm(subject, calls) {
  const runtime = new Runtime({ cacheDirectory: false, threads: 2 });
  try {
    const row = { subject: subject.name, state: 'warm', samplesMs: {} };
    const plans = [];
    for (let at = 0; at < 3; at += 1) plans.push((await prepare(runtime, subject)).call);
    const warmUp = Math.ceil(calls / 4);
    let ahead = 0;
    for (let at = -warmUp; at < calls; at += 1) {
      const call = plans[(at + warmUp) % plans.length];
      const { encoded, paramsMs } = encode(call, subject.params);
      const outcome = await invokeOk(runtime, call, encoded);
      if (at < 0) continue;
      if (outcome.usage.phases.instantiateMs === 0) ahead += 1;
      keep(row, { params: paramsMs }, outcome);
    }
    return { ...finished(row), aheadShare: ahead / calls };
  } finally {
    await runtime.close();
  }
}

/** Parameters from plain data to the bytes that cross to the cell: checked against their WIT types on the way. */
function encode(call, params) {
  const began = performance.now();
  const types = call.function.type.params;
  const encoded = encodeParams(paramsFromPlain(params, types), types);
  return { encoded, paramsMs: performance.now() - began };
}

function keep(row, phases, { usage }) {
  const { instantiateMs, lowerMs, guestMs, liftMs } = usage.phases;
  const inCell = { lower: lowerMs, guest: guestMs, lift: liftMs, ...(instantiateMs === 0 ? {} : { instantiate: instantiateMs }) };
  const hop = usage.wallMs - instantiateMs - lowerMs - guestMs - liftMs;
  for (const [phase, ms] of Object.entries({ ...phases, ...inCell, hop, wall: usage.wallMs })) {
    row.samplesMs[phase] ??= [];
    row.samplesMs[phase].push(ms);
  }
  row.fuel = String(usage.fuel);
  row.memoryBytesPeak = usage.memoryBytesPeak;
}

function finished(row) {
  return {
    ...row,
    samplesMs: Object.fromEntries(Object.entries(row.samplesMs).map(([phase, values]) => [phase, rounded(values)])),
  };
}
