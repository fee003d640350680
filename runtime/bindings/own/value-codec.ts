import type { ValueType } from '../../component/types.ts';
import type { Abi } from './abi.ts';
import type { ValueCodec } from './codec.ts';
import { caseCodec, enumCodec, flagsCodec } from './codec-cases.ts';
import { arrayCodec, isNumeric, typedArrayCodec } from './codec-lists.ts';
import { handleCodec, scalarCodec } from './codec-scalars.ts';
import { layoutOf, payloadsOf, sequenceOffsets } from './layout.ts';
import { mismatch } from './scalars.ts';
import type { JsObject, Shape } from './shape.ts';

type OfKind<K extends ValueType['kind']> = Extract<ValueType, { kind: K }>;

const codecs = new WeakMap<Shape, WeakMap<ValueType, ValueCodec>>();

/**
 * The codec of a type's values in one shape, built once for each node of the type tree.
 *
 * @throws CodedError `component/unsupported` for types of the asynchronous ABI.
 */
export function valueCodec(type: ValueType, shape: Shape): ValueCodec {
  let known = codecs.get(shape);
  if (known === undefined) {
    known = new WeakMap();
    codecs.set(shape, known);
  }
  let codec = known.get(type);
  if (codec === undefined) {
    codec = build(type, shape);
    known.set(type, codec);
  }
  return codec;
}

function build(type: ValueType, shape: Shape): ValueCodec {
  const layout = layoutOf(type); // refuses what is unsupported
  switch (type.kind) {
    case 'list':
      return listCodec(type, shape);
    case 'record':
      return recordCodec(type, shape);
    case 'tuple':
      return tupleCodec(type, shape);
    case 'enum':
      return enumCodec(type, layout);
    case 'flags':
      return flagsCodec(type, layout, shape.flagsForm(type.names));
    case 'variant':
    case 'option':
    case 'result': {
      const payloads = payloadsOf(type)!.map((payload) => payload && valueCodec(payload, shape)); // known for these kinds
      return caseCodec(type, layout, payloads, shape.caseForm(type));
    }
    case 'own':
    case 'borrow':
      return handleCodec(type);
    case 'unsupported':
      throw new Error('unreachable');
    default:
      return scalarCodec(type.kind);
  }
}

function listCodec(type: OfKind<'list'>, shape: Shape): ValueCodec {
  const element = valueCodec(type.element, shape);
  const layout = layoutOf(type);
  if (isNumeric(type.element) && (shape.typedLists || type.element.kind === 'u8')) {
    return typedArrayCodec({ kind: 'list', element: type.element }, layout, element, shape.typedLists);
  }
  return arrayCodec(type, layout, element);
}

function recordCodec(type: OfKind<'record'>, shape: Shape): ValueCodec {
  const keys = type.fields.map((field) => shape.fieldKey(field.name));
  const types = type.fields.map((field) => field.type);
  const parts = types.map((part) => valueCodec(part, shape));
  const offsets = sequenceOffsets(types);
  const count = parts.length;
  const given = (value: unknown): JsObject => {
    if (typeof value !== 'object' || value === null) throw mismatch(type, value);
    return value as JsObject; // its fields are checked one by one
  };
  const empty = (abi: Abi): JsObject => {
    abi.budget.chargeElements(count);
    return shape.newRecord();
  };
  return {
    layout: layoutOf(type),
    load: (abi, pointer) => {
      const record = empty(abi);
      for (let at = 0; at < count; at++) record[keys[at]!] = parts[at]!.load(abi, pointer + offsets[at]!);
      return record;
    },
    store: (abi, pointer, value) => {
      const record = given(value);
      for (let at = 0; at < count; at++) parts[at]!.store(abi, pointer + offsets[at]!, record[keys[at]!]);
    },
    lift: (abi, flat) => {
      const record = empty(abi);
      for (let at = 0; at < count; at++) record[keys[at]!] = parts[at]!.lift(abi, flat);
      return record;
    },
    lower: (abi, flat, value) => {
      const record = given(value);
      for (let at = 0; at < count; at++) parts[at]!.lower(abi, flat, record[keys[at]!]);
    },
  };
}

function tupleCodec(type: OfKind<'tuple'>, shape: Shape): ValueCodec {
  const parts = type.items.map((item) => valueCodec(item, shape));
  const offsets = sequenceOffsets(type.items);
  const count = parts.length;
  const given = (value: unknown): readonly unknown[] => {
    if (!Array.isArray(value) || value.length !== count) throw mismatch(type, value);
    return value;
  };
  return {
    layout: layoutOf(type),
    load: (abi, pointer) => {
      abi.budget.chargeElements(count);
      const items: unknown[] = [];
      for (let at = 0; at < count; at++) items.push(parts[at]!.load(abi, pointer + offsets[at]!));
      return items;
    },
    store: (abi, pointer, value) => {
      const items = given(value);
      for (let at = 0; at < count; at++) parts[at]!.store(abi, pointer + offsets[at]!, items[at]);
    },
    lift: (abi, flat) => {
      abi.budget.chargeElements(count);
      const items: unknown[] = [];
      for (let at = 0; at < count; at++) items.push(parts[at]!.lift(abi, flat));
      return items;
    },
    lower: (abi, flat, value) => {
      const items = given(value);
      for (let at = 0; at < count; at++) parts[at]!.lower(abi, flat, items[at]);
    },
  };
}
