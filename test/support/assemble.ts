import { readFileSync } from 'node:fs';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';

/** Component binary from WebAssembly text, by wasm-tools. */
export function assemble(wat: string): Promise<Uint8Array> {
  return parse(wat);
}

/** The text of a file in `test/fixtures/components`. */
export function fixtureText(name: string): string {
  return readFileSync(new URL(`../fixtures/components/${name}`, import.meta.url), 'utf8');
}

/** A component from one of our `.wat` fixtures. */
export function fixture(name: string): Promise<Uint8Array> {
  return assemble(fixtureText(name));
}

/** A component of a WIT world whose functions only trap: what wasm-tools calls a dummy. */
export async function dummyComponent(wit: string, world: string): Promise<Uint8Array> {
  const module = await componentEmbed({ witSource: wit, world, dummy: true });
  return componentNew(module);
}
