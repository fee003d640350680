import { createClosedWasi, type WasiInterface } from './closed-wasi.ts';

/** What every call gets; made once to be looked at, never called. */
const PROVIDED: Readonly<Record<string, WasiInterface>> = createClosedWasi({
  seed: new Uint8Array(16),
  clock: { kind: 'fixed', startNanoseconds: 0n },
  random: 'seeded',
  stdoutBytesMax: 0,
  stderrBytesMax: 0,
  handlesMax: 0,
}).imports;

/** Names, without version, of the interfaces that every component is given. */
export const CLOSED_WASI_INTERFACES: ReadonlySet<string> = new Set(Object.keys(PROVIDED));

/**
 * True for an import that `createClosedWasi` serves, whatever is granted: `wasi:io/streams@0.2.3` and any other patch of 0.2.
 *
 * Patches of 0.2 only add functions (semantic versions, as wasmtime's linker matches them), so a component that was built
 * against a later one is served unless it uses what is new: see `missingFunctions`.
 */
export function isMet(importName: string): boolean {
  return interfaceOf(importName) !== undefined;
}

/**
 * Those functions of an import that `createClosedWasi` does not serve; a component that imports any must be refused.
 *
 * @param importName - for example `wasi:io/streams@0.2.3`.
 * @param functionNames - WIT names as the binary has them, for example `get-stdin` and `[method]input-stream.read`.
 * @returns the names in the order given; all of them when the interface is not served at all.
 */
export function missingFunctions(importName: string, functionNames: readonly string[]): string[] {
  const name = interfaceOf(importName);
  const members = name === undefined ? undefined : PROVIDED[name];
  return functionNames.filter((functionName) => members === undefined || !serves(members, functionName));
}

function interfaceOf(importName: string): string | undefined {
  const name = /^([^@]+)@0\.2\.(?:0|[1-9]\d{0,8})$/.exec(importName)?.[1];
  return name !== undefined && CLOSED_WASI_INTERFACES.has(name) ? name : undefined;
}

function serves(members: WasiInterface, functionName: string): boolean {
  const method = /^\[method\]([a-z0-9-]+)\.([a-z0-9-]+)$/.exec(functionName);
  if (method === null) return /^[a-z]/.test(functionName) && isFunction(members, camelCase(functionName));
  const [, resource = '', name = ''] = method;
  const className = camelCase(`-${resource}`);
  if (!isFunction(members, className)) return false;
  const { prototype } = members[className] as { readonly prototype: object }; // PascalCase members are classes
  return isFunction(prototype, camelCase(name));
}

function isFunction(holder: object, key: string): boolean {
  return Object.hasOwn(holder, key) && typeof (holder as Readonly<Record<string, unknown>>)[key] === 'function'; // own, so present
}

function camelCase(kebab: string): string {
  return kebab.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
