// Runs our bindings, jco's and the specification's rules on random guests and compares; see HELP.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createViteServer } from 'vitest/node';

const USAGE = 'usage: node test/outside/differential.mjs [--rounds N] [--sequences N] [--seed N] [--only JOB]';
const HELP = `${USAGE}

Runs our bindings, jco's and the specification's rules on random guests and compares: values in and out by every way that
the canonical ABI has, programs of host calls, programs over handles, texts in every encoding, components inside each
other. Prints what was compared, how many differences which listed reason explains (test/differential/spec-reasons.ts), and
every other difference; exits with 1 when there is one. Needs no build: vite, which vitest brings, loads the sources.

  --rounds N     values carried there and back, 50 in each guest; 20000 by default. Texts and compositions follow from it
  --sequences N  programs of host calls, and a quarter as many over handles; 2000 by default
  --seed N       number of the first job of each kind; 1 by default, and the same number gives the same guests
  --only JOB     one job again, by the name in a failure
  --help         this text

example: node test/outside/differential.mjs --rounds 500 --sequences 50
         node test/outside/differential.mjs --only round-trip:17`;

const PROGRESS_MS = 10_000;
const SHOWN_MAX = 20;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20000' },
    sequences: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(HELP);
  process.exit(0);
}
const amount = { rounds: Number(options.rounds), sequences: Number(options.sequences), seed: Number(options.seed) };
if (!Object.values(amount).every((count) => Number.isSafeInteger(count) && count >= 0)) {
  console.error(USAGE);
  process.exit(2);
}

const server = await createViteServer({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  configFile: false,
  logLevel: 'error',
  appType: 'custom',
  server: { middlewareMode: true, watch: null, ws: false, hmr: false },
  optimizeDeps: { noDiscovery: true },
});
const { differenceText, jobsOf, noTotals, runJob } = await server.ssrLoadModule('/test/differential/jobs.ts');
const { SPEC_REASONS } = await server.ssrLoadModule('/test/differential/spec-reasons.ts');
const { ready } = await server.ssrLoadModule('/test/differential/sides.ts');
await ready;

const totals = noTotals();
await runAll(options.only === undefined ? jobsOf(amount) : [options.only]);
await server.close();
report();
process.exitCode = totals.unlisted.length + totals.broken.length > 0 ? 1 : 0;

async function runAll(jobs) {
  let told = Date.now();
  for (const [at, name] of jobs.entries()) {
    await runJob(name, totals);
    if (Date.now() - told < PROGRESS_MS) continue;
    told = Date.now();
    console.error(`${at + 1} of ${jobs.length} guests, ${totals.unlisted.length + totals.broken.length} not as expected`);
  }
}

function report() {
  console.log(options.only === undefined ? `seed ${amount.seed}` : options.only);
  for (const [what, count] of totals.counts) console.log(`${String(count).padStart(9)} ${what}`);
  console.log('differences of jco with a listed reason');
  for (const { id, jco } of SPEC_REASONS) console.log(`${String(totals.explained.get(id) ?? 0).padStart(9)} ${id}: jco ${jco}`);
  for (const why of totals.broken.slice(0, SHOWN_MAX)) console.log(`\nCOULD NOT RUN ${why}`);
  for (const difference of totals.unlisted.slice(0, SHOWN_MAX)) console.log(`\nDIFFERENT ${differenceText(difference)}`);
  console.log(`\n${totals.unlisted.length} differences without a listed reason, ${totals.broken.length} jobs that could not run`);
}
