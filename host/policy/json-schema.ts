import { z } from 'zod';
import { policySchema } from './schema.ts';
import type { ScopeSchemas } from './scopes.ts';
import { SCOPED_GRANT_ID } from './tool-schema.ts';

/**
 * JSON Schema (2020-12) of the policy file as it is written, for editors that complete and check YAML.
 *
 * It is looser than the loader: references between agents and tools, known grants and ranges behind a unit are only
 * checked when the policy is loaded.
 *
 * @param scopes - what capabilities let a policy say of them, by name; none: anything.
 * @returns a fresh plain object on every call.
 */
export function policyJsonSchema(scopes: ScopeSchemas = new Map()): Record<string, unknown> {
  return documentJsonSchema(policySchema, 'Cellblock policy, version 1', scopes);
}

/** The same for any file that is read by a schema of ours and may have grants with scopes. */
export function documentJsonSchema(
  documentSchema: z.ZodType,
  title: string,
  scopes: ScopeSchemas = new Map(),
): Record<string, unknown> {
  const { $defs = {}, ...schema } = jsonSchemaOf(documentSchema);
  const scopedGrant = {
    type: 'object',
    minProperties: 1,
    maxProperties: 1,
    properties: Object.fromEntries([...scopes].map(([name, scope]) => [name, withoutDialect(jsonSchemaOf(scope, 'inline'))])),
    additionalProperties: scopes.size === 0,
  };
  return { ...schema, $defs: { ...$defs, [SCOPED_GRANT_ID]: scopedGrant }, title };
}

/** `input`: what people write (`64MiB`), not what the schema makes of it (pages). */
function jsonSchemaOf(schema: z.ZodType, reused: 'ref' | 'inline' = 'ref') {
  return z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12', reused });
}

function withoutDialect({ $schema: _, ...schema }: ReturnType<typeof jsonSchemaOf>): Record<string, unknown> {
  return schema;
}
