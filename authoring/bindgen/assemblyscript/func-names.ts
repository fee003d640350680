import type { Func } from './model.ts';
import { bareName, camelName, distinctNames, memberName, methodName } from './names.ts';

/** What a name such as `[method]blob.read` says. */
export interface FuncName {
  readonly kind: 'free' | 'constructor' | 'method' | 'static';
  readonly resource: string | undefined;
  /** `constructor` for one. */
  readonly label: string;
}

/** Takes the name of a function in WIT apart. */
export function funcName(name: string): FuncName {
  const [, kind, resource, label] = /^\[(constructor|method|static)\]([^.]+)(?:\.(.*))?$/.exec(name) ?? [];
  if (kind === undefined) return { kind: 'free', resource: undefined, label: name };
  return { kind: kind as FuncName['kind'], resource, label: label ?? 'constructor' }; // the pattern names no other
}

/** The functions that belong to no resource. */
export function freeFuncs(funcs: readonly Func[]): Func[] {
  return funcs.filter((func) => funcName(func.name).kind === 'free');
}

/** The functions of a resource, which is named as in WIT. */
export function funcsOf(resource: string, funcs: readonly Func[]): Func[] {
  return funcs.filter((func) => funcName(func.name).resource === resource);
}

/** A constructor that gives a `result` cannot be one of AssemblyScript; it is a static function `create`. */
export function isPlainConstructor(func: Func): boolean {
  return funcName(func.name).kind === 'constructor' && func.type.result?.kind === 'own';
}

/** Core functions of a module, each with a name that AssemblyScript can spell. */
export function coreNames(funcs: readonly Func[]): Map<Func, string> {
  return distinctNames(funcs, ({ name }) => {
    const { kind, resource, label } = funcName(name);
    const own =
      kind === 'free' ? bareName(label) : `${bareName(resource ?? '')}${kind === 'constructor' ? 'New' : bareName(label)}`;
    return [`core${own}`, `core${bareName(kind)}${own}`];
  });
}

/** Names of free functions that the author calls. */
export function functionNames(funcs: readonly Func[]): Map<Func, string> {
  return distinctNames(funcs, ({ name }) => [camelName(name), `${camelName(name)}_`]);
}

/** Names of the methods that the author's class has for free functions. */
export function methodNames(funcs: readonly Func[]): Map<Func, string> {
  return distinctNames(funcs, ({ name }) => [methodName(name), `${methodName(name)}_`]);
}

/** Names of the functions of one resource, as members of its class. */
export function memberNames(funcs: readonly Func[]): Map<Func, string> {
  return distinctNames(funcs, (func) => {
    const { label, kind } = funcName(func.name);
    return [memberName(label), `${memberName(label)}${bareName(kind)}`];
  });
}
