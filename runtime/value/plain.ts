import { types } from 'node:util';
import { charge, SLOTS_MAX } from './budget.ts';
import type { JsonValue } from './json-value.ts';

/** Something that no JSON value and no WIT value looks like; `words` says what it is, for messages. */
export class Foreign {
  readonly words: string;

  constructor(words: string) {
    this.words = words;
  }
}

/**
 * Looks at one level of a JavaScript value from outside and copies it, without running any code of its owner.
 *
 * @returns null, booleans, strings, numbers and bigints as they are; a copy of a plain array or of bytes (`Uint8Array`,
 * `Buffer`); a `Map` for a plain object. Everything else is `Foreign`: `undefined`, symbols, functions, proxies, class
 * instances, sparse arrays, and whatever has getters, hidden properties or symbol keys. The parts of arrays and maps
 * have not been looked at yet. Never throws.
 */
export function plainShape(value: unknown): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value !== 'object') return new Foreign(typeof value);
  // First of all, since every other question would already be answered by the proxy's own code.
  if (types.isProxy(value)) return new Foreign('proxy');
  if (Array.isArray(value)) return arrayShape(value);
  if (types.isUint8Array(value)) return bytesShape(value);
  return objectShape(value);
}

/** Containers inside each other in a snapshot; deeper ones are `Foreign`, which no type takes. */
const DEPTH_MAX = 128;

/**
 * Copies a JavaScript value from outside whole, at once and without running any code of its owner, so that what is checked later is what came:
 * each level as `plainShape` shows it. `fromJson` and `paramsFromJson` take the copy as they take parsed JSON.
 *
 * @throws CodedError `params/too-large` past 1,048,576 elements.
 */
export function plainSnapshot(value: unknown): JsonValue {
  let slotsLeft = SLOTS_MAX;
  const copy = (input: unknown, depth: number): unknown => {
    const shape = plainShape(input);
    if (!Array.isArray(shape) && !(shape instanceof Map)) return shape;
    if (depth === DEPTH_MAX) return new Foreign('value nested too deeply');
    slotsLeft = charge(slotsLeft, Array.isArray(shape) ? shape.length : shape.size);
    if (Array.isArray(shape)) return shape.map((item) => copy(item, depth + 1));
    for (const [key, item] of shape) shape.set(key, copy(item, depth + 1));
    return shape;
  };
  return copy(value, 0) as JsonValue; // what is Foreign in it is refused by every type
}

function bytesShape(value: Uint8Array): unknown {
  try {
    return new Uint8Array(value);
  } catch {
    return new Foreign('bytes of a detached buffer');
  }
}

function arrayShape(value: readonly unknown[]): unknown {
  if (Object.getPrototypeOf(value) !== Array.prototype) return new Foreign('class instance');
  // One key for each item and `length`: no holes, nothing else.
  if (Reflect.ownKeys(value).length !== value.length + 1) return new Foreign('array with holes or properties');
  const items: unknown[] = [];
  for (let index = 0; index < value.length; index++) {
    const property = Object.getOwnPropertyDescriptor(value, index);
    if (property === undefined || !('value' in property)) return new Foreign('array with holes, properties or getters');
    items.push(property.value);
  }
  return items;
}

function objectShape(value: object): unknown {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return new Foreign('class instance');
  const map = new Map<string, unknown>();
  for (const key of Reflect.ownKeys(value)) {
    const property = Object.getOwnPropertyDescriptor(value, key);
    if (typeof key === 'symbol') return new Foreign('object with symbol keys');
    if (property === undefined || !property.enumerable || !('value' in property)) {
      return new Foreign('object with getters or hidden properties');
    }
    map.set(key, property.value);
  }
  return map;
}
