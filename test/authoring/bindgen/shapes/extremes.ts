import type { PrimitiveKind, ValueType } from '../../../../runtime/component/types.ts';
import { emptyRecord, type WitValue } from '../../../../runtime/value/index.ts';

/*
 * Values at the edges of each type, picked by hand: for a compound each edge of each part, the parts' edges side by side.
 */

const LONG_LIST = 24;

const EDGES: Readonly<Record<PrimitiveKind, readonly WitValue[]>> = {
  bool: [false, true],
  s8: [0, -1, 127, -128],
  u8: [0, 255, 128],
  s16: [0, -1, 32767, -32768],
  u16: [0, 65535, 32768],
  s32: [0, -1, 2 ** 31 - 1, -(2 ** 31)],
  u32: [0, 2 ** 32 - 1, 2 ** 31],
  s64: [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n, 2n ** 32n],
  u64: [0n, 2n ** 64n - 1n, 2n ** 63n, 2n ** 53n + 1n, 2n ** 32n],
  f32: [0, -0, Number.NaN, Infinity, -Infinity, 1.5, 2 ** -149, 3.4028234663852886e38],
  f64: [0, -0, Number.NaN, Infinity, -Infinity, 1.5, 5e-324, Number.MAX_VALUE, 0.1],
  char: ['a', 'Z', '\0', '\u007f', '\u0080', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'],
  string: [
    '',
    'a',
    'Caf\u00e9 Z',
    '\0',
    '\ufeffmark',
    '\u00ff\u0100',
    '\u4e2d\u6587',
    '\u{1f600}\u{1f9d1}\u200d\u{1f680}',
    'Long '.repeat(16),
  ],
};

/** Edges of a type. The more parts, the more of them; none is left out that a part alone has. */
export function extremes(type: ValueType): readonly WitValue[] {
  switch (type.kind) {
    case 'list':
      return ofList(type.element);
    case 'record':
      return sideBySide(type.fields.map((field) => extremes(field.type))).map((values) => {
        const record = emptyRecord();
        for (const [at, field] of type.fields.entries()) record[field.name] = values[at]!;
        return record;
      });
    case 'tuple':
      return sideBySide(type.items.map(extremes));
    case 'variant':
      return type.cases.flatMap(({ name, type: payload }): readonly WitValue[] =>
        payload === undefined ? [{ tag: name }] : extremes(payload).map((value) => ({ tag: name, value })),
      );
    case 'enum':
      return [0, 1, 127, 128, 255, 256, type.names.length - 1].flatMap((at) => type.names[at] ?? []);
    case 'flags':
      return [[], type.names, type.names.filter((_, at) => at % 2 === 0), type.names.slice(-1), type.names.slice(0, 1)];
    case 'option':
      return [null, ...extremes(type.some).map((some) => ({ some }))];
    case 'result':
      return [
        ...(type.ok === undefined ? [null] : extremes(type.ok)).map((ok) => ({ ok })),
        ...(type.err === undefined ? [null] : extremes(type.err)).map((err) => ({ err })),
      ];
    case 'own':
    case 'borrow':
    case 'unsupported':
      throw new Error(`no values of kind ${type.kind}`);
    default:
      return EDGES[type.kind];
  }
}

function ofList(element: ValueType): readonly WitValue[] {
  if (element.kind === 'u8') return [new Uint8Array(0), Uint8Array.of(0, 255, 1), new Uint8Array(300).fill(7)];
  const edges = extremes(element);
  const long = Array.from({ length: LONG_LIST }, (_, at) => edges[at % Math.min(edges.length, 3)]!);
  return [[], edges.slice(-1), edges, long];
}

/** Each part's edges in turn, as often as the part with the most has them. */
function sideBySide(parts: readonly (readonly WitValue[])[]): readonly (readonly WitValue[])[] {
  const rows = Math.max(1, ...parts.map((part) => part.length));
  return Array.from({ length: rows }, (_, row) => parts.map((part, at) => part[(row + at) % part.length]!));
}

/** As many sets of arguments as the parameter with the most edges has. */
export function extremeArguments(params: readonly { readonly type: ValueType }[]): readonly (readonly WitValue[])[] {
  return sideBySide(params.map(({ type }) => extremes(type)));
}
