// Plain JavaScript, so that `test/outside/mutate.mjs` runs without a build of the tests; types in `mutate.d.mts`.

/**
 * A random generator that always gives the same numbers for the same seed.
 *
 * @returns a function like `Math.random`: each call gives a number from 0 up to, not including, 1.
 * Source: mulberry32 (public domain).
 */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @typedef {(bytes: Uint8Array, below: (max: number) => number) => Uint8Array} Mutation Takes the bytes as its own. */

/** Bytes that mean most to a decoder: ends of LEB128 ranges, type opcodes, and small counts. */
const LOADED = [0x00, 0x01, 0x02, 0x3f, 0x40, 0x41, 0x42, 0x43, 0x68, 0x69, 0x72, 0x7f, 0x80, 0xff];
/** Lengths and counts that no real file has. */
const BOMBS = [
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x80, 0x00],
  [0xff, 0xff, 0x03],
  [0xe8, 0x07],
];

/** @type {readonly Mutation[]} */
const MUTATIONS = [flipBit, setByte, nudge, truncate, bomb, cut, repeat, swapSections, dropSection, repeatSection];

/**
 * Makes a damaged copy of a wasm binary: one to three changes, each a flip, truncation, length bomb, moved section or
 * the like. The same seed bytes and random numbers give the same copy.
 *
 * @param seed - the binary; not changed. May be empty.
 * @param random - numbers from 0 up to 1, as from `seededRandom`.
 */
export function mutate(seed, random) {
  const below = (max) => Math.floor(random() * max);
  // Not `slice`: that of a Buffer is a view, and the changes would pile up in the caller's bytes.
  let bytes = new Uint8Array(seed);
  const changes = 1 + below(3);
  for (let change = 0; change < changes && bytes.length > 0; change++) {
    bytes = MUTATIONS[below(MUTATIONS.length)](bytes, below);
  }
  return bytes;
}

/**
 * Like `mutate`, with one change inside of a section whose size is put right again, at any depth of core modules and
 * nested components: such a copy gets past the outermost reader and damages what stands behind it.
 */
export function mutateInside(seed, random) {
  const below = (max) => Math.floor(random() * max);
  return changeInside(new Uint8Array(seed), below);
}

function changeInside(bytes, below) {
  const nested = bytes[0] === 0 && bytes[1] === 0x61;
  const sections = nested ? split(bytes) : [];
  if (sections.length === 0 || below(8) === 0) return MUTATIONS[below(MUTATIONS.length)](bytes, below);
  const at = below(sections.length);
  const section = sections[at];
  const start = section.findIndex((byte, index) => index > 0 && byte < 0x80) + 1;
  if (start === 0 || start === section.length) return flipBit(bytes, below);
  const content = changeInside(section.slice(start), below);
  return join(bytes, sections.with(at, Uint8Array.from([section[0], ...leb(content.length), ...content])));
}

function leb(value) {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

function flipBit(bytes, below) {
  const index = below(bytes.length);
  bytes[index] = bytes[index] ^ (1 << below(8));
  return bytes;
}

function setByte(bytes, below) {
  bytes[below(bytes.length)] = LOADED[below(LOADED.length)];
  return bytes;
}

function nudge(bytes, below) {
  const index = below(bytes.length);
  bytes[index] = bytes[index] + (below(2) === 0 ? 1 : -1);
  return bytes;
}

function truncate(bytes, below) {
  return bytes.slice(0, below(bytes.length));
}

function bomb(bytes, below) {
  return splice(bytes, below(bytes.length), 1, BOMBS[below(BOMBS.length)]);
}

function cut(bytes, below) {
  return splice(bytes, below(bytes.length), 1 + below(16), []);
}

function repeat(bytes, below) {
  const start = below(bytes.length);
  return splice(bytes, start, 0, bytes.slice(start, start + 1 + below(32)));
}

function swapSections(bytes, below) {
  const sections = split(bytes);
  if (sections.length < 2) return bytes;
  const at = below(sections.length - 1);
  const [first, second] = [sections[at], sections[at + 1]];
  return join(bytes, sections.with(at, second).with(at + 1, first));
}

function dropSection(bytes, below) {
  const sections = split(bytes);
  return sections.length === 0 ? bytes : join(bytes, sections.toSpliced(below(sections.length), 1));
}

function repeatSection(bytes, below) {
  const sections = split(bytes);
  if (sections.length === 0) return bytes;
  const at = below(sections.length);
  return join(bytes, sections.toSpliced(at, 0, sections[at]));
}

function splice(bytes, start, removed, added) {
  const end = Math.min(bytes.length, start + removed);
  const result = new Uint8Array(bytes.length - (end - start) + added.length);
  result.set(bytes.subarray(0, start));
  result.set(added, start);
  result.set(bytes.subarray(end), start + added.length);
  return result;
}

/** The outermost sections with their id and size, as far as they can be told apart. */
function split(bytes) {
  const sections = [];
  let start = 8;
  while (start + 1 < bytes.length) {
    let position = start + 1;
    let size = 0;
    for (let shift = 0; shift < 35 && position < bytes.length; shift += 7) {
      const byte = bytes[position++];
      size += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    const end = Math.min(bytes.length, position + size);
    sections.push(bytes.slice(start, end));
    start = end;
  }
  return sections;
}

function join(bytes, sections) {
  return new Uint8Array(Buffer.concat([bytes.subarray(0, 8), ...sections]));
}
