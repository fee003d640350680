import { type PlainJson, partsOf, type ValueType } from '../../runtime/index.ts';

/** The one record by which a tool returns an image or a sound: `cellblock:host/media`, `record media { data: list<u8>, mime-type: string }`. */
const MEDIA_INTERFACE = /^cellblock:host\/media@/;
const MEDIA_RECORD = 'media';
/** Types within types that are looked at. */
const DEPTH_MAX = 32;

/** One image, sound or other file in a result. */
export interface Media {
  readonly mimeType: string;
  /** Base64, with padding. */
  readonly data: string;
}

/** True for that record as we declare it. A component may say anything under that name: what has other fields is a record like any other. */
export function isMedia(type: ValueType): boolean {
  if (type.kind !== 'record' || type.typeName?.name !== MEDIA_RECORD) return false;
  if (!MEDIA_INTERFACE.test(type.typeName.interface ?? '') || type.fields.length !== 2) return false;
  const [data, mimeType] = type.fields;
  const isBytes = data?.type.kind === 'list' && data.type.element.kind === 'u8';
  return data?.name === 'data' && isBytes && mimeType?.name === 'mime-type' && mimeType.type.kind === 'string';
}

/** Whether values of the type can hold a `media` record. */
export function holdsMedia(type: ValueType, depth = 0): boolean {
  return isMedia(type) || (depth < DEPTH_MAX && partsOf(type).some((part) => holdsMedia(part, depth + 1)));
}

/**
 * Takes the media out of a result.
 *
 * @param value - in the JSON mapping of its type.
 * @returns the media in their order, and the value with `{"media": 0}` and so on where they were.
 */
export function withoutMedia(value: PlainJson, type: ValueType): { readonly media: readonly Media[]; readonly rest: PlainJson } {
  const media: Media[] = [];
  return { rest: takeOut(value, type, media), media };
}

function takeOut(value: PlainJson, type: ValueType, media: Media[]): PlainJson {
  if (isMedia(type)) {
    const { data, 'mime-type': mimeType } = value as { readonly data: string; readonly 'mime-type': string };
    media.push({ data, mimeType });
    return { media: media.length - 1 };
  }
  if (value === null || typeof value !== 'object' || !holdsMedia(type)) return value;
  switch (type.kind) {
    case 'list':
      return (value as readonly PlainJson[]).map((item) => takeOut(item, type.element, media));
    case 'tuple':
      return (value as readonly PlainJson[]).map((item, at) => takeOut(item, type.items[at]!, media));
    case 'record':
      return members(value, (name) => type.fields.find((field) => field.name === name)?.type, media);
    case 'option':
      if (type.some.kind === 'option') return members(value, () => type.some, media);
      return takeOut(value, type.some, media);
    case 'result':
      return members(value, (name) => (name === 'ok' ? type.ok : type.err), media);
    case 'variant': {
      const { tag } = value as { readonly tag: string };
      return members(value, (name) => (name === 'value' ? type.cases.find((item) => item.name === tag)?.type : undefined), media);
    }
    default:
      return value;
  }
}

function members(value: object, typeOf: (name: string) => ValueType | undefined, media: Media[]): PlainJson {
  const taken = Object.entries(value).map(([name, item]) => {
    const type = typeOf(name);
    return [name, type === undefined ? item : takeOut(item as PlainJson, type, media)];
  });
  return Object.fromEntries(taken) as PlainJson;
}
