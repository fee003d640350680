import { judge } from './decide.ts';
import type { HttpScope } from './scope.ts';
import { targetOf } from './target.ts';

/** Which kind of request of a scope allows one, from 0; undefined where none does. For people: the guard decides for itself. */
export function ruleOf(
  scope: HttpScope,
  { method, url, headers }: { readonly method: string; readonly url: string; readonly headers: readonly string[] },
): number | undefined {
  const target = targetOf(url);
  if (typeof target === 'string') return undefined;
  const judged = judge([scope], { method, target, headers: headers.map((name) => [name.toLowerCase(), ''] as const) });
  return 'denied' in judged ? undefined : scope.requests.indexOf(judged[0]);
}
