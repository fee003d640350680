import { scopeSchemasOf } from '../../host/capabilities/index.ts';
import { documentJsonSchema } from '../../host/policy/index.ts';
import { casesSchema } from './schema.ts';

/** JSON Schema (2020-12) of a file of cases as it is written, for editors. It is looser than the reader: values are checked against a component. */
export function casesJsonSchema(): Record<string, unknown> {
  return documentJsonSchema(casesSchema, 'Cellblock cases of a tool, version 1', scopeSchemasOf());
}
