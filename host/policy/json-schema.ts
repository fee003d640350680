import { z } from 'zod';
import { policySchema } from './schema.ts';

/**
 * JSON Schema (2020-12) of the policy file as it is written, for editors that complete and check YAML.
 *
 * It is looser than the loader: references between agents and tools, known grants and ranges behind a unit are only
 * checked when the policy is loaded.
 *
 * @returns a fresh plain object on every call.
 */
export function policyJsonSchema(): Record<string, unknown> {
  // `input`: what people write (`64MiB`), not what the schema makes of it (pages).
  const schema = z.toJSONSchema(policySchema, { io: 'input', target: 'draft-2020-12', reused: 'ref' });
  return { ...schema, title: 'Cellblock policy, version 1' };
}
