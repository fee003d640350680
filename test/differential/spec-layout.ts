import type { ValueType } from '../../runtime/component/types.ts';

/*
 * Alignment, element size and flattening, written after the Python of CanonicalABI.md and nothing else: the guests of these
 * tests are made by it, so that a mistake in `runtime/bindings/own/layout.ts` is not made on both sides.
 */

export type Core = 'i32' | 'i64' | 'f32' | 'f64';

/** A type after the specification's `despecialize`. */
export type Plain =
  | { readonly kind: 'int'; readonly bytes: 1 | 2 | 4 | 8; readonly of: ValueType['kind'] }
  | { readonly kind: 'float'; readonly bytes: 4 | 8 }
  | { readonly kind: 'flags'; readonly labels: number }
  | { readonly kind: 'pair' }
  | { readonly kind: 'record'; readonly fields: readonly ValueType[] }
  | { readonly kind: 'variant'; readonly cases: readonly (ValueType | undefined)[] };

const INTS: Partial<Record<ValueType['kind'], 1 | 2 | 4 | 8>> = {
  bool: 1,
  s8: 1,
  u8: 1,
  s16: 2,
  u16: 2,
  s32: 4,
  u32: 4,
  char: 4,
  own: 4,
  borrow: 4,
  s64: 8,
  u64: 8,
};

export function despecialize(type: ValueType): Plain {
  const bytes = INTS[type.kind];
  if (bytes !== undefined) return { kind: 'int', bytes, of: type.kind };
  switch (type.kind) {
    case 'f32':
      return { kind: 'float', bytes: 4 };
    case 'f64':
      return { kind: 'float', bytes: 8 };
    case 'string':
    case 'list':
      return { kind: 'pair' };
    case 'record':
      return { kind: 'record', fields: type.fields.map((field) => field.type) };
    case 'tuple':
      return { kind: 'record', fields: type.items };
    case 'variant':
      return { kind: 'variant', cases: type.cases.map((item) => item.type) };
    case 'enum':
      return { kind: 'variant', cases: type.names.map(() => undefined) };
    case 'option':
      return { kind: 'variant', cases: [undefined, type.some] };
    case 'result':
      return { kind: 'variant', cases: [type.ok, type.err] };
    case 'flags':
      return { kind: 'flags', labels: type.names.length };
    default:
      throw new Error(`no layout of ${type.kind}`);
  }
}

export function alignTo(at: number, alignment: number): number {
  return Math.ceil(at / alignment) * alignment;
}

export function alignmentOf(type: ValueType): number {
  const plain = despecialize(type);
  switch (plain.kind) {
    case 'pair':
      return 4;
    case 'record':
      return Math.max(1, ...plain.fields.map(alignmentOf));
    case 'variant':
      return Math.max(discriminantBytes(plain.cases.length), payloadAlignment(plain.cases));
    case 'flags':
      return flagBytes(plain.labels);
    default:
      return plain.bytes;
  }
}

export function sizeOf(type: ValueType): number {
  const plain = despecialize(type);
  switch (plain.kind) {
    case 'pair':
      return 8;
    case 'record': {
      let size = 0;
      for (const field of plain.fields) size = alignTo(size, alignmentOf(field)) + sizeOf(field);
      return alignTo(size, alignmentOf(type));
    }
    case 'variant': {
      const most = Math.max(0, ...plain.cases.map((payload) => (payload === undefined ? 0 : sizeOf(payload))));
      return alignTo(payloadAt(plain.cases) + most, alignmentOf(type));
    }
    case 'flags':
      return flagBytes(plain.labels);
    default:
      return plain.bytes;
  }
}

/** Offsets of the fields of a record. */
export function fieldsAt(fields: readonly ValueType[]): number[] {
  let end = 0;
  return fields.map((field) => {
    const at = alignTo(end, alignmentOf(field));
    end = at + sizeOf(field);
    return at;
  });
}

export function flagBytes(labels: number): 1 | 2 | 4 {
  return labels <= 8 ? 1 : labels <= 16 ? 2 : 4;
}

/** The specification's `discriminant_type`, which takes `ceil(log2(n) / 8)` bytes. */
export function discriminantBytes(cases: number): 1 | 2 | 4 {
  const bytes = Math.ceil(Math.log2(cases) / 8);
  return bytes <= 1 ? 1 : bytes === 2 ? 2 : 4;
}

export function payloadAt(cases: readonly (ValueType | undefined)[]): number {
  return alignTo(discriminantBytes(cases.length), payloadAlignment(cases));
}

function payloadAlignment(cases: readonly (ValueType | undefined)[]): number {
  return Math.max(1, ...cases.map((payload) => (payload === undefined ? 1 : alignmentOf(payload))));
}

export function flatten(type: ValueType): Core[] {
  const plain = despecialize(type);
  switch (plain.kind) {
    case 'int':
      return [plain.bytes === 8 ? 'i64' : 'i32'];
    case 'float':
      return [plain.bytes === 8 ? 'f64' : 'f32'];
    case 'flags':
      return ['i32'];
    case 'pair':
      return ['i32', 'i32'];
    case 'record':
      return plain.fields.flatMap(flatten);
    case 'variant': {
      const flat: Core[] = [];
      for (const payload of plain.cases) {
        if (payload === undefined) continue;
        for (const [at, core] of flatten(payload).entries()) flat[at] = flat[at] === undefined ? core : join(flat[at], core);
      }
      return ['i32', ...flat];
    }
  }
}

function join(a: Core, b: Core): Core {
  if (a === b) return a;
  return (a === 'i32' && b === 'f32') || (a === 'f32' && b === 'i32') ? 'i32' : 'i64';
}
