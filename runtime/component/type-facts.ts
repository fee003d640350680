import type { FunctionType, ValueType } from './types.ts';

/** What the decoder knows of a type beside its parts; sizes are those of the type with shared parts written out. */
export interface Facts {
  /** When it was made, counted in types. */
  readonly birth: number;
  readonly nodes: number;
  readonly depth: number;
  /** Birth of the first resource that it mentions; infinite when it mentions none. */
  readonly oldestResource: number;
  /** Whether it mentions a handle, a borrowed handle, and something that lies in memory: a list or string. */
  readonly hasHandle: boolean;
  readonly hasBorrow: boolean;
  readonly hasPointer: boolean;
  /** Size and alignment of a value in a memory with 64-bit addresses. */
  readonly bytes: number;
  readonly alignment: number;
  /** For a type named by an export or import of another: that other. */
  readonly aliasOf: ValueType | undefined;
  /** For a handle: the name by which it mentions its resource; see `NameId`. */
  readonly nameId: number | undefined;
}

/** Where a type comes from, if not from its definition alone. */
export type Origin = Partial<Pick<Facts, 'aliasOf' | 'nameId'>> & {
  /** The pair in a map is no type that the component defines: its size is not limited. */
  readonly isMapPair?: true;
};

/** Bytes that a value must be smaller than. Source: component model, CanonicalABI.md, Element Size. */
export const VALUE_BYTES_END = 2 ** 28;

/** Of a type without parts. */
export const NO_FACTS: Facts = {
  birth: 0,
  nodes: 1,
  depth: 0,
  oldestResource: Number.POSITIVE_INFINITY,
  hasHandle: false,
  hasBorrow: false,
  hasPointer: false,
  bytes: 0,
  alignment: 1,
  aliasOf: undefined,
  nameId: undefined,
};

export function factsOfResource(birth: number): Facts {
  return { ...NO_FACTS, birth, depth: 1, oldestResource: birth };
}

type FactsOf = (type: object) => Facts;

/** Written out field by field: spreading costs more than all the rest, for the thousands of types of a large component. */
export function factsOfValue(type: ValueType, factsOf: FactsOf, birth: number, { aliasOf, nameId }: Origin): Facts {
  const parts: Facts[] = [];
  for (const part of partsOf(type)) parts.push(factsOf(part));
  const isHandle = type.kind === 'own' || type.kind === 'borrow';
  const inner = combined(parts);
  const { bytes, alignment } = layoutOf(type, parts);
  return {
    birth,
    nodes: inner.nodes + labelsOf(type),
    depth: inner.depth + 1,
    oldestResource: isHandle ? factsOf(type.resource).birth : inner.oldestResource,
    hasHandle: isHandle || isEnd(type) || inner.hasHandle,
    hasBorrow: type.kind === 'borrow' || inner.hasBorrow,
    hasPointer: isPointer(type) || (inner.hasPointer && !isEnd(type)),
    bytes,
    alignment,
    aliasOf,
    nameId: nameId ?? (aliasOf === undefined ? undefined : factsOf(aliasOf).nameId),
  };
}

/** `hasPointer` is about the parameters alone. */
export function factsOfFunction(type: FunctionType, factsOf: FactsOf, birth: number): Facts {
  const parts: Facts[] = [];
  for (const param of type.params) parts.push(factsOf(param.type));
  if (type.result !== undefined) parts.push(factsOf(type.result));
  const { nodes, oldestResource } = combined(parts);
  const takesPointer = type.params.some((param) => factsOf(param.type).hasPointer);
  return { ...NO_FACTS, birth, nodes, depth: 1, oldestResource, hasPointer: takesPointer };
}

function combined(parts: readonly Facts[]) {
  let { nodes, depth, oldestResource, hasHandle, hasBorrow, hasPointer } = NO_FACTS;
  for (const part of parts) {
    nodes += part.nodes;
    depth = Math.max(depth, part.depth);
    oldestResource = Math.min(oldestResource, part.oldestResource);
    hasHandle ||= part.hasHandle;
    hasBorrow ||= part.hasBorrow;
    hasPointer ||= part.hasPointer;
  }
  return { nodes, depth, oldestResource, hasHandle, hasBorrow, hasPointer };
}

/** Labels count as nodes, too: an enum of 10,000 names is not one node to whoever prints it. */
function labelsOf(type: ValueType): number {
  if (type.kind === 'enum' || type.kind === 'flags') return type.names.length;
  return type.kind === 'variant' ? type.cases.length : 0;
}

/** Types of the asynchronous ABI: handles of what carries its values elsewhere. */
function isEnd(type: ValueType): boolean {
  return type.kind === 'unsupported' && type.length === undefined;
}

function isPointer(type: ValueType): boolean {
  return type.kind === 'string' || type.kind === 'list';
}

type Layout = Pick<Facts, 'bytes' | 'alignment'>;

const POINTER_AND_LENGTH: Layout = { bytes: 16, alignment: 8 };

function layoutOf(type: ValueType, parts: readonly Layout[]): Layout {
  switch (type.kind) {
    case 'bool':
    case 's8':
    case 'u8':
      return scalar(1);
    case 's16':
    case 'u16':
      return scalar(2);
    case 's64':
    case 'u64':
    case 'f64':
      return scalar(8);
    case 'string':
    case 'list':
      return POINTER_AND_LENGTH;
    case 'record':
    case 'tuple':
      return sequence(parts);
    case 'flags':
      return scalar(type.names.length <= 8 ? 1 : type.names.length <= 16 ? 2 : 4);
    case 'enum':
      return variant(type.names.length, parts);
    case 'variant':
      return variant(type.cases.length, parts);
    case 'option':
    case 'result':
      return variant(2, parts);
    case 'unsupported':
      return newer(type, parts);
    default:
      return scalar(4);
  }
}

function newer(type: ValueType & { kind: 'unsupported' }, [element]: readonly Layout[]): Layout {
  if (type.length === undefined || element === undefined) return scalar(4);
  return { bytes: element.bytes * type.length, alignment: element.alignment };
}

function scalar(bytes: number): Layout {
  return { bytes, alignment: bytes };
}

function sequence(parts: readonly Layout[]): Layout {
  let bytes = 0;
  let alignment = 1;
  for (const part of parts) {
    bytes = alignTo(bytes, part.alignment) + part.bytes;
    alignment = Math.max(alignment, part.alignment);
  }
  return { bytes: alignTo(bytes, alignment), alignment };
}

function variant(cases: number, payloads: readonly Layout[]): Layout {
  const tag = scalar(cases <= 0x100 ? 1 : cases <= 0x1_0000 ? 2 : 4);
  const bytes = payloads.reduce((most, payload) => Math.max(most, payload.bytes), 0);
  const alignment = payloads.reduce((most, payload) => Math.max(most, payload.alignment), 1);
  return sequence([tag, { bytes, alignment }]);
}

function alignTo(bytes: number, alignment: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/** The types directly inside a value type. */
export function partsOf(type: ValueType): readonly ValueType[] {
  switch (type.kind) {
    case 'list':
      return [type.element];
    case 'option':
      return [type.some];
    case 'record':
      return type.fields.map((field) => field.type);
    case 'tuple':
      return type.items;
    case 'variant':
      return type.cases.flatMap((one) => (one.type === undefined ? [] : [one.type]));
    case 'result':
      return [type.ok, type.err].filter((part) => part !== undefined);
    case 'unsupported':
      return type.parts ?? [];
    default:
      return [];
  }
}
