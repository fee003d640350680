import { VALUE_BYTES } from './bytes.mjs';

/** Bit patterns where instructions behave differently. No NaN: engines may differ in what they make of one. */
const CORNERS = {
  i32: [0n, 1n, 2n, 0xffff_ffffn, 0x7fff_ffffn, 0x8000_0000n, 31n, 0x1_0000n],
  i64: [0n, 1n, 2n, 0xffff_ffff_ffff_ffffn, 0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, 0xffff_ffffn, 63n],
  f32: [0n, 0x8000_0000n, 0x3f80_0000n, 0xbfc0_0000n, 0x4f00_0000n, 0x7f80_0000n, 0x0000_0001n, 0x4120_0000n],
  f64: [0n, 1n << 63n, 0x3ff0n << 48n, 0xbff8n << 48n, 0x41e0n << 48n, 0x7ff0n << 48n, 1n, 0x4024n << 48n],
};

/** Random arguments for a signature, as bit patterns. @param random - numbers from 0 up to 1. */
export function randomArguments({ params }, random) {
  return params.map((type) => String(randomBits(type, random)));
}

/** A random bit pattern that is no NaN. References are 0: they are passed as null. */
export function randomBits(type, random) {
  if (!(type in VALUE_BYTES)) return 0n;
  if (type === 'v128')
    return [0, 1, 2, 3].reduce((bits) => (bits << 32n) | randomBits(random() < 0.5 ? 'i32' : 'f32', random), 0n);
  const corners = CORNERS[type];
  if (random() < 0.6) return corners[Math.floor(random() * corners.length)];
  if (type === 'f32' || type === 'f64') return floatBits(type, (random() - 0.5) * 10 ** Math.floor(random() * 12));
  return BigInt.asUintN(8 * VALUE_BYTES[type], BigInt(Math.floor(random() * 2 ** 31)) * (random() < 0.5 ? 1n : 0x1_0001n));
}

function floatBits(type, value) {
  const view = new DataView(new ArrayBuffer(8));
  if (type === 'f64') view.setFloat64(0, value);
  else view.setFloat32(4, value);
  return view.getBigUint64(0);
}
