import { VALUE_BYTES } from './bytes.mjs';

/** Thrown for what JavaScript cannot give to a function, or take from it. */
export class NotInJavaScript extends Error {}

const LANE_BYTES = { i8: 1, i16: 2, i32: 4, i64: 8, f32: 4, f64: 8 };
const MANTISSA_BITS = { 4: 23n, 8: 52n };
const externs = new Map();
const scratch = new DataView(new ArrayBuffer(8));

/** Types of a list of values as the scripts write them; undefined where one has none. */
export function typesOf(values) {
  return values.map((value) => (value.type === 'either' ? value.values[0].type : value.type));
}

/** The bit pattern of a numeric or vector constant of a script. */
export function bitsOf({ type, value, lane_type: lane }) {
  if (type !== 'v128') return BigInt.asUintN(8 * VALUE_BYTES[type], BigInt(value));
  const width = BigInt(8 * LANE_BYTES[lane]);
  return value.reduceRight((bits, one) => (bits << width) | BigInt.asUintN(Number(width), BigInt(one)), 0n);
}

/** Whether a bit pattern is what a script expects: exact, a kind of NaN, or one of several. */
export function matchesBits(expected, bits) {
  if (expected.type === 'either') return expected.values.some((one) => matchesBits(one, bits));
  if (expected.type !== 'v128') return matchesLane(expected.value, bits, VALUE_BYTES[expected.type]);
  const size = LANE_BYTES[expected.lane_type];
  return expected.value.every((lane, at) => matchesLane(lane, BigInt.asUintN(8 * size, bits >> BigInt(8 * size * at)), size));
}

function matchesLane(expected, bits, size) {
  if (!expected.startsWith('nan')) return bits === BigInt.asUintN(8 * size, BigInt(expected));
  const mantissa = MANTISSA_BITS[size];
  const quiet = ((1n << BigInt(8 * size - 1)) - 1n) & ~((1n << (mantissa - 1n)) - 1n);
  const magnitude = BigInt.asUintN(8 * size - 1, bits);
  return expected === 'nan:canonical' ? magnitude === quiet : (magnitude & quiet) === quiet;
}

/** A script's constant as JavaScript has it. @throws NotInJavaScript */
export function toJs({ type, value, ...rest }) {
  if (type === 'i32') return Number(value) | 0;
  if (type === 'i64') return BigInt.asIntN(64, BigInt(value));
  if (type === 'f32' || type === 'f64') return floatOf(type, bitsOf({ type, value, ...rest }));
  if (value === undefined || value === 'null') return null;
  if (type === 'externref') return externOf(value);
  throw new NotInJavaScript(`a value of type ${type}`);
}

/** Whether a value from JavaScript is what a script expects; a NaN is as good as another. @throws NotInJavaScript */
export function matchesJs(expected, found) {
  const { type, value } = expected;
  if (type === 'either') return expected.values.some((one) => matchesJs(one, found));
  if (type === 'i32' || type === 'i64') return found === toJs(expected);
  if (type === 'f32' || type === 'f64') return value.startsWith('nan') ? Number.isNaN(found) : Object.is(found, toJs(expected));
  if (type === 'v128') throw new NotInJavaScript('a vector beside a reference');
  if (value === 'null' || /^(refnull|null\w+)$/.test(type)) return found === null;
  if (type === 'externref' && value !== undefined) return found === externOf(value);
  return type === 'funcref' ? typeof found === 'function' : found !== null && found !== undefined;
}

/** The same object for the same number, as the scripts ask. */
function externOf(number) {
  if (!externs.has(number)) externs.set(number, { number });
  return externs.get(number);
}

function floatOf(type, bits) {
  scratch.setBigUint64(0, bits);
  return type === 'f64' ? scratch.getFloat64(0) : scratch.getFloat32(4);
}
