import {
  bareObject,
  type JsonValue,
  type Param,
  type PlainJson,
  paramsFromJson,
  paramsFromPlain,
  toJson,
  type WitValue,
} from '../../runtime/index.ts';
import { type ParameterRecord, parameterRecord, parameterValueFromJson } from '../policy/parameter-value.ts';
import type { Plain } from './parameter-plan.ts';

/** Parameters of a request, as rules see them and as JSON writes them. */
export interface TypedParameters {
  readonly record: ParameterRecord;
  readonly json: { readonly [name: string]: PlainJson };
}

/**
 * Parameters that a plan made, by their types.
 *
 * @returns undefined where JSON cannot say them: integers above 2^53 - 1 without a type.
 * @throws CodedError `params/invalid`.
 */
export function fromPlan(
  plain: { readonly [name: string]: Plain },
  params: readonly Param[] | undefined,
): TypedParameters | undefined {
  if (params !== undefined) return typed(paramsFromPlain(plain, params), params);
  const json = plainJson(plain) as TypedParameters['json'] | undefined;
  return json && { json, record: parameterValueFromJson(json) as ParameterRecord };
}

/**
 * Parameters that came as JSON, by their types where those are known. Without them a 64-bit number in quotes is text, bytes are their
 * base64 and a parameter that may be left out is not there instead of null.
 *
 * @throws CodedError `params/invalid`, `params/too-large`.
 */
export function recordFromJson(json: JsonValue, params: readonly Param[] | undefined): ParameterRecord {
  if (params !== undefined) return parameterRecord(paramsFromJson(json, params), params);
  return (json instanceof Map ? parameterValueFromJson(json) : bareObject()) as ParameterRecord;
}

function typed(values: readonly WitValue[], params: readonly Param[]): TypedParameters {
  const json = bareObject<PlainJson>();
  for (const [index, { name, type }] of params.entries()) json[name] = toJson(values[index]!, type);
  return { record: parameterRecord(values, params), json };
}

function plainJson(value: Plain): PlainJson | undefined {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : undefined;
  if (value instanceof Uint8Array) return undefined;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = (value as readonly Plain[]).map(plainJson);
    return items.includes(undefined) ? undefined : (items as PlainJson[]);
  }
  const record = bareObject<PlainJson>();
  for (const [name, inner] of Object.entries(value)) {
    const json = plainJson(inner);
    if (json === undefined) return undefined;
    record[name] = json;
  }
  return record;
}
