import { addImport } from './core-module.ts';
import { readCoreExtern, readCoreFunc, readFuncForm } from './core-type-reader.ts';
import type { CoreExtern, CoreFuncType, CoreModuleType, CoreType } from './core-types.ts';
import { readCoreName } from './plain-names.ts';
import { article, type ByteReader, hex, malformed, quote } from './reader.ts';
import type { Scope } from './scope.ts';

/**
 * Reads one core type definition of a component: a function type, or a module type with its imports and exports.
 * @throws CodedError `component/unsupported` for the types of the garbage collection proposal.
 */
export function readCoreType(reader: ByteReader, scope: Scope): CoreType {
  if (reader.peek() === 0x50) {
    reader.byte('a core type');
    return { kind: 'module', type: new ModuleTypeReader(scope).read(reader) };
  }
  readFuncForm(reader);
  return { kind: 'func', type: readCoreFunc(reader, scope.space) };
}

/** One module type while its declarations are read; it has a type index space of its own. */
class ModuleTypeReader {
  readonly #scope: Scope;
  readonly #types: CoreFuncType[] = [];
  readonly #imports = new Map<string, Map<string, CoreExtern>>();
  readonly #exports = new Map<string, CoreExtern>();
  #size = 0;

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  read(reader: ByteReader): CoreModuleType {
    const count = reader.count('module type declarations');
    this.#scope.space.charge(count);
    for (let index = 0; index < count; index++) this.#declaration(reader);
    return { imports: this.#imports, exports: this.#exports, size: this.#size };
  }

  #declaration(reader: ByteReader): void {
    const offset = reader.position;
    const kind = reader.byte('a module type declaration');
    if (kind === 0x00) this.#import(reader, offset);
    else if (kind === 0x01) {
      readFuncForm(reader);
      this.#types.push(readCoreFunc(reader, this.#scope.space));
    } else if (kind === 0x02) this.#types.push(this.#alias(reader));
    else if (kind === 0x03) this.#export(reader, offset);
    else throw malformed(offset, `expected a module type declaration, found ${hex(kind)}`);
  }

  #import(reader: ByteReader, offset: number): void {
    this.#size++;
    const module = readCoreName(reader, this.#scope.space, 'a core import module');
    const name = readCoreName(reader, this.#scope.space, 'a core import name');
    addImport(this.#imports, module, name, readCoreExtern(reader, this.#funcAt), offset);
  }

  #export(reader: ByteReader, offset: number): void {
    this.#size++;
    const name = readCoreName(reader, this.#scope.space, 'a core export name');
    if (this.#exports.has(name))
      throw malformed(offset, `expected a core export name not used before, found ${quote(name)} again`);
    this.#exports.set(name, readCoreExtern(reader, this.#funcAt));
  }

  /** An outer alias: 0 scopes out is the module type itself, 1 the scope that it is in. */
  #alias(reader: ByteReader): CoreFuncType {
    reader.expect(0x10, 'the core type sort');
    reader.expect(0x01, 'an outer alias');
    const offset = reader.position;
    const count = reader.u32('a number of scopes');
    const at = reader.position;
    const index = reader.u32('a core type index');
    if (count === 0) return this.#funcAt(index, at);
    const type = this.#scope.outward(count - 1, offset).at('core type', index, at);
    if (type.kind === 'func') return type.type;
    throw malformed(at, 'expected a core function type, found a core module type');
  }

  readonly #funcAt = (index: number, offset: number): CoreFuncType => {
    const type = this.#types[index];
    if (type !== undefined) return type;
    throw malformed(offset, `expected ${article('core type')} index below ${this.#types.length}, found ${index}`);
  };
}
