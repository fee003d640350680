import { describe, expect, it } from 'vitest';
import { subject } from '../../../differential/sides.ts';
import { chain } from './chain.ts';
import { assemblyScriptShapes, leakingShapes } from './components.ts';
import { drivenCalls, manyCalls, mixedCalls } from './many-calls.ts';

/*
 * One instance called 20,000 times: its memory is what it was after the first 2,000. `npm run torture -- shapes` calls it a million times.
 */

const CALLS = 20_000;
const LOOK_EVERY = 2000;

describe.each(['incremental', 'minimal'] as const)('AssemblyScript with runtime %s', async (runtime) => {
  const bytes = await assemblyScriptShapes(runtime);
  const { component } = subject(bytes, false);

  it('keeps nothing of values that come and go, nor of things of the host', () => {
    const looks = [...manyCalls(bytes, mixedCalls(component), CALLS, LOOK_EVERY)].map((look) => look.bytes);
    expect(looks).toEqual(looks.map(() => looks[0]));
  }, 120_000);

  it('keeps nothing of things that it makes for others', () => {
    const looks = [...manyCalls(chain(bytes, bytes), drivenCalls(component), CALLS, LOOK_EVERY)].map((look) => look.bytes);
    expect(looks).toEqual(looks.map(() => looks[0]));
  }, 120_000);
});

it('would see what is kept', async () => {
  const bytes = await leakingShapes();
  const keeps = mixedCalls(subject(bytes, false).component).filter(({ name }) => name === 'keep');
  const looks = [...manyCalls(bytes, keeps, CALLS, LOOK_EVERY)].map((look) => look.bytes);
  expect(looks.at(-1)).toBeGreaterThan(looks[0]!);
}, 120_000);
