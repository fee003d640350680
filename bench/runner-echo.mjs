// What `runners.mjs` measures bare round trips against: a worker that sleeps in a read and answers, or that asks and sleeps.
import { readSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const ROAD = 3;

function answer() {
  const buffer = Buffer.alloc(65_536);
  for (let got = readSync(ROAD, buffer); got > 0; got = readSync(ROAD, buffer)) writeSync(ROAD, buffer, 0, got);
}

/** Reads again and again in the place of sleeping. */
function spin() {
  new Socket({ fd: ROAD }).pause(); // for what it does to the descriptor: reading it no longer sleeps
  const buffer = Buffer.alloc(65_536);
  for (let got = tryRead(buffer); got !== 0; got = tryRead(buffer)) if (got > 0) writeSync(ROAD, buffer, 0, got);
}

/** @returns bytes; 0 at the end, -1 when there are none yet. */
function tryRead(buffer) {
  try {
    return readSync(ROAD, buffer);
  } catch (error) {
    if (error.code === 'EAGAIN') return -1;
    throw error;
  }
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
else if (process.argv[2] === 'spin') spin();
else parentPort.on('message', (times) => parentPort.postMessage({ samples: ask(times) }));
