import type { Case, Field, Param, ValueType } from '../component/types.ts';
import { FLOAT_WORDS } from './scalars.ts';
import { INTEGER_RANGES, type IntegerKind, notCallable } from './words.ts';

/** A JSON Schema as plain data, ready for `JSON.stringify`. */
export type JsonSchema = { readonly [keyword: string]: unknown };

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';
const BASE64 = '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$';
/** Halfway from the largest f32 to the next power of two: from here on, rounding to f32 gives infinity. */
const F32_END = 2 ** 128 - 2 ** 103;

/**
 * The JSON Schema (draft 2020-12) of a call's parameters object.
 *
 * It accepts what `paramsFromJson` accepts, but for what the language cannot say (integers written `1.0`, lone
 * surrogates, the exact range of 64-bit integers in strings) and one deliberate difference: as numbers it offers 64-bit
 * integers only up to 2^53-1, since most JSON writers round beyond that.
 *
 * @returns `type: 'object'` at the root; compound types with a name are in `$defs`.
 * @throws CodedError `component/not-callable` for types that data cannot stand for.
 */
export function paramsSchema(params: readonly Param[]): JsonSchema {
  const schemas = new Schemas();
  return schemas.document(schemas.fields(params));
}

/**
 * The JSON Schema of a function's result; that of `null` for a function without one.
 *
 * @throws as `paramsSchema`.
 */
export function resultSchema(type: ValueType | undefined): JsonSchema {
  const schemas = new Schemas();
  return schemas.document(type === undefined ? { type: 'null' } : schemas.of(type));
}

type OfKind<K extends ValueType['kind']> = Extract<ValueType, { kind: K }>;

/** One document under construction, with the named types it has met. */
class Schemas {
  private readonly defs = new Map<string, JsonSchema>();
  private readonly references = new Map<ValueType, JsonSchema>();

  document(root: JsonSchema): JsonSchema {
    return { $schema: DIALECT, ...root, ...(this.defs.size > 0 ? { $defs: Object.fromEntries(this.defs) } : {}) };
  }

  of(type: ValueType): JsonSchema {
    const known = this.references.get(type);
    if (known !== undefined) return known;
    const titled = { ...(type.typeName && { title: type.typeName.name }), ...described(type.docs), ...this.shape(type) };
    const schema = type.typeName !== undefined && COMPOUND.has(type.kind) ? this.define(type.typeName.name, titled) : titled;
    this.references.set(type, schema);
    return schema;
  }

  /** Two types of one name share a definition when they are the same, and get a number when they are not. */
  private define(name: string, schema: JsonSchema): JsonSchema {
    const base = name.replace(/[^A-Za-z0-9_-]/g, '_');
    const text = JSON.stringify(schema);
    for (let number = 1; ; number++) {
      const key = number === 1 ? base : `${base}-${number}`;
      const there = this.defs.get(key);
      if (there !== undefined && JSON.stringify(there) !== text) continue;
      this.defs.set(key, schema);
      return { $ref: `#/$defs/${key}` };
    }
  }

  private shape(type: ValueType): JsonSchema {
    switch (type.kind) {
      case 'list':
        if (type.element.kind === 'u8') return { type: 'string', contentEncoding: 'base64', pattern: BASE64 };
        return { type: 'array', items: this.of(type.element) };
      case 'record':
        return this.fields(type.fields);
      case 'tuple':
        return this.tuple(type);
      case 'variant':
        return oneOf(type.cases.map((item) => this.variantCase(item)));
      case 'enum':
        return type.names.length === 0 ? { not: {} } : { type: 'string', enum: type.names };
      case 'flags':
        if (type.names.length === 0) return { type: 'array', maxItems: 0 };
        return { type: 'array', items: { type: 'string', enum: type.names }, uniqueItems: true };
      case 'option':
        return { anyOf: [this.some(type), { type: 'null' }] };
      case 'result':
        return oneOf([closed({ ok: this.payload(type.ok) }), closed({ err: this.payload(type.err) })]);
      case 'own':
      case 'borrow':
      case 'unsupported':
        throw notCallable(type);
      default:
        return scalarSchema(type.kind);
    }
  }

  fields(fields: readonly Field[]): JsonSchema {
    const properties = fields.map((field) => [field.name, { ...this.of(field.type), ...described(field.docs) }] as const);
    const required = fields.filter((field) => field.type.kind !== 'option').map((field) => field.name);
    return closed(Object.fromEntries(properties), required);
  }

  private tuple(type: OfKind<'tuple'>): JsonSchema {
    const count = type.items.length;
    if (count === 0) return { type: 'array', maxItems: 0 };
    return {
      type: 'array',
      prefixItems: type.items.map((item) => this.of(item)),
      items: false,
      minItems: count,
      maxItems: count,
    };
  }

  private variantCase(item: Case): JsonSchema {
    const tag = { const: item.name };
    return { ...described(item.docs), ...closed(item.type === undefined ? { tag } : { tag, value: this.of(item.type) }) };
  }

  private some(type: OfKind<'option'>): JsonSchema {
    const inner = this.of(type.some);
    return type.some.kind === 'option' ? closed({ some: inner }) : inner;
  }

  private payload(type: ValueType | undefined): JsonSchema {
    return type === undefined ? { type: 'null' } : this.of(type);
  }
}

function scalarSchema(kind: ValueType['kind']): JsonSchema {
  switch (kind) {
    case 'bool':
      return { type: 'boolean' };
    case 'string':
      return { type: 'string' };
    case 'char':
      return { type: 'string', minLength: 1, maxLength: 1 };
    case 'f32':
      return floatSchema({ type: 'number', exclusiveMinimum: -F32_END, exclusiveMaximum: F32_END });
    case 'f64':
      return floatSchema({ type: 'number' });
    case 's64':
      return wideSchema(Number.MIN_SAFE_INTEGER, '^(?:0|-?[1-9][0-9]{0,18})$');
    case 'u64':
      return wideSchema(0, '^(?:0|[1-9][0-9]{0,19})$');
    default: {
      const [minimum, maximum] = INTEGER_RANGES[kind as IntegerKind]; // the scalar kinds that are left
      return { type: 'integer', minimum: Number(minimum), maximum: Number(maximum) };
    }
  }
}

function floatSchema(number: JsonSchema): JsonSchema {
  return { anyOf: [number, closed({ float: { enum: [...FLOAT_WORDS.keys()] } })] };
}

function wideSchema(minimum: number, pattern: string): JsonSchema {
  return {
    anyOf: [
      { type: 'integer', minimum, maximum: Number.MAX_SAFE_INTEGER },
      { type: 'string', pattern },
    ],
  };
}

function closed(properties: { readonly [name: string]: JsonSchema }, required = Object.keys(properties)): JsonSchema {
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}), additionalProperties: false };
}

function oneOf(schemas: readonly JsonSchema[]): JsonSchema {
  return schemas.length === 0 ? { not: {} } : { oneOf: schemas };
}

function described(docs: string | undefined): JsonSchema {
  return docs === undefined ? {} : { description: docs };
}

const COMPOUND: ReadonlySet<ValueType['kind']> = new Set([
  'list',
  'record',
  'tuple',
  'variant',
  'enum',
  'flags',
  'option',
  'result',
]);
