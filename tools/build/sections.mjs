/** Custom sections at the end of a component, and the two that carry documentation. */

/**
 * Section that every reader of WIT knows. As `wit-parser` in jco 0.15 reads it, it may only document the world itself: a
 * name of any other package makes the whole component unreadable, and so does the newer field `package`.
 */
export const STANDARD_DOCS = 'package-docs';

/**
 * Section of the same body in the newest form of `wit-parser` (version byte 1, JSON with `package`), one for each package.
 * Under this name older readers pass over it; once they know `package`, it can be called `package-docs` as well.
 * Source: wasm-tools `crates/wit-parser/src/metadata.rs`.
 */
export const PACKAGE_DOCS = 'cellblock:package-docs';

/** Version of the body of both sections. */
const DOCS_VERSION = 1;

/**
 * Appends one custom section.
 *
 * @param {Uint8Array} binary - component or core module; not changed.
 * @param {string} name
 * @param {Uint8Array} body
 * @returns {Uint8Array} new bytes.
 */
export function appendCustomSection(binary, name, body) {
  const nameBytes = Buffer.from(name);
  const content = Buffer.concat([leb128(nameBytes.length), nameBytes, body]);
  return Buffer.concat([binary, Uint8Array.of(0), leb128(content.length), content]);
}

/**
 * @param {object} docs - JSON in the shape of `wit-parser`'s `PackageMetadata`.
 * @returns {Uint8Array} body of a documentation section.
 */
export function docsBody(docs) {
  return Buffer.concat([Uint8Array.of(DOCS_VERSION), Buffer.from(JSON.stringify(docs))]);
}

/** @param {number} value - 0 to 2^32-1. @returns {Uint8Array} unsigned LEB128. */
function leb128(value) {
  const bytes = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}
