import { CodedError } from '../error.ts';
import type { ComponentDescription } from './description.ts';
import { parseInterfaceId, resourceOfName } from './names.ts';
import { quote } from './reader.ts';
import { partsOf } from './type-space.ts';
import type { FunctionType, ValueType } from './types.ts';

/** A function that a component exports, and whether data alone can call it. */
export interface CallableFunction {
  /** `interface#function`, or `function` where the world exports it itself. Unique within the component. */
  readonly id: string;
  /** Interface id as the component exports it, with its version. */
  readonly interface?: string;
  readonly name: string;
  readonly type: FunctionType;
  readonly docs?: string;
  readonly callable: boolean;
  /** Why it is not callable; a sentence without final stop. Present exactly when `callable` is false. */
  readonly reason?: string;
}

/** All exported functions, in the order of the binary; those that cannot be called are listed with the reason. */
export function findFunctions(component: ComponentDescription): CallableFunction[] {
  const found: CallableFunction[] = [];
  const problems: Problems = new Map();
  for (const item of component.exports) {
    if (item.kind === 'func') found.push(describe(problems, item.name, item.type, item.docs));
    if (item.kind !== 'interface') continue;
    for (const inner of item.items) {
      if (inner.kind === 'func') found.push(describe(problems, inner.name, inner.type, inner.docs, item.name));
    }
  }
  return found;
}

/** What is wrong with each type seen so far: thousands of functions can share one large type. */
type Problems = Map<ValueType, string | undefined>;

function describe(
  problems: Problems,
  name: string,
  type: FunctionType,
  docs: string | undefined,
  within?: string,
): CallableFunction {
  const reason = whyNot(problems, name, type);
  return {
    id: within === undefined ? name : `${within}#${name}`,
    ...(within === undefined ? {} : { interface: within }),
    name,
    type,
    ...(docs === undefined ? {} : { docs }),
    callable: reason === undefined,
    ...(reason === undefined ? {} : { reason }),
  };
}

function whyNot(problems: Problems, name: string, type: FunctionType): string | undefined {
  const resource = resourceOfName(name);
  if (resource !== undefined) return `belongs to the resource ${quote(resource)}, whose instances are handles, not data`;
  if (type.isAsync || name.startsWith('[async]')) return 'is asynchronous';
  for (const param of type.params) {
    const problem = problemOf(param.type, problems);
    if (problem !== undefined) return `takes ${problem} in the parameter ${quote(param.name)}`;
  }
  const problem = type.result === undefined ? undefined : problemOf(type.result, problems);
  return problem === undefined ? undefined : `returns ${problem}`;
}

function problemOf(type: ValueType, problems: Problems): string | undefined {
  if (problems.has(type)) return problems.get(type);
  let problem = ownProblem(type);
  for (const part of partsOf(type)) problem ??= problemOf(part, problems);
  problems.set(type, problem);
  return problem;
}

function ownProblem(type: ValueType): string | undefined {
  if (type.kind === 'own' || type.kind === 'borrow') {
    return `${type.kind === 'own' ? 'an owned' : 'a borrowed'} handle of the resource ${quote(type.resource.name)}`;
  }
  return type.kind === 'unsupported' ? `a value of the unsupported type ${quote(type.what)}` : undefined;
}

/**
 * Finds an exported function by its id, its id without the interface's version, or its plain name.
 *
 * @param name - `ns:pkg/iface@1.0.0#func`, `ns:pkg/iface#func` or `func`; the shorter forms must fit one function only.
 * A full id wins over the shorter forms.
 * @returns the function, callable or not.
 * @throws CodedError `component/unknown-function`; `data.candidates` are ids.
 */
export function resolveFunction(component: ComponentDescription, name: string): CallableFunction {
  const functions = findFunctions(component);
  const exact = functions.find((one) => one.id === name);
  if (exact !== undefined) return exact;
  const fitting = functions.filter((one) => one.name === name || unversioned(one) === name);
  if (fitting.length === 1) return fitting[0] as CallableFunction; // length was just tested
  if (fitting.length > 1) throw unknownFunction(`the name ${quote(name)} fits ${fitting.length} functions`, fitting);
  throw unknownFunction(`no function ${quote(name)} is exported`, nearest(functions, name));
}

function unversioned(one: CallableFunction): string {
  const id = one.interface === undefined ? undefined : parseInterfaceId(one.interface);
  return id === undefined ? one.id : `${id.package}/${id.name}#${one.name}`;
}

function unknownFunction(problem: string, candidates: readonly CallableFunction[]): CodedError {
  const ids = candidates.map((one) => one.id);
  const list = ids.map((id) => quote(id)).join(', ');
  return new CodedError('component/unknown-function', problem, {
    data: { candidates: ids },
    ...(ids.length === 0 ? {} : { help: `use one of ${list}` }),
  });
}

const CANDIDATES_MAX = 8;

/** The callable functions whose names are most like the one given, best first. */
function nearest(functions: readonly CallableFunction[], name: string): CallableFunction[] {
  const wanted = (name.split('#').at(-1) ?? name).slice(0, 100);
  return functions
    .filter((one) => one.callable)
    .map((one) => ({ one, distance: editDistance(one.name.slice(0, 100), wanted) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, CANDIDATES_MAX)
    .map(({ one }) => one);
}

/** Insertions, deletions and replacements of one character that make `a` of `b`. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replace = (previous[column - 1] as number) + (a[row - 1] === b[column - 1] ? 0 : 1); // rows have b.length + 1 entries
      current.push(Math.min(replace, (previous[column] as number) + 1, (current[column - 1] as number) + 1));
    }
    previous = current;
  }
  return previous[b.length] as number;
}

/** As `resolveFunction`. @throws CodedError `component/not-callable` where data alone cannot call it. */
export function findCallable(component: ComponentDescription, name: string): CallableFunction {
  const found = resolveFunction(component, name);
  if (found.callable) return found;
  throw new CodedError('component/not-callable', `\`${found.id}\` cannot be called: ${found.reason}`);
}
