import { compileFunction } from 'node:vm';
import type { FunctionType, ValueType } from '../component/types.ts';
import { CodedError } from '../error.ts';
import { type CanonicalLimits, decodeParams, decodeValue, encodeParams, encodeValue, type WitValue } from '../value/index.ts';
import type {
  Bindings,
  BoundFunction,
  BoundInstance,
  HostFunctionImplementation,
  HostFunctionOwner,
  HostImports,
  InstantiateCore,
  Linked,
  Linking,
  NeutralHostFunction,
} from './bindings.ts';
import { guestValueError } from './guest-value.ts';
import { camelCase, fromJco, toJco } from './jco-value.ts';

/*
 * The cell's side of jco: evaluates the generated linking code and calls into it. It never imports jco itself; only
 * `jco-transpile.ts` does, in another thread.
 */

type Instantiate = (
  getCoreModule: (name: string) => WebAssembly.Module,
  imports: HostImports,
  instantiateCore: InstantiateCore,
) => unknown;

/** jco's transpiled glue behind the `Bindings` interface. */
export const jcoBindings: Bindings = {
  name: 'jco',
  link: linkJco,
  hostFunction: wrapHostFunction,
  memberName: camelCase,
};

const HEAD = 'export function instantiate(';
const TAIL = '\nexport const _util = {';

function linkJco(linking: Linking): Linked {
  if (linking.bindings !== 'jco') throw new CodedError('internal/invariant', `jco was to link by ${linking.bindings}`);
  const instantiate = evaluate(linking.source);
  return {
    instantiate(modules, imports, instantiateCore, limits) {
      const getCoreModule = (name: string): WebAssembly.Module => {
        const module = modules.get(name);
        if (module === undefined) throw new CodedError('internal/invariant', `the recipe has no core module \`${name}\``);
        return module;
      };
      const root = instantiate(getCoreModule, jcoImports(imports), instantiateCore);
      if (root instanceof Promise) {
        root.catch(() => undefined); // it is refused here; its later failure must not end the worker
        throw new CodedError('component/unsupported', 'the component needs asynchronous instantiation');
      }
      return bindInstance(root as Record<string, unknown>, limits.result); // jco returns an object of exports
    },
  };
}

/** jco takes a function that the world imports as the default export of a module. */
function jcoImports(imports: HostImports): HostImports {
  return Object.fromEntries(
    Object.entries(imports).map(([name, given]) => [name, typeof given === 'function' ? { default: given } : given]),
  );
}

/**
 * Evaluates the one function of the generated module. As a function and not as an ES module, so that it is collected
 * with the artifact: an imported module would stay for the life of the thread.
 */
function evaluate(source: string): Instantiate {
  const head = source.indexOf(HEAD);
  const tail = source.lastIndexOf(TAIL);
  if (head < 0 || tail < head)
    throw new CodedError('component/transpile-failed', 'the generated linking code has an unknown shape');
  const body = `${source.slice(head + 'export '.length, tail)}\nreturn instantiate;`;
  return (compileFunction(body, [], { filename: 'cellblock:jco-glue' }) as () => Instantiate)(); // the text is jco's instantiate function
}

function bindInstance(root: Record<string, unknown>, limits: CanonicalLimits): BoundInstance {
  return {
    bind(interfaceName, functionName, type) {
      const owner = interfaceName === undefined ? root : root[exportKey(root, interfaceName)];
      const target = (owner as Record<string, unknown> | undefined)?.[camelCase(functionName)];
      if (typeof target !== 'function') {
        throw new CodedError('internal/invariant', `the instance has no export \`${functionName}\``);
      }
      return bindFunction(target as Target, owner, type, limits); // checked to be a function above
    },
  };
}

/** jco exports an interface under its full id, and a plain inline interface under its camelCase name. */
function exportKey(root: Record<string, unknown>, interfaceName: string): string {
  return Object.hasOwn(root, interfaceName) ? interfaceName : camelCase(interfaceName);
}

type Target = (...args: readonly unknown[]) => unknown;

const NOTHING = new Uint8Array(0);

function bindFunction(target: Target, owner: unknown, type: FunctionType, limits: CanonicalLimits): BoundFunction {
  const { params, result } = type;
  const types = params.map((param) => param.type);
  const call = result?.kind === 'result' ? callResult : callPlain;
  return {
    lower: (bytes) => decodeParams(bytes, params).map((value, at) => toJco(value, types[at] as ValueType)), // as many as params
    call: (args) => call(target, owner, args as readonly unknown[]), // what `lower` gave
    lift: (raw) => (result === undefined ? NOTHING : encodeGuestValue(fromJco(raw, result), result, limits)),
  };
}

function callPlain(target: Target, owner: unknown, args: readonly unknown[]): unknown {
  return target.apply(owner, args as unknown[]); // read only by convention
}

/** jco returns the ok payload of a `result` function and throws the err payload: both back into one tagged value. */
function callResult(target: Target, owner: unknown, args: readonly unknown[]): unknown {
  try {
    return { tag: 'ok', val: callPlain(target, owner, args) };
  } catch (error) {
    if (error instanceof Error && error.constructor.name === 'ComponentError' && Object.hasOwn(error, 'payload')) {
      return { tag: 'err', val: (error as { payload?: unknown }).payload };
    }
    throw error;
  }
}

function encodeGuestValue(value: WitValue, type: ValueType, limits: CanonicalLimits): Uint8Array {
  try {
    return encodeValue(value, type, limits);
  } catch (error) {
    throw guestValueError(error, 'result');
  }
}

function wrapHostFunction(type: FunctionType, implementation: HostFunctionImplementation, owner: HostFunctionOwner): unknown {
  const { params, result } = type;
  const serve = valuesForm(type, implementation, owner.limits.hostCall);
  const cross = (args: readonly unknown[]): unknown => {
    try {
      const answer = serve(params.map((param, at) => fromJco(args[at], param.type)));
      return result === undefined ? undefined : toJco(answer as WitValue, result); // the host function's own type
    } catch (error) {
      owner.failed(error);
      throw error;
    }
  };
  if (result?.kind !== 'result') return (...args: unknown[]) => cross(args);
  return (...args: unknown[]) => {
    const tagged = cross(args) as { readonly tag: 'ok' | 'err'; readonly val?: unknown }; // what `toJco` makes of a result
    if (tagged.tag === 'ok') return tagged.val;
    throw Object.assign(new Error('the host function returned err'), { payload: tagged.val });
  };
}

/** jco's code has values; a host function of the encoded form gets them encoded. */
function valuesForm(
  { params, result }: FunctionType,
  implementation: HostFunctionImplementation,
  limits: CanonicalLimits,
): NeutralHostFunction {
  if (implementation.form === 'values') return implementation.call;
  const { call } = implementation;
  return (values) => {
    const answer = call(encodeArguments(values, params, limits));
    return result === undefined ? undefined : decodeValue(answer, result, limits);
  };
}

function encodeArguments(values: readonly WitValue[], params: FunctionType['params'], limits: CanonicalLimits): Uint8Array {
  try {
    return encodeParams(values, params, limits);
  } catch (error) {
    throw guestValueError(error, 'hostCall');
  }
}
