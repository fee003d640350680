/*
 * OpenAI's APIs can hold a model to a schema (`strict: true`) where the schema stays within a part of JSON Schema, and refuse the whole request where it
 * does not. So a tool is strict only if everything in its schema is known to be within.
 * Source: "Supported schemas" in https://platform.openai.com/docs/guides/structured-outputs.
 */

const KEYWORDS: ReadonlySet<string> = new Set([
  'type',
  'title',
  'description',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'anyOf',
  'enum',
  'const',
  '$ref',
  '$defs',
  'minimum',
  'maximum',
  'pattern',
  'minItems',
  'maxItems',
]);
/** Levels within levels that the API takes. */
const LEVELS_MAX = 5;

type Schema = { readonly [keyword: string]: unknown };

/** Whether OpenAI's strict mode takes a schema of parameters: only known keywords, each object closed, each property required. Pure. */
export function isStrictSchema(schema: Schema): boolean {
  return schema.type === 'object' && isWithin(schema, 0);
}

function isWithin(schema: unknown, level: number): boolean {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema) || level > LEVELS_MAX) return false;
  const { type, items, anyOf, $ref, $defs, ...rest } = schema as Schema;
  if (Object.keys(schema).some((keyword) => !KEYWORDS.has(keyword))) return false;
  if ($ref !== undefined) return Object.keys(schema).length === 1;
  if (type === undefined && anyOf === undefined) return false;
  if (type === 'object' && !isClosed(rest, level)) return false;
  if (items !== undefined && !isWithin(items, level + 1)) return false;
  if (anyOf !== undefined && !(Array.isArray(anyOf) && anyOf.every((item) => isWithin(item, level)))) return false;
  return $defs === undefined || Object.values($defs as Schema).every((item) => isWithin(item, level));
}

function isClosed({ properties = {}, required = [], additionalProperties }: Schema, level: number): boolean {
  if (additionalProperties !== false || !Array.isArray(required)) return false;
  return Object.entries(properties as Schema).every(([name, item]) => required.includes(name) && isWithin(item, level + 1));
}
