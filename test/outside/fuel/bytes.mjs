/** Value types of the binary format, by name. */
export const VALUE_TYPES = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
  funcref: 0x70,
  externref: 0x6f,
  exnref: 0x69,
};

/** Bytes that a value of a numeric or vector type takes. */
export const VALUE_BYTES = { i32: 4, i64: 8, f32: 4, f64: 8, v128: 16 };

/** The first eight bytes of every core module. */
export const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** Unsigned LEB128 of a number below 2^32. */
export function unsigned(value) {
  const bytes = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return [...bytes, rest];
}

/** Signed LEB128 of a number or bigint. */
export function signed(value) {
  const bytes = [];
  for (let rest = BigInt(value); ; rest >>= 7n) {
    const low = Number(rest & 0x7fn);
    const last = (rest >> 7n === 0n && (low & 0x40) === 0) || (rest >> 7n === -1n && (low & 0x40) !== 0);
    bytes.push(last ? low : low | 0x80);
    if (last) return bytes;
  }
}

/** The low bytes of a bigint, lowest first. */
export function littleEndian(value, count) {
  return Array.from({ length: count }, (_, at) => Number((BigInt(value) >> BigInt(8 * at)) & 0xffn));
}

/** A list with its length in front. */
export function vector(items) {
  return [...unsigned(items.length), ...items.flat()];
}

export function section(id, content) {
  return [id, ...unsigned(content.length), ...content];
}

export function nameBytes(text) {
  return vector([...new TextEncoder().encode(text)]);
}

export function functionType({ params, results }) {
  const types = (names) => vector(names.map((name) => [VALUE_TYPES[name]]));
  return [0x60, ...types(params), ...types(results)];
}

/** One entry of the code section. @param locals - types by name. */
export function functionBody(locals, code) {
  const body = [...vector(locals.map((name) => [1, VALUE_TYPES[name]])), ...code, 0x0b];
  return [...unsigned(body.length), ...body];
}
