import { CodedError } from '../error.ts';
import { type ByteReader, quote } from './reader.ts';

/** Printable ASCII without quotes and backslash; toolchains use letters, digits and `_ $ . : / @ # [ ] | < > -`. */
const PLAIN = /^[ !#-&(-[\]-_a-~]*$/;

/**
 * Refuses a name that is not plain text, where the format itself allows any: those of core imports and exports.
 *
 * A bindings generator writes such names into JavaScript, and jco does so without escaping: `a'];code();//` would run
 * `code` outside of the guest, and `__proto__` as a key would give a module the members of every object as imports.
 *
 * @param offset - bytes from the start of the component, where that is known.
 * @throws CodedError `component/unsupported`, `data: {name, offset?}`.
 */
export function checkPlainName(name: string, offset?: number): void {
  if (PLAIN.test(name) && !name.includes('*/') && !name.includes('${') && name !== '__proto__') return;
  const where = offset === undefined ? '' : ` at byte ${offset}`;
  throw new CodedError('component/unsupported', `the name ${quote(name)}${where} is not supported`, {
    data: { name, ...(offset === undefined ? {} : { offset }) },
    help: 'name core imports and exports in printable ASCII without quotes, `\\`, `*/` and `${`, and not `__proto__`',
  });
}

/** Takes a name that the format does not restrict. @throws CodedError as `checkPlainName`, or `component/malformed`. */
export function readPlainName(reader: ByteReader, what: string): string {
  const offset = reader.position;
  const name = reader.name(what);
  checkPlainName(name, offset);
  return name;
}
