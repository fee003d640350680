import { describe, expect, it } from 'vitest';
import { signatureOf } from '../../../runtime/component/signature.ts';
import type { FunctionType, ValueType } from '../../../runtime/component/types.ts';

const pair: ValueType = { kind: 'tuple', items: [{ kind: 'u8' }, { kind: 'string' }] };

function taking(...types: ValueType[]): FunctionType {
  return { params: types.map((type, at) => ({ name: `p${at}`, type })), isAsync: false };
}

describe('signatureOf', () => {
  it('writes out every part, whatever the types are called', () => {
    const type: FunctionType = {
      params: [
        { name: 'level', type: { kind: 'enum', names: ['low', 'high'], typeName: { name: 'level' } } },
        { name: 'rules', type: { kind: 'list', element: { kind: 'record', fields: [{ name: 'at', type: { kind: 'u32' } }] } } },
        { name: 'on', type: { kind: 'variant', cases: [{ name: 'all' }, { name: 'one', type: pair }] } },
        { name: 'to', type: { kind: 'borrow', resource: { kind: 'resource', name: 'stream' } } },
      ],
      result: { kind: 'result', err: { kind: 'option', some: { kind: 'flags', names: ['a', 'b'] } } },
      isAsync: false,
    };
    expect(signatureOf(type)).toBe(
      'func(level: enum { low, high }, rules: list<record { at: u32 }>, on: variant { all, one(tuple<u8, string>) }, ' +
        'to: borrow<stream>) -> result<_, option<flags { a, b }>>',
    );
  });

  it('tells a map from the list of pairs that it is like', () => {
    expect(signatureOf(taking({ kind: 'list', element: pair }))).toBe('func(p0: list<tuple<u8, string>>)');
    expect(signatureOf(taking({ kind: 'list', element: pair, isMap: true }))).toBe('func(p0: map<u8, string>)');
  });

  it('stays short for types that nobody wrote, and tells that it did', () => {
    const names = Array.from({ length: 60_000 }, (_, at) => `${'n'.repeat(4000)}${at}`.slice(-4000));
    const line = signatureOf(taking({ kind: 'enum', names }));
    expect(line.length).toBeLessThanOrEqual(64 * 1024 + 1);
    expect(line.endsWith('…')).toBe(true);
  });
});
