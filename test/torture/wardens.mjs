// Two wardens share a trail, file the same requests and are killed at random moments, again and again: each request has its effect once at most,
// each that was answered is in the trail as it was answered. Needs the build.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { readRecords } from '../../dist/host/audit/index.js';
import { verifyTrail } from '../../dist/host/index.js';

const WORKER = fileURLToPath(new URL('warden-worker.mjs', import.meta.url));
const LIFE_MS_MAX = 150;
const FIRST_WORD_MS_MAX = 20_000;

const POLICY = `version: 1
trail: { segment: 1MiB }
tools:
  acting: { component: acting.wasm, functions: [act], grants: [effect] }
agents:
  a: { tools: [acting] }
`;

async function actingGuest() {
  const core = `(module
    (import "torture:host/effect@1.0.0" "act" (func $act (param i32)))
    (func (export "act") (param i32) (call $act (local.get 0))))`;
  const witSource = `package torture:acting;
    world w { import torture:host/effect@1.0.0; export act: func(n: u32); }
    package torture:host@1.0.0 { interface effect { act: func(n: u32); } }`;
  return componentNew(await componentEmbed({ binary: await parse(core), witSource }));
}

/**
 * Kills wardens by SIGKILL.
 *
 * @param kills - how many. @param answersMin - on a slow machine it goes on, up to five times as long, until so many requests were answered.
 * @param random - numbers from 0 up to 1. @param progress - gets `{kills, answered}` now and then.
 * @returns `{kills, answered, effects, interrupted}`.
 * @throws Error that says what ran twice or was lost.
 */
export async function killWardens({ kills, answersMin = 0, random = Math.random, progress = () => undefined }) {
  const folder = mkdtempSync(join(tmpdir(), 'cellblock-wardens-'));
  try {
    writeFileSync(join(folder, 'cellblock.yaml'), POLICY);
    writeFileSync(join(folder, 'acting.wasm'), await actingGuest());
    const answers = new Map();
    let done = 0;
    const place = async () => {
      while (done < kills || (answers.size < answersMin && done < 5 * kills)) {
        done += 1;
        await killOne(folder, firstOf(answers, random), random, answers);
        if (done % 20 === 0) progress({ kills: done, answered: answers.size });
      }
    };
    await Promise.all([place(), place()]);
    return { kills: done, ...(await check(folder, answers)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The first request that nobody has an answer for, or one of the eight before it, to be filed again: on a slow machine a life is too short for all of these. */
function firstOf(answers, random) {
  let n = 1;
  while (answers.has(n)) n += 1;
  return Math.max(1, n - Math.floor(random() * 9));
}

async function killOne(folder, from, random, answers) {
  const child = spawn(process.execPath, [WORKER, folder, String(from)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = new Promise((resolve) => child.once('close', (_code, signal) => resolve(signal)));
  const patience = setTimeout(() => child.kill('SIGKILL'), FIRST_WORD_MS_MAX);
  let isDoomed = false;
  createInterface(child.stdout).on('line', (line) => {
    if (!line.endsWith('}')) return; // cut by the kill
    const { n, kind, code } = JSON.parse(line);
    const answer = code === undefined ? kind : `${kind} ${code}`;
    // One that runs in the other process is told to ask again; all other answers are final, and the same for whoever asks.
    if (code !== 'busy/overloaded') {
      const before = answers.get(n);
      if (before !== undefined && before !== answer)
        throw new Error(`request ${n} was answered \`${before}\`, and then \`${answer}\``);
      answers.set(n, answer);
    }
    if (isDoomed) return;
    isDoomed = true;
    setTimeout(() => child.kill('SIGKILL'), random() * LIFE_MS_MAX);
  });
  const signal = await gone;
  clearTimeout(patience);
  if (signal !== 'SIGKILL') throw new Error('a warden ended by itself');
  if (!isDoomed) throw new Error('a warden said nothing');
}

async function check(folder, answers) {
  const trail = join(folder, '.cellblock');
  const verified = await verifyTrail(trail);
  if (!verified.ok) throw new Error(`record ${verified.seq}: ${verified.why}`);
  const path = join(folder, 'effects');
  const effects = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1).map(Number) : [];
  const once = new Set(effects);
  if (once.size !== effects.length) throw new Error(`${effects.length - once.size} effects happened twice`);
  for (const [n, answer] of answers) {
    if (answer === 'ok' && !once.has(n)) throw new Error(`request ${n} was answered \`ok\` and had no effect`);
  }
  const intents = await intentsOf(trail);
  for (const n of once) if (intents.get(n) !== 1) throw new Error(`request ${n} has ${intents.get(n) ?? 0} intents`);
  const interrupted = [...answers.values()].filter((answer) => answer === 'failed failed/interrupted').length;
  return { answered: answers.size, effects: effects.length, interrupted };
}

/** How often each request was about to run, by its parameter. */
async function intentsOf(trail) {
  const requests = new Map();
  const intents = new Map();
  for await (const record of readRecords(trail)) {
    if (record.kind === 'requested') requests.set(record.audit, record.parameters?.n);
    if (record.kind !== 'intent') continue;
    const n = requests.get(record.audit);
    intents.set(n, (intents.get(n) ?? 0) + 1);
  }
  return intents;
}
