// A warden that is about to be killed: `warden-worker.mjs FOLDER FROM`. Files requests by their ids, from one on, 16 at a time; each has an effect,
// a line in a file. Says `{n, kind, code}` of each that ended.
import { appendFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openWarden } from 'cellblock';

const [folder, from] = process.argv.slice(2);
const effect = {
  name: 'effect',
  summary: 'appends a line to a file',
  interfaces: ['torture:host/effect@1.0.0'],
  capability: {
    kind: 'bridged',
    name: 'effect',
    interface: 'torture:host/effect@1.0.0',
    functions: { act: ([n]) => appendFileSync(join(folder, 'effects'), `${n}\n`) },
  },
};
const warden = await openWarden({
  policy: join(folder, 'cellblock.yaml'),
  cacheDirectory: join(folder, 'cache'),
  isolation: 'thread',
  threads: 2,
  capabilities: [effect],
});
let next = Number(from);

async function caller() {
  for (;;) {
    const n = next++;
    const outcome = await warden.request({ agent: 'a', tool_name: 'acting', parameters: { n }, request_id: `r${n}` });
    writeSync(1, `${JSON.stringify({ n, kind: outcome.kind, code: outcome.error?.code })}\n`);
  }
}

await Promise.all(Array.from({ length: 16 }, caller));
