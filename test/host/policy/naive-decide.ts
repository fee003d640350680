import type { DecisionRequest, ParameterRecord, ParameterValue } from '../../../host/policy/index.ts';

/**
 * A second `decide`, written from docs/policy.md alone: it shares no code with the first (types are erased), has no index, asks every rule of the
 * policy in turn, and builds sets where the other builds sentences.
 */

/** Conditions on one path. */
export interface PlainCondition {
  readonly equals?: string | number | boolean;
  readonly oneOf?: readonly (string | number | boolean)[];
  readonly notOneOf?: readonly (string | number | boolean)[];
  readonly min?: number;
  readonly max?: number;
  readonly lengthMin?: number;
  readonly lengthMax?: number;
  readonly pattern?: string;
  readonly deny?: readonly string[];
  readonly optional?: boolean;
}

export interface PlainBudget {
  readonly calls?: number;
  readonly per?: `${number}s`;
  readonly concurrent?: number;
  readonly by?: readonly ('agent' | 'tool' | 'session')[];
}

export interface PlainAsk {
  readonly channels?: readonly string[];
  readonly approvers?: readonly string[];
  readonly expires?: `${number}s`;
  readonly useWithin?: `${number}s`;
}

interface PlainFields {
  readonly id?: string;
  readonly parameters?: Readonly<Record<string, PlainCondition>>;
  readonly during?: { readonly days?: readonly string[]; readonly from?: string; readonly to?: string; readonly zone: 'UTC' };
  readonly source?: 'required';
  readonly justification?: 'required' | { readonly lengthMin: number };
  readonly when?: string;
  readonly budget?: PlainBudget;
  readonly ask?: PlainAsk;
  readonly alert?: { readonly severity?: string; readonly sinks: readonly string[] };
  readonly mode?: 'enforce' | 'log-only';
}

export type PlainEntry = string | (PlainFields & { readonly tool: string });

export interface PlainRule extends PlainFields {
  readonly effect: 'allow' | 'forbid' | 'ask' | 'limit' | 'alert';
  readonly agents: 'any' | readonly string[];
  readonly tools: 'any' | readonly string[];
}

/** A policy as it is written, where this evaluator knows it. */
export interface PlainPolicy {
  readonly mode?: 'enforce' | 'log-only';
  readonly tools: Readonly<Record<string, { readonly component: string; readonly functions: readonly string[] }>>;
  readonly agents: Readonly<Record<string, { readonly tools: readonly PlainEntry[] }>>;
  readonly rules: readonly PlainRule[];
  readonly ceiling: { readonly rules: readonly PlainRule[] };
}

/** A call that was counted. */
export interface PlainCall {
  readonly at: number;
  readonly isOpen: boolean;
}

/** What was decided, as far as two evaluators have to agree. Lists of names are sets: sorted. */
export interface PlainDecision {
  readonly effect: 'allow' | 'ask' | 'deny';
  readonly code?: string;
  readonly rules: readonly string[];
  readonly alerts: readonly string[];
  readonly budgets?: readonly string[];
  readonly retryAfterMs?: number;
  readonly demand?: {
    readonly channels: readonly string[];
    readonly approvers: readonly string[];
    readonly expiresMs: number;
    readonly useWithinMs: number;
  };
  readonly logOnly: readonly string[];
}

/** Patterns of random policies, as JavaScript has them. */
export const PATTERNS: Readonly<Record<string, RegExp>> = {
  'a+': /^a+$/,
  'web-[0-9]{1,2}': /^web-[0-9]{1,2}$/,
  '.*sh.*': /^.*sh.*$/,
  'a|web': /^(?:a|web)$/,
};

class CannotSay extends Error {}

function cannotSay(): never {
  throw new CannotSay();
}

/** Expressions of random policies. */
export const EXPRESSIONS: Readonly<Record<string, (request: DecisionRequest, at: number) => boolean>> = {
  'parameters.n < 5': ({ parameters: { n } }) => (typeof n === 'bigint' || typeof n === 'number' ? n < 5 : cannotSay()),
  'justification.size() > 3': ({ justification }) => (justification === undefined ? cannotSay() : justification.length > 3),
  'session == "s1"': ({ session }) => session === 's1',
  'agent == "ann" || tool == "two"': ({ agent, toolName }) => agent === 'ann' || toolName.split('.')[0] === 'two',
  'now < timestamp("2026-03-02T12:00:00Z")': (_, at) => at < Date.UTC(2026, 2, 2, 12),
  'has(parameters.name) && parameters.name == "web"': ({ parameters: { name } }) => name === 'web',
};

interface NaiveRule extends PlainFields {
  readonly name: string;
  readonly effect: PlainRule['effect'];
  readonly agents: 'any' | readonly string[];
  readonly tools: 'any' | readonly string[];
  readonly isLogOnly: boolean;
}

function listRules(policy: PlainPolicy): NaiveRule[] {
  const list: NaiveRule[] = [];
  const isLogOnly = (mode?: string) => policy.mode === 'log-only' || mode === 'log-only';
  for (const [agent, { tools }] of Object.entries(policy.agents)) {
    tools.forEach((entry, index) => {
      const rule = typeof entry === 'string' ? { tool: entry } : entry;
      const name = ('id' in rule ? rule.id : undefined) ?? `agents.${agent}.tools[${index}]`;
      const mode = 'mode' in rule ? rule.mode : undefined;
      list.push({ ...rule, name, effect: 'allow', agents: [agent], tools: [rule.tool], isLogOnly: isLogOnly(mode) });
    });
  }
  policy.rules.forEach((rule, index) => {
    list.push({ ...rule, name: rule.id ?? `rules[${index}]`, isLogOnly: isLogOnly(rule.mode) });
  });
  policy.ceiling.rules.forEach((rule, index) => {
    list.push({ ...rule, name: rule.id ?? `ceiling.rules[${index}]`, isLogOnly: false });
  });
  return list;
}

const isAbout = (rule: NaiveRule, agent: string, tool: string, name: string): boolean =>
  (rule.agents === 'any' || rule.agents.includes(agent)) &&
  (rule.tools === 'any' || rule.tools.includes(tool) || rule.tools.includes(`${tool}.${name}`));

/** The values of a path, with a hole (null) for what is not there. Paths are `a`, `a.b`, `a[*]` here. */
function valuesAt(parameters: ParameterRecord, path: string): (ParameterValue | null)[] {
  const name = path.split(/[.[]/)[0]!;
  const value = Object.hasOwn(parameters, name) ? parameters[name]! : null;
  if (path === name || value === null) return [value];
  if (path.endsWith('[*]')) return Array.isArray(value) ? [...(value as ParameterValue[])] : cannotSay();
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Uint8Array) return cannotSay();
  const field = path.slice(name.length + 1);
  return [Object.hasOwn(value, field) ? (value as ParameterRecord)[field]! : null];
}

const typeOf = (value: ParameterValue): string => (typeof value === 'bigint' ? 'number' : typeof value);
const same = (value: ParameterValue, scalar: string | number | boolean): boolean =>
  typeOf(value) === 'number' ? Number(value) === scalar : value === scalar;

function among(value: ParameterValue, scalars: readonly (string | number | boolean)[]): boolean {
  if (!scalars.some((scalar) => typeof scalar === typeOf(value))) cannotSay();
  return scalars.some((scalar) => same(value, scalar));
}

function lengthOf(value: ParameterValue): number {
  if (typeof value === 'string') return [...value].length;
  return Array.isArray(value) ? value.length : cannotSay();
}

const numberOf = (value: ParameterValue): number => (typeOf(value) === 'number' ? Number(value) : cannotSay());
const matches = (value: ParameterValue, pattern: string): boolean =>
  typeof value === 'string' ? PATTERNS[pattern]!.test(value) : cannotSay();

/** Conditions in the order in which they are asked; the first that does not hold ends it. */
function satisfies(value: ParameterValue, condition: PlainCondition): boolean {
  const { equals, oneOf, notOneOf, min, max, lengthMin, lengthMax, pattern, deny } = condition;
  if (equals !== undefined && !among(value, [equals])) return false;
  if (oneOf !== undefined && !among(value, oneOf)) return false;
  if (notOneOf !== undefined && among(value, notOneOf)) return false;
  if (min !== undefined && numberOf(value) < min) return false;
  if (max !== undefined && numberOf(value) > max) return false;
  if (lengthMin !== undefined && lengthOf(value) < lengthMin) return false;
  if (lengthMax !== undefined && lengthOf(value) > lengthMax) return false;
  if (pattern !== undefined && !matches(value, pattern)) return false;
  return deny === undefined || !deny.some((one) => matches(value, one));
}

function orFalse(test: () => boolean): boolean {
  try {
    return test();
  } catch (error) {
    if (error instanceof CannotSay) return false;
    throw error;
  }
}

function parametersHold({ effect, parameters = {} }: NaiveRule, request: DecisionRequest): boolean {
  for (const [path, condition] of Object.entries(parameters)) {
    if (effect !== 'allow') {
      // Some value, asked in turn; what cannot be judged before one is found is an error.
      const values = valuesAt(request.parameters, path);
      if (!values.some((value) => value !== null && satisfies(value, condition))) return false;
      continue;
    }
    // Every value, and at least one.
    const holds = orFalse(() => {
      const values = valuesAt(request.parameters, path);
      if (condition.optional === true) return values.every((value) => value === null || satisfies(value, condition));
      return values.length > 0 && values.every((value) => value !== null && satisfies(value, condition));
    });
    if (!holds) return false;
  }
  return true;
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

function isInForce({ during }: NaiveRule, at: number): boolean {
  if (during === undefined) return true;
  const { days = DAYS, from = '00:00', to = '24:00' } = during;
  const [start, end] = [from, to].map((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))) as [number, number];
  const date = new Date(at);
  const minute = date.getUTCHours() * 60 + date.getUTCMinutes();
  const today = DAYS[(date.getUTCDay() + 6) % 7]!;
  const yesterday = DAYS[(date.getUTCDay() + 5) % 7]!;
  if (start < end) return days.includes(today) && minute >= start && minute < end;
  return (days.includes(today) && minute >= start) || (days.includes(yesterday) && minute < end);
}

/** In the order of the documentation; what comes later is not asked. */
const ORDER = [
  'denied/parameters',
  'denied/outside-hours',
  'denied/source-required',
  'denied/justification-required',
  'when',
  'denied/budget',
];

function whyNot(rule: NaiveRule, request: DecisionRequest, at: number): string | undefined {
  const { source, justification, when } = rule;
  if (!parametersHold(rule, request)) return 'denied/parameters';
  if (!isInForce(rule, at)) return 'denied/outside-hours';
  if (source !== undefined && !request.source?.trim()) return 'denied/source-required';
  if (justification !== undefined) {
    const atLeast = justification === 'required' ? 1 : justification.lengthMin;
    if ((request.justification ?? '').trim().length < atLeast) return 'denied/justification-required';
  }
  return when !== undefined && !EXPRESSIONS[when]!(request, at) ? 'when' : undefined;
}

const secondsOf = (text: string): number => Number(text.slice(0, -1)) * 1000;

/** As documented: the rule's id, then scopes in alphabetical order, all as JSON. */
export function budgetKey(
  name: string,
  by: readonly string[],
  request: { agent: string; session?: string | undefined },
  tool: string,
): string {
  const values: Record<string, string | null> = { agent: request.agent, tool, session: request.session ?? null };
  return [JSON.stringify(name), ...[...by].sort().map((scope) => `${scope} ${JSON.stringify(values[scope])}`)].join(' ');
}

/** Milliseconds until a used-up budget may have room; undefined while it has. */
function waitFor({ calls, per, concurrent }: PlainBudget, counted: readonly PlainCall[], at: number): number | undefined {
  const waits: number[] = [];
  if (calls !== undefined && per !== undefined) {
    const recent = counted.filter((call) => call.at > at - secondsOf(per));
    if (recent.length >= calls) waits.push(Math.min(...recent.map((call) => call.at)) + secondsOf(per) - at);
  }
  if (concurrent !== undefined && counted.filter(({ isOpen }) => isOpen).length >= concurrent) waits.push(1000);
  return waits.length === 0 ? undefined : Math.max(...waits);
}

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();

function denied(code: string, rules: readonly string[]): PlainDecision {
  return { effect: 'deny', code, rules: sorted(rules), alerts: [], logOnly: [] };
}

/** The names alone: agent, tool, function. */
function access(
  policy: PlainPolicy,
  rules: readonly NaiveRule[],
  agent: string,
  toolName: string,
): PlainDecision | [string, string] {
  if (!Object.hasOwn(policy.agents, agent)) return denied('denied/no-policy-for-agent', ['agents']);
  const [tool = '', ...rest] = toolName.split('.');
  if (!Object.hasOwn(policy.tools, tool)) return denied('denied/no-policy-for-tool', ['tools']);
  const { functions } = policy.tools[tool]!;
  const may = (name: string) => rules.some((rule) => rule.effect === 'allow' && isAbout(rule, agent, tool, name));
  if (!functions.some(may)) return denied('denied/tool-not-granted', [`agents.${agent}.tools`]);
  const name = rest.length > 0 ? rest.join('.') : functions.length === 1 ? functions[0]! : undefined;
  if (name === undefined || !functions.includes(name)) return denied('denied/function-not-listed', [`tools.${tool}.functions`]);
  return may(name) ? [tool, name] : denied('denied/tool-not-granted', [`agents.${agent}.tools`]);
}

type Status = { readonly kind: 'holds' | 'error' } | { readonly kind: 'no'; readonly why: string; readonly waitMs?: number };

export function naiveDecide(
  policy: PlainPolicy,
  request: DecisionRequest,
  at: number,
  counted: (key: string) => readonly PlainCall[],
): PlainDecision {
  const rules = listRules(policy);
  const named = access(policy, rules, request.agent, request.toolName);
  if (!Array.isArray(named)) return named as PlainDecision;
  const [tool, functionName] = named as [string, string];
  const about = rules.filter((rule) => isAbout(rule, request.agent, tool, functionName));
  const keyOf = (rule: NaiveRule) => budgetKey(rule.name, rule.budget!.by ?? [], request, tool);

  const status = new Map<NaiveRule, Status>();
  for (const rule of about) {
    try {
      const why = whyNot(rule, request, at);
      const waitMs = why === undefined && rule.budget ? waitFor(rule.budget, counted(keyOf(rule)), at) : undefined;
      if (why !== undefined) status.set(rule, { kind: 'no', why });
      else if (waitMs !== undefined) status.set(rule, { kind: 'no', why: 'denied/budget', waitMs });
      else status.set(rule, { kind: 'holds' });
    } catch (error) {
      if (!(error instanceof CannotSay)) throw error;
      status.set(rule, { kind: 'error' });
    }
  }
  const is = (rule: NaiveRule, kind: string, why?: string): boolean => {
    const one = status.get(rule)!;
    return one.kind === kind && (why === undefined || (one.kind === 'no' && one.why === why));
  };
  const select = (isLogOnly: boolean, test: (rule: NaiveRule) => boolean) =>
    about.filter((rule) => rule.isLogOnly === isLogOnly && test(rule));
  const names = (list: readonly NaiveRule[]) => sorted(list.map(({ name }) => name));

  /** By side: what refuses or asks. */
  const side = (isLogOnly: boolean) => ({
    forbids: select(isLogOnly, (rule) => rule.effect === 'forbid' && is(rule, 'holds')),
    errors: select(isLogOnly, (rule) => is(rule, 'error')),
    allows: select(isLogOnly, (rule) => rule.effect === 'allow' && is(rule, 'holds')),
    refusing: select(isLogOnly, (rule) => rule.effect === 'allow' && is(rule, 'no')),
    spent: select(isLogOnly, (rule) => rule.effect === 'limit' && is(rule, 'no', 'denied/budget')),
    asks: select(isLogOnly, (rule) => is(rule, 'holds') && (rule.effect === 'ask' || rule.ask !== undefined)),
  });
  const [enforced, observed] = [side(false), side(true)];
  /** A log-only allow lets through whatever its conditions say. */
  const waving = select(true, (rule) => rule.effect === 'allow');

  const nearest = (refusing: readonly NaiveRule[]): [string, NaiveRule[]] => {
    const whyOf = (rule: NaiveRule) => (status.get(rule) as { why: string }).why;
    const furthest = ORDER[Math.max(...refusing.map((rule) => ORDER.indexOf(whyOf(rule))))]!;
    return [furthest === 'when' ? 'denied/parameters' : furthest, refusing.filter((rule) => whyOf(rule) === furthest)];
  };
  const waits = (list: readonly NaiveRule[]) => list.map((rule) => (status.get(rule) as { waitMs: number }).waitMs);

  const would: string[] = [];
  if (observed.forbids.length > 0) would.push(`deny denied/forbidden ${names(observed.forbids)}`);
  if (observed.errors.length > 0) would.push(`deny denied/condition-failed ${names(observed.errors)}`);
  if (enforced.allows.length + observed.allows.length === 0 && observed.refusing.length > 0) {
    const [code, list] = nearest([...enforced.refusing, ...observed.refusing]);
    would.push(`deny ${code} ${names(list)}`);
  }
  if (observed.spent.length > 0) would.push(`deny denied/budget ${names(observed.spent)}`);
  if (observed.asks.length > 0) would.push(`ask ${names(observed.asks)}`);

  const fires = (rule: NaiveRule): boolean =>
    is(rule, 'error') || (rule.effect === 'limit' ? is(rule, 'no', 'denied/budget') : is(rule, 'holds'));
  const rest = { alerts: names(about.filter((rule) => rule.alert !== undefined && fires(rule))), logOnly: would.sort() };

  if (enforced.forbids.length > 0) return { ...denied('denied/forbidden', names(enforced.forbids)), ...rest };
  if (enforced.errors.length > 0) return { ...denied('denied/condition-failed', names(enforced.errors)), ...rest };
  const allowing = [...enforced.allows, ...waving];
  if (allowing.length === 0) {
    const [code, list] = nearest(enforced.refusing);
    const retryAfterMs = code === 'denied/budget' ? { retryAfterMs: Math.min(...waits(list)) } : {};
    return { ...denied(code, names(list)), ...rest, ...retryAfterMs };
  }
  if (enforced.spent.length > 0) {
    return { ...denied('denied/budget', names(enforced.spent)), ...rest, retryAfterMs: Math.max(...waits(enforced.spent)) };
  }
  const charged = about.filter(
    (rule) =>
      rule.budget && (is(rule, 'holds') || (is(rule, 'no', 'denied/budget') && (rule.isLogOnly || rule.effect === 'limit'))),
  );
  const allowed = {
    rules: sorted([...names(allowing), `tools.${tool}.functions[${policy.tools[tool]!.functions.indexOf(functionName)}]`]),
    ...rest,
    budgets: sorted(charged.map(keyOf)),
  };
  if (enforced.asks.length === 0) return { effect: 'allow', ...allowed };

  const asks = enforced.asks.map(({ ask = {} }) => ask);
  const everybody = sorted(asks.flatMap(({ approvers = [] }) => approvers));
  const common = everybody.filter((name) => asks.every(({ approvers }) => approvers === undefined || approvers.includes(name)));
  if (everybody.length > 0 && common.length === 0) return { ...denied('denied/forbidden', names(enforced.asks)), ...rest };
  const demand = {
    channels: sorted(asks.flatMap(({ channels = ['terminal'] }) => channels)),
    approvers: common,
    expiresMs: Math.min(...asks.map(({ expires = '900s' }) => secondsOf(expires))),
    useWithinMs: Math.min(...asks.map(({ useWithin = '3600s' }) => secondsOf(useWithin))),
  };
  return { effect: 'ask', ...allowed, demand };
}
