import type { FunctionType, ValueType } from '../../component/types.ts';
import { CodedError } from '../../error.ts';
import type { WitValue } from '../../value/index.ts';
import type { HostFunctionImplementation, HostImports } from '../bindings.ts';
import { camelCase, pascalCase } from './host-names.ts';
import { hostClass } from './store.ts';

/**
 * A function of the host's as these bindings call it, by the form of the values that it takes:
 *
 * - `values`, `encoded`: made by `hostFunction`, see `Bindings`;
 * - `jco`: a member of an object that is made as jco's glue wants it, like those of preview2-shim: values in jco's shape, the
 *   `ok` payload of a `result` returned and its `err` payload thrown.
 */
export type HostTarget = HostFunctionImplementation | { readonly form: 'jco'; readonly call: (args: unknown[]) => unknown };

/** What `hostFunction` has made; nothing else is taken for it. */
const implementations = new WeakMap<object, HostFunctionImplementation>();

/** Marks a host function of neutral values or encodings, so that it can stand in an import object. */
export function hostFunction(_type: FunctionType, implementation: HostFunctionImplementation): object {
  const marked = Object.freeze({});
  implementations.set(marked, implementation);
  return marked;
}

/**
 * Finds what serves an imported function.
 *
 * @param within - the interface; undefined for a function that the world imports directly.
 * @param name - the function's WIT name, which says whether it belongs to a resource: `[method]input-stream.read`.
 * @throws CodedError `internal/invariant` when the import object lacks it: grants were checked long before.
 */
export function findHostTarget(imports: HostImports, within: string | undefined, name: string): HostTarget {
  if (within === undefined) return plainTarget(imports[name], 'default', name);
  const members = imports[within];
  if (typeof members !== 'object' || members === null) throw absent(`${within}#${name}`);
  const [, annotation, resource = '', member = ''] = /^\[(method|static|constructor)\]([^.]*)(?:\.(.*))?$/.exec(name) ?? [];
  if (annotation === undefined) return memberTarget(members as Record<string, unknown>, name, within);
  const key = camelCase(member);
  if (annotation === 'method') return { form: 'jco', call: ([self, ...args]) => callMember(self, key, args, name) };
  const given = hostClass(imports, { interface: within, name: resource });
  if (given === undefined) throw absent(`${within}#${pascalCase(resource)}`);
  if (annotation === 'constructor') return { form: 'jco', call: (args) => Reflect.construct(given, args) };
  return { form: 'jco', call: (args) => callMember(given, key, args, name) };
}

function memberTarget(members: Record<string, unknown>, name: string, within: string): HostTarget {
  const key = Object.hasOwn(members, name) ? name : camelCase(name);
  return plainTarget(members[key], 'default', `${within}#${name}`);
}

function plainTarget(found: unknown, key: string, name: string): HostTarget {
  const target =
    typeof found === 'object' && found !== null && !implementations.has(found) ? (found as Record<string, unknown>)[key] : found;
  if (typeof target === 'function') return { form: 'jco', call: (args) => (target as (...args: unknown[]) => unknown)(...args) };
  const marked = typeof target === 'object' && target !== null ? implementations.get(target) : undefined;
  if (marked === undefined) throw absent(name);
  return marked;
}

function callMember(owner: unknown, key: string, args: unknown[], name: string): unknown {
  const method = (owner as Record<string, unknown> | undefined)?.[key];
  if (typeof method !== 'function') throw absent(name);
  return (method as (...args: unknown[]) => unknown).apply(owner, args);
}

function absent(name: string): CodedError {
  return new CodedError('internal/invariant', `nothing serves the import \`${name.slice(0, 200)}\``);
}

/** Calls a function of jco's form whose type has a `result`: what it throws is the `err` payload, unless it is an error. */
export function callForResult(call: (args: unknown[]) => unknown, args: unknown[]): { tag: 'ok' | 'err'; val?: unknown } {
  try {
    return { tag: 'ok', val: call(args) };
  } catch (thrown) {
    if (typeof thrown === 'object' && thrown !== null && Object.hasOwn(thrown, 'payload')) {
      return { tag: 'err', val: (thrown as { payload: unknown }).payload };
    }
    if (thrown instanceof Error) throw thrown;
    return { tag: 'err', val: thrown };
  }
}

/** Calls any host function with values of its own shape. */
export function callHost(
  target: Exclude<HostTarget, { form: 'encoded' }>,
  result: ValueType | undefined,
  args: unknown[],
): unknown {
  if (target.form === 'values') return target.call(args as WitValue[]); // lifted in that shape
  return result?.kind === 'result' ? callForResult(target.call, args) : target.call(args);
}
