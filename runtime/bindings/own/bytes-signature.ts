import type { FunctionType, Param, ValueType } from '../../component/types.ts';
import type { ByteReader } from '../../value/byte-reader.ts';
import type { ByteWriter } from '../../value/byte-writer.ts';
import type { Abi } from './abi.ts';
import { type BytesCodec, bytesCodec, sequenceCodec } from './bytes-codec.ts';
import type { CoreValue, FlatValues } from './codec.ts';
import { MAX_FLAT_PARAMS, MAX_FLAT_RESULTS } from './layout.ts';

/**
 * Carries the parameters and the result of one function between core wasm and canonical bytes: in core values where they
 * are few, else in memory. What is thrown is as for `BytesCodec`; bytes left over in an input are `params/invalid`.
 */
export interface BytesSignature {
  /** Parameters of a call into the guest, as `encodeParams` wrote them. @param flat - is emptied, then filled with what to pass to core wasm. */
  lowerParams(abi: Abi, flat: FlatValues, input: ByteReader): void;
  /** Parameters of a call that the guest makes. @param core - what core wasm passed; may be changed. */
  liftParams(abi: Abi, core: CoreValue[], out: ByteWriter): void;
  /** The result of a call into the guest; nothing for a function without one. @param core - what core wasm returned. */
  liftResult(abi: Abi, core: CoreValue | undefined, out: ByteWriter): void;
  /**
   * The result of a call that the guest made. For a function without one `input` is not read.
   *
   * @param core - what core wasm passed: the place for a large result is the last of it.
   * @returns what to give back to core wasm.
   */
  lowerResult(abi: Abi, core: readonly CoreValue[], input: ByteReader): CoreValue | undefined;
}

const made = new WeakMap<FunctionType, BytesSignature>();

/**
 * The codecs of a function, made once for each type.
 *
 * @throws CodedError `component/not-callable` for types that data cannot stand for.
 */
export function bytesSignature(type: FunctionType): BytesSignature {
  let signature = made.get(type);
  if (signature === undefined) {
    signature = { ...params(type.params), ...(type.result === undefined ? NO_RESULT : result(type.result)) };
    made.set(type, signature);
  }
  return signature;
}

type ParamsPart = Pick<BytesSignature, 'lowerParams' | 'liftParams'>;
type ResultPart = Pick<BytesSignature, 'liftResult' | 'lowerResult'>;

function params(given: readonly Param[]): ParamsPart {
  const tuple = sequenceCodec(given.map((param) => param.type));
  return tuple.layout.flat.length <= MAX_FLAT_PARAMS ? paramsInCore(tuple) : paramsInMemory(tuple);
}

function paramsInCore(tuple: BytesCodec): ParamsPart {
  return {
    lowerParams(abi, flat, input) {
      flat.at = 0;
      tuple.lower(abi, flat, input);
      flat.values.length = flat.at;
      input.finish();
    },
    liftParams: (abi, core, out) => tuple.lift(abi, { values: core, at: 0 }, out),
  };
}

function paramsInMemory(tuple: BytesCodec): ParamsPart {
  const { size, alignment } = tuple.layout;
  return {
    lowerParams(abi, flat, input) {
      const pointer = abi.allocate(alignment, size);
      tuple.store(abi, pointer, input);
      input.finish();
      flat.values = [pointer];
      flat.at = 1;
    },
    liftParams(abi, core, out) {
      const pointer = pointerOf(core[0]);
      abi.check(pointer, alignment, size, 'the parameters have');
      tuple.load(abi, pointer, out);
    },
  };
}

const NO_RESULT: ResultPart = { liftResult: () => undefined, lowerResult: () => undefined };

function result(type: ValueType): ResultPart {
  const codec = bytesCodec(type);
  return codec.layout.flat.length <= MAX_FLAT_RESULTS ? resultInCore(codec) : resultInMemory(codec);
}

function resultInCore(codec: BytesCodec): ResultPart {
  return {
    liftResult: (abi, core, out) => codec.lift(abi, { values: core === undefined ? [] : [core], at: 0 }, out),
    lowerResult(abi, _, input) {
      const flat: FlatValues = { values: [], at: 0 };
      codec.lower(abi, flat, input);
      input.finish();
      return flat.values[0];
    },
  };
}

function resultInMemory(codec: BytesCodec): ResultPart {
  const { size, alignment } = codec.layout;
  return {
    liftResult(abi, core, out) {
      const pointer = pointerOf(core);
      abi.check(pointer, alignment, size, 'the result has');
      codec.load(abi, pointer, out);
    },
    lowerResult(abi, core, input) {
      const pointer = pointerOf(core.at(-1));
      abi.check(pointer, alignment, size, 'the place for the result has');
      codec.store(abi, pointer, input);
      input.finish();
      return undefined;
    },
  };
}

function pointerOf(core: CoreValue | undefined): number {
  return (core as number) >>> 0; // core wasm has typed it: an i32
}
