import type { FunctionType, ValueType } from '../../component/types.ts';
import type { Abi } from './abi.ts';
import type { CoreValue, FlatValues, Layout, ValueCodec } from './codec.ts';
import { layoutOf, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS } from './layout.ts';
import type { Shape } from './shape.ts';
import { valueCodec } from './value-codec.ts';

/**
 * Carries the parameters and the result of one function as JavaScript values of one shape: in core values where they are
 * few, else in memory.
 */
export interface SignatureCodec {
  /** Parameters of a call that the guest makes. @param core - what core wasm passed. */
  liftParams(abi: Abi, core: readonly CoreValue[]): unknown[];
  /** Parameters of a call into the guest, as what to pass to core wasm. */
  lowerParams(abi: Abi, values: readonly unknown[]): CoreValue[];
  /** The result of a call into the guest. @param core - what core wasm returned. */
  liftResult(abi: Abi, core: CoreValue | undefined): unknown;
  /** The result of a call that the guest made. @param core - what core wasm passed: the place for a large result is the last of it. */
  lowerResult(abi: Abi, core: readonly CoreValue[], value: unknown): CoreValue | undefined;
}

const made = new WeakMap<FunctionType, Map<Shape, SignatureCodec>>();

/** The codecs of a function for one shape, made once for each type. @throws CodedError `component/unsupported`. */
export function signatureCodec(type: FunctionType, shape: Shape): SignatureCodec {
  let shapes = made.get(type);
  if (shapes === undefined) {
    shapes = new Map();
    made.set(type, shapes);
  }
  let codec = shapes.get(shape);
  if (codec === undefined) {
    const params = type.params.map((param) => param.type);
    codec = { ...paramsCodec(params, shape), ...resultCodec(type.result, shape) };
    shapes.set(shape, codec);
  }
  return codec;
}

/** Parameters as one tuple: how they lie in memory when they are too many. */
function paramsTuple(params: readonly ValueType[]): ValueType {
  return { kind: 'tuple', items: params };
}

type ParamsCodec = Pick<SignatureCodec, 'liftParams' | 'lowerParams'>;

function paramsCodec(params: readonly ValueType[], shape: Shape): ParamsCodec {
  if (params.length === 0) return NO_PARAMS;
  const tuple = paramsTuple(params);
  if (layoutOf(tuple).flat.length > MAX_FLAT_PARAMS) return paramsInMemory(valueCodec(tuple, shape));
  return paramsInCore(params.map((param) => valueCodec(param, shape)));
}

const NO_PARAMS: ParamsCodec = { liftParams: () => [], lowerParams: () => [] };

function paramsInCore(codecs: readonly ValueCodec[]): ParamsCodec {
  const [only] = codecs;
  if (only !== undefined && codecs.length === 1) return paramInCore(only);
  return {
    liftParams(abi, core) {
      const flat: FlatValues = { values: core as CoreValue[], at: 0 }; // lifting only reads
      const values: unknown[] = [];
      for (let at = 0; at < codecs.length; at++) values.push(codecs[at]!.lift(abi, flat));
      return values;
    },
    lowerParams(abi, values) {
      const flat: FlatValues = { values: [], at: 0 };
      for (let at = 0; at < codecs.length; at++) codecs[at]!.lower(abi, flat, values[at]);
      return flat.values;
    },
  };
}

/** One parameter: what most functions that are called often have. */
function paramInCore(codec: ValueCodec): ParamsCodec {
  return {
    liftParams: (abi, core) => [codec.lift(abi, { values: core as CoreValue[], at: 0 })], // lifting only reads
    lowerParams(abi, values) {
      const flat: FlatValues = { values: [], at: 0 };
      codec.lower(abi, flat, values[0]);
      return flat.values;
    },
  };
}

function paramsInMemory(tuple: ValueCodec): ParamsCodec {
  const { size, alignment } = tuple.layout;
  return {
    liftParams(abi, core) {
      const pointer = (core[0] as number) >>> 0; // a pointer is an i32
      abi.check(pointer, alignment, size, 'the parameters have');
      return tuple.load(abi, pointer) as unknown[]; // a tuple's value, in every shape
    },
    lowerParams(abi, values) {
      const pointer = abi.allocate(alignment, size);
      tuple.store(abi, pointer, values);
      return [pointer];
    },
  };
}

type ResultCodec = Pick<SignatureCodec, 'liftResult' | 'lowerResult'>;

function resultCodec(type: ValueType | undefined, shape: Shape): ResultCodec {
  if (type === undefined) return NO_RESULT;
  const codec = valueCodec(type, shape);
  return isFlatResult(codec.layout) ? resultInCore(codec) : resultInMemory(codec);
}

/** True when a result of this layout is one core value; otherwise it lies in memory. */
function isFlatResult(layout: Layout): boolean {
  return layout.flat.length <= MAX_FLAT_RESULTS;
}

const NO_RESULT: ResultCodec = { liftResult: () => undefined, lowerResult: () => undefined };

function resultInCore(codec: ValueCodec): ResultCodec {
  return {
    liftResult: (abi, core) => codec.lift(abi, { values: [core as CoreValue], at: 0 }), // one core value, by its type
    lowerResult(abi, _core, value) {
      const flat: FlatValues = { values: [], at: 0 };
      codec.lower(abi, flat, value);
      return flat.values[0];
    },
  };
}

function resultInMemory(codec: ValueCodec): ResultCodec {
  const { size, alignment } = codec.layout;
  return {
    liftResult(abi, core) {
      const pointer = (core as number) >>> 0;
      abi.check(pointer, alignment, size, 'the result has');
      return codec.load(abi, pointer);
    },
    lowerResult(abi, core, value) {
      const pointer = (core[core.length - 1] as number) >>> 0;
      abi.check(pointer, alignment, size, 'the place for the result has');
      codec.store(abi, pointer, value);
      return undefined;
    },
  };
}
