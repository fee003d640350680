import fc from 'fast-check';
import type { Component, FunctionType } from '../../../../runtime/component/types.ts';
import type { WitValue } from '../../../../runtime/value/index.ts';
import { arbDeepValue, pick } from '../../../differential/arbitrary.ts';
import { extremeArguments } from './extremes.ts';
import { named } from './host.ts';
import { programs } from './programs.ts';

/** One call: a function of an interface of the world, and its arguments. */
export interface ShapesCall {
  /** The interface's short name. */
  readonly within: string;
  readonly name: string;
  readonly params: readonly WitValue[];
}

const SEEDED_EACH = 5;
const EXTREMES_EACH_MAX = 30;
const PROGRAMS = 150;

/** The calls of a seed: edges of each function's parameters, then random ones, and random programs over resources. */
export function shapesCalls(component: Component, seed: number): readonly ShapesCall[] {
  const values = functionsOf(component, 'shapes').flatMap(([name, { params }]) => callsOf('shapes', name, params, seed));
  const extra = functionsOf(component, 'extra')
    .filter(([name]) => name !== 'repeat')
    .flatMap(([name, { params }]) => callsOf('extra', name, params, seed));
  const repeats = [0, 1, 1000].map((times): ShapesCall => {
    const at: WitValue = { some: Object.assign(Object.create(null), { x: 0.5, y: -0 }) }; // an option of a record
    const inner: WitValue = Object.assign(Object.create(null), { tags: ['a', 'bc'], at }); // a record
    return { within: 'extra', name: 'repeat', params: [{ tag: 'named', value: inner }, times] };
  });
  const driven = programs(seed, PROGRAMS).map((program): ShapesCall => ({ within: 'driver', name: 'run', params: [program] }));
  return [...values, ...extra, ...repeats, ...driven];
}

/** The functions of an exported interface by name. */
export function functionsOf(component: Component, within: string): readonly (readonly [string, FunctionType])[] {
  const found = component.exports.find(({ name }) => name === named(within));
  if (found?.kind !== 'interface') throw new Error(`there is no interface ${within}`);
  return found.items.flatMap((item) => (item.kind === 'func' ? [[item.name, item.type] as const] : []));
}

function callsOf(within: string, name: string, params: FunctionType['params'], seed: number): readonly ShapesCall[] {
  if (params.length === 0) return [{ within, name, params: [] }];
  const all = extremeArguments(params);
  const step = Math.max(1, Math.ceil(all.length / EXTREMES_EACH_MAX));
  const edges = all.filter((_, at) => at % step === 0);
  const random = pick(fc.tuple(...params.map(({ type }) => arbDeepValue(type))), seed, SEEDED_EACH);
  return [...edges, ...random].map((values) => ({ within, name, params: values }));
}
