import type { Component } from '../../../../runtime/component/types.ts';
import { encodeParams } from '../../../../runtime/value/index.ts';
import { functionType, subject, WIDE } from '../../../differential/sides.ts';
import { type ShapesCall, shapesCalls } from './cases.ts';
import { named, type Seen, shapesHost } from './host.ts';

/** What an instance has after so many calls. */
export interface Look {
  readonly calls: number;
  /** Of all its memories together. */
  readonly bytes: number;
}

/** Functions whose values are in the guest's memory: text, lists, records, variants, results; and what relays them to the host. */
const NAMES = [
  'text',
  'twenty',
  'a-inner',
  'a-outer',
  'a-wide',
  'a-join-text',
  'a-shape',
  'bytes',
  'u64s',
  'texts',
  'cubes',
  'inners',
  'outers',
  'option-list',
  'option-option',
  'result-same',
  'result-shape',
  'result-nested',
  'tuple-nested',
];

/** A mixture of calls of a component of the world: of values, kept ones among them, and programs over the host's things. */
export function mixedCalls(component: Component): readonly ShapesCall[] {
  const all = shapesCalls(component, 1);
  const values = NAMES.flatMap((name) => all.filter((call) => call.name === name).slice(-3));
  const relays = values.map((call): ShapesCall => ({ ...call, within: 'relay' }));
  const extra = all.filter(({ within, name }) => within === 'extra' && ['kept', 'count', 'constant'].includes(name)).slice(-8);
  const keeps = values
    .filter(({ name }) => name === 'a-outer')
    .map(({ params }): ShapesCall => ({ within: 'extra', name: 'keep', params }));
  return [...values, ...relays, ...keeps, ...extra, ...drivenCalls(component)];
}

/** Programs over things, those of the host or those of the component before. */
export function drivenCalls(component: Component): readonly ShapesCall[] {
  return shapesCalls(component, 1)
    .filter(({ within }) => within === 'driver')
    .slice(0, 12);
}

/**
 * Calls one instance again and again.
 *
 * @param bytes - a component of the world, or two in a chain. @param asked - these calls, in turn.
 * @param every - how many calls between two looks.
 * @throws Error when a call does not end well.
 */
export function* manyCalls(bytes: Uint8Array, asked: readonly ShapesCall[], calls: number, every: number): Generator<Look> {
  const linked = subject(bytes, false);
  const seen: Seen = { mirrored: [], things: [] };
  const memories: WebAssembly.Memory[] = [];
  const instance = linked.instantiate('own, encoded', shapesHost(linked.component, 'own, encoded', seen), ({ exports }) => {
    if (exports.memory instanceof WebAssembly.Memory) memories.push(exports.memory);
  });
  const encoded = asked.map(({ within, name, params }) => {
    const type = functionType(linked.component.exports, named(within), name);
    return { within: named(within), name, params: encodeParams(params, type.params, WIDE) };
  });
  for (let done = 1; done <= calls; done += 1) {
    const { within, name, params } = encoded[done % encoded.length]!;
    const ending = instance.call(within, name, params);
    if ('what' in ending) throw new Error(`call ${done}, ${within}#${name}: ${ending.what}`);
    seen.mirrored.length = 0;
    seen.things.length = 0;
    if (done % every === 0) yield { calls: done, bytes: memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0) };
  }
}
