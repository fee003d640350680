import type { FunctionType, Param, ResourceType, ValueType } from '../../../runtime/index.ts';
import { isNominal, type Model, type Module, type Owner } from './model.ts';
import { camelName, numbered } from './names.ts';

/** Typed arrays of AssemblyScript, by the WIT type of their elements: such lists are handed over without a copy. */
export const TYPED_ARRAYS: Readonly<Record<string, string>> = {
  u8: 'Uint8Array',
  s8: 'Int8Array',
  u16: 'Uint16Array',
  s16: 'Int16Array',
  u32: 'Uint32Array',
  s32: 'Int32Array',
  u64: 'Uint64Array',
  s64: 'Int64Array',
  f32: 'Float32Array',
  f64: 'Float64Array',
  char: 'Uint32Array',
};

/** Types of AssemblyScript, by those of WIT. */
export const PRIMITIVES: Readonly<Record<string, string>> = {
  bool: 'bool',
  s8: 'i8',
  u8: 'u8',
  s16: 'i16',
  u16: 'u16',
  s32: 'i32',
  u32: 'u32',
  s64: 'i64',
  u64: 'u64',
  f32: 'f32',
  f64: 'f64',
  char: 'u32',
  string: 'string',
};

/** The author's module, as a path from the folder of the bindings. */
const AUTHOR_FILE = '../index';

/** Spells types as one generated file sees them, and remembers what it must import for that. */
export class Scope {
  readonly #model: Model;
  /** Path from the folder of the bindings, without ending. */
  readonly #file: string;
  readonly #module: Module | undefined;
  /** By file: what is imported from it, as `name` or `name as other`. Undefined for the whole file under its alias. */
  readonly #imports = new Map<string, Map<string, string> | string>();
  readonly #used: Set<string>;

  /** @param module - the module that the file is about; types of others are imported by name. Without it, whole files are. */
  constructor(model: Model, file: string, module?: Module) {
    this.#model = model;
    this.#file = file;
    this.#module = module;
    this.#used = new Set(module === undefined ? [] : localNames(module));
  }

  /** Lines that import all that was asked for, in a fixed order. */
  importLines(): string[] {
    return [...this.#imports]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([file, names]) => {
        const from = relative(this.#file, file);
        if (typeof names === 'string') return `import * as ${names} from '${from}';`;
        const list = [...names].map(([name, local]) => (name === local ? name : `${name} as ${local}`)).sort();
        return `import { ${list.join(', ')} } from '${from}';`;
      });
  }

  /** Imports a whole file of the bindings, or the author's. */
  whole(file: string, alias: string): string {
    this.#imports.set(file, alias);
    return alias;
  }

  /** A name of `values.ts`, such as `Option`. */
  value(name: string): string {
    return this.#named('values', name);
  }

  /** What a type is called here. */
  type(type: ValueType): string {
    const alias = this.#model.aliasOf(type);
    if (alias !== undefined) return this.declared(alias);
    return isNominal(type) ? this.declared(this.#model.ownerOf(type)) : this.shape(type);
  }

  /** A type in full, even where it has a name. */
  shape(type: ValueType): string {
    switch (type.kind) {
      case 'record':
      case 'variant':
      case 'enum':
      case 'flags':
        return this.declared(this.#model.ownerOf(type));
      case 'list':
        return this.#list(type);
      case 'tuple':
        return generic(
          this.value(`Tuple${type.items.length}`),
          type.items.map((item) => this.type(item)),
        );
      case 'option':
        return isNullable(type) ? `${this.type(type.some)} | null` : `${this.value('Option')}<${this.type(type.some)}>`;
      case 'result':
        return `${this.value('Result')}<${this.optional(type.ok)}, ${this.optional(type.err)}>`;
      case 'own':
      case 'borrow':
        return this.resource(type.resource);
      case 'unsupported':
        return `StaticArray<${type.parts?.[0] === undefined ? 'u8' : this.type(type.parts[0])}>`;
      default:
        return PRIMITIVES[type.kind] ?? type.kind;
    }
  }

  /** The type of one side of a `result`. */
  optional(type: ValueType | undefined): string {
    return type === undefined ? this.value('Unit') : this.type(type);
  }

  /** The class of a resource: the author's own for one that is exported. */
  resource(resource: ResourceType): string {
    const owner = this.#model.resourceOwner(resource);
    if (owner.module.side === 'imports') return this.declared(owner);
    const name = this.#model.authorClass(resource);
    if (this.#module === undefined) return `${this.whole(AUTHOR_FILE, 'user')}.${name}`;
    return this.#named(AUTHOR_FILE, name);
  }

  /** A name that a module declares. */
  declared({ module, declared }: Owner, name = declared.name): string {
    if (module.file === this.#file) return name;
    if (this.#module === undefined) return `${this.whole(module.file, module.alias)}.${name}`;
    return this.#named(module.file, name);
  }

  /** `log: string, podsMax: Option<u32>` */
  params(params: readonly Param[]): string {
    const names = paramNames(params);
    return params.map((param, index) => `${names[index] ?? ''}: ${this.type(param.type)}`).join(', ');
  }

  /** `string`, or `void`. */
  result({ result }: FunctionType): string {
    return result === undefined ? 'void' : this.type(result);
  }

  #list(type: ValueType & { kind: 'list' }): string {
    if (type.isMap === true && type.element.kind === 'tuple')
      return generic(
        'Map',
        type.element.items.map((item) => this.type(item)),
      );
    return TYPED_ARRAYS[type.element.kind] ?? `Array<${this.type(type.element)}>`;
  }

  #named(file: string, name: string): string {
    const known = this.#imports.get(file);
    const names = known instanceof Map ? known : new Map<string, string>();
    this.#imports.set(file, names);
    let local = names.get(name);
    if (local === undefined) {
      local = numbered(name, this.#used);
      this.#used.add(local);
      names.set(name, local);
    }
    return local;
  }
}

/** Names of parameters, each once. */
export function paramNames(params: readonly Param[]): string[] {
  const used = new Set<string>();
  return params.map((param) => {
    const name = numbered(camelName(param.name), used);
    used.add(name);
    return name;
  });
}

/** Whether an option is `T | null`: where `T` is an object that is never null itself. */
export function isNullable(type: ValueType & { kind: 'option' }): boolean {
  return isReference(type.some) && type.some.kind !== 'option';
}

/** Whether values of a type are objects of AssemblyScript. */
export function isReference(type: ValueType): boolean {
  switch (type.kind) {
    case 'string':
    case 'list':
    case 'record':
    case 'variant':
    case 'tuple':
    case 'option':
    case 'result':
    case 'own':
    case 'borrow':
    case 'unsupported':
      return true;
    default:
      return false;
  }
}

function generic(name: string, params: readonly string[]): string {
  return params.length === 0 ? name : `${name}<${params.join(', ')}>`;
}

/** What the file itself declares. The class of an exported resource is the author's. */
function localNames(module: Module): string[] {
  return module.declared.flatMap((one) => {
    if (one.kind === 'use') return [];
    if (one.kind === 'resource' && module.side === 'exports') return [`${one.name}Resource`];
    return one.kind === 'nominal' && one.tagName !== undefined ? [one.name, one.tagName] : [one.name];
  });
}

function relative(from: string, to: string): string {
  const up = from.split('/').length - 1;
  return up === 0 && !to.startsWith('.') ? `./${to}` : `${'../'.repeat(up)}${to}`;
}
