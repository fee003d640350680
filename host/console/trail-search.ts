import { isCoded } from '../../runtime/index.ts';
import type { ReadRecord, TrailFilter } from '../audit/index.ts';
import { tail } from '../audit/query.ts';
import type { OperatorDoor } from '../serving/index.ts';

/** Records of one page. */
export const PAGE_RECORDS_MAX = 50;
/** Records that a search goes through. */
const LOOKED_AT_MAX = 200_000;
const FIELD_CHARS_MAX = 300;

/** What a reader looks for, as the form has it. */
export interface Search {
  readonly filter: TrailFilter;
  /** Number of a record: only those before it are shown. */
  readonly before: number | undefined;
  /** The texts of the form, to show it again. */
  readonly texts: Readonly<Record<string, string>>;
  /** What of it could not be read. */
  readonly problem?: string;
}

export interface Found {
  /** Newest first, at most a page. */
  readonly records: readonly ReadRecord[];
  /** There are older ones. */
  readonly hasOlder: boolean;
  /** The search ended before it had seen all. */
  readonly isCut: boolean;
  /** Why the trail cannot be read beyond these. */
  readonly broken?: string;
}

export const TEXT_FIELDS = ['agent', 'tool', 'outcome', 'code', 'kind', 'text'] as const;
export const TIME_FIELDS = ['since', 'until'] as const;

/** @param nowMs - what `since=24h` counts from. */
export function readSearch(query: URLSearchParams, nowMs: number): Search {
  const texts: Record<string, string> = {};
  const filter: Record<string, string | number> = {};
  for (const name of TEXT_FIELDS) {
    const text = fieldText(query.get(name), FIELD_CHARS_MAX);
    if (text === '') continue;
    texts[name] = text;
    filter[name] = text;
  }
  let problem: string | undefined;
  for (const name of TIME_FIELDS) {
    const text = fieldText(query.get(name), 40);
    if (text === '') continue;
    texts[name] = text;
    const at = timeOf(text, nowMs);
    if (at === undefined)
      problem = 'A time is an instant such as 2026-01-31T12:00:00Z, or a span up to now such as 90m, 24h or 7d.';
    else filter[name] = at;
  }
  const before = /^[0-9]{1,15}$/.exec(query.get('before') ?? '')?.[0];
  return {
    filter,
    before: before === undefined ? undefined : Number(before),
    texts,
    ...(problem === undefined ? {} : { problem }),
  };
}

/** Without what is not seen: a link of somebody else must not fill a field with it. */
function fieldText(text: string | null, charsMax: number): string {
  return (text ?? '')
    .slice(0, charsMax)
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
    .trim();
}

const SPANS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function timeOf(text: string, nowMs: number): number | undefined {
  const span = /^([0-9]{1,6})([smhd])$/.exec(text);
  if (span !== null) return nowMs - Number(span[1]) * SPANS[span[2] as keyof typeof SPANS]; // by the pattern
  // What a field of the browser gives has no zone: it is UTC here, as all times of the console.
  const iso = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/.exec(text);
  if (iso === null) return undefined;
  const at = Date.parse(iso[1] !== undefined && iso[4] === undefined ? `${text.replace(' ', 'T')}Z` : text.replace(' ', 'T'));
  return Number.isNaN(at) ? undefined : at;
}

/** Records before one that does not fit are given, and why there are no more. */
export async function searchTrail(
  { audit }: OperatorDoor,
  { filter, before = Number.POSITIVE_INFINITY }: Search,
): Promise<Found> {
  const isAll = Object.keys(filter).length === 0 && before === Number.POSITIVE_INFINITY;
  const source = isAll ? tail(audit.folder, { last: PAGE_RECORDS_MAX + 1 }) : audit.query(filter);
  const ring: ReadRecord[] = [];
  let count = 0;
  let isCut = false;
  let broken: string | undefined;
  try {
    for await (const record of source) {
      if (record.seq >= before) break;
      if (++count > LOOKED_AT_MAX) {
        isCut = true;
        break;
      }
      ring.push(record);
      if (ring.length > PAGE_RECORDS_MAX + 1) ring.shift();
    }
  } catch (error) {
    if (!isCoded(error)) throw error;
    broken = error.message;
  }
  // The end of the trail is in its last file; what is before that file is older.
  const hasOlder = ring.length > PAGE_RECORDS_MAX || (isAll && (ring[0]?.seq ?? 1) > 1);
  return { records: ring.slice(-PAGE_RECORDS_MAX).reverse(), hasOlder, isCut, ...(broken === undefined ? {} : { broken }) };
}
