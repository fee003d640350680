import { isCoded } from 'cellblock/runtime';
import { describe, expect, it } from 'vitest';
import { parseCaseFile } from '../../../authoring/cases/read-cases.ts';

/* What a file of cases may say; hostile files among them. */

function messageOf(text: string): string {
  try {
    parseCaseFile(text, 'cases/a.yaml');
    return 'read';
  } catch (error) {
    if (isCoded(error) && error.code === 'author/invalid-file') return error.message;
    throw error;
  }
}

const one = (fields: string): string => `version: 1\ncases:\n  - name: a\n    call: f\n${fields}`;

describe('a file of cases', () => {
  it('has grants as a policy has them, with scopes and limits', () => {
    const file = parseCaseFile(
      one('    grants: [log, config: {values: {a: "1"}}]\n    limits: {fuel: 1000, memory: 1MiB}\n'),
      'a.yaml',
    );
    const [first] = file.cases;
    expect(first?.grants).toEqual(['log', 'config']);
    expect(first?.scopes.get('config')).toEqual({ values: { a: '1' } });
    expect(first?.limits).toEqual({ fuelMax: 1000n, memoryPagesMax: 16 });
    expect(first?.line).toBe(3);
  });

  it('has numbers with fractions, which a policy has not', () => {
    const [first] = parseCaseFile(one('    params: {x: 1.5, y: -2e3}\n'), 'a.yaml').cases;
    expect(first?.spec.params).toEqual({ x: 1.5, y: -2000 });
  });

  it.each([
    [
      'a field that it does not know',
      one('    exepct: {}\n'),
      /^a\.yaml:5:5: cases\[0\]\.exepct: unknown field; the fields here are/,
    ],
    [
      'a capability that is not there',
      one('    grants: [lag]\n'),
      'a.yaml:5:14: cases[0].grants[0]: there is no capability `lag`; did you mean `log`?',
    ],
    [
      'a scope that does not fit',
      one('    grants:\n      - log: {level: loud}\n'),
      /^a\.yaml:6:22: cases\[0\]\.grants\[0\]\.log\.level: expected `debug`/,
    ],
    [
      'a capability without the scope that it needs',
      one('    grants: [http]\n'),
      /^a\.yaml:5:14: cases\[0\]\.grants\[0\]: `http` needs a scope/,
    ],
    [
      'a mock of what is not granted',
      one('    mocks: [{function: kv.get}]\n'),
      'a.yaml:5:24: cases[0].mocks[0].function: `kv` is not granted; `grants` of the case has none',
    ],
    [
      'a mock of what is real',
      one('    grants: [kv: {prefixes: [a]}]\n    real: [kv]\n    mocks: [{function: kv.get}]\n'),
      /is in `real`|kv/,
    ],
    [
      'a mock of files, which are real',
      one('    grants: [log]\n    mocks: [{function: files.read}]\n'),
      /`files` is not granted/,
    ],
    [
      'a real capability that is not granted',
      one('    real: [kv]\n'),
      'a.yaml:5:12: cases[0].real[0]: `kv` is not granted; `grants` of the case has none',
    ],
    [
      'a mock that answers and fails',
      one('    grants: [log]\n    mocks: [{function: log.write, answer: 1, fails: x}]\n'),
      /a mock answers or fails, not both/,
    ],
    [
      'a value and a part of it',
      one('    expect: {value: 1, valueMatches: 1}\n'),
      'a.yaml:5:38: cases[0].expect.valueMatches: expect `value` or `valueMatches`, not both',
    ],
    ['a value of a call that traps', one('    expect: {kind: trapped, value: 1}\n'), /a call that ends `trapped` has no value/],
    ['a kind that is none', one('    expect: {kind: fine}\n'), /expected one of `ok`, `tool-error`/],
    ['two cases of one name', `${one('')}  - {name: a, call: g}\n`, 'a.yaml:5:12: cases[1].name: another case has this name'],
    ['no case', 'version: 1\ncases: []\n', 'a.yaml:2:8: cases: expected one or more cases, got none'],
    ['another version', 'version: 2\ncases: [{name: a, call: f}]\n', /version/],
    [
      'an absolute path of a component',
      'version: 1\ncomponent: /etc/passwd\ncases: [{name: a, call: f}]\n',
      /relative to the file of the case/,
    ],
    [
      'aliases, which could be a billion laughs',
      'version: 1\na: &a [x, x]\nb: &b [*a, *a]\ncases: [*b, *b]\n',
      /aliases are not allowed|anchors are not allowed/,
    ],
    ['a key twice', 'version: 1\nversion: 1\ncases: [{name: a, call: f}]\n', /this key is in the mapping twice/],
    ['a key that means something to JavaScript', one('    params: {__proto__: 1}\n'), /this key is reserved/],
    ['deep nesting', `version: 1\ncases: ${'['.repeat(100)}\n`, /nested too deeply/],
    ['more than a megabyte', `version: 1\n#${'x'.repeat(1_048_576)}\n`, /the file is larger than 1048576 bytes/],
    ['nothing', '', /the file is empty/],
  ])('does not have %s', (_, text, message) => {
    expect(messageOf(text)).toMatch(
      message instanceof RegExp ? message : new RegExp(`^${message.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`),
    );
  });
});
