import { readPlainName } from './plain-names.ts';
import { type ByteReader, hex, malformed, quote, unsupported } from './reader.ts';

// No fragment matches in two ways: with `[0-9a-z]+|[0-9A-Z]+` a name like `a-1-1-1-1-1!` would take 2^n steps to refuse.
const FRAGMENT = '(?:[0-9]+(?:[a-z][0-9a-z]*|[A-Z][0-9A-Z]*)?|[a-z][0-9a-z]*|[A-Z][0-9A-Z]*)';
const LABEL = new RegExp(`^(?:[a-z][0-9a-z]*|[A-Z][0-9A-Z]*)(?:-${FRAGMENT})*$`);
const WORDS = '[a-z][0-9a-z]*(?:-[0-9a-z]+)*';
const SEMVER =
  '(?:0|[1-9][0-9]*)\\.(?:0|[1-9][0-9]*)\\.(?:0|[1-9][0-9]*)' +
  '(?:-(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(?:\\.(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?' +
  '(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?';
const CANONICAL_VERSION = '[1-9][0-9]*|0\\.[1-9][0-9]*';
const INTERFACE = new RegExp(`^(${WORDS}:${WORDS})/([0-9A-Za-z-]+)(?:@(${SEMVER}|${CANONICAL_VERSION}))?$`);
const ANNOTATED = /^\[(constructor|method|static|async|async method|async static)\](.*)$/s;
const OUTSIDE_WIT = /^(?:unlocked-dep|locked-dep|url|integrity)=</;

/** The parts of an interface id such as `wasi:io/streams@0.2.3`. */
export interface InterfaceId {
  readonly package: string;
  readonly name: string;
  readonly version?: string;
}

/** The parts of an interface id; `undefined` for a plain name. */
export function parseInterfaceId(name: string): InterfaceId | undefined {
  const match = INTERFACE.exec(name);
  if (match === null || !LABEL.test(match[2] as string)) return undefined; // group 2 is not optional
  const [, pkg, label, version] = match as unknown as [string, string, string, string?]; // the pattern's own groups
  return version === undefined ? { package: pkg, name: label } : { package: pkg, name: label, version };
}

/** Whether a name belongs to a resource (`[constructor]r`, `[method]r.m`, `[static]r.s`), and to which. */
export function resourceOfName(name: string): string | undefined {
  const match = ANNOTATED.exec(name);
  if (match === null || match[1] === 'async') return undefined;
  return (match[2] as string).split('.')[0]; // group 2 is not optional
}

/** Takes a kebab-case label: the name of a field, case, flag or parameter. */
export function readLabel(reader: ByteReader, what: string): string {
  const offset = reader.position;
  const name = reader.name(what);
  if (!LABEL.test(name)) throw malformed(offset, `expected ${what} in kebab-case, found ${quote(name)}`);
  return name;
}

/**
 * Takes the name of an import or export: a plain name, one with an annotation such as `[method]r.m`, or an interface
 * id. Attributes of the newer encodings (`versionsuffix`, `implements`, `external-id`) are checked and dropped: they do
 * not identify anything.
 */
export function readExternName(reader: ByteReader): string {
  const offset = reader.position;
  const form = reader.byte('the kind of a name');
  if (form > 2) throw malformed(offset, `expected the kind of a name (0x00 to 0x02), found ${hex(form)}`);
  const name = reader.name('the name of an import or export');
  if (OUTSIDE_WIT.test(name)) throw unsupported(offset, `the dependency name ${quote(name)}`);
  if (!isExternName(name)) {
    throw malformed(offset, `expected a kebab-case name or an interface id, found ${quote(name)}`);
  }
  if (form === 2) skipAttributes(reader);
  return name;
}

function isExternName(name: string): boolean {
  const annotated = ANNOTATED.exec(name);
  if (annotated === null) return LABEL.test(name) || parseInterfaceId(name) !== undefined;
  const [, annotation, rest] = annotated as unknown as [string, string, string]; // both groups always match
  const labels = rest.split('.');
  const wanted = annotation.endsWith('method') || annotation.endsWith('static') ? 2 : 1;
  return labels.length === wanted && labels.every((label) => LABEL.test(label));
}

function skipAttributes(reader: ByteReader): void {
  const seen = new Set<number>();
  const count = reader.count('name attributes', 2);
  for (let index = 0; index < count; index++) {
    const offset = reader.position;
    const kind = reader.byte('the kind of a name attribute');
    if (kind > 2 || seen.has(kind)) {
      throw malformed(offset, `expected a name attribute not given before (0x00 to 0x02), found ${hex(kind)}`);
    }
    seen.add(kind);
    readPlainName(reader, 'a name attribute');
  }
}

/**
 * Collects the names of one scope and refuses two that would be one to a bindings generator: case is ignored, and
 * `[method]r.m` is the same as `[static]r.m`.
 * Source: "strongly-unique" in the component model's Explainer, section Name Uniqueness.
 */
export class UniqueNames {
  readonly #seen = new Set<string>();

  /** Adds a name; throws `component/malformed` when the scope has it already. */
  add(name: string, offset: number, what: string): void {
    const key = canonical(name);
    if (this.#seen.has(key)) throw malformed(offset, `expected ${what} not used before, found ${quote(name)} again`);
    this.#seen.add(key);
  }
}

function canonical(name: string): string {
  const lower = name.toLowerCase();
  if (!lower.startsWith('[') || lower.startsWith('[constructor]')) return lower;
  const plain = lower.slice(lower.indexOf(']') + 1);
  const [resource, member] = plain.split('.');
  return resource === member && resource !== undefined ? resource : plain;
}
