import type { PrimitiveKind, ValueType } from '../component/types.ts';
import { JsonNumber } from './json-value.ts';
import { Mismatch } from './mismatch.ts';
import { Foreign } from './plain.ts';
import { isWellFormed, type WitValue } from './wit-value.ts';
import { INTEGER_RANGES, type IntegerKind, jsonWords, kindWords } from './words.ts';

type Primitive = Extract<ValueType, { kind: PrimitiveKind }>;

/** The floats that JSON has no number for, by the word that `{"float": word}` says. */
export const FLOAT_WORDS: ReadonlyMap<unknown, number> = new Map([
  ['nan', Number.NaN],
  ['infinity', Number.POSITIVE_INFINITY],
  ['-infinity', Number.NEGATIVE_INFINITY],
]);

/** Longest integer of 64 bits with its sign; asked first, so that no long text is ever converted. */
const DIGITS_MAX = 20;
const INTEGER_NUMBER = /^-?(?:0|[1-9][0-9]*)$/;
/** As in the number form, but one text for each integer: no `-0`. */
const INTEGER_STRING = /^(?:0|-?[1-9][0-9]*)$/;

/**
 * Reads a value without parts from one shaped input (see `from-json.ts`).
 *
 * @throws Mismatch without a path.
 */
export function readScalar(seen: unknown, type: Primitive): WitValue {
  switch (type.kind) {
    case 'bool':
      if (typeof seen !== 'boolean') throw mismatch(type, seen);
      return seen;
    case 'string':
      return readString(seen, type);
    case 'char':
      return readChar(seen, type);
    case 'f32':
    case 'f64':
      return readFloat(seen, type);
    case 's64':
    case 'u64':
      return readInteger(seen, type, type.kind);
    default:
      return Number(readInteger(seen, type, type.kind));
  }
}

/** Reads a `list<u8>`: strict base64 of RFC 4648 section 4, with padding, or bytes of a caller in JavaScript. */
export function readBytes(seen: unknown, type: ValueType): Uint8Array {
  if (seen instanceof Uint8Array) return seen;
  if (typeof seen !== 'string') throw mismatch(type, seen);
  const bytes = Buffer.from(seen, 'base64');
  // Node's decoder skips what it does not know. Only the one canonical text of these bytes comes back as it was.
  if (bytes.toString('base64') !== seen) throw new Mismatch(jsonWords(type), 'string that is not canonical base64');
  // Small buffers are views of a pool that other code can see.
  return new Uint8Array(bytes);
}

function readString(seen: unknown, type: Primitive): string {
  if (typeof seen !== 'string') throw mismatch(type, seen);
  if (!isWellFormed(seen)) throw new Mismatch(jsonWords(type), 'string with a lone surrogate');
  return seen;
}

function readChar(seen: unknown, type: Primitive): string {
  const text = readString(seen, type);
  const point = text.codePointAt(0);
  if (point === undefined || text.length !== (point > 0xffff ? 2 : 1)) {
    throw new Mismatch(jsonWords(type), text === '' ? 'empty string' : 'longer string');
  }
  return text;
}

function readFloat(seen: unknown, type: Primitive): number {
  const exact = floatOf(seen);
  if (exact === undefined) throw mismatch(type, seen);
  const value = type.kind === 'f32' ? Math.fround(exact) : exact;
  // A number that is written out and becomes infinite is out of range; infinity itself is said by its word.
  if (seen instanceof JsonNumber ? !Number.isFinite(value) : Number.isFinite(exact) !== Number.isFinite(value)) {
    throw new Mismatch(jsonWords(type), 'number out of range');
  }
  return value;
}

function floatOf(seen: unknown): number | undefined {
  if (seen instanceof JsonNumber) return Number(seen.text);
  if (typeof seen === 'number') return seen;
  return seen instanceof Map && seen.size === 1 ? FLOAT_WORDS.get(seen.get('float')) : undefined;
}

function readInteger(seen: unknown, type: Primitive, kind: IntegerKind): bigint {
  const value = integerOf(seen, kind === 's64' || kind === 'u64', type);
  const [min, max] = INTEGER_RANGES[kind];
  if (value === undefined || value < min || value > max) throw new Mismatch(jsonWords(type), 'integer out of range');
  return value;
}

/** `undefined` for an integer that is too long for every type. */
function integerOf(seen: unknown, stringsToo: boolean, type: Primitive): bigint | undefined {
  if (typeof seen === 'bigint') return seen;
  if (typeof seen === 'number') {
    if (!Number.isInteger(seen)) throw new Mismatch(jsonWords(type), 'number that is not an integer');
    if (!Number.isSafeInteger(seen)) throw new Mismatch(jsonWords(type), 'number too large to be exact');
    return BigInt(seen);
  }
  const written = seen instanceof JsonNumber;
  if (!written && !(stringsToo && typeof seen === 'string')) throw mismatch(type, seen);
  const text = written ? seen.text : (seen as string); // the line above leaves these two
  if (!(written ? INTEGER_NUMBER : INTEGER_STRING).test(text)) {
    throw new Mismatch(jsonWords(type), written ? 'number with a fraction or exponent' : 'string that is not a decimal integer');
  }
  return text.length > DIGITS_MAX ? undefined : BigInt(text);
}

/** The mismatch of an input that is of another kind than the type. */
export function mismatch(type: ValueType, seen: unknown): Mismatch {
  return new Mismatch(jsonWords(type), gotWords(seen));
}

/** Words for a shaped input; see `kindWords`. */
export function gotWords(seen: unknown): string {
  return seen instanceof Foreign ? seen.words : kindWords(seen);
}
