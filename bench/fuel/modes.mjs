// How a module is metered in each mode of the fuel benchmark: the two models, the peers, and single optimizations off.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { instrument } from '../../dist/runtime/instrument/index.js';
import { ALL_OPTIMIZATIONS } from '../../dist/runtime/instrument/optimizations.js';
import { meterBlocks } from './block-counter.mjs';

const SWITCHES = Object.keys(ALL_OPTIMIZATIONS);

/** Modes of every job; `plain` is the module as it came. */
export const MODELS = ['plain', 'region', 'exact'];

export const BLOCK_COUNTER = 'block counter in a global';
export const WASM_METERING = 'wasm-metering';
export const ALL_OFF = 'region, all optimizations off';

/** `region` with one optimization off, by its name. */
export const SWITCHED_OFF = new Map(SWITCHES.map((name) => [`region without ${name}`, { [name]: false }]));

const OPTIMIZATIONS = new Map([
  ...SWITCHED_OFF,
  [ALL_OFF, Object.fromEntries(SWITCHES.map((name) => [name, false]))],
  ['region', {}],
  ['exact', {}],
]);

/**
 * What turns a module's bytes into those of a mode.
 *
 * @param peerMetering - a folder with `node_modules/wasm-metering`, for that mode.
 * @returns a function of bytes. What it throws says that the mode cannot meter the module.
 */
export function transformOf(mode, peerMetering) {
  if (mode === 'plain') return (bytes) => bytes;
  if (mode === BLOCK_COUNTER) return meterBlocks;
  if (mode === WASM_METERING) {
    const { meterWASM } = createRequire(join(peerMetering, 'package.json'))('wasm-metering');
    return (bytes) => new Uint8Array(meterWASM(Buffer.from(bytes), { meterType: 'i32' }));
  }
  const optimizations = OPTIMIZATIONS.get(mode);
  if (optimizations === undefined) throw new Error(`there is no mode \`${mode}\``);
  const model = mode === 'exact' ? 'exact' : 'region';
  return (bytes) => instrument(bytes, { model, tableElementsMax: 10_000_000, optimizations }).bytes;
}
