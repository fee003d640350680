import type { Param, ValueType } from '../component/types.ts';
import { CodedError } from '../error.ts';
import { SLOTS_MAX } from './budget.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { type Codec, codecFor, fieldCodecs, readItems } from './codec.ts';
import { checked, Mismatch, within } from './mismatch.ts';
import type { WitValue } from './wit-value.ts';

/** What one encoded value may be; the same in both directions, so that what was encoded can be decoded. */
export interface CanonicalLimits {
  /** Size of the encoding in bytes; default 16 MiB. Not the memory of the decoded value, which may be many times more. */
  readonly bytesMax?: number;
  /** List elements, record fields, tuple items and parameters together; default 1,048,576. Bytes of a `list<u8>` are free. */
  readonly elementsMax?: number;
  /** Types inside each other; default 128. A limit on the type, since no value is deeper than its type. */
  readonly depthMax?: number;
}

const BYTES_MAX = 16 * 1024 * 1024;
const DEPTH_MAX = 128;

/** Kept between calls, so that a call allocates its result alone; `undefined` while in use (a value can have a getter). */
let idleWriter: ByteWriter | undefined = new ByteWriter();

/**
 * The canonical bytes of a value: equal values of a type have equal bytes, and different values different ones.
 *
 * docs/values.md has the format. Approval and audit hash these bytes, and the cell decodes the same ones.
 *
 * @returns bytes that the caller owns.
 * @throws CodedError `params/invalid` with `data.path` when the value is not one of the type, `params/too-large` past a
 * limit, `component/not-callable` for types that data cannot stand for.
 */
export function encodeValue(value: WitValue, type: ValueType, limits: CanonicalLimits = {}): Uint8Array {
  const codec = codecFor(type);
  checkDepth(codec.depth, limits);
  return written(limits, (writer) => codec.write(writer, value));
}

/**
 * The canonical bytes of a call's parameters, in order: the encodings one after the other.
 *
 * @throws as `encodeValue`; also `params/invalid` when there are not as many values as parameters.
 */
export function encodeParams(values: readonly WitValue[], params: readonly Param[], limits: CanonicalLimits = {}): Uint8Array {
  const codecs = codecsFor(params, limits);
  return written(limits, (writer) => {
    if (values.length !== params.length) throw new Mismatch(`${params.length} parameters`, `${values.length}`);
    writer.charge(codecs.length);
    let index = 0;
    try {
      for (; index < codecs.length; index++) codecs[index]!.write(writer, values[index]);
    } catch (error) {
      throw within(error, `.${params[index]?.name}`);
    }
  });
}

/**
 * Reads the canonical bytes of one value. Only bytes that `encodeValue` gives are accepted: what is decoded encodes to
 * the same bytes again.
 *
 * @param bytes - read only, and not kept: byte lists are copied.
 * @throws CodedError `params/invalid` with `data.offset`, `params/too-large` past a limit, `component/not-callable`.
 */
export function decodeValue(bytes: Uint8Array, type: ValueType, limits: CanonicalLimits = {}): WitValue {
  const codec = codecFor(type);
  checkDepth(codec.depth, limits);
  const reader = readerOf(bytes, limits);
  const value = codec.read(reader);
  reader.finish();
  return value;
}

/** Reads what `encodeParams` wrote. @throws as `decodeValue`. */
export function decodeParams(bytes: Uint8Array, params: readonly Param[], limits: CanonicalLimits = {}): WitValue[] {
  const codecs = codecsFor(params, limits);
  const reader = readerOf(bytes, limits);
  const values = readItems(reader, codecs);
  reader.finish();
  return values;
}

const codecsOfParams = new WeakMap<readonly Param[], readonly Codec[]>();

function codecsFor(params: readonly Param[], limits: CanonicalLimits): readonly Codec[] {
  let codecs = codecsOfParams.get(params);
  if (codecs === undefined) {
    codecs = fieldCodecs(params);
    codecsOfParams.set(params, codecs);
  }
  for (const codec of codecs) checkDepth(codec.depth, limits);
  return codecs;
}

function checkDepth(depth: number, limits: CanonicalLimits): void {
  const depthMax = limits.depthMax ?? DEPTH_MAX;
  if (depth <= depthMax) return;
  throw new CodedError('params/too-large', `the type is nested more than ${depthMax} levels deep`, {
    data: { limit: 'depthMax', depthMax },
  });
}

function written(limits: CanonicalLimits, write: (writer: ByteWriter) => void): Uint8Array {
  const writer = idleWriter ?? new ByteWriter();
  idleWriter = undefined;
  try {
    writer.reset(limits.bytesMax ?? BYTES_MAX, limits.elementsMax ?? SLOTS_MAX);
    checked(() => write(writer));
    return writer.finish();
  } finally {
    idleWriter = writer;
  }
}

function readerOf(bytes: Uint8Array, limits: CanonicalLimits): ByteReader {
  const bytesMax = limits.bytesMax ?? BYTES_MAX;
  if (bytes.byteLength > bytesMax) {
    throw new CodedError('params/too-large', `the encoded value takes more than ${bytesMax} bytes`, {
      data: { limit: 'bytesMax', bytesMax },
    });
  }
  // Shared memory can change between a check and the use of what was checked.
  const own = bytes.buffer instanceof SharedArrayBuffer ? new Uint8Array(bytes) : bytes;
  return new ByteReader(own, limits.elementsMax ?? SLOTS_MAX);
}
