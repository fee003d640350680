import { CodedError } from '../error.ts';
import { type ByteReader, quote } from './reader.ts';
import type { TypeSpace } from './type-space.ts';

/** Printable ASCII without quotes and backslash; toolchains use letters, digits and `_ $ . : / @ # [ ] | < > -`. */
const PLAIN = /^[ !#-&(-[\]-_a-~]*$/;

function isPlainName(name: string): boolean {
  return PLAIN.test(name) && !name.includes('*/') && !name.includes('${') && name !== '__proto__';
}

/**
 * Refuses a name that is not plain text, where the format itself allows any: those of core imports and exports.
 *
 * A bindings generator writes such names into JavaScript, and jco does so without escaping: `a'];code();//` would run
 * `code` outside of the guest, and `__proto__` as a key would give a module the members of every object as imports.
 *
 * @throws CodedError `component/unsupported`, `data: {name}`.
 */
export function checkPlainName(name: string): void {
  if (isPlainName(name)) return;
  throw new CodedError('component/unsupported', `the name ${quote(name)} is not supported`, {
    data: { name },
    help: 'name core imports and exports in printable ASCII without quotes, `\\`, `*/` and `${`, and not `__proto__`',
  });
}

/**
 * Takes a name that the format does not restrict, and remembers the first one that jco must not see.
 * @throws CodedError `component/malformed`.
 */
export function readCoreName(reader: ByteReader, space: TypeSpace, what: string): string {
  const offset = reader.position;
  const name = reader.name(what);
  if (!isPlainName(name))
    space.jcoRefuses ??= `jco writes names into JavaScript unescaped, such as ${quote(name)} at byte ${offset}`;
  return name;
}
