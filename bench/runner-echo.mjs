// What `runners.mjs` measures bare round trips against: a worker that sleeps in a read and answers, or that asks and sleeps.
import { readSync, writeSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const ROAD = 3;

function answer() {
  const buffer = Buffer.alloc(65_536);
  for (let got = readSync(ROAD, buffer); got > 0; got = readSync(ROAD, buffer)) writeSync(ROAD, buffer, 0, got);
}

function ask(times) {
  const began = performance.now();
  for (let left = times; left > 0; left -= 1) {
    const seen = Atomics.load(workerData, 0);
    parentPort.postMessage({});
    Atomics.wait(workerData, 0, seen);
  }
  return performance.now() - began;
}

if (isMainThread) new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) });
else if (process.argv[2] === 'process') answer();
else parentPort.on('message', (times) => parentPort.postMessage({ samples: ask(times) }));
