/*
 * Two components of the world, one behind the other: the things that the second one imports are those that the first one exports.
 */

import { named } from './host.ts';

const HEADER_BYTES = 8;
const CORE_MODULE = 1;
const COMPONENT = 4;
const INSTANCE = 5;
const ALIAS = 6;
const EXPORT = 11;
/** `sort` of a component instance. */
const SORT_INSTANCE = 5;

/**
 * A component with both inside, that imports what the maker imports and exports the user's driver.
 *
 * Everything before the first core module of a component that wit-component made is the types and imports of its world, in this order:
 * types, mirror, things. Copied to the front of another component they mean the same there.
 */
export function chain(maker: Uint8Array, user: Uint8Array): Uint8Array {
  const imports = ['types', 'mirror', 'things'].map(named);
  const instantiate = (component: number, things: number) => [
    0x00,
    component,
    ...vector(imports.map((name, at) => [...text(name), SORT_INSTANCE, at === 2 ? things : at])),
  ];
  const exported = (instance: number, name: string) => [SORT_INSTANCE, 0x00, instance, ...text(name)];
  return Buffer.concat([
    maker.subarray(0, importsEnd(maker)),
    section(COMPONENT, maker),
    section(COMPONENT, user),
    section(INSTANCE, vector([instantiate(0, 2)])), // instance 3
    section(ALIAS, vector([exported(3, named('things'))])), // instance 4
    section(INSTANCE, vector([instantiate(1, 4)])), // instance 5
    section(ALIAS, vector([exported(5, named('driver'))])), // instance 6
    section(EXPORT, vector([[0x00, ...text(named('driver')), SORT_INSTANCE, 6, 0x00]])),
  ]);
}

/** Where the first core module begins. */
function importsEnd(component: Uint8Array): number {
  for (let at = HEADER_BYTES; at < component.length; ) {
    if (component[at] === CORE_MODULE) return at;
    const [size, next] = readLeb128(component, at + 1);
    at = next + size;
  }
  throw new Error('the component has no core module');
}

function section(id: number, body: Uint8Array | readonly number[]): Uint8Array {
  return Buffer.concat([Uint8Array.from([id, ...leb128(body.length)]), Uint8Array.from(body)]);
}

function vector(items: readonly (readonly number[])[]): readonly number[] {
  return [...leb128(items.length), ...items.flat()];
}

function text(value: string): readonly number[] {
  const bytes = Buffer.from(value);
  return [...leb128(bytes.length), ...bytes];
}

function leb128(value: number): readonly number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...leb128(Math.floor(value / 128))];
}

function readLeb128(bytes: Uint8Array, from: number): readonly [value: number, next: number] {
  let value = 0;
  for (let at = from, scale = 1; ; at += 1, scale *= 128) {
    const byte = bytes[at]!;
    value += (byte & 127) * scale;
    if (byte < 128) return [value, at + 1];
  }
}
