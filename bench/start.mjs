// `cellblock run` as a whole process, from nothing to its first result, beside a Node that does nothing.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './machine.mjs';
import { duration, median, ratio, rounded, table } from './stats.mjs';

const RUN = [
  'dist/host/cli/main.js',
  'run',
  'tools/redact/redact.wasm',
  'redact',
  '--grant',
  'log',
  '--params',
  '{"text": "mail me at ann@example.com", "options": {"custom": []}}',
  '--json',
];

/**
 * Measures whole processes in turns: cold (empty cache folder), cached, `node -e 0`.
 *
 * @returns rows of `{process, medianMs, samplesMs}`.
 */
export function measureStarts({ quick }) {
  const runs = quick ? 3 : 7;
  const cache = mkdtempSync(join(tmpdir(), 'cellblock-bench-'));
  const samples = { cold: [], cached: [], node: [] };
  try {
    for (let run = 0; run < runs; run += 1) {
      rmSync(cache, { recursive: true, force: true });
      samples.cold.push(timed(RUN, cache));
      samples.cached.push(timed(RUN, cache));
      samples.node.push(timed(['-e', '0'], cache));
    }
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
  const names = { cold: 'cellblock run redact, no cache', cached: 'cellblock run redact, cached', node: 'node -e 0' };
  return Object.entries(names).map(([key, process]) => ({
    process,
    medianMs: median(samples[key]),
    samplesMs: rounded(samples[key]),
  }));
}

export function startTable(rows) {
  const base = rows.find((row) => row.process === 'node -e 0').medianMs;
  return table(
    ['process', 'median', 'fastest', 'slowest', 'median / node'],
    rows.map(({ process, medianMs, samplesMs }) => [
      process,
      duration(medianMs),
      duration(Math.min(...samplesMs)),
      duration(Math.max(...samplesMs)),
      ratio(medianMs, base),
    ]),
  );
}

function timed(args, cache) {
  const began = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, CELLBLOCK_CACHE_DIR: cache },
  });
  const ms = performance.now() - began;
  if (status !== 0) throw new Error(`\`node ${args.slice(0, 4).join(' ')}\` ended with ${status}: ${stdout}${stderr}`);
  return ms;
}
