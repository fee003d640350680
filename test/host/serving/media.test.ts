import { type PlainJson, toJson, type ValueType } from 'cellblock/runtime';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holdsMedia, withoutMedia } from '../../../host/serving/media.ts';
import { arbType, arbValue } from '../../support/arbitrary-types.ts';

const BYTES: ValueType = { kind: 'list', element: { kind: 'u8' } };
const TEXT: ValueType = { kind: 'string' };
const FIELDS = [
  { name: 'data', type: BYTES },
  { name: 'mime-type', type: TEXT },
];

function recordOf(
  fields: readonly { name: string; type: ValueType }[],
  name = 'media',
  home = 'cellblock:host/media@0.1.0',
): ValueType {
  return { kind: 'record', fields, typeName: { name, interface: home } };
}

const MEDIA = recordOf(FIELDS);
const png = { data: 'AQID', 'mime-type': 'image/png' };
const wav = { data: 'BAUG', 'mime-type': 'audio/wav' };
const PNG = { data: 'AQID', mimeType: 'image/png' };
const WAV = { data: 'BAUG', mimeType: 'audio/wav' };

describe('media in a result', () => {
  it.each<[string, ValueType, PlainJson, PlainJson]>([
    ['alone', MEDIA, png, { media: 0 }],
    ['in a list', { kind: 'list', element: MEDIA }, [png, png], [{ media: 0 }, { media: 1 }]],
    ['in a tuple', { kind: 'tuple', items: [TEXT, MEDIA] }, ['a', png], ['a', { media: 0 }]],
    ['in an option', { kind: 'option', some: MEDIA }, png, { media: 0 }],
    [
      'in an option of an option',
      { kind: 'option', some: { kind: 'option', some: MEDIA } },
      { some: png },
      { some: { media: 0 } },
    ],
    ['as ok', { kind: 'result', ok: MEDIA, err: TEXT }, { ok: png }, { ok: { media: 0 } }],
    ['as err', { kind: 'result', ok: TEXT, err: MEDIA }, { err: png }, { err: { media: 0 } }],
    [
      'in a variant',
      { kind: 'variant', cases: [{ name: 'none' }, { name: 'shot', type: MEDIA }] },
      { tag: 'shot', value: png },
      { tag: 'shot', value: { media: 0 } },
    ],
    [
      'in a record, beside others',
      {
        kind: 'record',
        fields: [
          { name: 'n', type: { kind: 'u8' } },
          { name: 'shot', type: MEDIA },
        ],
      },
      { n: 7, shot: png },
      { n: 7, shot: { media: 0 } },
    ],
  ])('is taken out: %s', (_, type, value, rest) => {
    expect(holdsMedia(type)).toBe(true);
    const taken = withoutMedia(value, type);
    expect(taken.rest).toEqual(rest);
    expect(taken.media[0]).toEqual(PNG);
  });

  it.each<[string, ValueType, PlainJson]>([
    ['no option', { kind: 'option', some: MEDIA }, null],
    ['no option of an option', { kind: 'option', some: { kind: 'option', some: MEDIA } }, { some: null }],
    ['a case without any', { kind: 'variant', cases: [{ name: 'none' }, { name: 'shot', type: MEDIA }] }, { tag: 'none' }],
    ['an error without any', { kind: 'result', ok: MEDIA, err: TEXT }, { err: 'no camera' }],
    ['an ok without a value', { kind: 'result', err: MEDIA }, { ok: null }],
    ['an empty list', { kind: 'list', element: MEDIA }, []],
  ])('may be none: %s', (_, type, value) => {
    expect(withoutMedia(value, type)).toEqual({ media: [], rest: value });
  });

  it('is numbered in the order in which it stands', () => {
    const type: ValueType = { kind: 'tuple', items: [{ kind: 'list', element: MEDIA }, MEDIA] };
    expect(withoutMedia([[png], wav], type)).toEqual({ media: [PNG, WAV], rest: [[{ media: 0 }], { media: 1 }] });
  });

  it.each<[string, ValueType]>([
    ['of an interface of somebody else', recordOf(FIELDS, 'media', 'acme:host/media@0.1.0')],
    ['of an interface whose name only begins so', recordOf(FIELDS, 'media', 'cellblock:host/media-store@0.1.0')],
    ['of another name', recordOf(FIELDS, 'picture')],
    ['of no name', { kind: 'record', fields: FIELDS }],
    ['with another field', recordOf([FIELDS[0]!, { name: 'mime', type: TEXT }])],
    ['with a field of another type', recordOf([{ name: 'data', type: TEXT }, FIELDS[1]!])],
    ['with one field more', recordOf([...FIELDS, { name: 'note', type: TEXT }])],
    ['without fields', recordOf([])],
  ])('is not a record %s', (_, type) => {
    const value = { data: 'AQID', 'mime-type': 'image/png' };
    expect(holdsMedia(type)).toBe(false);
    expect(withoutMedia(value, type)).toEqual({ media: [], rest: value });
  });

  it('put back where it was taken out is the value, whatever holds it', () => {
    const cases = arbType().chain((shape) => {
      const type = withMedia(shape);
      return arbValue(type).map((value) => ({ type, json: toJson(value, type) }));
    });
    let taken = 0;
    fc.assert(
      fc.property(cases, ({ type, json }) => {
        const before = JSON.stringify(json);
        const { media, rest } = withoutMedia(json, type);
        taken += media.length;
        expect(JSON.stringify(json)).toBe(before);
        expect(countOf(json, type)).toBe(media.length);
        expect(JSON.stringify(putBack(rest, type, media.values()))).toBe(before);
      }),
      { numRuns: 1000 },
    );
    expect(taken).toBeGreaterThan(100);
  });
});

/** The type with `media` in place of some other kinds: enough of them to be met everywhere. */
function withMedia(type: ValueType): ValueType {
  switch (type.kind) {
    case 'bool':
    case 'char':
    case 'u16':
    case 'u32':
    case 'string':
    case 'flags':
      return MEDIA;
    case 'list':
      return { ...type, element: withMedia(type.element) };
    case 'option':
      return { ...type, some: withMedia(type.some) };
    case 'tuple':
      return { ...type, items: type.items.map(withMedia) };
    case 'record':
      return { ...type, fields: type.fields.map((field) => ({ ...field, type: withMedia(field.type) })) };
    case 'variant':
      return { ...type, cases: type.cases.map((item) => (item.type ? { ...item, type: withMedia(item.type) } : item)) };
    case 'result':
      return { ...type, ...(type.ok && { ok: withMedia(type.ok) }), ...(type.err && { err: withMedia(type.err) }) };
    default:
      return type;
  }
}

type Members = { readonly [name: string]: PlainJson };

/** The parts of a value with their types, by the table in docs/values.md and not as the code under test finds them. */
function partsOfValue(json: PlainJson, type: ValueType): readonly (readonly [string | number, ValueType])[] {
  if (json === null) return [];
  if (Array.isArray(json)) {
    if (type.kind === 'list') return json.map((_, at) => [at, type.element]);
    return type.kind === 'tuple' ? type.items.map((item, at) => [at, item]) : [];
  }
  if (type.kind === 'record') return type.fields.map((field) => [field.name, field.type]);
  if (type.kind === 'option' && type.some.kind === 'option') return [['some', type.some]];
  const { tag } = json as Members; // an object, where the type is one of the two that are left
  const payload = type.kind === 'variant' ? type.cases.find(({ name }) => name === tag)?.type : undefined;
  if (payload !== undefined) return [['value', payload]];
  if (type.kind !== 'result') return [];
  const side = Object.hasOwn(json as Members, 'ok') ? 'ok' : 'err';
  const inner = type[side];
  return inner === undefined ? [] : [[side, inner]];
}

/** How many `media` records a value has. */
function countOf(json: PlainJson, type: ValueType): number {
  if (type === MEDIA) return 1;
  if (type.kind === 'option' && type.some.kind !== 'option') return json === null ? 0 : countOf(json, type.some);
  return partsOfValue(json, type).reduce((sum, [key, part]) => sum + countOf((json as Members)[key]!, part), 0);
}

function putBack(json: PlainJson, type: ValueType, media: Iterator<{ data: string; mimeType: string }>): PlainJson {
  if (type === MEDIA) {
    const { data, mimeType } = media.next().value!;
    return { data, 'mime-type': mimeType };
  }
  if (type.kind === 'option' && type.some.kind !== 'option') return json === null ? null : putBack(json, type.some, media);
  const parts = partsOfValue(json, type);
  if (parts.length === 0) return json;
  const members = json as Members; // of an array, by its indices
  const items = parts.map(([key, part]) => [key, putBack(members[key]!, part, media)] as const);
  return Array.isArray(json) ? items.map(([, item]) => item) : { ...members, ...Object.fromEntries(items) };
}
