/*
 * The names under which preview2-shim's objects, and ours of the same make, have what WIT names in kebab-case.
 */

/** `get-random-bytes` as `getRandomBytes`. */
export function camelCase(name: string): string {
  return name
    .split('-')
    .map((word, at) => (at === 0 ? word.toLowerCase() : word.charAt(0).toUpperCase() + word.slice(1).toLowerCase()))
    .join('');
}

/** `input-stream` as `InputStream`. */
export function pascalCase(name: string): string {
  const camel = camelCase(name);
  return camel.charAt(0).toUpperCase() + camel.slice(1);
}
