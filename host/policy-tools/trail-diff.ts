import { bareObject, isCoded, jsonText, type Param, type PlainJson, parseJson } from '../../runtime/index.ts';
import { type Access, findAccess } from '../policy/access.ts';
import { parseParameterPath } from '../policy/conditions/index.ts';
import { type Decision, decide, type ParameterRecord, type Policy, type RuleRef } from '../policy/index.ts';
import { quote } from '../policy/quote.ts';
import type { Rule } from '../policy/rule.ts';
import { UNUSED } from './part-of-decision.ts';
import type { RecordedRequest } from './recorded-requests.ts';
import { isRedacted } from './redaction.ts';
import { knownFunction, type ToolComponents } from './tool-components.ts';
import { recordFromJson } from './typed-parameters.ts';

/** A policy and what is known of its components. */
export interface DiffSide {
  readonly policy: Policy;
  readonly components: ToolComponents;
}

/** What one policy says to a recorded request. */
export type Redecided =
  | { readonly effect: Decision['effect']; readonly code?: string; readonly rules: readonly RuleRef[]; readonly isTyped: boolean }
  /** Why the record is not enough to say. */
  | { readonly effect: 'unknown'; readonly reason: string };

export interface RequestChange {
  readonly audit: string;
  readonly at: string;
  readonly agent: string;
  readonly tool: string;
  /** What was decided then, with budgets and approvals as they were. */
  readonly recorded: RecordedRequest['recorded'];
  readonly old: Redecided;
  readonly new: Redecided;
}

/** What `cellblock policy diff --trail --json` prints. */
export interface TrailDiff {
  readonly old: string;
  readonly new: string;
  readonly requests: number;
  readonly same: number;
  readonly changed: number;
  readonly unknown: number;
  /** Requests that one side decided without types, since its component cannot be read. */
  readonly untyped: number;
  /** By change, such as `allow -> deny`. */
  readonly counts: Readonly<Record<string, number>>;
  /** The first `ROWS_MAX` of each. */
  readonly changes: readonly RequestChange[];
  readonly unknowns: readonly RequestChange[];
  readonly notes: readonly string[];
}

/** Requests that are listed; all are counted. */
const ROWS_MAX = 1_000;

const NOTES = [
  'budgets are taken as unused: the record does not say what every budget had counted under another policy',
  'approvals are left out: `ask` says that a human would be asked',
] as const;

/** Decides the requests of a trail under two policies, each at its instant. */
export async function diffTrail(
  before: DiffSide,
  after: DiffSide,
  requests: AsyncIterable<RecordedRequest>,
  onRequest: (count: number) => void = () => undefined,
): Promise<TrailDiff> {
  const counts = bareObject<number>();
  const changes: RequestChange[] = [];
  const unknowns: RequestChange[] = [];
  const total = { requests: 0, same: 0, changed: 0, unknown: 0, untyped: 0 };
  for await (const request of requests) {
    onRequest(++total.requests);
    const change = changeOf(request, redecide(before, request), redecide(after, request));
    const { old, new: fresh } = change;
    if ([old, fresh].some((side) => side.effect !== 'unknown' && !side.isTyped)) total.untyped++;
    if (old.effect === 'unknown' || fresh.effect === 'unknown') {
      total.unknown++;
      if (unknowns.length < ROWS_MAX) unknowns.push(change);
    } else if (old.effect === fresh.effect && old.code === fresh.code) total.same++;
    else {
      total.changed++;
      const what = `${wordsOf(old)} -> ${wordsOf(fresh)}`;
      counts[what] = (counts[what] ?? 0) + 1;
      if (changes.length < ROWS_MAX) changes.push(change);
    }
  }
  return { old: before.policy.digest, new: after.policy.digest, ...total, counts, changes, unknowns, notes: NOTES };
}

function changeOf({ audit, at, agent, tool, recorded }: RecordedRequest, old: Redecided, fresh: Redecided): RequestChange {
  return { audit, at: new Date(at).toISOString(), agent, tool, recorded, old, new: fresh };
}

function wordsOf(side: Redecided): string {
  return side.effect === 'unknown' || side.code === undefined ? side.effect : `${side.effect} [${side.code}]`;
}

/** What a policy says to a recorded request; unknown where a rule would look at what the record does not have. */
export function redecide({ policy, components }: DiffSide, request: RecordedRequest): Redecided {
  const { agent, tool: toolName, justification, source, session, at } = request;
  const access = findAccess(policy, agent, toolName);
  if (access.effect === 'deny') return { effect: 'deny', code: access.code, rules: access.rules, isTyped: true };
  const reason = missingFor(access, request);
  if (reason !== undefined) return { effect: 'unknown', reason };
  const params = knownFunction(components, access.tool.name, access.functionName)?.type.params;
  const isTyped = params !== undefined;
  try {
    const parameters = keptParameters(request.parameters, params);
    const decision = decide(policy, { agent, toolName, parameters, justification, source, session }, at, UNUSED);
    if (decision.effect === 'deny') return { effect: 'deny', code: decision.code, rules: decision.rules, isTyped };
    const asking = decision.effect === 'ask' ? decision.demand.rules : [];
    return { effect: decision.effect, rules: [...new Set([...decision.rules, ...asking])], isTyped };
  } catch (error) {
    if (isCoded(error)) return { effect: 'deny', code: error.code, rules: [], isTyped };
    throw error;
  }
}

/** What a rule would look at and the record does not have. */
function missingFor({ candidates }: Access, request: RecordedRequest): string | undefined {
  const { parameters, justification, source } = request;
  for (const { ref, spec } of [...candidates.allows, ...candidates.others]) {
    if (spec.parameters !== undefined || readsParameters(spec)) {
      if (parameters === undefined) return `its parameters were not kept, and ${ref} looks at them`;
      const names = Object.keys(spec.parameters ?? {}).map(firstName);
      const hidden = Object.entries(parameters as object).find(
        ([name, value]) => (readsParameters(spec) || names.includes(name)) && isRedacted(value as PlainJson),
      );
      if (hidden !== undefined) return `parameter ${quote(hidden[0])} was redacted, and ${ref} looks at it`;
    }
    if (isRedacted(justification) && readsText(spec.justification, spec.when, 'justification'))
      return textRedacted('justification', ref);
    if (isRedacted(source) && readsText(spec.source, spec.when, 'source')) return textRedacted('source', ref);
  }
  return undefined;
}

function readsParameters({ when }: Rule['spec']): boolean {
  return when !== undefined && /\bparameters\b/.test(when);
}

/** A text that is only required is there whatever was cut out of it. */
function readsText(demand: unknown, when: string | undefined, name: string): boolean {
  return (demand !== undefined && demand !== 'required') || (when?.includes(name) ?? false);
}

function textRedacted(name: string, ref: RuleRef): string {
  return `its ${name} was redacted, and ${ref} looks at it`;
}

function firstName(path: string): string {
  const [step] = parseParameterPath(path).steps;
  return step?.kind === 'field' ? step.name : '';
}

/** The parameters that are as they came; no rule looks at the others. */
function keptParameters(json: PlainJson | undefined, params: readonly Param[] | undefined): ParameterRecord {
  const kept = Object.entries((json ?? {}) as object).filter(([, value]) => !isRedacted(value as PlainJson));
  const names = new Set(kept.map(([name]) => name));
  const hidden = new Set(Object.keys((json ?? {}) as object).filter((name) => !names.has(name)));
  const wanted = json === undefined ? [] : params?.filter(({ name }) => !hidden.has(name));
  const text = jsonText(Object.assign(bareObject<PlainJson>(), Object.fromEntries(kept)));
  return recordFromJson(parseJson(text, { bytesMax: 64 * 2 ** 20 }), wanted);
}

const SHOWN_MAX = 50;

/** A diff line by line; not yet escaped for a terminal. */
export function trailDiffLines({
  requests,
  same,
  changed,
  unknown,
  untyped,
  counts,
  changes,
  unknowns,
  notes,
}: TrailDiff): string[] {
  const lines = changes.slice(0, SHOWN_MAX).flatMap(changeLines);
  const cut = changed - Math.min(changes.length, SHOWN_MAX);
  if (cut > 0) lines.push(`and ${cut} more changes`);
  for (const { audit, agent, tool, old, new: fresh } of unknowns.slice(0, SHOWN_MAX)) {
    const reasons = [old, fresh].flatMap((side) => (side.effect === 'unknown' ? [side.reason] : []));
    lines.push(`${audit}  ${agent} ${tool}: unknown: ${[...new Set(reasons)].join('; ')}`);
  }
  if (unknown > SHOWN_MAX) lines.push(`and ${unknown - SHOWN_MAX} more that are unknown`);
  const byChange = Object.entries(counts).map(([what, count]) => `  ${count} ${what}`);
  const types = untyped === 0 ? [] : [`note: ${untyped} requests were decided without types: a component cannot be read`];
  return [
    ...lines,
    ...(lines.length === 0 ? [] : ['']),
    `${requests} requests: ${same} the same, ${changed} changed, ${unknown} unknown`,
    ...byChange,
    ...types,
    ...notes.map((note) => `note: ${note}`),
  ];
}

function changeLines({ audit, at, agent, tool, recorded, old, new: fresh }: RequestChange): string[] {
  const rulesOf = (side: Redecided): string =>
    side.effect === 'unknown' || side.rules.length === 0 ? '' : `  by ${side.rules.join(', ')}`;
  const then = `${recorded.effect}${recorded.code === undefined ? '' : ` [${recorded.code}]`}`;
  return [
    `${audit}  ${agent} ${tool} at ${at} (recorded: ${then})`,
    `  - ${wordsOf(old)}${rulesOf(old)}`,
    `  + ${wordsOf(fresh)}${rulesOf(fresh)}`,
  ];
}
