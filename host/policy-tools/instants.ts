import { compileWindow, type WindowSpec } from '../policy/conditions/index.ts';

const MINUTE_MS = 60_000;
/** Zones are whole quarters of an hour from UTC. */
const QUARTER_MINUTES = 15;
/** A week, and a day for clocks that skip an hour. */
const QUARTERS = 8 * 96;
const INSTANTS_MAX = 32;

/**
 * Instants from one on, at which different windows are open: one for each combination that comes up within a week, the first of them
 * `fromMs` itself.
 */
export function instantsAround(windows: readonly WindowSpec[], fromMs: number): readonly number[] {
  if (windows.length === 0) return [fromMs];
  const compiled = windows.map(compileWindow);
  const stateAt = (instantMs: number): string => compiled.map((window) => (window.contains(instantMs) ? '1' : '0')).join('');
  const found = new Map([[stateAt(fromMs), fromMs]]);
  // Windows begin and end at whole minutes of the clock, so no combination begins between those.
  const minutes = [...new Set([...windows.flatMap(({ from = '00:00', to = '00:00' }) => [from, to])].map(minuteInQuarter))];
  const startMs = Math.ceil(fromMs / (QUARTER_MINUTES * MINUTE_MS)) * QUARTER_MINUTES * MINUTE_MS;
  for (let quarter = -1; quarter < QUARTERS && found.size < INSTANTS_MAX; quarter++) {
    for (const minute of minutes) {
      const instantMs = startMs + (quarter * QUARTER_MINUTES + minute) * MINUTE_MS;
      const state = instantMs < fromMs ? undefined : stateAt(instantMs);
      if (state !== undefined && !found.has(state)) found.set(state, instantMs);
    }
  }
  return [...found.values()];
}

function minuteInQuarter(time: string): number {
  return Number(time.slice(3)) % QUARTER_MINUTES;
}
