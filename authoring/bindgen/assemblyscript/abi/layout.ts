import type { ValueType } from '../../../../runtime/index.ts';

/** A core WebAssembly type, by its name in WebAssembly and in AssemblyScript. */
export type Core = 'i32' | 'i64' | 'f32' | 'f64';

/** More flat values than this go through memory. */
export const FLAT_PARAMS_MAX = 16;

/** Bytes of simple types, where they are not 4. */
const SIZES: Readonly<Record<string, number>> = {
  bool: 1,
  s8: 1,
  u8: 1,
  s16: 2,
  u16: 2,
  s64: 8,
  u64: 8,
  f64: 8,
};

/** What a value takes in memory, in bytes. Source: component model, CanonicalABI.md, "Alignment" and "Element Size". */
export interface Layout {
  readonly size: number;
  readonly align: number;
}

/** Types whose values are one of several cases. */
export type Union = ValueType & { kind: 'variant' | 'option' | 'result' };

/** Whether values of a type are one of several cases. */
export function isUnion(type: ValueType): type is Union {
  return type.kind === 'variant' || type.kind === 'option' || type.kind === 'result';
}

/** Bytes and alignment of a type. */
export function layoutOf(type: ValueType): Layout {
  switch (type.kind) {
    case 'string':
    case 'list':
      return { size: 8, align: 4 };
    case 'record':
      return struct(type.fields.map((field) => field.type));
    case 'tuple':
      return struct(type.items);
    case 'enum':
      return square(discriminantBytes(type.names.length));
    case 'flags':
      return square(type.names.length <= 8 ? 1 : type.names.length <= 16 ? 2 : 4);
    case 'variant':
    case 'option':
    case 'result':
      return variantLayout(payloadsOf(type));
    case 'unsupported':
      return fixedListLayout(type);
    default:
      return square(SIZES[type.kind] ?? 4);
  }
}

/** Offset in bytes of each part of a record, tuple or list of parameters. */
export function offsetsOf(types: readonly ValueType[]): number[] {
  let at = 0;
  return types.map((type) => {
    const { size, align } = layoutOf(type);
    const start = alignTo(at, align);
    at = start + size;
    return start;
  });
}

/** Layout of parts one after the other. */
export function struct(types: readonly ValueType[]): Layout {
  const align = Math.max(1, ...types.map((type) => layoutOf(type).align));
  const last = types.at(-1);
  const end = last === undefined ? 0 : (offsetsOf(types).at(-1) ?? 0) + layoutOf(last).size;
  return { size: alignTo(end, align), align };
}

/** Payloads of a variant, option or result, case by case. */
export function payloadsOf(type: Union): (ValueType | undefined)[] {
  if (type.kind === 'option') return [undefined, type.some];
  return type.kind === 'result' ? [type.ok, type.err] : type.cases.map((one) => one.type);
}

/** Bytes of the number that says which case a variant holds. */
export function discriminantBytes(cases: number): 1 | 2 | 4 {
  return cases <= 256 ? 1 : cases <= 65_536 ? 2 : 4;
}

/** Where the payload of a variant begins. */
export function payloadOffset(payloads: readonly (ValueType | undefined)[]): number {
  return alignTo(discriminantBytes(payloads.length), payloadAlign(payloads));
}

/** The core values of a type, at most one more than `FLAT_PARAMS_MAX`. Source: CanonicalABI.md, "Flattening". */
export function flatOf(type: ValueType): readonly Core[] {
  switch (type.kind) {
    case 's64':
    case 'u64':
      return ['i64'];
    case 'f32':
    case 'f64':
      return [type.kind];
    case 'string':
    case 'list':
      return ['i32', 'i32'];
    case 'record':
      return flatAll(type.fields.map((field) => field.type));
    case 'tuple':
      return flatAll(type.items);
    case 'variant':
    case 'option':
    case 'result':
      return flatUnion(payloadsOf(type));
    case 'unsupported': {
      const element = type.parts?.[0];
      if (type.length === undefined || element === undefined) return ['i32'];
      return flatAll(new Array<ValueType>(Math.min(type.length, FLAT_PARAMS_MAX + 1)).fill(element));
    }
    default:
      return ['i32'];
  }
}

/** The core values of several values, one after the other. */
export function flatAll(types: readonly ValueType[]): Core[] {
  const flat: Core[] = [];
  for (const type of types) {
    if (flat.length > FLAT_PARAMS_MAX) break;
    flat.push(...flatOf(type));
  }
  return flat.slice(0, FLAT_PARAMS_MAX + 1);
}

function flatUnion(payloads: readonly (ValueType | undefined)[]): Core[] {
  const flat: Core[] = ['i32'];
  for (const payload of payloads) {
    if (payload === undefined) continue;
    for (const [index, one] of flatOf(payload).slice(0, FLAT_PARAMS_MAX).entries()) {
      const other = flat[index + 1];
      flat[index + 1] = other === undefined ? one : join(other, one);
    }
  }
  return flat;
}

function join(a: Core, b: Core): Core {
  if (a === b) return a;
  return (a === 'i32' && b === 'f32') || (a === 'f32' && b === 'i32') ? 'i32' : 'i64';
}

function variantLayout(payloads: readonly (ValueType | undefined)[]): Layout {
  const disc = discriminantBytes(payloads.length);
  const align = Math.max(disc, payloadAlign(payloads));
  const size = Math.max(0, ...payloads.map((payload) => (payload === undefined ? 0 : layoutOf(payload).size)));
  return { size: alignTo(alignTo(disc, payloadAlign(payloads)) + size, align), align };
}

function payloadAlign(payloads: readonly (ValueType | undefined)[]): number {
  return Math.max(1, ...payloads.map((payload) => (payload === undefined ? 1 : layoutOf(payload).align)));
}

function fixedListLayout(type: ValueType & { kind: 'unsupported' }): Layout {
  const element = type.parts?.[0];
  if (type.length === undefined || element === undefined) return square(4);
  const { size, align } = layoutOf(element);
  return { size: size * type.length, align };
}

function square(bytes: number): Layout {
  return { size: bytes, align: bytes };
}

function alignTo(offset: number, align: number): number {
  return Math.ceil(offset / align) * align;
}
