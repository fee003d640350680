import type { PlainJson } from '../../runtime/index.ts';

const IN_TEXT = '[redacted hmac-sha256:';

/** True where a secret was replaced by its digest, in it or anywhere below. A text that only looks so counts as well. */
export function isRedacted(json: PlainJson | undefined): boolean {
  if (typeof json === 'string') return json.includes(IN_TEXT);
  if (typeof json !== 'object' || json === null) return false;
  if (Array.isArray(json)) return json.some(isRedacted);
  const record = json as { readonly [name: string]: PlainJson };
  if (Object.hasOwn(record, 'redacted') && typeof record.redacted === 'string') return true;
  return Object.entries(record).some(([name, value]) => isRedacted(name) || isRedacted(value));
}
