import { randomBytes } from 'node:crypto';

/** Crockford's base32: no letter that a person could take for another character. https://www.crockford.com/base32.html */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const ID_CHARS = 10;
const ID_PATTERN = new RegExp(`^[${ALPHABET}]{1,${ID_CHARS}}$`);

/** Characters that a beginning of an id needs to have, so that a slip of the hand finds nothing. */
export const ID_PREFIX_CHARS_MIN = 4;

/** A new id for an approval or a shape, such as `k7q2m-9xw4d`: 50 random bits that a person can type. */
export function randomId(): string {
  return withHyphen([...randomBytes(ID_CHARS)].map((byte) => ALPHABET[byte & 31]).join(''));
}

/** The id that a person or an agent wrote, as it is kept; undefined when it is no whole id. */
export function wholeId(text: string): string | undefined {
  const compact = compactId(text);
  return compact?.length === ID_CHARS ? withHyphen(compact) : undefined;
}

/** True for a text that is at least four characters of the beginning of an id, whatever its case and hyphens. */
export function isIdPrefix(text: string): boolean {
  return (compactId(text)?.length ?? 0) >= ID_PREFIX_CHARS_MIN;
}

/** @returns the ids that begin like `prefix`; none where it is too short. */
export function idsLike(prefix: string, ids: Iterable<string>): readonly string[] {
  const compact = compactId(prefix);
  if (compact === undefined || compact.length < ID_PREFIX_CHARS_MIN) return [];
  return [...ids].filter((id) => id.replace('-', '').startsWith(compact));
}

/** As the alphabet's author has it: case and hyphens do not count, O is zero, I and L are one. */
function compactId(text: string): string | undefined {
  if (text.length > 2 * ID_CHARS) return undefined;
  const compact = text.toLowerCase().replaceAll('-', '').replaceAll('o', '0').replace(/[il]/g, '1');
  return ID_PATTERN.test(compact) ? compact : undefined;
}

function withHyphen(compact: string): string {
  return `${compact.slice(0, ID_CHARS / 2)}-${compact.slice(ID_CHARS / 2)}`;
}
