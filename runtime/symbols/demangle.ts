import { demangleRustLegacy } from './rust-legacy.ts';
import { demangleRustV0 } from './rust-v0.ts';

/** Characters of a name that is shown. */
const SHOWN_CHARS_MAX = 240;

/**
 * The name of a function as its author wrote it, where its scheme is known: both of Rust's. Others, such as C++'s `_Z…` and
 * AssemblyScript's `assembly/index/run`, stay as they are.
 *
 * @returns one line of at most 240 characters, without control characters.
 */
export function demangle(name: string): string {
  const plain = demangleRustV0(name) ?? demangleRustLegacy(name) ?? name;
  return oneLine(plain);
}

/** A text of a module for people: without control characters, of at most 240 characters; what is longer loses its end. */
export function oneLine(text: string): string {
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
  return line.length <= SHOWN_CHARS_MAX ? line : `${line.slice(0, SHOWN_CHARS_MAX - 1)}…`;
}
