import { ByteReader } from './byte-reader.mjs';
import { VALUE_TYPES } from './bytes.mjs';

const NAMES = new Map(Object.entries(VALUE_TYPES).map(([name, byte]) => [byte, name]));
const KINDS = ['function', 'table', 'memory', 'global', 'tag'];

/**
 * What a module's sections say of its types: enough to make arguments for its exports and stand-ins for its imports.
 *
 * @returns `typeSection`, the whole section as bytes, and `types`; `imports`, each `{ module, name, kind, type, signature }` with
 * the bytes of its type, and for a function `{ params, results }` by name; `exports`, a map from the names of exported
 * functions to their signatures; `functions`, the signatures of all; `tables`, the names of their types; `globals`, their number;
 * `memory`, the name of the first memory that is exported.
 * @throws Error for types that this project's runtime refuses: 64-bit and shared sizes, garbage collection.
 */
export function moduleTypes(bytes) {
  const found = {
    bytes,
    typeSection: [],
    types: [],
    imports: [],
    functions: [],
    tables: [],
    globals: 0,
    exports: new Map(),
    memory: undefined,
  };
  for (let at = 8; at < bytes.length; ) {
    const id = bytes[at];
    const reader = new TypeReader(bytes, at + 1);
    const size = reader.u32();
    const end = reader.at + size;
    if (id === 1) found.typeSection = [...bytes.subarray(at, end)];
    SECTIONS[id]?.(reader, found);
    at = end;
  }
  return found;
}

const SECTIONS = {
  1: (reader, found) => reader.each(() => found.types.push(reader.functionType())),
  2: (reader, found) => reader.each(() => readImport(reader, found)),
  3: (reader, found) => reader.each(() => found.functions.push(found.types[reader.u32()])),
  4: (reader, found) => reader.each(() => found.tables.push(reader.tableType())),
  6: (reader, found) => {
    found.globals += reader.u32();
  },
  7: (reader, found) => reader.each(() => readExport(reader, found)),
};

function readImport(reader, found) {
  const [module, name] = [reader.name(), reader.name()];
  const kind = KINDS[reader.byte()];
  const from = reader.at;
  const item = { module, name, kind };
  if (kind === 'function') item.signature = found.types[reader.u32()];
  else if (kind === 'table') found.tables.push(reader.tableType());
  else if (kind === 'memory') reader.limits();
  else if (kind === 'global') reader.globalType();
  else if (kind === 'tag') reader.tagType();
  else throw new Error('unknown kind of import');
  item.type = [...reader.bytes.subarray(from, reader.at)];
  if (kind === 'function') found.functions.push(item.signature);
  if (kind === 'global') found.globals += 1;
  found.imports.push(item);
}

function readExport(reader, found) {
  const name = reader.name();
  const kind = KINDS[reader.byte()];
  const index = reader.u32();
  if (kind === 'function') found.exports.set(name, found.functions[index]);
  if (kind === 'memory') found.memory ??= name;
}

class TypeReader extends ByteReader {
  valueType() {
    const name = NAMES.get(this.byte());
    if (name === undefined) throw new Error('a value type that is not supported');
    return name;
  }

  valueTypes() {
    const types = [];
    this.each(() => types.push(this.valueType()));
    return types;
  }

  functionType() {
    if (this.byte() !== 0x60) throw new Error('a type that is no function type');
    return { params: this.valueTypes(), results: this.valueTypes() };
  }

  limits() {
    const form = this.byte();
    if (form > 1) throw new Error('limits that are not supported');
    this.u32();
    if (form === 1) this.u32();
  }

  /** @returns the type of its elements. */
  tableType() {
    const type = this.valueType();
    this.limits();
    return type;
  }

  globalType() {
    this.valueType();
    this.byte();
  }

  tagType() {
    this.byte();
    this.u32();
  }
}
