// Good calls by the hundred thousand: what a process and its runner keep must not grow with their number.
import { readdirSync, readFileSync } from 'node:fs';
import { ProcessRunner, Runtime } from 'cellblock/runtime';

/**
 * Calls one function again and again, sixteen at a time, and looks at both processes now and then.
 *
 * @param isolation - `thread` or `process`. @param bytes - a component. @param call - `{function, params, expected}`.
 * @param calls - how many; the first fifth warms up and is not looked at. @param looks - how often to look.
 * @returns looks of `{calls, bytes, descriptors, threads}`: of this process and its runner together.
 */
export async function manyCalls({ isolation, bytes, call, calls, looks, progress = () => undefined }) {
  // Small heaps are soon as large as they get: those of Node 24 grow for a million calls otherwise, to 490 MiB, and then no more. What was kept of calls
  // would not fit into them, which ends a worker.
  const options = { cacheDirectory: false, threads: 2, workerHeapMiBMax: 48 };
  const runner = isolation === 'thread' ? new Runtime(options) : new ProcessRunner(options);
  try {
    const prepared = await runner.prepare(await runner.load(bytes), { function: call.function });
    const one = async () => {
      const { kind, value, error } = await runner.invoke(prepared, call.params);
      if (kind !== 'ok' || value !== call.expected) throw new Error(`a call ended as \`${kind}\`: ${error?.message ?? value}`);
    };
    await many(one, Math.ceil(calls / 5));
    const found = [await look(runner, 0)];
    for (let at = 1; at <= looks; at += 1) {
      await many(one, Math.ceil((calls * 0.8) / looks));
      found.push(await look(runner, Math.round((calls * 0.8 * at) / looks)));
      progress(found.at(-1));
    }
    return found;
  } finally {
    await runner.close();
  }
}

async function many(one, calls) {
  let left = calls;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      await one();
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
}

async function look(runner, calls) {
  // Twice, since what the first frees may hold more.
  for (let at = 0; at < 2; at += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const pids = [process.pid, ...(runner.pids ?? [])];
  const sum = (of) => pids.reduce((total, pid) => total + of(pid), 0);
  return { calls, bytes: sum(residentBytes), descriptors: sum(descriptors), threads: sum(threads) };
}

function status(pid, name) {
  return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}

function residentBytes(pid) {
  return status(pid, 'VmRSS') * 1024;
}

function threads(pid) {
  return status(pid, 'Threads');
}

function descriptors(pid) {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Bytes by which memory grows in 100,000 calls: the slope of the straight line that fits best. */
export function slopeBytes(looks) {
  const mean = (of) => looks.reduce((sum, one) => sum + of(one), 0) / looks.length;
  const [x, y] = [mean(({ calls }) => calls), mean(({ bytes }) => bytes)];
  const up = looks.reduce((sum, { calls, bytes }) => sum + (calls - x) * (bytes - y), 0);
  return (up / looks.reduce((sum, { calls }) => sum + (calls - x) ** 2, 0)) * 100_000;
}
