/*
 * A warden in a process of its own, which may kill itself at a chosen point. One argument, JSON:
 * `{site, cacheDirectory, requests, killAt, effects, times, waitMs}`. Each outcome is a line of JSON on stdout; then `{points}`.
 *
 * The points: before and after each write and each sync of the trail, and before and after the effect of the host function, counted from
 * the first request on. With `times`, all requests are filed so often, at once. After them, it waits for a line on stdin where `hold` is set.
 */
import fs, { appendFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { openWarden } from 'cellblock';

const { site, cacheDirectory, requests, killAt, times = 1, hold = false } = JSON.parse(process.argv[2]);
const { writeSync, fdatasyncSync, fdatasync } = fs;
let points = 0;
let counting = false;

function point() {
  if (!counting) return;
  points += 1;
  if (points === killAt) process.kill(process.pid, 'SIGKILL');
}

function around(work) {
  point();
  const answer = work();
  point();
  return answer;
}

const say = (what) => writeSync(1, `${JSON.stringify(what)}\n`);
fs.writeSync = (...args) => around(() => writeSync(...args));
fs.fdatasyncSync = (...args) => around(() => fdatasyncSync(...args));
fs.fdatasync = (file, done) => {
  point();
  fdatasync(file, (error) => {
    point();
    done(error);
  });
};
syncBuiltinESMExports();

const act = ([n]) => {
  around(() => appendFileSync(join(site, 'effects'), `${n}\n`));
  return n;
};
const entry = (name, from, functions) => ({
  name,
  summary: name,
  interfaces: [from],
  capability: { kind: 'bridged', name, interface: from, functions },
});
const warden = await openWarden({
  policy: join(site, 'cellblock.yaml'),
  cacheDirectory,
  isolation: 'thread',
  threads: 2,
  waitingPerAgentMax: 1000,
  capabilities: [
    entry('effect', 'test:host/effect@1.0.0', { act }),
    entry('deputy', 'test:host/deputy@1.0.0', { ask: ([n]) => n }),
  ],
});
counting = true;
for (const request of requests) {
  const outcomes = await Promise.all(Array.from({ length: times }, () => warden.request(request)));
  for (const outcome of outcomes) say(outcome);
}
say({ points });
if (hold) await new Promise((resolve) => process.stdin.once('data', resolve));
counting = false;
await warden.close();
