import { functionBody, functionType, HEADER, nameBytes, section, unsigned, VALUE_TYPES, vector } from './bytes.mjs';

/** The instruction that makes the zero of a type. */
const ZERO = {
  i32: [0x41, 0],
  i64: [0x42, 0],
  f32: [0x43, ...new Array(4).fill(0)],
  f64: [0x44, ...new Array(8).fill(0)],
  v128: [0xfd, 12, ...new Array(16).fill(0)],
};
const NAME_BY_BYTE = new Map(Object.entries(VALUE_TYPES).map(([name, byte]) => [byte, name]));
const KIND_BYTE = { function: 0, table: 1, memory: 2, global: 3, tag: 4 };
const SECTION_OF = { function: 3, table: 4, memory: 5, tag: 13, global: 6 };

/** The instruction that gives 0, or null. */
export function zeroOf(type) {
  return ZERO[type] ?? [0xd0, VALUE_TYPES[type]];
}

/**
 * What stands for each import of a module, here and under Wasmtime: functions that return zeros, and tables, memories,
 * globals and tags as they are declared, from a generated module.
 *
 * @param types - what `moduleTypes` says.
 * @returns by import: the name of the generated module's export for it.
 * @throws Error where one name is imported as two things, which an object of imports cannot hold.
 */
export function standInNames({ imports }) {
  const names = new Map();
  const wanted = new Map();
  return imports.map((item) => {
    const key = JSON.stringify([item.module, item.name]);
    const want = JSON.stringify([item.kind, item.type]);
    if (!names.has(key)) names.set(key, `i${names.size}`);
    if ((wanted.get(key) ?? want) !== want) throw new Error('one name is imported as two things');
    wanted.set(key, want);
    return names.get(key);
  });
}

/** The generated module. @param functions - false: without the functions, which Wasmtime has to get from its host. */
export function standInModule(types, functions = true) {
  const names = standInNames(types);
  const kept = types.imports
    .map((item, at) => ({ ...item, export: names[at] }))
    .filter((item, at) => names.indexOf(item.export) === at && (functions || item.kind !== 'function'));
  const byKind = (kind) => kept.filter((item) => item.kind === kind);
  const entry = (item) => (item.kind === 'global' ? [...item.type, ...zeroOf(NAME_BY_BYTE.get(item.type[0])), 0x0b] : item.type);
  const sections = Object.entries(SECTION_OF).map(([kind, id]) => section(id, vector(byKind(kind).map(entry))));
  const exported = kept.map((item) => [
    ...nameBytes(item.export),
    KIND_BYTE[item.kind],
    ...unsigned(byKind(item.kind).findIndex((one) => one.export === item.export)),
  ]);
  const bodies = byKind('function').map(({ signature }) => functionBody([], signature.results.flatMap(zeroOf)));
  const typeSection =
    types.typeSection.length === 0 ? section(1, vector([functionType({ params: [], results: [] })])) : types.typeSection;
  return Uint8Array.from([
    ...HEADER,
    ...typeSection,
    ...sections.flat(),
    ...section(7, vector(exported)),
    ...section(10, vector(bodies)),
  ]);
}

/** The imports of a module, made anew. */
export function standInImports(types) {
  const names = standInNames(types);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(standInModule(types)));
  const imports = { __proto__: null };
  for (const [at, { module, name }] of types.imports.entries()) {
    imports[module] ??= { __proto__: null };
    imports[module][name] = exports[names[at]];
  }
  return imports;
}
