import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { scopeSchemasOf } from '../../../host/capabilities/index.ts';
import { policyJsonSchema } from '../../../host/policy/index.ts';
import { EXAMPLE, exampleWith, issuesOf } from './fixture.ts';

const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(policyJsonSchema(scopeSchemasOf()));
const accepts = (text: string): boolean => validate(parseYaml(text));

describe('policyJsonSchema', () => {
  test('accepts the example', () => {
    accepts(EXAMPLE);
    expect(validate.errors).toBeNull();
  });

  test.each([
    ['version: 1', 'version: 2'],
    ['version: 1\n', ''],
    ['fuel: 200000000', 'fuel: lots'],
    ['fuel: 200000000', 'fuel: 0'],
    ['memory: 64MiB', 'memory: 64MB'],
    ['timeout: 2s', 'timeout: 2'],
    ['tableElements: 10000', 'tableElements: 0'],
    ['stdout: 64KiB', 'stderr: 64KiB'],
    ['functions: [redact]', 'functions: []'],
    ['functions: [redact]', 'functions: [redact, redact]'],
    ['grants: [log]', 'grants: ["*"]'],
    ['  redact:\n', '  Redact:\n'],
    ['  idle:\n', '  "i dle":\n'],
    ['[redact, crash-summary.summarise]', '["redact."]'],
  ])('refuses `%s` as `%s`, as the loader does', (part, replacement) => {
    const text = exampleWith(part, replacement);
    expect(accepts(text)).toBe(false);
    expect(issuesOf(text).length).toBeGreaterThan(0);
  });

  test('describes what people write, not what the loader makes of it', () => {
    expect(policyJsonSchema(scopeSchemasOf())).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'Cellblock policy, version 1',
      additionalProperties: false,
      required: ['version', 'tools', 'agents'],
    });
    expect(accepts(exampleWith('fuel: 200000000', 'fuel: "4611686018427387904"'))).toBe(true);
  });
});
