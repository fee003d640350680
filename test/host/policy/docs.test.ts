import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { scopeSchemasOf } from '../../../host/capabilities/index.ts';
import { parsePolicy, policyJsonSchema } from '../../../host/policy/index.ts';
import { GRANTS, parse } from './fixture.ts';

const TEXT = readFileSync(new URL('../../../docs/policy.md', import.meta.url), 'utf8');
const EXAMPLES = [...TEXT.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text]) => text!);

/** What an example that is a part of a policy leaves out. */
const SECTIONS: Readonly<Record<string, string>> = {
  tools: `tools:
  kubectl: { component: kubectl.wasm, functions: [run, get] }
  redact: { component: redact.wasm, functions: [redact] }
  fetch: { component: fetch.wasm, functions: [fetch] }
`,
  agents: 'agents: { triage: { tools: [kubectl] }, on-call: { tools: [] } }\n',
  alerts: 'alerts: { ops-file: { file: alerts.jsonl }, console: { stderr: true } }\n',
  approvers: 'approvers: { people: [ann, bob], slack: { team: { urlEnv: A, signingSecretEnv: B, users: {} } } }\n',
};

const acceptedByEditors = new Ajv2020({ strict: false }).compile(policyJsonSchema(scopeSchemasOf()));

const keysOf = (text: string): string[] => Object.keys((parseYaml(text) ?? {}) as object);

function completed(text: string): string {
  const missing = Object.entries(SECTIONS).filter(([key]) => !keysOf(text).includes(key));
  return `version: 1\n${text}${missing.map(([, section]) => section).join('')}`;
}

describe('the examples of docs/policy.md', () => {
  test.each(EXAMPLES.map((text) => [keysOf(text).join(', '), text]))('%s', (_, text) => {
    const keys = keysOf(text);
    if (keys.join() === 'version,ceiling') {
      const options = { knownGrants: GRANTS, ceilingFile: 'ceiling.yaml', ceilingText: text };
      expect(parsePolicy(completed(''), 'cellblock.yaml', options).ruleSet.all).toHaveLength(2);
    } else {
      const whole = keys.includes('version') ? text : completed(text);
      expect(parse(whole).ruleSet.all.length).toBeGreaterThan(0);
      expect(acceptedByEditors(parseYaml(whole))).toBe(true);
    }
  });
});

test('has every field of the schema', () => {
  const names = new Set<string>();
  const collect = (schema: unknown): void => {
    if (typeof schema !== 'object' || schema === null) return;
    const { properties } = schema as { properties?: object };
    if (properties !== undefined) for (const name of Object.keys(properties)) names.add(name);
    for (const inner of Object.values(schema)) collect(inner);
  };
  collect(policyJsonSchema()); // what scopes have is in the pages of the capabilities
  expect(names.size).toBeGreaterThan(50);
  expect([...names].filter((name) => !new RegExp(`\\b${name}\\b`).test(TEXT))).toEqual([]);
});
