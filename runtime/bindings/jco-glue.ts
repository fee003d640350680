import { compileFunction } from 'node:vm';
import type { FunctionType, ValueType } from '../component/types.ts';
import { CodedError } from '../error.ts';
import type { WitValue } from '../value/index.ts';
import type {
  Bindings,
  BoundFunction,
  BoundInstance,
  HostImports,
  InstantiateCore,
  Linked,
  NeutralHostFunction,
  Recipe,
} from './bindings.ts';
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

function linkJco(recipe: Recipe): Linked {
  const instantiate = evaluate(recipe.linking);
  return {
    instantiate(modules, imports, instantiateCore) {
      const getCoreModule = (name: string): WebAssembly.Module => {
        const module = modules.get(name);
        if (module === undefined) throw new CodedError('internal/invariant', `the recipe has no core module \`${name}\``);
        return module;
      };
      const root = instantiate(getCoreModule, imports, instantiateCore);
      if (root instanceof Promise) {
        root.catch(() => undefined); // it is refused here; its later failure must not end the worker
        throw new CodedError('component/unsupported', 'the component needs asynchronous instantiation');
      }
      return bindInstance(root as Record<string, unknown>); // jco returns an object of exports
    },
  };
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

function bindInstance(root: Record<string, unknown>): BoundInstance {
  return {
    bind(interfaceName, functionName, type) {
      const owner = interfaceName === undefined ? root : root[exportKey(root, interfaceName)];
      const target = (owner as Record<string, unknown> | undefined)?.[camelCase(functionName)];
      if (typeof target !== 'function') {
        throw new CodedError('internal/invariant', `the instance has no export \`${functionName}\``);
      }
      return bindFunction(target as (...args: unknown[]) => unknown, owner, type); // checked to be a function above
    },
  };
}

/** jco exports an interface under its full id, and a plain inline interface under its camelCase name. */
function exportKey(root: Record<string, unknown>, interfaceName: string): string {
  return Object.hasOwn(root, interfaceName) ? interfaceName : camelCase(interfaceName);
}

function bindFunction(target: (...args: unknown[]) => unknown, owner: unknown, type: FunctionType): BoundFunction {
  const { params, result } = type;
  return {
    lower: (values) => values.map((value, at) => toJco(value, (params[at] as { type: ValueType }).type)), // decoded for exactly these params
    call: result?.kind === 'result' ? (args) => callResult(target, owner, args) : (args) => target.apply(owner, [...args]),
    lift: (raw) => (result === undefined ? undefined : fromJco(raw, result)),
  };
}

/** jco returns the ok payload of a `result` function and throws the err payload: both back into one tagged value. */
function callResult(target: (...args: unknown[]) => unknown, owner: unknown, args: readonly unknown[]): unknown {
  try {
    return { tag: 'ok', val: target.apply(owner, [...args]) };
  } catch (error) {
    if (error instanceof Error && error.constructor.name === 'ComponentError' && Object.hasOwn(error, 'payload')) {
      return { tag: 'err', val: (error as { payload?: unknown }).payload };
    }
    throw error;
  }
}

function wrapHostFunction(type: FunctionType, call: NeutralHostFunction): unknown {
  const { params, result } = type;
  return (...args: unknown[]) => {
    const values = params.map((param, at) => fromJco(args[at], param.type));
    const answer = call(values);
    if (result === undefined) return undefined;
    if (result.kind !== 'result') return toJco(answer as WitValue, result); // the bridge decoded it for this type
    const tagged = toJco(answer as WitValue, result) as { tag: 'ok' | 'err'; val?: unknown };
    if (tagged.tag === 'ok') return tagged.val;
    throw Object.assign(new Error('the host function returned err'), { payload: tagged.val });
  };
}
