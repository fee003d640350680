import { describe, expect, test } from 'vitest';
import { EXAMPLE, issuesOf, parse } from './fixture.ts';

const DIGEST = `sha256:${'0'.repeat(64)}`;
const OTHER = `sha256:${'1'.repeat(64)}`;
const LINE = EXAMPLE.split('\n').length;

const withServe = (lines: string): string => `${EXAMPLE}serve:\n${lines}\n`;
const issues = (lines: string): string[] => issuesOf(withServe(lines)).map((issue) => issue.replace(/^[0-9]+:[0-9]+: /, ''));

describe('serve: who may come', () => {
  test('without the section: nobody', () => {
    const { serve } = parse(EXAMPLE);
    expect([serve.tokens.size, serve.subjects.size, serve.hostnames.size, serve.jwt]).toEqual([0, 0, 0, undefined]);
  });

  test('agents and operators by the digests of their tokens', () => {
    const { serve } = parse(
      withServe(`  hostnames: ["cells.example.com:8443"]
  agents: { triage: { tokens: ["${DIGEST}"] } }
  operators: { ann: { tokens: ["${OTHER}"], may: read } }`),
    );
    expect(serve.tokens.get(DIGEST)).toEqual({ kind: 'agent', name: 'triage' });
    expect(serve.tokens.get(OTHER)).toEqual({ kind: 'operator', name: 'ann', mayAnswer: false });
    expect([...serve.hostnames]).toEqual(['cells.example.com:8443']);
  });

  test('operators may be asked for by rules, as approvers', () => {
    const { approverNames } = parse(withServe(`  operators: { ann: { tokens: ["${OTHER}"] } }`));
    expect(approverNames.has('ann')).toBe(true);
  });

  test.each([
    [
      'a token instead of its digest',
      '  agents: { triage: { tokens: [cb_secret] } }',
      /^serve\.agents\.triage\.tokens\[0\]: expected `sha256:`/,
    ],
    [
      'an agent that is not there',
      `  agents: { nobody: { tokens: ["${DIGEST}"] } }`,
      /^serve\.agents\.nobody: unknown agent `nobody`; agents here: /,
    ],
    ['an operator of the name of an agent', `  operators: { Triage: { tokens: ["${DIGEST}"] } }`, /whoever asks never answers/],
    [
      'a token that stands for two',
      `  agents: { triage: { tokens: ["${DIGEST}"] } }\n  operators: { ann: { tokens: ["${DIGEST}"] } }`,
      /^serve\.operators\.ann\.tokens\[0\]: stands for `triage` already/,
    ],
    ['subjects without JWTs', '  agents: { triage: { subjects: [x] } }', /`serve\.jwt` is missing/],
    ['JWTs without an audience', '  jwt: { keys: k.json, issuer: i }', /^serve\.jwt\.audience: missing/],
    ['a hostname in upper case', '  hostnames: [Cells.example.com]', /expected a hostname in lower case/],
    ['a hostname that is a pattern', '  hostnames: ["*.example.com"]', /expected a hostname in lower case/],
    ['an unknown field', '  cors: true', /^serve\.cors: unknown field/],
  ])('refuses %s', (_, lines, message) => {
    expect(LINE).toBeGreaterThan(10);
    expect(issues(lines)).toEqual([expect.stringMatching(message)]);
  });
});

describe('approvers.mcp: clients that are trusted', () => {
  const withMcp = (mcp: string): string => `${EXAMPLE}approvers: { mcp: { desk: ${mcp} } }\n`;

  test('are a channel that rules may name, with a person', () => {
    const { approverChannels, approverNames } = parse(withMcp('{ agent: triage, person: ann }'));
    expect(approverChannels.get('mcp:desk')).toEqual({ kind: 'mcp', name: 'mcp:desk', agent: 'triage', person: 'ann' });
    expect(approverNames.has('ann')).toBe(true);
  });

  test('are of an agent that is there', () => {
    expect(issuesOf(withMcp('{ agent: nobody, person: ann }'))).toEqual([
      expect.stringMatching(/approvers\.mcp\.desk\.agent: unknown agent `nobody`/),
    ]);
  });
});
