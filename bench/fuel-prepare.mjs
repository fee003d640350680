// Meters one job's modules in all modes that it needs, in a process of its own, and times the rewriter: prints JSON.

import { transformOf } from './fuel/modes.mjs';
import { digestOf, keep, kept } from './fuel/prepared.mjs';
import { codeBytes } from './fuel/sections.mjs';
import { rounded } from './stats.mjs';

/** Modes whose rewriting is timed; the others are rewritten once. */
const TIMED_MODES = ['region', 'exact'];

/** Modules below this say more about the clock than about the rewriter: feature tests, mostly. */
const TIMED_BYTES_MIN = 2000;

const TIMED_RUNS_MIN = 7;
const RUNS_MAX = 60;

/** The task: `{digests, modes, folder, peerMetering, warmMs}`: plain modules by digest; how long to repeat each rewriting. */
const { digests, modes, folder, peerMetering, warmMs } = JSON.parse(process.argv[2]);

function prepare(digest, mode, bytes, isFirst) {
  const row = { module: digest, mode, bytes: bytes.length, codeBytes: codeBytes(bytes) };
  try {
    const isTimed = TIMED_MODES.includes(mode) && bytes.length >= TIMED_BYTES_MIN;
    const { out, samples } = timed(transformOf(mode, peerMetering), bytes, isTimed ? TIMED_RUNS_MIN : 1);
    keep(folder, digest, mode, out);
    const [coldMs, ...warmRunsMs] = rounded(samples);
    const times = isFirst ? { coldMs, warmMs: warmRunsMs } : { warmMs: warmRunsMs };
    return { ...row, ...times, outBytes: out.length, outCodeBytes: codeBytes(out), outDigest: digestOf(out) };
  } catch (error) {
    return { ...row, failed: error.message };
  }
}

/** The first time is of code that never ran before, where it is the first of the process. One run is not repeated. */
function timed(transform, bytes, runsMin) {
  const samples = [];
  let out;
  for (let spent = 0; samples.length < runsMin || (runsMin > 1 && spent < warmMs && samples.length < RUNS_MAX); ) {
    const began = performance.now();
    out = transform(bytes);
    const ms = performance.now() - began;
    samples.push(ms);
    spent += ms;
  }
  return { out, samples };
}

const modules = digests.map((digest) => ({ digest, bytes: kept(folder, digest, 'plain') }));
modules.sort((a, b) => b.bytes.length - a.bytes.length);
const rows = modules.flatMap(({ digest, bytes }, place) =>
  modes.map((mode, at) => prepare(digest, mode, bytes, place === 0 && at === 0)),
);
process.stdout.write(JSON.stringify(rows));
