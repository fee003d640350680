/** Values on their way through the runtime: strict JSON in, typed values, JSON Schema, and canonical bytes. */

export { type CanonicalLimits, decodeParams, decodeValue, encodeParams, encodeValue } from './canonical.ts';
export { fromJson, paramsFromJson, paramsFromPlain } from './from-json.ts';
export { type JsonSchema, paramsSchema, resultSchema } from './json-schema.ts';
export { type JsonLimits, jsonText, parseJson } from './json-text.ts';
export { JsonNumber, type JsonObject, type JsonValue } from './json-value.ts';
export { plainSnapshot } from './plain.ts';
export { type PlainJson, toJson } from './to-json.ts';
export { emptyRecord, isWellFormed, type MutableRecord, type WitValue } from './wit-value.ts';
