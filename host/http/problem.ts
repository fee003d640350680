import { STATUS_CODES } from 'node:http';
import { CODES, type Code } from '../../runtime/index.ts';

/** Why there is no answer, as RFC 9457 has it. */
export interface Problem {
  readonly status: number;
  /** What happened here, for people. */
  readonly detail: string;
  /** One of docs/codes.md; absent where HTTP's own status says it all. */
  readonly code?: string;
  /** What can be done next. */
  readonly help?: string;
  readonly data?: unknown;
  /** Id of the request in the trail. */
  readonly audit?: string;
  readonly outcome?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const TYPE_PREFIX = 'urn:cellblock:code:';
export const PROBLEM_TYPE = 'application/problem+json';

/** Statuses by code: the first that fits. */
const STATUSES: readonly (readonly [RegExp, number])[] = [
  [/^params\/malformed-json$/, 400],
  [/^params\/too-large$/, 413],
  [/^params\/request-id-conflict$|^failed\/result-not-kept$/, 409],
  [/^params\/|^component\/unknown-function$/, 422],
  [/^denied\//, 403],
  [/^busy\//, 429],
  [/^usage\/not-found$/, 404],
  [/^usage\/closed$/, 503],
  [/^usage\//, 400],
  [/^internal\//, 500],
];

/** @returns 503 for what only the operator can change. */
export function statusOf(code: string): number {
  return STATUSES.find(([pattern]) => pattern.test(code))?.[1] ?? 503;
}

/** Headers that go with a code: when to come again. */
export function retryHeaders(status: number, data: unknown): Readonly<Record<string, string>> {
  const afterMs = (data as { readonly retryAfterMs?: unknown } | undefined)?.retryAfterMs;
  if (typeof afterMs === 'number' && Number.isFinite(afterMs)) {
    return { 'retry-after': String(Math.max(1, Math.ceil(afterMs / 1000))) };
  }
  return status === 429 ? { 'retry-after': '1' } : {};
}

/** What the code means in general; what it says of `data` is for whoever reads the table. */
function titleOf(code: Code): string {
  const [title = code] = CODES[code].means.split(/; `data/);
  return title.replace(/\.$/, '');
}

/** The problem as JSON text. */
export function problemText({ headers: _headers, ...problem }: Problem): string {
  const { status, code, detail, ...more } = problem;
  const isKnown = code !== undefined && Object.hasOwn(CODES, code);
  const title = isKnown ? titleOf(code as Code) : (STATUS_CODES[status] ?? 'Error');
  return JSON.stringify({
    type: code === undefined ? 'about:blank' : TYPE_PREFIX + code,
    title,
    status,
    detail,
    ...(code === undefined ? {} : { code }),
    ...more,
  });
}

export function problemResponse(problem: Problem): Response {
  const headers = { 'content-type': PROBLEM_TYPE, ...problem.headers };
  return new Response(problemText(problem), { status: problem.status, headers });
}
