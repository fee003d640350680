import type { PrimitiveKind, ValueType } from '../../component/types.ts';
import type { Abi } from './abi.ts';
import type { CoreValue, ValueCodec } from './codec.ts';
import { layoutOf } from './layout.ts';
import {
  bool,
  canonicalNan,
  char,
  charOf,
  f32,
  f64,
  mismatch,
  SCALARS,
  type Scalar,
  s8,
  s16,
  s32,
  s64,
  u8,
  u16,
  u32,
  u64,
} from './scalars.ts';
import { loadString, stored, storeString } from './strings.ts';

/*
 * Codecs of types without parts. Each is its own few functions, so that the engine can specialise them: these are what
 * runs for each element of a list.
 *
 * Source: CanonicalABI.md, Loading, Storing, Flat Lifting, Flat Lowering. Core i32 may be signed or not, in both directions.
 */

type Parts = Omit<ValueCodec, 'layout'>;

const STRING: ValueType = { kind: 'string' };

function text(value: unknown): string {
  if (typeof value !== 'string') throw mismatch(STRING, value);
  return value;
}

function storeText(abi: Abi, pointer: number, value: unknown): void {
  storeString(abi, text(value));
  const { view } = abi;
  view.setUint32(pointer, stored.pointer, true);
  view.setUint32(pointer + 4, stored.units, true);
}

const PARTS: Readonly<Record<PrimitiveKind, Parts>> = {
  bool: {
    load: (abi, pointer) => abi.bytes[pointer] !== 0,
    store: (abi, pointer, value) => {
      abi.bytes[pointer] = bool(value);
    },
    ...flat(SCALARS.bool),
  },
  s8: {
    load: (abi, pointer) => abi.view.getInt8(pointer),
    store: (abi, pointer, value) => abi.view.setInt8(pointer, s8(value)),
    ...flat(SCALARS.s8),
  },
  u8: {
    load: (abi, pointer) => abi.bytes[pointer],
    store: (abi, pointer, value) => {
      abi.bytes[pointer] = u8(value);
    },
    ...flat(SCALARS.u8),
  },
  s16: {
    load: (abi, pointer) => abi.view.getInt16(pointer, true),
    store: (abi, pointer, value) => abi.view.setInt16(pointer, s16(value), true),
    ...flat(SCALARS.s16),
  },
  u16: {
    load: (abi, pointer) => abi.view.getUint16(pointer, true),
    store: (abi, pointer, value) => abi.view.setUint16(pointer, u16(value), true),
    ...flat(SCALARS.u16),
  },
  s32: {
    load: (abi, pointer) => abi.view.getInt32(pointer, true),
    store: (abi, pointer, value) => abi.view.setInt32(pointer, s32(value), true),
    ...flat(SCALARS.s32),
  },
  u32: {
    load: (abi, pointer) => abi.view.getUint32(pointer, true),
    store: (abi, pointer, value) => abi.view.setUint32(pointer, u32(value), true),
    ...flat(SCALARS.u32),
  },
  s64: {
    load: (abi, pointer) => abi.view.getBigInt64(pointer, true),
    store: (abi, pointer, value) => abi.view.setBigInt64(pointer, s64(value), true),
    ...flat(SCALARS.s64),
  },
  u64: {
    load: (abi, pointer) => abi.view.getBigUint64(pointer, true),
    store: (abi, pointer, value) => abi.view.setBigUint64(pointer, u64(value), true),
    ...flat(SCALARS.u64),
  },
  f32: {
    load: (abi, pointer) => canonicalNan(abi.view.getFloat32(pointer, true)),
    store: (abi, pointer, value) => abi.view.setFloat32(pointer, f32(value), true),
    ...flat(SCALARS.f32),
  },
  f64: {
    load: (abi, pointer) => canonicalNan(abi.view.getFloat64(pointer, true)),
    store: (abi, pointer, value) => abi.view.setFloat64(pointer, f64(value), true),
    ...flat(SCALARS.f64),
  },
  char: {
    load: (abi, pointer) => charOf(abi.view.getUint32(pointer, true)),
    store: (abi, pointer, value) => abi.view.setUint32(pointer, char(value), true),
    ...flat(SCALARS.char),
  },
  string: {
    load: (abi, pointer) => loadString(abi, abi.view.getUint32(pointer, true), abi.view.getUint32(pointer + 4, true)),
    store: storeText,
    lift: (abi, flat) => {
      const pointer = flat.values[flat.at++] as number;
      return loadString(abi, pointer, flat.values[flat.at++] as number);
    },
    lower: (abi, flat, value) => {
      storeString(abi, text(value));
      flat.values[flat.at++] = stored.pointer;
      flat.values[flat.at++] = stored.units;
    },
  },
};

/** The same in every shape. */
export function scalarCodec(kind: PrimitiveKind): ValueCodec {
  return { layout: layoutOf({ kind }), ...PARTS[kind] };
}

/** Flat lifting and lowering of a value that is one core value. */
function flat({ lift, lower }: Scalar): Pick<ValueCodec, 'lift' | 'lower'> {
  return {
    lift: (_abi, core) => lift(core.values[core.at++] as CoreValue), // the caller gives as many as `layout.flat`
    lower: (_abi, core, value) => {
      core.values[core.at++] = lower(value);
    },
  };
}

type Handle = Extract<ValueType, { kind: 'own' | 'borrow' }>;

/** Handles to resources; what they stand for is the business of `abi.handles`. */
export function handleCodec(type: Handle): ValueCodec {
  const { resource } = type;
  const owned = type.kind === 'own';
  const lift = (abi: Abi, handle: number): unknown =>
    owned ? abi.handles.liftOwn(handle, resource) : abi.handles.liftBorrow(handle, resource);
  const lower = (abi: Abi, value: unknown): number =>
    owned ? abi.handles.lowerOwn(value, resource) : abi.handles.lowerBorrow(value, resource);
  return {
    layout: layoutOf(type),
    load: (abi, pointer) => lift(abi, abi.view.getUint32(pointer, true)),
    store: (abi, pointer, value) => {
      const handle = lower(abi, value);
      abi.view.setUint32(pointer, handle, true);
    },
    lift: (abi, flat) => lift(abi, (flat.values[flat.at++] as number) >>> 0),
    lower: (abi, flat, value) => {
      flat.values[flat.at++] = lower(abi, value);
    },
  };
}
