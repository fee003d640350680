/** A small value that a JSON Schema of ours accepts: the first alternative, no optional member, one element in a list. */
export function sampleFor(schema, root = schema) {
  if (schema.$ref !== undefined) return sampleFor(root.$defs[schema.$ref.slice('#/$defs/'.length)], root);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices !== undefined) return sampleFor(choices[0], root);
  switch (schema.type) {
    case 'boolean':
      return true;
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 1, 1);
    case 'string':
      return schema.contentEncoding === 'base64'
        ? 'AQID'
        : schema.maxLength === 1 || schema.pattern !== undefined
          ? 'a'
          : 'sample';
    case 'array':
      return (schema.prefixItems ?? (schema.uniqueItems || schema.items === false ? [] : [schema.items])).map((item) =>
        sampleFor(item, root),
      );
    case 'object':
      return Object.fromEntries((schema.required ?? []).map((name) => [name, sampleFor(schema.properties[name], root)]));
    default:
      return null;
  }
}
