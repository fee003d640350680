/**
 * What we use of wasm-tools, as jco carries it. The one home of that package on this side.
 *
 * Each of these runs a WebAssembly component of jco's, which stays broken once an input made it panic: for a command that ends
 * afterwards that does no harm.
 */
export { componentEmbed, componentNew, print as printWat } from '@bytecodealliance/jco-transpile/wasm-tools';

/**
 * Types of a world for TypeScript, as componentize-js calls and is called.
 *
 * @param source - WIT that can be read: all packages in one text.
 * @returns declarations by path: the world's own, and one file for each interface in `interfaces/`.
 */
export async function guestTypes(source: string, world: string): Promise<ReadonlyMap<string, string>> {
  const { $init, generateTypes } = await import('@bytecodealliance/jco-transpile/component'); // large, and only JavaScript needs it
  await $init;
  const files = generateTypes(world, {
    wit: { tag: 'source', val: source },
    world,
    guest: true,
    features: { tag: 'all' },
  });
  return new Map(files.map(([path, bytes]) => [path, new TextDecoder().decode(bytes)]));
}
