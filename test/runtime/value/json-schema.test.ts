import { describe, expect, it } from 'vitest';
import type { Param, ValueType } from '../../../runtime/component/types.ts';
import { paramsSchema, resultSchema } from '../../../runtime/value/index.ts';
import { thrownBy } from './thrown-by.ts';

const $schema = 'https://json-schema.org/draft/2020-12/schema';
const mode: ValueType = { kind: 'enum', names: ['fast', 'safe'], typeName: { name: 'mode' }, docs: 'How to go about it.' };
const otherMode: ValueType = { kind: 'flags', names: ['x'], typeName: { name: 'mode', interface: 'a:b/c' } };

describe('paramsSchema', () => {
  it('describes parameters, with named types once in $defs', () => {
    const shape: ValueType = {
      kind: 'variant',
      cases: [
        { name: 'dot', docs: 'A dot.' },
        { name: 'ring', type: { kind: 'u8' } },
      ],
      typeName: { name: 'shape' },
    };
    const rule: ValueType = {
      kind: 'record',
      fields: [
        { name: 'mode', type: mode, docs: 'The mode.' },
        { name: 'shape', type: shape },
        { name: 'note', type: { kind: 'option', some: { kind: 'string' } } },
      ],
      typeName: { name: 'rule' },
    };
    const params: readonly Param[] = [
      { name: 'rules', type: { kind: 'list', element: rule } },
      { name: 'mode', type: { kind: 'option', some: mode } },
    ];
    expect(paramsSchema(params)).toEqual({
      $schema,
      type: 'object',
      properties: {
        rules: { type: 'array', items: { $ref: '#/$defs/rule' } },
        mode: { anyOf: [{ $ref: '#/$defs/mode' }, { type: 'null' }] },
      },
      required: ['rules'],
      additionalProperties: false,
      $defs: {
        mode: { title: 'mode', description: 'How to go about it.', type: 'string', enum: ['fast', 'safe'] },
        shape: {
          title: 'shape',
          oneOf: [
            {
              description: 'A dot.',
              type: 'object',
              properties: { tag: { const: 'dot' } },
              required: ['tag'],
              additionalProperties: false,
            },
            {
              type: 'object',
              properties: { tag: { const: 'ring' }, value: { type: 'integer', minimum: 0, maximum: 255 } },
              required: ['tag', 'value'],
              additionalProperties: false,
            },
          ],
        },
        rule: {
          title: 'rule',
          type: 'object',
          properties: {
            mode: { $ref: '#/$defs/mode', description: 'The mode.' },
            shape: { $ref: '#/$defs/shape' },
            note: { anyOf: [{ type: 'string' }, { type: 'null' }] },
          },
          required: ['mode', 'shape'],
          additionalProperties: false,
        },
      },
    });
  });

  it('keeps two types of one name apart, and two copies of one type together', () => {
    const items = [mode, { ...mode }, otherMode];
    expect(resultSchema({ kind: 'tuple', items })).toEqual({
      $schema,
      type: 'array',
      prefixItems: [{ $ref: '#/$defs/mode' }, { $ref: '#/$defs/mode' }, { $ref: '#/$defs/mode-2' }],
      items: false,
      minItems: 3,
      maxItems: 3,
      $defs: {
        mode: { title: 'mode', description: 'How to go about it.', type: 'string', enum: ['fast', 'safe'] },
        'mode-2': { title: 'mode', type: 'array', items: { type: 'string', enum: ['x'] }, uniqueItems: true },
      },
    });
  });

  it('describes a call without parameters', () => {
    expect(paramsSchema([])).toEqual({ $schema, type: 'object', properties: {}, additionalProperties: false });
  });

  it('refuses handles', () => {
    const file: ValueType = { kind: 'borrow', resource: { kind: 'resource', name: 'file' } };
    expect(thrownBy(() => paramsSchema([{ name: 'f', type: file }])).code).toBe('component/not-callable');
  });
});

describe('resultSchema', () => {
  const nullType = { type: 'null' };
  const closed = (properties: object): object => ({
    type: 'object',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  });
  it.each<[ValueType | undefined, object]>([
    [undefined, nullType],
    [{ kind: 's8' }, { type: 'integer', minimum: -128, maximum: 127 }],
    [
      { kind: 'u64' },
      {
        anyOf: [
          { type: 'integer', minimum: 0, maximum: 9007199254740991 },
          { type: 'string', pattern: '^(?:0|[1-9][0-9]{0,19})$' },
        ],
      },
    ],
    [{ kind: 'f64' }, { anyOf: [{ type: 'number' }, closed({ float: { enum: ['nan', 'infinity', '-infinity'] } })] }],
    [{ kind: 'char' }, { type: 'string', minLength: 1, maxLength: 1 }],
    [
      { kind: 'option', some: { kind: 'option', some: { kind: 'bool' } } },
      { anyOf: [closed({ some: { anyOf: [{ type: 'boolean' }, nullType] } }), nullType] },
    ],
    [{ kind: 'result', err: { kind: 'string' } }, { oneOf: [closed({ ok: nullType }), closed({ err: { type: 'string' } })] }],
    [
      { kind: 'u32', typeName: { name: 'port' }, docs: 'A port.' },
      { title: 'port', description: 'A port.', type: 'integer', minimum: 0, maximum: 4294967295 },
    ],
  ])('case %#', (type, schema) => {
    expect(resultSchema(type)).toEqual({ $schema, ...schema });
  });

  it('describes bytes as base64, to the last bit', () => {
    const { pattern, ...rest } = resultSchema({ kind: 'list', element: { kind: 'u8' } });
    expect(rest).toEqual({ $schema, type: 'string', contentEncoding: 'base64' });
    const base64 = new RegExp(String(pattern), 'u');
    expect(['', 'AA==', 'AAA=', 'AAAA', '/+9='].filter((text) => !base64.test(text))).toEqual(['/+9=']);
    expect(['AB==', 'AAB=', 'A===', 'AA=', 'AA', '-_-_', 'AAAA\n', '===='].filter((text) => base64.test(text))).toEqual([]);
  });
});
