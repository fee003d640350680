import { type CallableFunction, findFunctions, type LoadedComponent, withoutVersion } from '../../runtime/index.ts';
import { functionChanges, type TypeChange } from './type-change.ts';

/**
 * What differs between two versions of a component for those who call its functions with JSON.
 *
 * A function is known by its id; where only the version of its interface changed, by the id without it.
 */
export function componentChanges(before: LoadedComponent, now: LoadedComponent): readonly TypeChange[] {
  const functions = findFunctions(now);
  const known = findFunctions(before).filter(({ callable }) => callable);
  const changes = known.flatMap((old) => changesOf(old, functions));
  const added = functions.filter(({ callable }) => callable).filter((fresh) => !known.some((old) => isSame(old, fresh)));
  return [...changes, ...added.map(({ id }) => ({ path: id, message: 'the function is new', breaks: false }))];
}

function changesOf(old: CallableFunction, functions: readonly CallableFunction[]): readonly TypeChange[] {
  const fresh = functions.find(({ id }) => id === old.id) ?? functions.find((candidate) => isSame(old, candidate));
  if (fresh === undefined) return [{ path: old.id, message: 'the function is gone', breaks: true }];
  if (!fresh.callable)
    return [
      { path: old.id, message: `cannot be called any more: it ${fresh.reason ?? 'has types that are no data'}`, breaks: true },
    ];
  const version =
    fresh.id === old.id
      ? []
      : [{ path: old.id, message: `is \`${fresh.id}\` now; names with the old version find nothing`, breaks: false }];
  return [...version, ...functionChanges(old.type, fresh.type, old.name)];
}

function isSame(a: CallableFunction, b: CallableFunction): boolean {
  return a.name === b.name && homeOf(a) === homeOf(b);
}

function homeOf({ interface: home }: CallableFunction): string {
  return home === undefined ? '' : withoutVersion(home);
}
