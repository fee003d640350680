import type { CoreNumber } from './core-types.ts';
import type { FunctionType, ValueType } from './types.ts';

/** Core parameters beyond which all parameters go through memory, and those of an asynchronous call. */
const PARAMS_MAX = 16;
const ASYNC_PARAMS_MAX = 4;
const RESULTS_MAX = 1;

/** How a function is called from core WebAssembly, or implemented in it. */
export interface FlatCall {
  readonly params: readonly CoreNumber[];
  readonly results: readonly CoreNumber[];
  /** Whether the parameters, or the result, go through memory. */
  readonly spillsParams: boolean;
  readonly spillsResult: boolean;
}

/** The options of a canonical definition that change a signature. */
export interface FlatMode {
  readonly async: boolean;
  readonly callback: boolean;
}

/**
 * The core signature of a function: `lift` for the core function that implements it, `lower` for the one that calls it.
 * Memories are 32 bits wide.
 * Source: component model, CanonicalABI.md, Flattening.
 */
export function flattenFunction(type: FunctionType, direction: 'lift' | 'lower', mode: FlatMode): FlatCall {
  const flat = flatParams(type);
  const result = type.result === undefined ? [] : flatOf(type.result);
  const spillsParams = flat.length > (mode.async && direction === 'lower' ? ASYNC_PARAMS_MAX : PARAMS_MAX);
  const params = spillsParams ? ONE.i32 : flat;
  if (!mode.async) {
    const spillsResult = result.length > RESULTS_MAX;
    if (!spillsResult) return { params, results: result, spillsParams, spillsResult };
    return direction === 'lift'
      ? { params, results: ['i32'], spillsParams, spillsResult }
      : { params: [...params, 'i32'], results: [], spillsParams, spillsResult };
  }
  if (direction === 'lift') {
    return { params, results: mode.callback ? ['i32'] : [], spillsParams, spillsResult: result.length > PARAMS_MAX };
  }
  const spillsResult = result.length > 0;
  return { params: spillsResult ? [...params, 'i32'] : params, results: ['i32'], spillsParams, spillsResult };
}

const known = new WeakMap<ValueType | FunctionType, readonly CoreNumber[]>();

/** Looked at once for each type: thousands of definitions can lift functions of one long type. */
function flatParams(type: FunctionType): readonly CoreNumber[] {
  let flat = known.get(type);
  if (flat === undefined) {
    flat = concat(type.params.map((param) => param.type));
    known.set(type, flat);
  }
  return flat;
}

/**
 * The core values of a type, exact up to one more than `PARAMS_MAX` of them: a value with that many goes through memory,
 * and all of them could be exponentially many, as nodes of a type tree are shared.
 */
function flatOf(type: ValueType): readonly CoreNumber[] {
  let flat = known.get(type);
  if (flat === undefined) {
    flat = flatten(type);
    known.set(type, flat);
  }
  return flat;
}

const ONE: Readonly<Record<CoreNumber, readonly CoreNumber[]>> = { i32: ['i32'], i64: ['i64'], f32: ['f32'], f64: ['f64'] };
const POINTER_AND_LENGTH: readonly CoreNumber[] = ['i32', 'i32'];

/** Recursion is bounded by `typeDepthMax`. */
function flatten(type: ValueType): readonly CoreNumber[] {
  switch (type.kind) {
    case 's64':
    case 'u64':
      return ONE.i64;
    case 'f32':
    case 'f64':
      return ONE[type.kind];
    case 'string':
    case 'list':
      return POINTER_AND_LENGTH;
    case 'record':
      return concat(type.fields.map((field) => field.type));
    case 'tuple':
      return concat(type.items);
    case 'variant':
      return union(type.cases.map((one) => one.type));
    case 'option':
      return union([type.some]);
    case 'result':
      return union([type.ok, type.err]);
    case 'unsupported':
      return newer(type);
    default:
      return ONE.i32;
  }
}

function newer({ parts, length }: ValueType & { kind: 'unsupported' }): readonly CoreNumber[] {
  if (length === undefined) return ONE.i32;
  const element = parts?.[0];
  return element === undefined ? [] : concat(new Array<ValueType>(Math.min(length, PARAMS_MAX + 1)).fill(element));
}

function concat(types: readonly ValueType[]): CoreNumber[] {
  const flat: CoreNumber[] = [];
  for (const type of types) {
    for (const one of flatOf(type)) {
      if (flat.length > PARAMS_MAX) return flat;
      flat.push(one);
    }
  }
  return flat;
}

function union(payloads: readonly (ValueType | undefined)[]): CoreNumber[] {
  const flat: CoreNumber[] = ['i32'];
  for (const payload of payloads) {
    if (payload === undefined) continue;
    for (const [index, one] of flatOf(payload).slice(0, PARAMS_MAX).entries()) {
      const other = flat[index + 1];
      flat[index + 1] = other === undefined ? one : join(other, one);
    }
  }
  return flat;
}

/** The tightest core type that can carry the bits of both. */
function join(a: CoreNumber, b: CoreNumber): CoreNumber {
  if (a === b) return a;
  return (a === 'i32' && b === 'f32') || (a === 'f32' && b === 'i32') ? 'i32' : 'i64';
}
