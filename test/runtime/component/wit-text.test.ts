import { describe, expect, it } from 'vitest';
import type { ValueType } from '../../../runtime/component/types.ts';
import { declarationsToWit, functionToWit, typeToWit } from '../../../runtime/component/wit-text.ts';

const level: ValueType = {
  kind: 'enum',
  names: ['low', 'high'],
  typeName: { name: 'level', interface: 'a:b/c' },
  docs: 'How bad.',
};
const rule: ValueType = {
  kind: 'record',
  fields: [
    { name: 'type', type: { kind: 'string' }, docs: 'First line.\nSecond line.' },
    { name: 'level', type: level },
  ],
  typeName: { name: 'rule', interface: 'a:b/c' },
};
const rules: ValueType = { kind: 'list', element: rule };
const file = { kind: 'resource', name: 'file' } as const;

describe('typeToWit', () => {
  it.each([
    [{ kind: 'u8' }, 'u8'],
    [rules, 'list<rule>'],
    [{ kind: 'option', some: { kind: 'option', some: level } }, 'option<option<level>>'],
    [{ kind: 'tuple', items: [{ kind: 'char' }, rules] }, 'tuple<char, list<rule>>'],
    [{ kind: 'list', element: { kind: 'tuple', items: [{ kind: 'u8' }, rules] }, isMap: true }, 'map<u8, list<rule>>'],
    [{ kind: 'result' }, 'result'],
    [{ kind: 'result', ok: rule }, 'result<rule>'],
    [{ kind: 'result', err: rule }, 'result<_, rule>'],
    [{ kind: 'result', ok: rule, err: level }, 'result<rule, level>'],
    [{ kind: 'own', resource: file }, 'file'],
    [{ kind: 'borrow', resource: file }, 'borrow<file>'],
    [{ kind: 'unsupported', what: 'stream' }, 'stream'],
    [{ kind: 'flags', names: ['a', 'use'] }, 'flags { a, %use }'],
    [{ kind: 'u64', typeName: { name: 'record' } }, '%record'],
  ] as [ValueType, string][])('prints %j', (type, text) => {
    expect(typeToWit(type)).toBe(text);
  });
});

describe('functionToWit', () => {
  it('prints parameters and result with named types by their name', () => {
    const params = [
      { name: 'text', type: { kind: 'string' } as const },
      { name: 'from', type: rules },
    ];
    expect(functionToWit('redact', { params, result: level, isAsync: false })).toBe(
      'redact: func(text: string, %from: list<rule>) -> level',
    );
    expect(functionToWit('run', { params: [], isAsync: true })).toBe('run: async func()');
  });
});

describe('declarationsToWit', () => {
  it('declares each named type once, after those that it needs, with its docs', () => {
    const type = {
      params: [{ name: 'a', type: rules }],
      result: { kind: 'tuple', items: [level, rule] },
      isAsync: false,
    } as const;
    expect(declarationsToWit(type)).toBe(
      [
        '/// How bad.',
        'enum level {',
        '  low,',
        '  high,',
        '}',
        '',
        'record rule {',
        '  /// First line.',
        '  /// Second line.',
        '  %type: string,',
        '  level: level,',
        '}',
      ].join('\n'),
    );
  });

  it('declares resources and other names for plain types', () => {
    const handle: ValueType = { kind: 'option', some: { kind: 'own', resource: file }, typeName: { name: 'handle' } };
    expect(declarationsToWit(handle)).toBe('resource file;\n\ntype handle = option<file>;');
    expect(declarationsToWit({ kind: 'list', element: { kind: 'u8' } })).toBe('');
  });

  it('keeps docs with line breaks of any kind inside comments', () => {
    const type: ValueType = { kind: 'bool', typeName: { name: 'flag' }, docs: 'a\r\nb\u2028}\n\nc' };
    expect(declarationsToWit(type)).toBe('/// a\n/// b\n/// }\n///\n/// c\ntype flag = bool;');
  });
});
