import type { CapabilityEntry } from './capability.ts';

/** Random bytes that nobody foresees; without it they follow from the request, so that a call can be run again. */
export const RANDOM: CapabilityEntry = {
  name: 'random',
  summary: 'get secure random bytes, instead of ones that follow from the seed of the call',
  interfaces: [],
  opens: ['wasi:random/'],
  effect: 'none',
  capability: { kind: 'wasi', name: 'random', setup: { random: 'secure' } },
};
