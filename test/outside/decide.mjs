// Runs `decide` beside a naive evaluator on random policies and requests; see HELP.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createViteServer } from 'vitest/node';

const USAGE = 'usage: node test/outside/decide.mjs [--pairs N] [--seed N]';
const HELP = `${USAGE}

Decides random requests on random policies twice: by \`decide\`, and by an evaluator that was written from docs/policy.md and shares
no code with it (test/host/policy/naive-decide.ts). Effect, code, rules, alerts, budgets, the question to approvers and what log-only
rules would have done have to be the same. Prints how often each decision was met, and every difference with policy and request; exits
with 1 when there is one. Needs no build: vite, which vitest brings, loads the sources.

  --pairs N  pairs of policy and request, 100 on each policy; 1000000 by default
  --seed N   of the first policy; 1 by default, and the same number gives the same pairs
  --help     this text

example: node test/outside/decide.mjs --pairs 1000000 --seed 1
         node test/outside/decide.mjs --pairs 100 --seed 155     # the pairs of one policy again`;

const PROGRESS_MS = 10_000;
const SHOWN_MAX = 10;

const { values: options } = parseArgs({
  options: {
    pairs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(HELP);
  process.exit(0);
}
const [pairs, firstSeed] = [Number(options.pairs), Number(options.seed)];
if (!Number.isSafeInteger(pairs) || pairs < 1 || !Number.isSafeInteger(firstSeed) || firstSeed < 0) {
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
const { difference, pairsOf } = await server.ssrLoadModule('/test/host/policy/decide-pair.ts');

const seen = new Map();
let [done, differences, reported] = [0, 0, Date.now()];
for (let seed = firstSeed; done < pairs; seed += 1) {
  for (const pair of pairsOf(seed)) {
    if (done === pairs) break;
    done += 1;
    const kind = pair.ours.code ?? pair.ours.effect;
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
    const found = difference(pair);
    if (found === undefined) continue;
    differences += 1;
    if (differences <= SHOWN_MAX) console.log(`${found}\n`);
  }
  if (Date.now() - reported > PROGRESS_MS) {
    reported = Date.now();
    console.error(`${done} of ${pairs} pairs, ${differences} differences`);
  }
}
await server.close();

for (const [kind, count] of [...seen].sort(([, a], [, b]) => b - a)) console.log(`${String(count).padStart(9)}  ${kind}`);
console.log(`${done} pairs, ${differences} differences`);
process.exitCode = differences === 0 ? 0 : 1;
