import type { Media, ToolListing } from '../serving/index.ts';
import { withoutMedia } from '../serving/media.ts';

/** Levels of a value that are looked at, where no type leads the way. */
const DEPTH_MAX = 64;

/**
 * Takes the media out of a result that may hold some.
 *
 * @param type - of the result. A listing that came over HTTP has none: then every record of exactly `data` and `mime-type`, both text, is taken for
 *   `cellblock:host/media`'s.
 */
export function mediaOf(
  value: unknown,
  type: ToolListing['result']['type'],
): { readonly media: readonly Media[]; readonly rest: unknown } {
  // By its outcome, the value is in the JSON mapping of that type.
  if (type !== undefined) return withoutMedia(value as Parameters<typeof withoutMedia>[0], type);
  const media: Media[] = [];
  return { rest: takeOut(value, media, 0), media };
}

function takeOut(value: unknown, media: Media[], depth: number): unknown {
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return value;
  if (Array.isArray(value)) return value.map((item) => takeOut(item, media, depth + 1));
  const { data, 'mime-type': mimeType, ...others } = value as { readonly [name: string]: unknown };
  if (typeof data === 'string' && typeof mimeType === 'string' && Object.keys(others).length === 0) {
    media.push({ data, mimeType });
    return { media: media.length - 1 };
  }
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, takeOut(item, media, depth + 1)]));
}
