import { describe, expect, test } from 'vitest';
import { formatPolicyError, loadPolicy } from '../../../host/policy/index.ts';
import { CodedError } from '../../../runtime/error.ts';
import { EXAMPLE, exampleWith, parse, thrownBy } from './fixture.ts';

const textOf = (document: string): string => formatPolicyError(thrownBy(() => parse(document)));

describe('formatPolicyError', () => {
  test('shows each source line with a caret below the place', () => {
    const text = textOf(exampleWith('fuel: 200000000', 'fuel: lots').replace('timeout: 2s', 'timeout: 2h'));
    expect(text).toBe(`policy/invalid-document: 2 problems in /etc/cells/cellblock.yaml

/etc/cells/cellblock.yaml:9:13: tools.redact.limits.fuel: expected whole units of fuel from 1 to 2^62, in digits, got \`lots\`
  9 |       fuel: lots
    |             ^

/etc/cells/cellblock.yaml:12:16: tools.redact.limits.timeout: expected a duration such as \`2s\`, in ms, s or m, got \`2h\`
  12 |       timeout: 2h
     |                ^`);
  });

  test('shows an empty file', () => {
    expect(textOf('')).toBe(`policy/invalid-document: one problem in /etc/cells/cellblock.yaml

/etc/cells/cellblock.yaml:1:1: the file is empty
  1 |
    | ^`);
  });

  test('keeps the caret under its character in a long line, and after tabs and escapes', () => {
    const long = textOf(
      `version: 1 # ${'x'.repeat(500)}\ntools: {${' '.repeat(300)}Bad: {}${' '.repeat(300)}}\nagents: {}`,
    ).split('\n');
    const line = long.findIndex((text) => text.includes('Bad: {}') && text.includes(' | '));
    expect(long[line]?.length).toBeLessThan(140);
    expect(long[line]?.slice(long[line + 1]?.indexOf('^'))).toMatch(/^Bad: \{\}/);

    const odd = textOf('{"a\u202e": 1,\t"version": 2, "tools": {}, "agents": {}}').split('\n');
    const at = odd.findIndex((text) => text.includes(': version: expected 1')) + 1;
    expect(odd[at]?.slice(odd[at + 1]?.indexOf('^'))).toMatch(/^2, "tools"/);
  });

  test('prints nothing that could steer a terminal', () => {
    const text = textOf(exampleWith('version: 1', '"\\e[31m\x1b]0;x\x07": 1 # \u202e\x1b[2J'));
    expect(text.replaceAll('\n', '')).toMatch(/^[\x20-\x7e]+$/);
  });

  test('shows ten and counts the rest', () => {
    const text = textOf(`${EXAMPLE}${Array.from({ length: 130 }, (_, i) => `x${i}: 1\n`).join('')}`);
    expect(text).toMatch(/^policy\/invalid-document: 130 problems in /);
    expect(text.match(/\^$/gm)).toHaveLength(10);
    expect(text).toMatch(/\nand 120 more$/);
  });

  test('reads an error that came from another thread as plain data', () => {
    const error = thrownBy(() => parse('{}'));
    const { code, message, data, help } = error;
    expect(formatPolicyError(structuredClone({ code, message, data, help }))).toBe(formatPolicyError(error));
  });

  test('gives other errors as code, message and help', async () => {
    const error = await loadPolicy('no/such/cellblock.yaml').catch((thrown: unknown) => thrown);
    expect(formatPolicyError(error)).toBe(
      'policy/missing: the policy file `no/such/cellblock.yaml` cannot be read: ENOENT\n' +
        'help: nothing runs without a policy; name a file that exists and can be read',
    );
    expect(formatPolicyError(new Error('a\nb'))).toBe('a\\u{a}b');
    expect(formatPolicyError('text')).toBe('text');
    const odd = new CodedError('policy/invalid-document', 'odd', { data: { issues: [{ line: 1 }, null, 'x'] } });
    expect(formatPolicyError(odd)).toBe('policy/invalid-document: odd');
  });
});
