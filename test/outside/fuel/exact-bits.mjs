import { functionBody, functionType, HEADER, nameBytes, section, unsigned, VALUE_BYTES, vector } from './bytes.mjs';
import { zeroOf } from './stand-ins.mjs';

/** `ref.is_null`, by which a reference becomes a number. */
const IS_NULL = 0xd1;

/** Opcodes that load and store a value of each type. */
const ACCESS = { i32: [[0x28], [0x36]], i64: [[0x29], [0x37]], f32: [[0x2a], [0x38]], f64: [[0x2b], [0x39]] };
const VECTOR_ACCESS = [
  [0xfd, 0],
  [0xfd, 11],
];
const SLOT_BYTES = 16;
const MASK_32 = 0xffff_ffffn;

const modules = new Map();
/** By guest function: a wrapper with the memory that its values pass through. */
const instances = new WeakMap();

/** Whether all values of a signature can go through memory: numbers and vectors, no references. */
export function passesBits({ params, results }) {
  return [...params, ...results].every((type) => type in VALUE_BYTES);
}

/**
 * Calls an exported wasm function with exact bits, which JavaScript's own calls do not keep: they take no vector, and may
 * change the bits of a NaN. A generated module loads the arguments from its memory and stores the results there.
 *
 * @param args - bit patterns, bigint, one for each parameter. For a reference anything: it is passed as null.
 * @returns the results' bit patterns, bigint. For a reference 1n if it is null, else 0n.
 * @throws what the function throws.
 */
export function callWithBits(callee, signature, args) {
  const { run, view } = wrapperOf(callee, signature);
  for (const [at, bits] of args.entries()) writeBits(view, at * SLOT_BYTES, bits);
  run();
  return signature.results.map((type, at) => readBits(view, at * SLOT_BYTES, VALUE_BYTES[type] ?? 4));
}

function wrapperOf(callee, signature) {
  let wrapper = instances.get(callee);
  if (wrapper === undefined) {
    const key = `${signature.params} ${signature.results}`;
    if (!modules.has(key)) modules.set(key, new WebAssembly.Module(Uint8Array.from(wrapperBytes(signature))));
    const { exports } = new WebAssembly.Instance(modules.get(key), { guest: { callee } });
    wrapper = { run: exports.run, view: new DataView(exports.memory.buffer) };
    instances.set(callee, wrapper);
  }
  return wrapper;
}

function wrapperBytes(signature) {
  const { params, results } = signature;
  const address = [0x41, 0]; // i32.const 0: the offset says which slot
  const access = (type, store, at) => [...accessOf(type)[store], 0, ...unsigned(at * SLOT_BYTES)];
  const code = params.flatMap((type, at) => (type in VALUE_BYTES ? [...address, ...access(type, 0, at)] : zeroOf(type)));
  code.push(0x10, 0);
  for (let at = results.length - 1; at >= 0; at -= 1) code.push(0x21, ...unsigned(at));
  results.forEach((type, at) => {
    const number = type in VALUE_BYTES;
    code.push(...address, 0x20, ...unsigned(at), ...(number ? [] : [IS_NULL]), ...access(number ? type : 'i32', 1, at));
  });
  return [
    ...HEADER,
    ...section(1, vector([functionType(signature), functionType({ params: [], results: [] })])),
    ...section(2, vector([[...nameBytes('guest'), ...nameBytes('callee'), 0, 0]])),
    ...section(3, vector([[1]])),
    ...section(5, vector([[0, 1]])),
    ...section(
      7,
      vector([
        [...nameBytes('run'), 0, 1],
        [...nameBytes('memory'), 2, 0],
      ]),
    ),
    ...section(10, vector([functionBody(results, code)])),
  ];
}

function accessOf(type) {
  return type === 'v128' ? VECTOR_ACCESS : ACCESS[type];
}

function writeBits(view, at, bits) {
  for (let part = 0; part < 4; part += 1) view.setUint32(at + 4 * part, Number((bits >> BigInt(32 * part)) & MASK_32), true);
}

function readBits(view, at, size) {
  let bits = 0n;
  for (let part = size - 4; part >= 0; part -= 4) bits = (bits << 32n) | BigInt(view.getUint32(at + part, true));
  return bits;
}
