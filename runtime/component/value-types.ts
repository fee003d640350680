import { readLabel, UniqueNames } from './names.ts';
import { article, type ByteReader, hex, malformed, tooLarge } from './reader.ts';
import type { Scope } from './scope.ts';
import type { TypeDefinition, TypeSpace } from './type-space.ts';
import type { Case, Field, Param, PrimitiveKind, ValueType } from './types.ts';

const PRIMITIVES: Readonly<Record<number, PrimitiveKind>> = {
  127: 'bool',
  126: 's8',
  125: 'u8',
  124: 's16',
  123: 'u16',
  122: 's32',
  121: 'u32',
  120: 's64',
  119: 'u64',
  118: 'f32',
  117: 'f64',
  116: 'char',
  115: 'string',
};

const FLAGS_MAX = 32;

/** Types that the keys of a map can have: all primitives but floating-point numbers. */
const KEY_KINDS: ReadonlySet<string> = new Set(Object.values(PRIMITIVES).filter((kind) => kind !== 'f32' && kind !== 'f64'));

/** Reads the types that values have. */
export class ValueTypeReader {
  readonly space: TypeSpace;
  /** One node for each primitive, so that `u32` is one object wherever it is not named. */
  readonly #primitives = new Map<string, ValueType>();

  constructor(space: TypeSpace) {
    this.space = space;
  }

  /** Takes a `valtype`: a primitive, or the index of a value type. */
  valueType(reader: ByteReader, scope: Scope): ValueType {
    const offset = reader.position;
    const first = reader.peek();
    if (first >= 0x40 && first < 0x80) {
      const primitive = this.#primitive(reader.byte('a value type'));
      if (primitive === undefined) throw malformed(offset, `expected a value type, found ${hex(first)}`);
      return primitive;
    }
    const definition = scope.at('type', reader.typeIndex('a value type'), offset);
    if (definition.kind !== 'value') throw malformed(offset, `expected a value type, found ${article(definition.kind)} type`);
    return definition.type;
  }

  /** Takes a `resultlist`: one type, or none. */
  resultList(reader: ByteReader, scope: Scope): ValueType | undefined {
    const offset = reader.position;
    const form = reader.byte('a result list');
    if (form === 0x00) return this.valueType(reader, scope);
    if (form !== 0x01) throw malformed(offset, `expected a result list (0x00 or 0x01), found ${hex(form)}`);
    reader.expect(0x00, 'an empty result list');
    return undefined;
  }

  /** As `resultList`, for what leaves a call: no borrowed handle can. */
  ownedResult(reader: ByteReader, scope: Scope): ValueType | undefined {
    const offset = reader.position;
    const type = this.resultList(reader, scope);
    if (type !== undefined) this.#checkOwned(type, 'a result', offset);
    return type;
  }

  #checkOwned(type: ValueType, what: string, offset: number): void {
    if (this.space.factsOf(type).hasBorrow) throw malformed(offset, `expected ${what} without borrowed handles, found one`);
  }

  /** Takes the index of a type that must be of one kind. */
  definitionOf<K extends TypeDefinition['kind']>(reader: ByteReader, scope: Scope, kind: K): TypeDefinition & { kind: K } {
    const offset = reader.position;
    const definition = scope.at('type', reader.u32(`${article(kind)} type index`), offset);
    if (definition.kind !== kind)
      throw malformed(offset, `expected ${article(kind)} type, found ${article(definition.kind)} type`);
    return definition as TypeDefinition & { kind: K }; // the kind was just compared
  }

  /** Takes a vector of named types: fields or parameters. `one` says in messages what each name is. */
  labelled<T extends Field | Param>(reader: ByteReader, scope: Scope, what: string, one: string): T[] {
    const count = reader.count(what, 3);
    this.space.charge(count);
    const names = new UniqueNames();
    const found: T[] = [];
    for (let index = 0; index < count; index++) {
      const offset = reader.position;
      const name = readLabel(reader, one);
      names.add(name, offset, one);
      found.push({ name, type: this.valueType(reader, scope) } as T); // both have exactly these required members
    }
    return found;
  }

  /** Takes a `defvaltype`. */
  defined(reader: ByteReader, scope: Scope): ValueType {
    const offset = reader.position;
    const opcode = reader.byte('a type');
    const primitive = this.#primitive(opcode);
    if (primitive !== undefined) return primitive;
    if (opcode === 0x69 || opcode === 0x68) {
      const { resource, nameId } = this.definitionOf(reader, scope, 'resource');
      return this.space.value<ValueType>({ kind: opcode === 0x69 ? 'own' : 'borrow', resource }, { nameId });
    }
    return this.space.value(this.#composite(opcode, offset, reader, scope));
  }

  #composite(opcode: number, offset: number, reader: ByteReader, scope: Scope): ValueType {
    switch (opcode) {
      case 0x72:
        return {
          kind: 'record',
          fields: nonEmpty(this.labelled<Field>(reader, scope, 'fields', 'a field name'), offset, 'fields'),
        };
      case 0x71:
        return { kind: 'variant', cases: this.#cases(reader, scope) };
      case 0x70:
        return { kind: 'list', element: this.valueType(reader, scope) };
      case 0x6f:
        return { kind: 'tuple', items: this.#items(reader, scope) };
      case 0x6e:
        return { kind: 'flags', names: this.#labels(reader, 'flags') };
      case 0x6d:
        return { kind: 'enum', names: this.#labels(reader, 'cases') };
      case 0x6b:
        return { kind: 'option', some: this.valueType(reader, scope) };
      case 0x6a: {
        const ok = this.#optional(reader, scope);
        const err = this.#optional(reader, scope);
        return { kind: 'result', ...(ok === undefined ? {} : { ok }), ...(err === undefined ? {} : { err }) };
      }
      default:
        return this.#newer(opcode, offset, reader, scope);
    }
  }

  /** Types that are read over and named, but that no value can have here. */
  #newer(opcode: number, offset: number, reader: ByteReader, scope: Scope): ValueType {
    switch (opcode) {
      case 0x67:
        return { kind: 'unsupported', what: 'fixed-length list', ...this.#repeated(reader, scope) };
      case 0x66:
        return { kind: 'unsupported', what: 'stream', ...this.#carried(reader, scope, 'stream') };
      case 0x65:
        return { kind: 'unsupported', what: 'future', ...this.#carried(reader, scope, 'future') };
      case 0x63:
        return this.#map(reader, scope);
      default:
        throw malformed(offset, `expected a type, found ${hex(opcode)}`);
    }
  }

  #repeated(reader: ByteReader, scope: Scope): { parts: ValueType[]; length: number } {
    const parts = [this.valueType(reader, scope)];
    const offset = reader.position;
    const length = reader.u32('the length of a list');
    if (length === 0) throw malformed(offset, 'expected a list of 1 or more items, found 0');
    return { parts, length };
  }

  /** What a stream or future carries. */
  #carried(reader: ByteReader, scope: Scope, what: 'stream' | 'future'): { parts?: ValueType[] } {
    const offset = reader.position;
    const type = this.#optional(reader, scope);
    if (type === undefined) return {};
    if (what === 'stream' && type.kind === 'char') throw malformed(offset, 'expected a stream of another type than char');
    this.#checkOwned(type, `a ${what}`, offset);
    return { parts: [type] };
  }

  /** A map is a list of pairs of a key and a value, whatever its keys are. Source: CanonicalABI.md, Despecialization. */
  #map(reader: ByteReader, scope: Scope): ValueType {
    const pair = this.space.value(
      { kind: 'tuple', items: [this.#key(reader, scope), this.#mapped(reader, scope)] },
      { isMapPair: true },
    );
    return { kind: 'list', element: pair, isMap: true };
  }

  #key(reader: ByteReader, scope: Scope): ValueType {
    const offset = reader.position;
    const type = this.valueType(reader, scope);
    if (!KEY_KINDS.has(type.kind)) throw malformed(offset, `expected a map of keys that can be compared, found ${type.kind}`);
    return type;
  }

  #mapped(reader: ByteReader, scope: Scope): ValueType {
    const offset = reader.position;
    const type = this.valueType(reader, scope);
    if (this.space.factsOf(type).hasHandle) throw malformed(offset, 'expected a map without handles, found one');
    return type;
  }

  #optional(reader: ByteReader, scope: Scope): ValueType | undefined {
    return reader.flag('the presence of a type') ? this.valueType(reader, scope) : undefined;
  }

  #items(reader: ByteReader, scope: Scope): ValueType[] {
    const offset = reader.position;
    const count = reader.count('tuple items');
    this.space.charge(count);
    const items: ValueType[] = [];
    for (let index = 0; index < count; index++) items.push(this.valueType(reader, scope));
    return nonEmpty(items, offset, 'tuple items');
  }

  #labels(reader: ByteReader, what: 'flags' | 'cases'): string[] {
    const offset = reader.position;
    const count = reader.count(what, 2);
    this.space.charge(count);
    if (what === 'flags' && count > FLAGS_MAX) throw tooLarge(offset, 'flags', FLAGS_MAX, 'the names of flags');
    const names = new UniqueNames();
    const labels: string[] = [];
    for (let index = 0; index < count; index++) {
      const at = reader.position;
      const label = readLabel(reader, 'a name');
      names.add(label, at, 'a name');
      labels.push(label);
    }
    return nonEmpty(labels, offset, what);
  }

  #cases(reader: ByteReader, scope: Scope): Case[] {
    const offset = reader.position;
    const count = reader.count('cases', 4);
    this.space.charge(count);
    const names = new UniqueNames();
    const cases: Case[] = [];
    for (let index = 0; index < count; index++) {
      const at = reader.position;
      const name = readLabel(reader, 'a case name');
      names.add(name, at, 'a case name');
      const type = this.#optional(reader, scope);
      reader.expect(0x00, 'the end of a case');
      cases.push(type === undefined ? { name } : { name, type });
    }
    return nonEmpty(cases, offset, 'cases');
  }

  /** The primitive of an opcode; `error-context` is one too, of the asynchronous ABI. */
  #primitive(opcode: number): ValueType | undefined {
    const kind = opcode === 0x64 ? 'error-context' : PRIMITIVES[opcode];
    if (kind === undefined) return undefined;
    const known = this.#primitives.get(kind);
    if (known !== undefined) return known;
    const type = this.space.value<ValueType>(kind === 'error-context' ? { kind: 'unsupported', what: kind } : { kind });
    this.#primitives.set(kind, type);
    return type;
  }
}

function nonEmpty<T>(items: T[], offset: number, what: string): T[] {
  if (items.length === 0) throw malformed(offset, `expected 1 or more ${what}, found 0`);
  return items;
}
