import type { FunctionType } from '../../component/types.ts';
import { CodedError } from '../../error.ts';
import { type HostFunctionImplementation, type HostImports, TRACED, type TraceWasi } from '../bindings.ts';
import { camelCase, pascalCase } from './host-names.ts';
import type { ImportRef } from './link-plan.ts';
import { hostClass } from './store.ts';

/** A function of the host's, with its arguments one by one. */
export type HostCallable = (...args: unknown[]) => unknown;

/**
 * A function of the host's as these bindings call it, by the form of the values that it takes:
 *
 * - `values`, `encoded`: made by `hostFunction`, see `Bindings`;
 * - `jco`: a member of an object that is made as jco's glue wants it, like those of preview2-shim: values in jco's shape, the
 *   `ok` payload of a `result` returned and its `err` payload thrown. A method gets its object as the first argument.
 */
export type HostTarget = HostFunctionImplementation | { readonly form: 'jco'; readonly call: HostCallable };

/** What `hostFunction` has made; nothing else is taken for it. */
const implementations = new WeakMap<object, HostFunctionImplementation>();

/** Marks a host function of neutral values or encodings, so that it can stand in an import object. */
export function hostFunction(_type: FunctionType, implementation: HostFunctionImplementation): object {
  const marked = Object.freeze({});
  implementations.set(marked, implementation);
  return marked;
}

/** What a function's WIT name says of where it is: `[method]input-stream.read`. */
interface MemberName {
  readonly annotation: 'method' | 'static' | 'constructor' | undefined;
  /** The resource; empty for a plain function. */
  readonly resource: string;
  /** Key of the function in its object or class. */
  readonly key: string;
}

const memberNames = new WeakMap<ImportRef, MemberName>();

function memberName(ref: ImportRef): MemberName {
  let parsed = memberNames.get(ref);
  if (parsed === undefined) {
    const [, annotation, resource = '', member = ''] = /^\[(method|static|constructor)\]([^.]*)(?:\.(.*))?$/.exec(ref.name) ?? [];
    const key = camelCase(annotation === undefined ? ref.name : member);
    parsed = { annotation: annotation as MemberName['annotation'], resource, key }; // one of the three words of the pattern
    memberNames.set(ref, parsed);
  }
  return parsed;
}

/**
 * Finds what serves an imported function.
 *
 * @throws CodedError `internal/invariant` when the import object lacks it: grants were checked long before.
 */
export function findHostTarget(imports: HostImports, ref: ImportRef): HostTarget {
  const target = findTarget(imports, ref);
  const trace = imports[TRACED];
  return trace === undefined || target.form !== 'jco' ? target : { form: 'jco', call: traced(target.call, ref, trace) };
}

function traced(call: HostCallable, { interface: within = '', name }: ImportRef, trace: TraceWasi): HostCallable {
  return (...args) => {
    const began = performance.now();
    const tell = (answer: unknown, failed: boolean): void =>
      trace({ import: within, name, args, answer, failed, milliseconds: performance.now() - began });
    let answer: unknown;
    try {
      answer = call(...args);
    } catch (thrown) {
      tell(thrown, true);
      throw thrown;
    }
    tell(answer, false);
    return answer;
  };
}

function findTarget(imports: HostImports, ref: ImportRef): HostTarget {
  const { interface: within, name } = ref;
  if (within === undefined) return plainTarget(imports[name], ref);
  const members = imports[within] as Record<string, unknown> | undefined;
  if (typeof members !== 'object' || members === null) throw absent(ref);
  const { annotation, resource, key } = memberName(ref);
  if (annotation === undefined) return plainTarget(Object.hasOwn(members, name) ? members[name] : members[key], ref);
  if (annotation === 'method') return { form: 'jco', call: methodCall(key, ref) };
  const given = hostClass(imports, { interface: within, name: resource });
  if (given === undefined) throw absent({ ...ref, name: pascalCase(resource) });
  if (annotation === 'constructor') return { form: 'jco', call: (...args) => Reflect.construct(given, args) };
  const method: unknown = Reflect.get(given, key); // static members
  if (typeof method !== 'function') throw absent(ref);
  return { form: 'jco', call: method.bind(given) as HostCallable };
}

/** A function by itself, or under `default`. */
function plainTarget(given: unknown, ref: ImportRef): HostTarget {
  const marked = typeof given === 'object' && given !== null;
  const found = marked && !implementations.has(given) ? (given as { default?: unknown }).default : given;
  if (typeof found === 'function') return { form: 'jco', call: found as HostCallable };
  const implementation = typeof found === 'object' && found !== null ? implementations.get(found) : undefined;
  if (implementation === undefined) throw absent(ref);
  return implementation;
}

function methodCall(key: string, ref: ImportRef): HostCallable {
  const methodOf = (self: unknown): HostCallable => {
    const method = (self as Record<string, unknown>)[key];
    if (typeof method !== 'function') throw absent(ref);
    return method as HostCallable;
  };
  return (self, ...args) => methodOf(self).apply(self, args);
}

function absent({ interface: within, name }: ImportRef): CodedError {
  const full = within === undefined ? name : `${within}#${name}`;
  return new CodedError('internal/invariant', `nothing serves the import \`${full.slice(0, 200)}\``);
}

/** Calls a function of jco's form whose type has a `result`: what it throws is the `err` payload, unless it is an error. */
export function callForResult(call: HostCallable, args: readonly unknown[]): { tag: 'ok' | 'err'; val?: unknown } {
  try {
    return { tag: 'ok', val: call(...args) };
  } catch (thrown) {
    if (typeof thrown === 'object' && thrown !== null && Object.hasOwn(thrown, 'payload')) {
      return { tag: 'err', val: (thrown as { payload: unknown }).payload };
    }
    if (thrown instanceof Error) throw thrown;
    return { tag: 'err', val: thrown };
  }
}
