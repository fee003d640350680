import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importingGuest } from '../../support/guests.ts';

/* What a worker inherits from its process: nothing. Seen from a process whose streams and environment are ours. */

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cellblock-isolation-'));
  writeFileSync(join(folder, 'importing.wasm'), await importingGuest());
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a worker', () => {
  it('has no environment, no arguments and no way to the streams of its process', () => {
    const script = `
      import { readFileSync } from 'node:fs';
      import { decodeComponent, Runtime } from ${JSON.stringify(new URL('../../../dist/runtime/index.js', import.meta.url).href)};
      const runtime = new Runtime({ cacheDirectory: false, threads: 2 });
      const nosy = { kind: 'local', name: 'nosy', interface: 'test:host/double@1.0.0', moduleUrl: ${JSON.stringify(new URL('../../fixtures/capabilities/nosy.mjs', import.meta.url).href)},
        signatures: { double: 'func(x: u32) -> u32', check: 'func(x: u32) -> result<_, _>' } };
      const component = decodeComponent(readFileSync(${JSON.stringify(join(folder, 'importing.wasm'))}));
      const call = await runtime.prepare(component, { function: 'twice', capabilities: [nosy] });
      const outcome = await runtime.invoke(call, [1]);
      console.log(outcome.kind, outcome.value);
      await runtime.close();`;
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, SECRET_TOKEN: 'do not tell', NODE_OPTIONS: '' },
      encoding: 'utf8',
    });
    // Two arguments are the thread's own executable and script, as Node gives them to every worker.
    expect({ stdout, stderr, status }).toEqual({ stdout: 'ok 20\n', stderr: '', status: 0 });
  });

  it('lives on when the process asks for more of its streams after they were taken away', async () => {
    const muting = new URL('../../../dist/runtime/cell/mute-process.js', import.meta.url).pathname;
    const script = `const { parentPort, workerData: muted } = require('node:worker_threads');
      require(${JSON.stringify(muting)}).muteProcess();
      parentPort.on('message', (ping) => parentPort.postMessage(ping));
      Atomics.store(muted, 0, 1);
      Atomics.notify(muted, 0);`;
    const muted = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(script, { eval: true, workerData: muted });
    // The process asks for the first time in its next turn, which comes only after muting here, as on a busy machine.
    expect(Atomics.wait(muted, 0, 0, 20_000)).not.toBe('timed-out');
    // What it asks travels by a port of Node's own. Several round trips, since no order holds between two ports.
    for (let ping = 1; ping <= 10; ping += 1) {
      worker.postMessage(ping);
      expect(await once(worker, 'message')).toEqual([ping]); // rejects with the error that the worker died of
    }
    await worker.terminate();
  });
});
