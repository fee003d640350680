/** Escapes of legacy symbols, without their dollar signs. */
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['SP', '@'],
  ['BP', '*'],
  ['RF', '&'],
  ['LT', '<'],
  ['GT', '>'],
  ['LP', '('],
  ['RP', ')'],
  ['C', ','],
]);

const HASH = /^h[0-9a-f]{16}$/;

/**
 * Reads a legacy Rust symbol: `_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE` is `core::fmt::Write::write_fmt`.
 *
 * @returns undefined for anything else, C++ symbols among them: those do not end with a hash.
 * Source: the grammar in rustc-demangle, `src/legacy.rs`.
 */
export function demangleRustLegacy(symbol: string): string | undefined {
  const start = /^_{0,2}ZN/.exec(symbol);
  if (start === null) return undefined;
  const parts: string[] = [];
  let at = start[0].length;
  while (symbol[at] !== 'E') {
    const digits = /^\d{1,6}/.exec(symbol.slice(at, at + 6))?.[0];
    if (digits === undefined) return undefined;
    const from = at + digits.length;
    at = from + Number(digits);
    if (at > symbol.length) return undefined;
    parts.push(symbol.slice(from, at));
  }
  const hash = parts.pop();
  if (hash === undefined || !HASH.test(hash) || parts.length === 0) return undefined;
  return parts.map(plainPart).join('::');
}

/** An escape at the front of a part stands behind a `_`; `..` is `::`, as in the paths of impls. */
function plainPart(part: string): string {
  const text = part.startsWith('_$') ? part.slice(1) : part;
  return text
    .replace(/\$(?:u([0-9a-f]{1,6})|([A-Z]{1,2}))\$/g, (whole, hex: string | undefined, name: string | undefined) =>
      hex === undefined ? (ESCAPES.get(name ?? '') ?? whole) : character(hex, whole),
    )
    .replaceAll('..', '::');
}

function character(hex: string, otherwise: string): string {
  const code = Number.parseInt(hex, 16);
  return code > 0x1f && code <= 0x10ffff ? String.fromCodePoint(code) : otherwise;
}
