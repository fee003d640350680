import { HOST_SIGNATURES } from './host-signatures.ts';
import { HTTP_RESOURCES, HTTP_SIGNATURES } from './http/signatures.ts';
import { WASI_RESOURCES, WASI_SIGNATURES } from './signatures.ts';

const SERVED_SIGNATURES = { ...WASI_SIGNATURES, ...HTTP_SIGNATURES };
const SERVED_RESOURCES = { ...WASI_RESOURCES, ...HTTP_RESOURCES };

/** Names, without version, of the interfaces that every component is given. */
export const CLOSED_WASI_INTERFACES: ReadonlySet<string> = new Set(Object.keys(WASI_SIGNATURES));

/**
 * True for an import that `createClosedWasi` serves, whatever is granted: `wasi:io/streams@0.2.3` and any other patch of 0.2.
 *
 * Patches of 0.2 only add functions (semantic versions, as wasmtime's linker matches them), so a component that was built
 * against a later one is served unless it uses what is new: see `servedSignatures`.
 */
export function isMet(importName: string): boolean {
  const name = interfaceOf(importName);
  return name !== undefined && CLOSED_WASI_INTERFACES.has(name);
}

/**
 * The functions that `createClosedWasi` serves of an import, those that it only serves where they are granted (`wasi:http`) included, in the words of `signatureOf`. A component that declares any
 * other, or one of them otherwise, must be refused: what it declares is how its values are carried.
 *
 * @param importName - for example `wasi:io/streams@0.2.3`.
 * @returns signatures by WIT name as the binary has it, for example `[method]input-stream.read`; none when it is not served.
 */
export function servedSignatures(importName: string): Readonly<Record<string, string>> {
  const host = /^([^@]+)@0\.1\.(?:0|[1-9]\d{0,8})$/.exec(importName)?.[1];
  if (host !== undefined && Object.hasOwn(HOST_SIGNATURES, host)) return HOST_SIGNATURES[host] ?? {};
  const name = interfaceOf(importName);
  return (name === undefined ? undefined : SERVED_SIGNATURES[name]) ?? {};
}

/** True when a resource of this name and interface, for example of `wasi:io/poll@0.2.3`, is one that `createClosedWasi` has. */
export function isServedResource(name: string, interfaceName: string | undefined): boolean {
  if (interfaceName === undefined || !Object.hasOwn(SERVED_RESOURCES, name)) return false;
  return interfaceOf(interfaceName) === SERVED_RESOURCES[name];
}

function interfaceOf(importName: string): string | undefined {
  const name = /^([^@]+)@0\.2\.(?:0|[1-9]\d{0,8})$/.exec(importName)?.[1];
  return name !== undefined && Object.hasOwn(SERVED_SIGNATURES, name) ? name : undefined;
}
