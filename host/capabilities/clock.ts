import type { CapabilityEntry } from './capability.ts';

/** The time of the host, in steps of 1 ms: finer ones would let a guest measure what others do. */
export const CLOCK: CapabilityEntry = {
  name: 'clock',
  summary: 'see the real time at 1 ms, instead of a fixed clock that only sleeping moves',
  interfaces: [],
  opens: ['wasi:clocks/'],
  effect: 'none',
  capability: { kind: 'wasi', name: 'clock', setup: { clock: 'real' } },
};
