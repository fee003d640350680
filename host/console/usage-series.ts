import type { ReadRecord } from '../audit/index.ts';

/** A span of time that charts show, cut into equal parts. */
export interface Span {
  readonly ms: number;
  readonly parts: number;
}

export const SPANS = { hour: { ms: 3_600_000, parts: 12 }, day: { ms: 86_400_000, parts: 24 } } as const;

/** What one tool used, in each part of the span; the oldest first. */
export interface ToolSeries {
  readonly tool: string;
  readonly calls: number;
  readonly refusals: number;
  readonly fuel: number;
  readonly wallMs: number;
  readonly parts: {
    readonly fuel: readonly number[];
    readonly wallMs: readonly number[];
    readonly refusals: readonly number[];
  };
}

export interface UsageSeries {
  readonly span: Span;
  /** Instant at which the span ends, milliseconds since 1970. */
  readonly endsMs: number;
  /** The most busy first; the rest of them as one. */
  readonly tools: readonly ToolSeries[];
  /** The trail had more records than are read: what came later is not counted. */
  readonly isCut: boolean;
}

const RECORDS_MAX = 300_000;
const TOOLS_MAX = 6;
const NAMES_MAX = 200;
const OTHERS = 'all others';
const NO_TOOL = 'no tool named';

interface Counting {
  calls: number;
  refusals: number;
  readonly fuel: number[];
  readonly wallMs: number[];
  readonly refused: number[];
}

/** Folds the records of a span; those of requests that were filed before it count as of an unknown tool. */
export async function usageSeries(records: AsyncIterable<ReadRecord>, span: Span, endsMs: number): Promise<UsageSeries> {
  const byTool = new Map<string, Counting>();
  const tools = new Map<string, string>();
  let count = 0;
  let isCut = false;
  for await (const record of records) {
    if (++count > RECORDS_MAX) {
      isCut = true;
      break;
    }
    if (record.kind === 'requested') tools.set(record.audit, toolName(record.tool));
    else if (record.kind === 'intent') tools.set(record.audit, record.tool);
    else if (record.kind === 'decided' || record.kind === 'outcome') {
      const part = Math.floor((record.at - (endsMs - span.ms)) / (span.ms / span.parts));
      if (part >= 0 && part < span.parts) add(countingOf(byTool, tools.get(record.audit) ?? 'unknown', span), record, part);
    }
  }
  return { span, endsMs, tools: ranked(byTool, span), isCut };
}

/** Without its function; a request that could not be read names none. */
function toolName(text: string): string {
  return text.split('.', 1)[0] || NO_TOOL;
}

function countingOf(all: Map<string, Counting>, name: string, { parts }: Span): Counting {
  // Agents may ask for names that no policy has: past so many they are one.
  const key = all.has(name) || all.size < NAMES_MAX ? name : OTHERS;
  const zeros = () => new Array<number>(parts).fill(0);
  const known = all.get(key) ?? { calls: 0, refusals: 0, fuel: zeros(), wallMs: zeros(), refused: zeros() };
  all.set(key, known);
  return known;
}

function add(counting: Counting, record: Extract<ReadRecord, { kind: 'decided' | 'outcome' }>, part: number): void {
  if (record.kind === 'decided') {
    if (record.effect !== 'deny') return;
    counting.refusals += 1;
    counting.refused[part]! += 1;
    return;
  }
  counting.calls += 1;
  counting.fuel[part]! += Number(record.fuel) || 0;
  counting.wallMs[part]! += record.wallMs;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function ranked(byTool: ReadonlyMap<string, Counting>, { parts }: Span): readonly ToolSeries[] {
  const all = [...byTool].map(([tool, counting]) => seriesOf(tool, counting));
  all.sort(
    (one, other) =>
      Number(one.tool === OTHERS) - Number(other.tool === OTHERS) || other.calls + other.refusals - one.calls - one.refusals,
  );
  if (all.length <= TOOLS_MAX) return all;
  const rest = all.slice(TOOLS_MAX);
  const added = (pick: (series: ToolSeries) => readonly number[]) =>
    Array.from({ length: parts }, (_, part) => sum(rest.map((series) => pick(series)[part] ?? 0)));
  return [
    ...all.slice(0, TOOLS_MAX),
    seriesOf(OTHERS, {
      calls: sum(rest.map(({ calls }) => calls)),
      refusals: sum(rest.map(({ refusals }) => refusals)),
      fuel: added((series) => series.parts.fuel),
      wallMs: added((series) => series.parts.wallMs),
      refused: added((series) => series.parts.refusals),
    }),
  ];
}

function seriesOf(tool: string, { calls, refusals, fuel, wallMs, refused }: Counting): ToolSeries {
  return { tool, calls, refusals, fuel: sum(fuel), wallMs: sum(wallMs), parts: { fuel, wallMs, refusals: refused } };
}
