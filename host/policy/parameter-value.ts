import {
  bareObject,
  JsonNumber,
  type JsonValue,
  type Param,
  type PlainJson,
  type ValueType,
  type WitValue,
} from '../../runtime/index.ts';

/**
 * Parameters as rules see them. Integers are bigint whatever their width, floats numbers, `list<u8>` bytes; an option is its value or null; a
 * variant is `{tag, value?}`, a result `{ok}` or `{err}`, flags and enums their names. Records have no prototype.
 */
export type ParameterValue = null | boolean | bigint | number | string | Uint8Array | readonly ParameterValue[] | ParameterRecord;
export type ParameterRecord = { readonly [name: string]: ParameterValue };

/** The parameters of a call, by name. Shares strings and bytes with the values, copies all else. */
export function parameterRecord(values: readonly WitValue[], params: readonly Param[]): ParameterRecord {
  const record = bareObject<ParameterValue>();
  for (let index = 0; index < params.length; index++) record[params[index]!.name] = fromWit(values[index]!, params[index]!.type);
  return record;
}

type Fields = { readonly [field: string]: WitValue };

function fromWit(value: WitValue, type: ValueType): ParameterValue {
  switch (type.kind) {
    case 'u8':
    case 's8':
    case 'u16':
    case 's16':
    case 'u32':
    case 's32':
      return BigInt(value as number);
    case 'option':
      return value === null ? null : fromWit((value as Fields).some!, type.some);
    case 'list':
      return type.element.kind === 'u8'
        ? (value as Uint8Array)
        : (value as WitValue[]).map((item) => fromWit(item, type.element));
    case 'tuple':
      return type.items.map((item, index) => fromWit((value as WitValue[])[index]!, item));
    case 'record':
      return recordOf(type.fields.map(({ name, type: inner }) => [name, fromWit((value as Fields)[name]!, inner)]));
    case 'variant': {
      const { tag, value: payload } = value as Fields;
      const inner = type.cases.find((item) => item.name === tag)?.type;
      return recordOf([['tag', tag as string], ...(inner === undefined ? [] : [['value', fromWit(payload!, inner)] as const])]);
    }
    case 'result': {
      const side = Object.hasOwn(value as Fields, 'ok') ? 'ok' : 'err';
      const inner = type[side];
      return recordOf([[side, inner === undefined ? null : fromWit((value as Fields)[side]!, inner)]]);
    }
    default:
      return value as ParameterValue; // bool, s64, u64, f32, f64, char, string, enum, flags are what rules see
  }
}

function recordOf(entries: readonly (readonly [string, ParameterValue])[]): ParameterRecord {
  const record = bareObject<ParameterValue>();
  for (const [name, value] of entries) record[name] = value;
  return record;
}

/** Parameters whose types are not known, from JSON: a number without fraction and exponent is an integer. */
export function parameterValueFromJson(json: JsonValue | PlainJson): ParameterValue {
  if (json instanceof JsonNumber) return /^-?\d+$/.test(json.text) ? BigInt(json.text) : Number(json.text);
  if (typeof json === 'number') return Number.isSafeInteger(json) ? BigInt(json) : json;
  if (json instanceof Map) return recordOf([...json].map(([name, value]) => [name, parameterValueFromJson(value)]));
  if (Array.isArray(json)) return json.map((item: JsonValue | PlainJson) => parameterValueFromJson(item));
  if (typeof json === 'object' && json !== null) {
    return recordOf(Object.entries(json).map(([name, value]) => [name, parameterValueFromJson(value as PlainJson)]));
  }
  return json;
}
