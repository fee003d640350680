import { quote } from '../../policy/quote.ts';
import { isAllowedAddress, literalAddress } from './addresses.ts';
import { FREE_HEADERS } from './header-names.ts';
import type { HttpRule, HttpScope } from './scope.ts';
import type { Target } from './target.ts';
import { isWithin } from './url-pattern.ts';

/** One request, or one hop of it. */
export interface Hop {
  readonly method: string;
  readonly target: Target;
  /** Of the guest; names in small letters. */
  readonly headers: readonly Header[];
}

export type Header = readonly [name: string, value: string];

/** What one exchange may use at most: of all rules that it needs, the least. */
export interface Caps {
  readonly timeoutMs: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly inflatedBytes: number;
  readonly redirects: number;
}

/** The rules that allow a request, one of each scope: the tool's own first, which alone gives secrets and certificates. */
export type AllowingRules = readonly [HttpRule, ...HttpRule[]];

/** Why a request is refused, for its author; undefined in `rules`' place. */
export interface Refusal {
  readonly denied: string;
}

/** Decides on one hop. Pure. */
export function judge(scopes: readonly [HttpScope, ...HttpScope[]], hop: Hop): AllowingRules | Refusal {
  const rules: HttpRule[] = [];
  for (const [index, scope] of scopes.entries()) {
    const found = ruleFor(scope, hop);
    if ('denied' in found) return index === 0 ? found : { denied: `${found.denied} (of a grant above this one)` };
    rules.push(found);
  }
  const allowing = rules as [HttpRule, ...HttpRule[]]; // one for each scope
  const literal = literalAddress(hop.target.url.hostname);
  if (literal !== undefined && !isAllowedAddress(literal, blocksOf(allowing))) return { denied: blockedAddress(hop.target) };
  return allowing;
}

export function blocksOf(rules: AllowingRules) {
  return rules.map(({ addresses }) => addresses);
}

export function blockedAddress({ url }: { readonly url: { readonly hostname: string } }): string {
  return `${quote(url.hostname)} leads to no address that may be connected to: only public ones are, or those in \`addresses\` of the rule`;
}

/** How far the rule that came closest let a request, and what it did not have. */
interface Miss {
  readonly stage: number;
  readonly denied: string;
}

function ruleFor({ requests }: HttpScope, hop: Hop): HttpRule | Refusal {
  let closest: Miss = { stage: -1, denied: '' };
  for (const rule of requests) {
    const miss = missOf(rule, hop);
    if (miss === undefined) return rule;
    if (miss.stage > closest.stage) closest = miss;
  }
  return { denied: closest.denied };
}

function missOf(rule: HttpRule, { method, target, headers }: Hop): Miss | undefined {
  const { url } = target;
  if (!isWithin(target, rule.url, rule.path === 'exact')) {
    const denied = `no \`url\` of the grant has ${quote(`${url.origin}${url.pathname}`)}`;
    return { stage: 0, denied };
  }
  if (!rule.methods.includes(method)) {
    return { stage: 1, denied: `\`methods\` of ${quote(rule.url.text)} do not have ${quote(method)}` };
  }
  const { query } = rule;
  const parameter = query === 'any' ? undefined : parametersOf(url).find((name) => !query.includes(name));
  if (parameter !== undefined) {
    return { stage: 2, denied: `\`query\` of ${quote(rule.url.text)} does not have ${quote(parameter)}` };
  }
  const header = headers.find(([name]) => !maySet(rule, name));
  if (header !== undefined) {
    return { stage: 3, denied: `\`headers\` of ${quote(rule.url.text)} do not have ${quote(header[0])}` };
  }
  return undefined;
}

/** Names of parameters; a semicolon stands as one of its own, since some servers separate by it. */
function parametersOf({ search, searchParams }: URL): readonly string[] {
  return [...searchParams.keys(), ...(search.includes(';') ? [';'] : [])];
}

function maySet(rule: HttpRule, name: string): boolean {
  return !Object.hasOwn(rule.secrets, name) && (FREE_HEADERS.has(name) || rule.headers.includes(name));
}

export function capsOf(rules: AllowingRules): Caps {
  const least = (pick: (rule: HttpRule) => number): number => Math.min(...rules.map(pick));
  return {
    timeoutMs: least((rule) => rule.timeout),
    requestBytes: least((rule) => rule.requestBytes),
    responseBytes: least((rule) => rule.responseBytes),
    inflatedBytes: least((rule) => rule.inflatedBytes),
    redirects: least((rule) => rule.redirects),
  };
}

/** Of two sets of caps, the less of each. */
export function leastOf(one: Caps, other: Caps): Caps {
  const names = Object.keys(one) as (keyof Caps)[];
  return Object.fromEntries(names.map((name) => [name, Math.min(one[name], other[name])])) as unknown as Caps; // of all names
}
