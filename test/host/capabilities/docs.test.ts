import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BUILT_IN, scopeSchemasOf } from '../../../host/capabilities/index.ts';
import { policyJsonSchema } from '../../../host/policy/index.ts';

/* docs/capabilities.md and the pages that it leads to. */

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const PAGE = read('docs/capabilities.md');

/** The page of a capability, as the table says; undefined where it says that there is no scope. */
function pageOf(name: string): string | undefined {
  const row = PAGE.split('\n').find((line) => line.startsWith(`| \`${name}\``));
  expect(row, `a row for \`${name}\``).toBeDefined();
  return /\]\(([a-z-]+\.md)\) \|$/.exec(row!)?.[1];
}

/** Names of all fields in a schema. */
function fieldsIn(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties } = schema as { properties?: object };
  const own = properties === undefined ? [] : Object.keys(properties);
  return [...own, ...Object.values(schema).flatMap(fieldsIn)];
}

describe('docs/capabilities.md', () => {
  it.each(BUILT_IN.map(({ name }) => name))('leads from `%s` to a page with every field of its scope', (name) => {
    const page = pageOf(name);
    const schema = scopeSchemasOf().get(name);
    if (schema === undefined)
      return expect(page === undefined || existsSync(new URL(`../../../docs/${page}`, import.meta.url))).toBe(true);
    const { $defs } = policyJsonSchema(new Map([[name, schema]])) as { $defs: { 'scoped-grant': unknown } };
    const text = read(`docs/${page}`);
    const fields = new Set(fieldsIn($defs['scoped-grant']));
    expect(fields.size).toBeGreaterThan(0);
    return expect([...fields].filter((field) => !new RegExp(`\\b${field}\\b`).test(text))).toEqual([]);
  });

  it('has the example of an own capability as the tests run it', () => {
    expect(PAGE).toContain(read('test/fixtures/own-capability/weather.mjs').trimEnd());
    const [wit] = read('test/fixtures/own-capability/weather.wit').split('\nworld');
    expect(PAGE).toContain(wit!.trimEnd());
  });
});
