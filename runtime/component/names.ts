import { type ByteReader, malformed, quote } from './reader.ts';

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
const FULL_VERSION = new RegExp(`^(?:${SEMVER})$`);
const SHORT_VERSION = new RegExp(`^(?:${CANONICAL_VERSION})$`);
const ANNOTATED = /^\[(constructor|method|static|async|async method|async static)\](.*)$/s;

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
  const [, pkg, label, version] = [...match] as [string, string, string, string?]; // the pattern's own groups
  return version === undefined ? { package: pkg, name: label } : { package: pkg, name: label, version };
}

/** Whether a name belongs to a resource (`[constructor]r`, `[method]r.m`, `[static]r.s`), and to which. */
export function resourceOfName(name: string): string | undefined {
  const match = ANNOTATED.exec(name);
  if (match === null || match[1] === 'async') return undefined;
  return (match[2] as string).split('.')[0]; // group 2 is not optional
}

/** Whether a name is one that WIT gives to a function or type, `[method]r.m` and the like included. */
export function isPlainName(name: string): boolean {
  const annotated = ANNOTATED.exec(name);
  if (annotated === null) return isLabel(name);
  const [, annotation, rest] = [...annotated] as [string, string, string]; // both groups always match
  const labels = rest.split('.');
  const wanted = annotation.endsWith('method') || annotation.endsWith('static') ? 2 : 1;
  return labels.length === wanted && labels.every(isLabel);
}

/** Whether a name is a word in kebab-case. */
export function isLabel(name: string): boolean {
  return LABEL.test(name);
}

/** Whether a suffix completes the version of an interface id, as in `@1` and `.2.3`. */
export function completesVersion({ version }: InterfaceId, suffix: string): boolean {
  if (version === undefined || !FULL_VERSION.test(version + suffix)) return false;
  return version.startsWith('0.0.') ? /^0\.0\.[0-9]+$/.test(version) : suffix.startsWith('.') && SHORT_VERSION.test(version);
}

/** Takes a kebab-case label: the name of a field, case, flag or parameter. */
export function readLabel(reader: ByteReader, what: string): string {
  const offset = reader.position;
  const name = reader.name(what);
  if (!isLabel(name)) throw malformed(offset, `expected ${what} in kebab-case, found ${quote(name)}`);
  return name;
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
