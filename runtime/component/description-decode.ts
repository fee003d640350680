import { CodedError } from '../error.ts';
import { DECODE_LIMITS } from './decode-limits.ts';
import type { ComponentDescription } from './description.ts';
import type { FunctionType, InterfaceItem, ResourceType, ValueType, WorldItem } from './types.ts';

/**
 * Reads a description that a runner wrote. The runner is not trusted: what has another shape, refers to what is not there, or
 * would be larger than the decoder allows is refused.
 *
 * @throws CodedError `internal/invariant`.
 */
export function decodeDescription(json: string): ComponentDescription {
  const wire = fields(parsed(json), ['digest', 'nestedComponents', 'resources', 'types', 'imports', 'exports'], OPTIONAL);
  const reader = new DescriptionReader(list(wire.resources), list(wire.types));
  return {
    digest: digestOf(wire.digest),
    nestedComponents: count(wire.nestedComponents),
    ...optional(wire, 'docs', text),
    ...optional(wire, 'asyncAbi', yes),
    ...optional(wire, 'jcoRefuses', text),
    imports: list(wire.imports).map((item) => reader.worldItem(item)),
    exports: list(wire.exports).map((item) => reader.worldItem(item)),
  };
}

const OPTIONAL = ['docs', 'asyncAbi', 'jcoRefuses'];

/** Kinds of types without parts. */
const PRIMITIVES = 'bool s8 u8 s16 u16 s32 u32 s64 u64 f32 f64 char string'.split(' ');

type Fields = Readonly<Record<string, unknown>>;

class DescriptionReader {
  readonly #resources: readonly ResourceType[];
  readonly #types: ValueType[] = [];
  /** By type: nodes when shared parts are written out, and levels. */
  readonly #nodes: number[] = [];
  readonly #depths: number[] = [];

  constructor(resources: readonly unknown[], types: readonly unknown[]) {
    this.#resources = resources.map(resourceOf);
    for (const type of types) this.#add(type);
  }

  worldItem(value: unknown): WorldItem {
    const { kind } = kindOf(value);
    if (kind === 'interface') {
      const { name, items, ...rest } = fields(value, ['kind', 'name', 'items'], ['docs']);
      return {
        kind,
        name: text(name),
        items: list(items).map((item) => this.#interfaceItem(item)),
        ...optional(rest, 'docs', text),
      };
    }
    if (kind !== 'module' && kind !== 'component' && kind !== 'value') return this.#interfaceItem(value);
    return { kind, name: text(fields(value, ['kind', 'name']).name) };
  }

  #interfaceItem(value: unknown): InterfaceItem {
    const { kind } = kindOf(value);
    if (kind === 'resource') {
      const item = fields(value, ['kind', 'name', 'resource'], ['docs']);
      return { kind, name: text(item.name), resource: this.#resource(item.resource), ...optional(item, 'docs', text) };
    }
    const item = fields(value, ['kind', 'name', 'type'], ['docs']);
    const named = { name: text(item.name), ...optional(item, 'docs', text) };
    if (kind === 'func') return { kind, ...named, type: this.#function(item.type) };
    if (kind === 'type') return { kind, ...named, type: this.#type(item.type) };
    throw odd('an item of another kind');
  }

  #function(value: unknown): FunctionType {
    const { params, isAsync, ...rest } = fields(value, ['params', 'isAsync'], ['result']);
    if (typeof isAsync !== 'boolean') throw odd('a flag that is neither true nor false');
    return {
      params: list(params).map((param) => {
        const { name, type } = fields(param, ['name', 'type']);
        return { name: text(name), type: this.#type(type) };
      }),
      ...optional(rest, 'result', (type) => this.#type(type)),
      isAsync,
    };
  }

  #type(value: unknown): ValueType {
    return entry(this.#types, value);
  }

  #resource(value: unknown): ResourceType {
    return entry(this.#resources, value);
  }

  /** Adds a type whose parts were added before. */
  #add(value: unknown): void {
    const parts = partIndices(value);
    const nodes = parts.reduce<number>((sum, part) => sum + entry(this.#nodes, part), 1);
    const depth = parts.reduce<number>((most, part) => Math.max(most, 1 + entry(this.#depths, part)), 0);
    if (nodes > DECODE_LIMITS.typeNodesMax || depth > DECODE_LIMITS.typeDepthMax) throw odd('a type that is too large');
    const type = this.#node(value);
    this.#types.push(type);
    this.#nodes.push(nodes);
    this.#depths.push(depth);
  }

  #node(value: unknown): ValueType {
    const { kind, rest } = kindOf(value);
    const named = { ...optional(rest, 'typeName', typeNameOf), ...optional(rest, 'docs', text) };
    const { typeName: _, docs: __, ...own } = rest;
    if (PRIMITIVES.includes(kind)) return { kind, ...named, ...fields(own, []) } as ValueType; // a kind of the list
    switch (kind) {
      case 'list':
        return {
          kind,
          element: this.#type(fields(own, ['element'], ['isMap']).element),
          ...optional(own, 'isMap', yes),
          ...named,
        };
      case 'record':
        return { kind, fields: this.#members(fields(own, ['fields']).fields, ['type']) as never, ...named }; // each with a type
      case 'tuple':
        return { kind, items: list(fields(own, ['items']).items).map((item) => this.#type(item)), ...named };
      case 'variant':
        return { kind, cases: this.#members(fields(own, ['cases']).cases, []), ...named };
      case 'enum':
      case 'flags':
        return { kind, names: list(fields(own, ['names']).names).map(text), ...named };
      case 'option':
        return { kind, some: this.#type(fields(own, ['some']).some), ...named };
      case 'result':
        return { kind, ...this.#results(fields(own, [], ['ok', 'err'])), ...named };
      case 'own':
      case 'borrow':
        return { kind, resource: this.#resource(fields(own, ['resource']).resource), ...named };
      case 'unsupported':
        return { kind, ...this.#unsupported(fields(own, ['what'], ['parts', 'length'])), ...named };
      default:
        throw odd('a type of another kind');
    }
  }

  #members(value: unknown, required: readonly string[]): { readonly name: string; readonly type?: ValueType }[] {
    return list(value).map((member) => {
      const all = fields(member, ['name', ...required], ['type', 'docs']);
      return { name: text(all.name), ...optional(all, 'type', (type) => this.#type(type)), ...optional(all, 'docs', text) };
    });
  }

  #results(own: Fields): { readonly ok?: ValueType; readonly err?: ValueType } {
    return { ...optional(own, 'ok', (type) => this.#type(type)), ...optional(own, 'err', (type) => this.#type(type)) };
  }

  #unsupported(own: Fields): { readonly what: string; readonly parts?: ValueType[]; readonly length?: number } {
    const parts = (value: unknown) => list(value).map((part) => this.#type(part));
    return { what: text(own.what), ...optional(own, 'parts', parts), ...optional(own, 'length', count) };
  }
}

/** The places of a type's parts, whatever its kind is. */
function partIndices(value: unknown): unknown[] {
  const { rest } = kindOf(value);
  const single = ['element', 'some', 'ok', 'err'].filter((name) => rest[name] !== undefined).map((name) => rest[name]);
  const many = ['items', 'parts'].flatMap((name) => (rest[name] === undefined ? [] : [...list(rest[name])]));
  const members = ['fields', 'cases'].flatMap((name) => (rest[name] === undefined ? [] : [...list(rest[name])]));
  const memberTypes = members.map((member) => (member as Fields | null)?.type).filter((type) => type !== undefined);
  return [...single, ...many, ...memberTypes];
}

function resourceOf(value: unknown): ResourceType {
  const { kind } = kindOf(value);
  if (kind !== 'resource') throw odd('a resource of another kind');
  const all = fields(value, ['kind', 'name'], ['interface', 'docs']);
  return { kind, name: text(all.name), ...optional(all, 'interface', text), ...optional(all, 'docs', text) };
}

function typeNameOf(value: unknown): { readonly name: string; readonly interface?: string } {
  const all = fields(value, ['name'], ['interface']);
  return { name: text(all.name), ...optional(all, 'interface', text) };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw odd('no JSON');
  }
}

/** An object with these members, all of them own, and no others. */
function fields(value: unknown, required: readonly string[], optionalNames: readonly string[] = []): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw odd('something else in place of an object');
  for (const name of required) if (!Object.hasOwn(value, name)) throw odd(`an object without \`${name}\``);
  for (const name of Object.keys(value))
    if (!required.includes(name) && !optionalNames.includes(name)) throw odd('a member that is not known');
  return value as Fields; // an object with known names
}

function kindOf(value: unknown): { readonly kind: string; readonly rest: Fields } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw odd('something else in place of an object');
  const { kind, ...rest } = value as Fields; // just tested
  return { kind: text(kind), rest };
}

function optional<Name extends string, T>(from: Fields, name: Name, read: (value: unknown) => T): { readonly [K in Name]?: T } {
  return Object.hasOwn(from, name) ? ({ [name]: read(from[name]) } as { readonly [K in Name]?: T }) : {}; // that one name
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw odd('something else in place of a list');
  if (value.length > DECODE_LIMITS.itemsMax) throw odd('a list that is too long');
  return value;
}

function entry<T>(items: readonly T[], index: unknown): T {
  const found = typeof index === 'number' ? items[index] : undefined;
  if (found === undefined) throw odd('a place that is not there');
  return found;
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw odd('something else in place of text');
  return value;
}

function count(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw odd('something else in place of a count');
  return value;
}

function yes(value: unknown): true {
  if (value !== true) throw odd('something else in place of true');
  return value;
}

function digestOf(value: unknown): string {
  const digest = text(value);
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw odd('a digest of another form');
  return digest;
}

function odd(what: string): CodedError {
  return new CodedError('internal/invariant', `a runner's description of a component cannot be read: it has ${what}`);
}
