import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '../../support/mutate.mjs';
import { randomArguments } from './arguments.mjs';
import { moduleTypes } from './module-types.mjs';

/** What Binaryen resets its limit on loops and recursion by; without it, only the first calls would do something. */
export const RESET = 'hangLimitInitializer';
const CALLS_EACH = 3;
/** Sets of features, one after the other. `--denan`: engines may differ in the bits of a NaN. */
const ALWAYS = ['mutable-globals', 'sign-ext', 'nontrapping-float-to-int', 'bulk-memory'];
const FEATURES = [['multivalue', 'tail-call'], ['simd', 'multivalue', 'tail-call'], ['simd'], []];
/** From this version on Binaryen has more, and another form of what it had. */
const NEWER_VERSION = 120;
const NEWER_FEATURES = [
  ['reference-types', 'multivalue', 'tail-call', 'exception-handling'],
  ['reference-types', 'multivalue', 'tail-call', 'simd'],
  ['reference-types', 'multimemory', 'multivalue', 'exception-handling'],
  ['reference-types'],
];

/**
 * Random modules by Binaryen, `wasm-opt --translate-to-fuzz`, with calls of all their functions.
 *
 * @param command - `wasm-opt`. @param inputBytes - of random input for each: what the size of a module follows.
 * @returns `{ name, bytes, calls }` each.
 */
export function* binaryenModules(command, { count, seed, inputBytes }) {
  const folder = mkdtempSync(join(tmpdir(), 'cellblock-fuzz-'));
  const newer = versionOf(command) >= NEWER_VERSION;
  const sets = newer ? NEWER_FEATURES : FEATURES;
  try {
    for (let at = 0; at < count; at += 1) {
      const random = seededRandom(seed * 1_000_003 + at);
      const options = [...ALWAYS, ...sets[at % sets.length]].map((feature) => `--enable-${feature}`);
      if (newer) options.push('--enable-bulk-memory-opt', '--emit-exnref');
      const bytes = translate(command, folder, randomBytes(Math.ceil(inputBytes * (0.25 + random())), random), options);
      yield { name: `binaryen-${seed}-${at}`, bytes, calls: callsOf(bytes, random) };
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function versionOf(command) {
  const { stdout, error } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  if (error !== undefined) throw error;
  return Number(/version (\d+)/.exec(stdout)?.[1]);
}

function translate(command, folder, input, options) {
  const [from, to] = [join(folder, 'in'), join(folder, 'out.wasm')];
  writeFileSync(from, input);
  const args = ['--translate-to-fuzz', '--denan', ...options, from, '-o', to];
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr.slice(0, 500)}`);
  return new Uint8Array(readFileSync(to));
}

function callsOf(bytes, random) {
  const calls = [];
  const { exports } = moduleTypes(bytes);
  for (const [name, signature] of exports) {
    if (name === RESET) continue;
    for (let time = 0; time < CALLS_EACH; time += 1) {
      if (exports.has(RESET)) calls.push({ export: RESET, args: [] });
      calls.push({ export: name, args: randomArguments(signature, random) });
      if (signature.params.length === 0) break;
    }
  }
  return calls;
}

function randomBytes(count, random) {
  return Uint8Array.from({ length: count }, () => Math.floor(random() * 256));
}
