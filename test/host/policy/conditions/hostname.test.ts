import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileValueCondition } from '../../../../host/policy/conditions/index.ts';
import { failureOf } from './support.ts';

const SCOPE = { agent: 'a' };

/** What a rule that allows does, then what a rule that forbids does. */
function verdicts(hostname: readonly string[], text: string): string {
  const allows = compileValueCondition({ hostname }, 'allow').failure(text, SCOPE) === undefined;
  const forbid = compileValueCondition({ hostname }, 'restrict');
  const error = failureOf(() => forbid.failure(text, SCOPE));
  const forbids = error === undefined ? (forbid.failure(text, SCOPE) === undefined ? 'forbids' : 'passes') : 'throws';
  if (error !== undefined) expect(error[0]).toBe('denied/condition-failed');
  return `${allows ? 'allows' : 'refuses'} ${forbids}`;
}

const BOTH = 'allows forbids';
const NEITHER = 'refuses passes';
/** Not a host, or one that can be read in two ways: nothing allows it, and a rule that forbids denies. */
const UNJUDGED = 'refuses throws';

describe('hostname', () => {
  test.each<[text: string, verdicts: string]>([
    ['example.com', BOTH],
    ['http://example.com', BOTH],
    ['https://example.com/', BOTH],
    ['https://example.com/a?b#c', BOTH],
    ['https://example.com?x=@evil.test', BOTH],
    ['https://example.com/@evil.test', BOTH],
    ['https://example.com:443/', BOTH],
    ['http://example.com:80/', BOTH],
    ['HTTPS://EXAMPLE.COM/', BOTH],
    ['Example.Com', BOTH],
    ['\uff45xample.com', BOTH],
    ['example\u3002com', BOTH],
    ['evilexample.com', NEITHER],
    ['https://evilexample.com/', NEITHER],
    ['example.com.evil.test', NEITHER],
    ['https://example.com.evil.test/', NEITHER],
    ['https://evil.test/example.com', NEITHER],
    ['https://evil.test?example.com', NEITHER],
    ['https://evil.test#example.com', NEITHER],
    ['sub.example.com', NEITHER],
    ['example.co', NEITHER],
    ['com', NEITHER],
    ['ex\u0430mple.com', NEITHER],
    ['xn--exmple-4nf.com', NEITHER],
    ['example.com:8443', 'refuses forbids'],
    ['https://example.com:8443/', 'refuses forbids'],
    ['http://example.com:443/', 'refuses forbids'],
    ['https://example.com:80/', 'refuses forbids'],
    ['https://example.com:0/', 'refuses forbids'],
    ['example.com:443', 'refuses forbids'],
    ['https://example.com@evil.test/', UNJUDGED],
    ['https://evil.test@example.com/', UNJUDGED],
    ['https://user:pw@example.com/', UNJUDGED],
    ['https://@example.com/', UNJUDGED],
    ['x@evil.test', UNJUDGED],
    ['x@example.com', UNJUDGED],
    ['https://evil.test\\@example.com/', UNJUDGED],
    ['https://example.com\\@evil.test/', UNJUDGED],
    ['https://example.com\\.evil.test/', UNJUDGED],
    ['https://example.com/\\evil', UNJUDGED],
    ['https:\\\\example.com', UNJUDGED],
    ['example.com.', UNJUDGED],
    ['https://example.com./', UNJUDGED],
    ['example.com\u3002', UNJUDGED],
    ['example..com', UNJUDGED],
    ['.example.com', UNJUDGED],
    ['*.example.com', UNJUDGED],
    ['*', UNJUDGED],
    ['https://ex%61mple.com/', UNJUDGED],
    ['https://example.com%2eevil.test/', UNJUDGED],
    ['https://example.com%00.evil.test/', UNJUDGED],
    ['https://example.com:/', UNJUDGED],
    ['https://example.com:65536/', UNJUDGED],
    ['https://example.com:-1/', UNJUDGED],
    ['https://example.com:443:443/', UNJUDGED],
    ['https://', UNJUDGED],
    ['https:///example.com', UNJUDGED],
    ['https:/example.com', UNJUDGED],
    ['https:example.com', UNJUDGED],
    ['//example.com/', UNJUDGED],
    ['ftp://example.com/', UNJUDGED],
    ['file://example.com/x', UNJUDGED],
    ['file:///etc/passwd', UNJUDGED],
    ['javascript:example.com', UNJUDGED],
    ['data:text/html,example.com', UNJUDGED],
    ['blob:https://example.com/x', UNJUDGED],
    ['example.com/path', UNJUDGED],
    ['example.com?x', UNJUDGED],
    ['example.com#x', UNJUDGED],
    [' https://example.com/', UNJUDGED],
    ['https://example.com/ ', UNJUDGED],
    ['example.com ', UNJUDGED],
    ['example.com\n', UNJUDGED],
    ['ht\ntps://example.com/', UNJUDGED],
    ['https://exam\tple.com/', UNJUDGED],
    ['https://example.com/\n', UNJUDGED],
    ['https://exam\u00adple.com/', UNJUDGED],
    ['https://example.com\uff0f.evil.test/', UNJUDGED],
    ['example.com\0.evil.test', UNJUDGED],
    ['', UNJUDGED],
    [`https://example.com/${'a'.repeat(9_000)}`, UNJUDGED],
    [`${'a.'.repeat(200)}example.com`, UNJUDGED],
  ])('for `example.com`, %j: %s', (text, expected) => {
    expect(verdicts(['example.com'], text)).toBe(expected);
  });

  test.each<[text: string, verdicts: string]>([
    ['a.example.com', BOTH],
    ['a.b.example.com', BOTH],
    ['https://a.b.example.com/', BOTH],
    ['A.EXAMPLE.COM', BOTH],
    ['b\u00fccher.example.com', BOTH],
    ['xn--bcher-kva.example.com', BOTH],
    ['_dmarc.example.com', BOTH],
    ['example.com', NEITHER],
    ['https://example.com/', NEITHER],
    ['evilexample.com', NEITHER],
    ['a.evilexample.com', NEITHER],
    ['a.example.com.evil.test', NEITHER],
    ['a.example.com:8443', 'refuses forbids'],
    ['.example.com', UNJUDGED],
    ['a..example.com', UNJUDGED],
    ['*.example.com', UNJUDGED],
    ['a.example.com.', UNJUDGED],
    ['a@b.example.com', UNJUDGED],
  ])('for `*.example.com`, %j: %s', (text, expected) => {
    expect(verdicts(['*.example.com'], text)).toBe(expected);
  });

  test.each([
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '0x7f000001',
    '127.0.0.01',
    '\u2460\u2461\u2466.\u24ea.\u24ea.\u2460',
  ])('knows the address 127.0.0.1 in the spelling %j, and allows it in no other than the usual', (text) => {
    for (const spelling of [text, `http://${text}/`]) {
      expect(verdicts(['127.0.0.1'], spelling)).toBe('refuses forbids');
      expect(verdicts(['example.com'], spelling)).toBe(NEITHER);
    }
    expect(verdicts(['127.0.0.1'], '127.0.0.1')).toBe(BOTH);
    expect(verdicts(['127.0.0.1'], 'http://127.0.0.1/')).toBe(BOTH);
    expect(verdicts(['127.0.0.1'], 'http://127.0.0.1:8080/')).toBe('refuses forbids');
    expect(verdicts(['127.0.0.1'], '127.0.0.2')).toBe(NEITHER);
  });

  test('takes addresses of version 6 in brackets only', () => {
    expect(verdicts(['[::1]'], 'http://[::1]/')).toBe(BOTH);
    expect(verdicts(['[::1]'], '[::1]')).toBe(BOTH);
    expect(verdicts(['[::1]'], 'http://[0:0::1]/')).toBe('refuses forbids');
    expect(verdicts(['[::1]'], 'http://[::ffff:169.254.169.254]/')).toBe(NEITHER);
    expect(verdicts(['[::ffff:a9fe:a9fe]'], 'http://[::ffff:169.254.169.254]/')).toBe('refuses forbids');
    expect(verdicts(['[::1]'], '::1')).toBe(UNJUDGED);
    expect(verdicts(['[::1]'], 'http://[::1%25eth0]/')).toBe(UNJUDGED);
  });

  test('compares ports where the list has one', () => {
    const list = ['example.com:8443', 'db.test:443'];
    expect(verdicts(list, 'example.com:8443')).toBe(BOTH);
    expect(verdicts(list, 'https://example.com:8443/')).toBe(BOTH);
    expect(verdicts(list, 'https://example.com/')).toBe(NEITHER);
    expect(verdicts(list, 'example.com:8444')).toBe(NEITHER);
    expect(verdicts(list, 'https://db.test/')).toBe(BOTH);
    expect(verdicts(list, 'http://db.test/')).toBe(NEITHER);
    // A name alone may be used with any port.
    expect(verdicts(list, 'example.com')).toBe('refuses forbids');
  });

  test.each([
    'Example.com',
    'https://example.com',
    'example.com.',
    '*.',
    '*',
    '*.*.com',
    'a.*.com',
    '*example.com',
    '*.127.0.0.1',
    '0x7f.1',
    'b\u00fccher.example',
    'example.com/',
    'u@example.com',
    'example.com:0',
    'example.com:99999',
    '',
    ' ',
  ])('refuses the entry %j', (entry) => {
    expect(failureOf(() => compileValueCondition({ hostname: [entry] }, 'allow'))?.[0]).toBe('usage/invalid-argument');
  });

  test('names the ASCII form of an entry', () => {
    expect(failureOf(() => compileValueCondition({ hostname: ['B\u00fccher.Example'] }, 'allow'))?.[1]).toBe(
      'expected a hostname in lower-case ASCII such as `example.com`, `*.example.com` or `example.com:8443`, got `B\\u{fc}cher.Example`; its ASCII form is `xn--bcher-kva.example`',
    );
  });

  test('allows no URL that the platform sends elsewhere', () => {
    const piece = fc.constantFrom(
      'https://',
      'http:',
      '//',
      'example.com',
      'evil.test',
      '@',
      ':',
      '443',
      '/',
      '\\',
      '.',
      '?',
      '#',
      '%40',
      '\t',
      '[',
      ']',
      '*',
    );
    const allow = compileValueCondition({ hostname: ['example.com', '*.example.com'] }, 'allow');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.boolean(), (pieces, absolute) => {
        const text = `${absolute ? 'https://' : ''}${pieces.join('')}`;
        if (allow.failure(text, SCOPE) !== undefined) return;
        const url = new URL(/^https?:/.test(text) ? text : `https://${text}`);
        expect(url.hostname).toMatch(/^(?:[^@]+\.)?example\.com$/);
        expect([url.username, url.password, url.port]).toEqual(['', '', '']);
      }),
      { numRuns: 3_000 },
    );
  });
});
