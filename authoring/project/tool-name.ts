import type { Language } from './language.ts';

/** Characters of a tool's name. */
export const TOOL_NAME_CHARS_MAX = 64;

const LABEL = /^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$/;

/**
 * Words that WIT keeps for itself. A package cannot be called after one without `%`.
 * Source: wasm-tools `crates/wit-parser/src/ast/lex.rs`.
 */
const WIT_WORDS = new Set(
  (
    'use type func u8 u16 u32 u64 s8 s16 s32 s64 f32 f64 char record resource own borrow flags variant enum bool string option ' +
    'result future stream error-context list map tuple as from static interface import export world package constructor include ' +
    'with async'
  ).split(' '),
);

/** Namespaces of packages that are not the author's. */
const TAKEN_NAMESPACES = new Set(['wasi', 'cellblock', 'component']);

/** What a crate cannot be called: words of Rust, and crates that every other one sees. */
const RUST_WORDS = new Set(
  (
    'abstract as async await become box break const continue crate do dyn else enum extern false final fn for gen if impl in let loop ' +
    'macro match mod move mut override priv pub ref return self static struct super trait true try type typeof unsafe unsized use ' +
    'virtual where while yield alloc core proc-macro std test wit-bindgen'
  ).split(' '),
);

/**
 * Says why a text is no name of a tool. A name is a label of WIT in lower case, since package, world and files are called after it.
 *
 * @returns the reason, as the end of a sentence that begins with the name; undefined where it is fine.
 */
export function whyNoToolName(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (name.length > TOOL_NAME_CHARS_MAX) return `has more than ${TOOL_NAME_CHARS_MAX} characters`;
  if (LABEL.test(name)) return undefined;
  return 'is no name of WIT: words of small letters and digits, each beginning with a letter, joined by `-`, such as `word-count`';
}

/** As `whyNoToolName`, for a tool whose package, crate and world are to be called after it. */
export function whyNoNewTool(name: string, language: Language): string | undefined {
  const why = whyNoToolName(name);
  if (why !== undefined) return why;
  if (WIT_WORDS.has(name)) return 'is a word of WIT, so that no package can be called like that';
  if (TAKEN_NAMESPACES.has(name)) return "is the namespace of others' packages";
  if (language === 'rust' && RUST_WORDS.has(name)) return 'is a word of Rust, so that no crate can be called like that';
  return undefined;
}
