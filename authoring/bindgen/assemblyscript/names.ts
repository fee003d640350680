/** Words that `asc` does not take as the name of a parameter, a variable or a function. */
const KEYWORDS =
  'abstract async await break case catch class const constructor continue debugger declare default delete do else enum export ' +
  'extends false finally for function if implements import in instanceof interface let new null of override package private ' +
  'protected public readonly return static super switch this throw true try typeof var void while with yield';

/** What functions of a generated file must not be called: types and functions that the file uses. */
const TAKEN =
  'abi area assert args bool changetype cm f32 f64 guest heap i16 i32 i64 i8 idof isize list load map memory offsetof ' +
  'reinterpret result store string u16 u32 u64 u8 unchecked unreachable user usize v128';

const RESERVED: ReadonlySet<string> = new Set(`${KEYWORDS} ${TAKEN}`.split(' '));

/** Words that `asc` does not take as the name of a method. */
const RESERVED_METHODS: ReadonlySet<string> = new Set(
  'abstract constructor declare override private protected public readonly static'.split(' '),
);

/** Classes that generated files use by their global names, or that an author would miss. */
const RESERVED_TYPES: ReadonlySet<string> = new Set(
  (
    'Array ArrayBuffer Error Float32Array Float64Array Infinity Int16Array Int32Array Int64Array Int8Array Map NaN Object Option ' +
    'Result Set StaticArray String Symbol Uint16Array Uint32Array Uint64Array Uint8Array Unit Function Boolean Number Date Math'
  ).split(' '),
);

/** Members that every resource class has. */
const RESERVED_MEMBERS: ReadonlySet<string> = new Set(['drop', 'onDrop', 'create']);

/** `pod-summary` as `podSummary`: names of functions, parameters and fields. Keywords get a `_` at their end. */
export function camelName(kebab: string): string {
  const name = bareCamel(kebab);
  return RESERVED.has(name) ? `${name}_` : name;
}

/** Names of methods: only a few words are reserved there. */
export function methodName(kebab: string): string {
  const name = bareCamel(kebab);
  return RESERVED_METHODS.has(name) ? `${name}_` : name;
}

function bareCamel(kebab: string): string {
  return wordsOf(kebab)
    .map((word, index) => (index === 0 ? lower(word) : upper(word)))
    .join('');
}

/** `pod-summary` as `PodSummary`: names of classes and enums. Names of built-in classes get a `_` at their end. */
export function pascalName(kebab: string): string {
  const name = bareName(kebab);
  return RESERVED_TYPES.has(name) || /^Tuple\d/.test(name) ? `${name}_` : name;
}

/** `crash-loop` as `CrashLoop`: parts of longer names, and values of enums. */
export function bareName(kebab: string): string {
  return wordsOf(kebab).map(upper).join('');
}

/** Names of methods of a resource. */
export function memberName(kebab: string): string {
  const name = methodName(kebab);
  return RESERVED_MEMBERS.has(name) ? `${name}_` : name;
}

/**
 * Gives every item a name of its own: the shortest of its candidates that no other item wants, the longest with a number else.
 *
 * @param candidates - for each item its possible names, best first.
 * @param taken - names that nobody may have.
 */
export function distinctNames<Item>(
  items: readonly Item[],
  candidates: (item: Item) => readonly string[],
  taken: ReadonlySet<string> = new Set(),
): Map<Item, string> {
  const names = new Map<Item, string>();
  const used = new Set(taken);
  const wanted = new Map<string, number>();
  for (const item of items) for (const name of new Set(candidates(item))) wanted.set(name, (wanted.get(name) ?? 0) + 1);
  for (const item of items) {
    const all = candidates(item);
    const free = all.find((name) => wanted.get(name) === 1 && !used.has(name));
    const name = free ?? numbered(all.at(-1) ?? 'item', used);
    used.add(name);
    names.set(item, name);
  }
  return names;
}

/** The name, or with the first number from 2 on that makes it new. */
export function numbered(name: string, used: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}${/\d$/.test(name) ? '_' : ''}${number}`;
    if (!used.has(candidate)) return candidate;
  }
}

function wordsOf(kebab: string): string[] {
  return kebab.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
}

function upper(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** Acronyms, which WIT writes in capitals, are one word: `HTTP-status` as `httpStatus`. */
function lower(word: string): string {
  return word === word.toUpperCase() ? word.toLowerCase() : word.charAt(0).toLowerCase() + word.slice(1);
}
