import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FILES } from '../../../../host/capabilities/files/index.ts';
import { checkPattern, compileNames } from '../../../../host/capabilities/files/name-filter.ts';
import { filesScope } from '../../../../host/capabilities/files/scope.ts';
import { policyJsonSchema } from '../../../../host/policy/json-schema.ts';
import { grantOf, scratch } from './fake-calls.ts';

const messages = (scope: unknown): string[] => {
  const { error } = filesScope.safeParse(scope);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
};
const IN = { from: 'in' };
const OUT = { access: 'write', copyOut: { to: 'out' } };

describe('the scope of `files`', () => {
  it('takes mounts, and has defaults that let nothing leave', () => {
    expect(filesScope.parse({ mounts: { '/in': IN, '/out': OUT } })).toEqual({
      mounts: {
        '/in': { from: 'in', access: 'read' },
        '/out': { access: 'write', copyOut: { to: 'out', files: 100, overwrite: 'never', remove: 'never' } },
      },
      bytes: 64 * 2 ** 20,
      names: 10_000,
      keep: 'call',
    });
  });

  it('WA-02: never stands for everything where it says nothing', () => {
    expect(messages(undefined)).toEqual([': missing; expected a mapping of the scope of `files`']);
    expect(messages({})).toEqual(['mounts: missing; expected a mapping of paths to mounts']);
    expect(messages({ mounts: {} })).toEqual(['mounts: expected 1 to 8 mounts, got 0']);
    expect(messages({ mounts: { '/in': {} } })).toEqual([
      'mounts./in.from: missing; expected the path of a file or folder, or `access: write`',
    ]);
    expect(messages({ mounts: { '/in': { ...IN, only: [] } } })).toEqual([
      'mounts./in.only: expected a list of one or more patterns of names, got an empty one',
    ]);
    expect(messages({ mounts: { '/out': { access: 'write', copyOut: {} } } })).toEqual([
      'mounts./out.copyOut.to: missing; expected the path of a folder',
    ]);
  });

  it('refuses slips by name', () => {
    expect(messages({ mounts: { '/in': { ...IN, acess: 'read' } } })[0]).toContain('the fields here are `from`, `access`');
    expect(messages({ mounts: { '/in': { ...IN, access: 'rw' } } })).toEqual([
      'mounts./in.access: expected `read` or `write`, got text `rw`',
    ]);
    expect(messages({ mounts: { '/in': { from: 'in', copyOut: { to: 'out' } } } })[0]).toContain('expected `write`');
    expect(messages({ mounts: { '/in': IN }, bytes: '64MB' })[0]).toContain('expected a size such as');
    expect(messages({ mounts: { '/in': IN }, bytes: '2GiB' })[0]).toContain('at most 1024MiB');
    expect(messages({ mounts: { '/in': IN }, names: 0 })).toEqual(['names: expected a whole number from 1 to 1000000, got 0']);
    for (const name of ['in', '/in/', '//in', '/../in', '/in/..', '/.', '', '/ä', '/in\n']) {
      expect(messages({ mounts: { [name]: IN } })).toEqual([
        `mounts.${name}: expected the path by which the tool knows it, such as \`/in\``,
      ]);
    }
    expect(messages({ mounts: { '/a': IN, '/a/b': IN } })).toEqual([
      'mounts./a/b: expected mounts beside each other, got one inside of `/a`',
    ]);
    expect(messages({ mounts: { '/': IN, '/b': IN } })).toHaveLength(1);
    expect(messages({ mounts: { '/a': IN, '/ab': IN } })).toEqual([]);
    for (const from of ['', ' in', 'in\0x', 'in\n']) expect(messages({ mounts: { '/in': { from } } })).toHaveLength(1);
  });

  it('is part of the JSON Schema', () => {
    const schema = JSON.stringify(policyJsonSchema(new Map([['files', filesScope]])));
    for (const field of ['mounts', 'copyOut', 'overwrite', 'fileBytes']) expect(schema).toContain(`"${field}"`);
  });

  it('opens with what the worker needs to know, and no more', () => {
    const { capability } = grantOf({ mounts: { '/in': IN, '/out': OUT }, bytes: '1MiB', names: 5 }, scratch());
    if (capability.kind !== 'wasi') throw new Error();
    expect(capability.setup).toEqual({
      files: {
        mounts: [
          { name: '/in', writable: false },
          { name: '/out', writable: true },
        ],
        bytesMax: 2 ** 20,
        inodesMax: 5,
      },
    });
    expect(capability.interfaces).toEqual(['cellblock:host/files']);
    expect(FILES.name).toBe('files');
    expect(FILES.effect).toBeUndefined();
  });

  it('FS-24: refuses systems without a safe walk when it is opened', () => {
    for (const platform of ['win32', 'darwin', 'freebsd']) {
      expect(() => grantOf({ mounts: { '/in': IN } }, scratch(), { platform })).toThrow(
        expect.objectContaining({ code: 'capability/unavailable' }),
      );
    }
  });

  it('never hands out the state of the host, nor lets the policy be replaced', () => {
    const root = scratch();
    const [policy, state] = [join(root, 'policy'), join(root, 'policy', 'state')];
    const open = (mount: object) => () => grantOf({ mounts: { '/m': mount } }, policy, {}, state);
    const invalid = expect.objectContaining({ code: 'policy/invalid-document' });
    for (const from of ['state', 'state/keys', '.', '..', '/', '../policy/state']) expect(open({ from })).toThrow(invalid);
    for (const to of ['state', 'state/x', '.', '..', '/', '../policy']) {
      expect(open({ access: 'write', copyOut: { to } })).toThrow(invalid);
    }
    for (const path of ['states', 'in', '../in']) {
      expect(open({ from: path })).not.toThrow();
      expect(open({ access: 'write', copyOut: { to: path } })).not.toThrow();
    }
  });
});

describe('patterns of names', () => {
  const matches = (pattern: string, path: string) => compileNames([pattern]).matches(path.split('/'));

  it('mean whole paths, name by name', () => {
    const yes = [
      '*.csv a.csv',
      '*.csv .csv.csv'.replace('.csv.csv', 'b.csv'),
      '**/*.json a.json',
      '**/*.json a/b/c.json',
      '** x/y',
      'a/** a/b/c',
    ];
    const no = [
      '*.csv a/b.csv',
      '*.csv a.csv.sh',
      '*.csv A.CSV',
      'a/** ab/c',
      'a/* a/b/c',
      '? ab',
      '?? a',
      '** .hidden',
      '** a/.git/x',
    ];
    const hidden = ['.env .env', '.* .env', '.git/** .git/config', '**/.env a/.env'];
    for (const line of [...yes, ...hidden])
      expect([line, matches(...(line.split(' ') as [string, string]))]).toEqual([line, true]);
    for (const line of [...no, '* .env', '**/*.json .x.json', '.git/** .git/.x']) {
      expect([line, matches(...(line.split(' ') as [string, string]))]).toEqual([line, false]);
    }
  });

  it('refuses what other globs know and these do not', () => {
    for (const pattern of ['', '/a', 'a/', 'a//b', '../a', './a', 'a**', '[ab]', '{a,b}', '!a', 'a\\b', 'a\n', 'a'.repeat(201)]) {
      expect(() => checkPattern(pattern)).toThrow(expect.objectContaining({ code: 'usage/invalid-argument' }));
    }
  });

  it('agree with a naive reading, and never take long', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '.'), minLength: 1, maxLength: 4 });
    const step = fc.oneof(
      fc.constant('**'),
      fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '.'), minLength: 1, maxLength: 4 }),
    );
    const usable = (part: string) => part === '**' || (!part.includes('**') && part !== '.' && part !== '..');
    fc.assert(
      fc.property(
        fc.array(step.filter(usable), { minLength: 1, maxLength: 4 }),
        fc.array(name, { minLength: 1, maxLength: 4 }),
        (pattern, path) => {
          const filter = compileNames([pattern.join('/')]);
          expect(filter.matches(path)).toBe(naive(pattern, path));
          if (filter.matches(path)) expect(filter.mayHold(path.slice(0, -1))).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
    expect(matches(`${'**/'.repeat(60)}x`, 'a/'.repeat(60))).toBe(false);
    expect(matches('*a*a*a*a*a*a*a*a*a*a*b', 'a'.repeat(255))).toBe(false);
  });
});

function naive(pattern: readonly string[], path: readonly string[]): boolean {
  const [step, ...rest] = pattern;
  const [name, ...below] = path;
  if (step === undefined) return name === undefined;
  if (step === '**') return naive(rest, path) || (name !== undefined && !name.startsWith('.') && naive(pattern, below));
  if (name === undefined || (name.startsWith('.') && !step.startsWith('.'))) return false;
  const source = [...step].map((char) => (char === '*' ? '.*' : char === '?' ? '.' : char === '.' ? '\\.' : char)).join('');
  return new RegExp(`^${source}$`).test(name) && naive(rest, below);
}
