import { readFileSync } from 'node:fs';
import { chain } from './chain.ts';

/** The component that wit-bindgen's Rust made; `node test/fixtures/shapes/build.mjs` builds it. */
export function rustShapes(): Uint8Array {
  return readFileSync(new URL('../../../fixtures/shapes/shapes.wasm', import.meta.url));
}

/** Pairs of components with the second's imported things made by the first. */
export function chains(components: Readonly<Record<string, Uint8Array>>): Readonly<Record<string, Uint8Array>> {
  const all = Object.entries(components);
  return Object.fromEntries(
    all.flatMap(([maker, makes]) =>
      all.map(([user, uses]) => [`${user}, with the things of ${maker}`, chain(makes, uses)] as const),
    ),
  );
}

/** Both components of the world, by language. */
export async function shapesComponents(): Promise<Readonly<Record<string, Uint8Array>>> {
  return { rust: rustShapes() };
}
