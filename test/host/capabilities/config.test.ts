import { describe, expect, it, test } from 'vitest';
import { CONFIG } from '../../../host/capabilities/config.ts';
import { fakeTool, issuesOf } from './kv/fake-grant.ts';

const capabilitiesOf = (scope: unknown) => fakeTool(CONFIG, scope, {}).capabilities;

describe('config', () => {
  it('gives the settings in the order of the policy, and no variables', () => {
    expect(capabilitiesOf({ values: { REGION: 'eu', 'db.host': 'a b', EMPTY: '' } })).toEqual([
      {
        kind: 'wasi',
        name: 'config',
        interfaces: ['cellblock:host/config'],
        setup: {
          config: [
            ['REGION', 'eu'],
            ['db.host', 'a b'],
            ['EMPTY', ''],
          ],
        },
      },
    ]);
  });

  it('makes variables of them only where the policy says so', () => {
    const setupOf = (env: boolean) => (capabilitiesOf({ values: { A: '1' }, env })[0] as { setup: unknown }).setup;
    expect(setupOf(true)).toEqual({ config: [['A', '1']], env: [['A', '1']] });
    expect(setupOf(false)).toEqual({ config: [['A', '1']] });
  });

  it('takes what is largest', () => {
    expect(issuesOf(CONFIG, { values: { A: 'x'.repeat(65_535) } })).toEqual([]);
    expect(issuesOf(CONFIG, { values: { A: 'x'.repeat(65_536) } })).toEqual([
      'values: expected settings of at most 64KiB together',
    ]);
    expect(issuesOf(CONFIG, { values: { A: 'ü'.repeat(32_768) } })).toHaveLength(1);
  });

  const TEXT = 'text in quotes, without NUL';
  test.each<[string, unknown, string[]]>([
    ['no scope', undefined, ['missing; expected a mapping of the fields of `config`']],
    ['no values', {}, ['values: missing; expected a mapping of settings']],
    ['nothing', { values: {} }, ['values: expected one or more settings, got none']],
    ['a list', { values: ['A'] }, ['values: expected a mapping of settings, got a list']],
    ['a number', { values: { A: 3 } }, [`values.A: expected ${TEXT}, got 3`]],
    ['true', { values: { A: true } }, [`values.A: expected ${TEXT}, got true`]],
    ['NUL', { values: { A: 'a\0b' } }, [`values.A: expected ${TEXT}, got text \`a\\u{0}b\``]],
    ['half a surrogate pair', { values: { A: '\ud800' } }, [`values.A: expected ${TEXT}, got text \`\\u{d800}\``]],
    [
      'a name that no variable has, with `env`',
      { values: { 'a.b': '1' }, env: true },
      ['values.a.b: with `env: true` expected the name of a variable, of letters, digits and `_`'],
    ],
    ['another field', { values: { A: '1' }, secret: '1' }, ['the fields here are `values`, `env`']],
    ['env as text', { values: { A: '1' }, env: 'yes' }, ['env: expected true or false, got text `yes`']],
  ])('refuses %s', (_, scope, issues) => expect(issuesOf(CONFIG, scope)).toEqual(issues));

  test.each(['A=B', 'a b', '', '1A', 'Ä', 'x'.repeat(129), 'A\n'])('refuses the name %j', (key) => {
    expect(issuesOf(CONFIG, { values: { [key]: 'v' } })).toHaveLength(1);
    expect(issuesOf(CONFIG, { values: { A: 'v' } })).toEqual([]);
  });
});
