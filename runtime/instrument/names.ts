/** Import namespace of a meter that modules share. No guest module may import from it. */
export const METER_NAMESPACE = 'cellblock:meter';

/** Name in that namespace of a module's memory, where the host gives it one. */
export const METER_MEMORY = 'memory';

/**
 * Whether a name is kept for what instrumentation exports: no guest module may export it, or import it from another. WIT ids
 * such as `cellblock:samples/redact#run` have a slash.
 */
export function isReserved(name: string): boolean {
  return name.startsWith('cellblock:') && !name.includes('/');
}

/** Names of what instrumentation exports. */
export const METER_EXPORTS = {
  /** The meter's counters, mutable globals (i64, i32, i32), and the function by which the host charges. */
  fuel: 'cellblock:fuel',
  pages: 'cellblock:pages',
  elements: 'cellblock:elements',
  charge: 'cellblock:charge',
  /** The module's start function, which the host calls once the fuel is set. */
  start: 'cellblock:start',
} as const;
