import { describe, expect, it } from 'vitest';
import { parseParameterPath } from '../../../host/policy/conditions/index.ts';
import { typesAt } from '../../../host/policy-tools/typed-path.ts';
import type { ValueType } from '../../../runtime/index.ts';
import { list, option, paramsOf, record, STRING, U32 } from './fixture.ts';

const PARAMS = paramsOf({
  namespace: STRING,
  replicas: option(U32),
  targets: list(record({ name: STRING, port: option(U32) })),
  bytes: list({ kind: 'u8' }),
  mode: { kind: 'flags', names: ['dry', 'force'] },
  pair: { kind: 'tuple', items: [STRING, U32] },
  action: {
    kind: 'variant',
    cases: [{ name: 'stop' }, { name: 'scale', type: record({ to: U32 }) }, { name: 'say', type: STRING }],
  },
  outcome: { kind: 'result', err: STRING },
});

function at(path: string) {
  return typesAt(PARAMS, parseParameterPath(path).steps);
}

describe('typesAt', () => {
  it.each<[string, readonly ValueType['kind'][], boolean]>([
    ['namespace', ['string'], false],
    ['replicas', ['u32'], true],
    ['targets', ['list'], false],
    ['targets[*].name', ['string'], true],
    ['targets[0].port', ['u32'], true],
    ['mode[*]', ['enum'], true],
    ['pair[1]', ['u32'], false],
    ['pair[*]', ['string', 'u32'], false],
    ['action.tag', ['enum'], false],
    ['action.value', ['record', 'string'], true],
    ['action.value.to', ['u32'], true],
    ['outcome.err', ['string'], true],
  ])('%s is there', (path, kinds, isOptional) => {
    const found = at(path);
    expect(found).toMatchObject({ kind: 'types', isOptional });
    expect(found.kind === 'types' && found.types.map(({ kind }) => kind)).toEqual(kinds);
  });

  it.each([
    ['namespce', 'missing', 'there is no `namespce`; did you mean `namespace`?'],
    [
      'zzz',
      'missing',
      'there is no `zzz`; parameters here: `namespace`, `replicas`, `targets`, `bytes`, `mode`, `pair`, `action`, `outcome`',
    ],
    ['targets[*].nmae', 'missing', 'there is no `nmae`; did you mean `name`?'],
    ['pair[2]', 'missing', 'a tuple of 2 items has no `[2]`'],
    ['outcome.ok', 'missing', 'there is no `ok`; fields here: `err`'],
    ['namespace.x', 'mistyped', 'a string has no fields'],
    ['bytes[*]', 'mistyped', 'a list has no items that a path can select'],
    ['namespace[0]', 'mistyped', 'a string has no items that a path can select'],
    ['action.tag.x', 'mistyped', 'an enum has no fields'],
    ['__proto__', 'missing', expect.stringContaining('there is no `__proto__`')],
    ['constructor', 'missing', expect.stringContaining('there is no `constructor`')],
  ])('%s is not', (path, kind, reason) => {
    expect(at(path)).toEqual({ kind, reason });
  });
});
