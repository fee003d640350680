import {
  readCoreExtern,
  readCoreFunc,
  readFuncForm,
  readGlobal,
  readMemory,
  readTable,
  readTag,
  skipCoreFunc,
} from './core-type-reader.ts';
import type { CoreExtern, CoreFuncType, CoreModuleType } from './core-types.ts';
import { readCoreName } from './plain-names.ts';
import { article, type ByteReader, hex, malformed, quote, tooLarge, unsupported } from './reader.ts';
import type { TypeSpace } from './type-space.ts';

/** Names of the sections, by id; in the order that they must have. */
const SECTIONS = new Map([
  [1, 'types'],
  [2, 'imports'],
  [3, 'functions'],
  [4, 'tables'],
  [5, 'memories'],
  [13, 'tags'],
  [6, 'globals'],
  [7, 'exports'],
  [8, 'start'],
  [9, 'elements'],
  [12, 'data count'],
  [10, 'code'],
  [11, 'data'],
]);
const ORDER = [...SECTIONS.keys()];

/** Types, functions and so on of one module, each: the engines' own limit. */
const ENTRIES_MAX = 1_000_000;

type Kind = CoreExtern['kind'];
const KINDS: readonly Kind[] = ['func', 'table', 'memory', 'global', 'tag'];

/**
 * Reads what a core module imports and exports.
 *
 * Function bodies, segments and the values of globals are left to the engine, which validates the whole module before
 * anything runs.
 *
 * @param reader - from behind the module's header to its end.
 * @throws CodedError `component/malformed`; `component/unsupported` for types of newer proposals.
 */
export function readCoreModule(reader: ByteReader, space: TypeSpace): CoreModuleType {
  return new CoreModuleReader(space).module(reader);
}

/** The index spaces of one core module while its sections are read. */
class CoreModuleReader {
  readonly #space: TypeSpace;
  /** Where each type's parameters begin: most types are those of functions that nobody outside sees. */
  readonly #typesAt: number[] = [];
  readonly #types = new Map<number, CoreFuncType>();
  #typeSection: ByteReader | undefined;
  /** Type index of each function. */
  readonly #funcs: number[] = [];
  readonly #items: Readonly<Record<Exclude<Kind, 'func'>, CoreExtern[]>> = { table: [], memory: [], global: [], tag: [] };
  readonly #imports = new Map<string, Map<string, CoreExtern>>();
  readonly #exports = new Map<string, CoreExtern>();
  #size = 0;

  constructor(space: TypeSpace) {
    this.#space = space;
  }

  module(reader: ByteReader): CoreModuleType {
    let last = -1;
    while (reader.remaining > 0) {
      const offset = reader.position;
      const id = reader.byte('a core section id');
      const section = reader.range(reader.u32('the size of a core section'), 'a core section');
      if (id === 0) {
        section.name('the name of a custom section');
        continue;
      }
      const place = ORDER.indexOf(id);
      if (place < 0) throw malformed(offset, `expected a core section id, found ${hex(id)}`);
      if (place <= last)
        throw malformed(offset, `expected the core sections in order, found ${hex(id)} after ${hex(ORDER[last] as number)}`);
      last = place;
      this.#section(id, section);
    }
    return { imports: this.#imports, exports: this.#exports, size: this.#size };
  }

  #section(id: number, section: ByteReader): void {
    const read = this.#readers[id];
    if (read === undefined) return;
    const what = `core ${SECTIONS.get(id)}`;
    const offset = section.position;
    const count = section.count(what);
    if (count > ENTRIES_MAX) throw tooLarge(offset, what, ENTRIES_MAX, `the ${what}`);
    for (let index = 0; index < count; index++) read(section);
    section.finish(`the section of ${what}`);
  }

  readonly #readers: Readonly<Record<number, (reader: ByteReader) => void>> = {
    1: (reader) => this.#type(reader),
    2: (reader) => this.#import(reader),
    3: (reader) => this.#func(reader),
    4: (reader) => this.#table(reader),
    5: (reader) => this.#items.memory.push(readMemory(reader)),
    13: (reader) => this.#items.tag.push(readTag(reader, this.#funcType)),
    6: (reader) => this.#global(reader),
    7: (reader) => this.#export(reader),
  };

  #type(reader: ByteReader): void {
    readFuncForm(reader);
    this.#typesAt.push(reader.position);
    this.#typeSection = reader;
    skipCoreFunc(reader);
  }

  readonly #funcType = (index: number, offset: number): CoreFuncType => {
    const at = this.#typesAt[index];
    if (at === undefined || this.#typeSection === undefined) throw outOfRange('core type', this.#typesAt.length, index, offset);
    let type = this.#types.get(index);
    if (type === undefined) {
      type = readCoreFunc(this.#typeSection.from(at), this.#space);
      this.#types.set(index, type);
    }
    return type;
  };

  #import(reader: ByteReader): void {
    const offset = reader.position;
    this.#count();
    const module = readCoreName(reader, this.#space, 'a core import module');
    const name = readCoreName(reader, this.#space, 'a core import name');
    const extern = reader.peek() === 0x00 ? this.#importedFunc(reader) : readCoreExtern(reader, this.#funcType);
    if (extern.kind !== 'func') this.#items[extern.kind].push(extern);
    addImport(this.#imports, module, name, extern, offset);
  }

  #importedFunc(reader: ByteReader): CoreExtern {
    reader.byte('a core extern type');
    const offset = reader.position;
    return { kind: 'func', type: this.#funcType(this.#func(reader), offset) };
  }

  /** Takes the type index of a function, imported or defined. */
  #func(reader: ByteReader): number {
    const offset = reader.position;
    const index = reader.u32('a core type index');
    if (index >= this.#typesAt.length) throw outOfRange('core type', this.#typesAt.length, index, offset);
    this.#funcs.push(index);
    return index;
  }

  #table(reader: ByteReader): void {
    const hasInitializer = reader.peek() === 0x40;
    if (hasInitializer) {
      reader.byte('the initializer of a table');
      reader.expect(0x00, 'the initializer of a table');
    }
    this.#items.table.push(readTable(reader));
    if (hasInitializer) skipConstant(reader);
  }

  #global(reader: ByteReader): void {
    this.#items.global.push(readGlobal(reader));
    skipConstant(reader);
  }

  #export(reader: ByteReader): void {
    const offset = reader.position;
    this.#count();
    const name = readCoreName(reader, this.#space, 'a core export name');
    const at = reader.position;
    const kind = KINDS[reader.byte('a core export')];
    if (kind === undefined) throw malformed(at, 'expected the kind of a core export (0x00 to 0x04)');
    if (this.#exports.has(name))
      throw malformed(offset, `expected a core export name not used before, found ${quote(name)} again`);
    this.#exports.set(name, this.#item(kind, reader));
  }

  #item(kind: Kind, reader: ByteReader): CoreExtern {
    const offset = reader.position;
    const index = reader.u32(`a core ${kind} index`);
    if (kind === 'func') {
      const type = this.#funcs[index];
      if (type === undefined) throw outOfRange('core func', this.#funcs.length, index, offset);
      return { kind, type: this.#funcType(type, offset) };
    }
    const item = this.#items[kind][index];
    if (item === undefined) throw outOfRange(`core ${kind}`, this.#items[kind].length, index, offset);
    return item;
  }

  #count(): void {
    this.#size++;
    this.#space.charge(1);
  }
}

function outOfRange(what: string, size: number, index: number, offset: number): Error {
  return malformed(offset, `expected ${article(what)} index below ${size}, found ${index}`);
}

/** Adds an import; throws `component/malformed` when the module has one of the same two names. */
export function addImport(
  imports: Map<string, Map<string, CoreExtern>>,
  module: string,
  name: string,
  extern: CoreExtern,
  offset: number,
): void {
  let fields = imports.get(module);
  if (fields === undefined) {
    fields = new Map();
    imports.set(module, fields);
  }
  if (fields.has(name)) {
    throw malformed(offset, `expected a core import not made before, found ${quote(name)} of ${quote(module)} again`);
  }
  fields.set(name, extern);
}

/** Immediates of the instructions that a constant expression may have: how to step over each. */
const CONSTANT: Readonly<Record<number, (reader: ByteReader) => void>> = {
  35: (reader) => reader.u32('a global index'),
  65: (reader) => reader.skipSigned(5, 'a constant'),
  66: (reader) => reader.skipSigned(10, 'a constant'),
  67: (reader) => reader.range(4, 'a constant'),
  68: (reader) => reader.range(8, 'a constant'),
  106: () => {},
  107: () => {},
  108: () => {},
  124: () => {},
  125: () => {},
  126: () => {},
  208: (reader) => reader.skipSigned(5, 'a heap type'),
  210: (reader) => reader.u32('a function index'),
  253: (reader) => {
    const offset = reader.position;
    const opcode = reader.u32('a vector instruction');
    if (opcode !== 12) throw malformed(offset, `expected a vector constant, found ${opcode}`);
    reader.range(16, 'a constant');
  },
};

/** Steps over a constant expression and its end. */
function skipConstant(reader: ByteReader): void {
  for (;;) {
    const offset = reader.position;
    const opcode = reader.byte('a constant expression');
    if (opcode === 0x0b) return;
    const skip = CONSTANT[opcode];
    if (opcode === 0xfb) throw unsupported(offset, 'a constant of the garbage collection proposal');
    if (skip === undefined) throw malformed(offset, `expected an instruction of a constant expression, found ${hex(opcode)}`);
    skip(reader);
  }
}
