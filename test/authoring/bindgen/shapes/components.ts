import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { assemblyScriptComponent, assemblyScriptFiles } from '../../../support/assemblyscript-guest.ts';
import { chain } from './chain.ts';

/** The component that wit-bindgen's Rust made; `node test/fixtures/shapes/build.mjs` builds it. */
export function rustShapes(): Uint8Array {
  return readFileSync(fixture('shapes.wasm'));
}

/** The same world in AssemblyScript, compiled now. @param runtime - AssemblyScript's own. */
export function assemblyScriptShapes(runtime: 'incremental' | 'minimal'): Promise<Uint8Array> {
  const sources = assemblyScriptFiles(fixture('assembly'));
  return assemblyScriptComponent({ wit: fixture('wit'), world: 'all-shapes', sources, runtime });
}

/** The same with a mistake of its author's: all names that `keep` was ever given are kept. */
export function leakingShapes(): Promise<Uint8Array> {
  const files = assemblyScriptFiles(fixture('assembly'));
  const sources = { ...files, 'extra.ts': files['extra.ts']!.replace('kept = x.name;', 'kept += x.name;') };
  return assemblyScriptComponent({ wit: fixture('wit'), world: 'all-shapes', sources, optimised: false });
}

function fixture(name: string): string {
  return fileURLToPath(new URL(`../../../fixtures/shapes/${name}`, import.meta.url));
}

/** Both components of the world, by language. */
export async function shapesComponents(): Promise<Readonly<Record<string, Uint8Array>>> {
  return { Rust: rustShapes(), AssemblyScript: await assemblyScriptShapes('incremental') };
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
