// Input for the workloads, made by rule so that every run has the same, and a digest of what comes out.
import { createHash } from 'node:crypto';

/** The first 32 hex digits of SHA-256 over texts, bytes and other values; these as JSON. */
export function digest(...values) {
  const hash = createHash('sha256');
  for (const value of values) {
    if (typeof value === 'string' || ArrayBuffer.isView(value)) hash.update(value);
    else hash.update(value instanceof ArrayBuffer ? new Uint8Array(value) : JSON.stringify(value));
  }
  return hash.digest('hex').slice(0, 32);
}

/** Does the same several times. @returns its answer. @throws Error where the answers differ. */
export function repeat(times, work) {
  const first = work();
  for (let left = times - 1; left > 0; left -= 1) {
    if (work() !== first) throw new Error('a workload gave two answers');
  }
  return first;
}

/** A source of 32-bit numbers: xorshift. */
export function numbers(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

const WORDS = (
  'the of and to in is that it was for on are as with his they at be this from have or by one had not but what all were ' +
  'when we there can an your which their said if do will each about how up out them then she many some so these would ' +
  'other into has more her two like him see time could no make than first been its who now people my made over did down'
).split(' ');

/** English-looking sentences; frequent words come first in the list. */
export function prose(length, seed = 7) {
  const next = numbers(seed);
  const sentences = [];
  for (let total = 0; total < length; ) {
    const words = Array.from(
      { length: 4 + (next() % 12) },
      () => WORDS[Math.trunc(((next() % 1000) * (next() % 1000)) / 12_000)],
    );
    if (next() % 7 === 0) words.push(String(next() % 100_000));
    const sentence = `${words.join(' ')}${next() % 5 === 0 ? '.\n\n' : '. '}`;
    sentences.push(sentence[0].toUpperCase() + sentence.slice(1));
    total += sentence.length;
  }
  return sentences.join('').slice(0, length);
}

export function noise(length, seed = 3) {
  const next = numbers(seed);
  return Uint8Array.from({ length }, next);
}

/** Four bytes a pixel: gradients, a chessboard and a little noise. */
export function picture(width, height) {
  const next = numbers(3);
  const data = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const square = ((x >> 4) ^ (y >> 4)) & 1;
      const pixel = [(x * 255) / width + (next() & 15), (y * 255) / height + square * 40, 128 + ((x * y) % 97), 255];
      data.set(pixel.map(Math.trunc), (y * width + x) * 4);
    }
  }
  return { width, height, data };
}

/** What codecs of the web expect to be global. */
export function provideImageData() {
  globalThis.ImageData ??= class {
    constructor(data, width, height) {
      Object.assign(this, { data, width, height });
    }
  };
}

/** A module of so many functions, classes and constants. @param typed - whether in TypeScript. */
export function javaScript(count, typed = false) {
  const next = numbers(5);
  const number = typed ? ': number' : '';
  const parts = ["import { helper } from './helper.js';", "import fs, { readFile } from 'node:fs';"];
  for (let at = 0; at < count; at += 1) {
    parts.push(`
/** Function number ${at}. */
export function work${at}(a${number}, { b = ${next() % 100}, ...rest }${typed ? ': any' : ''} = {}, ...more${typed ? ': number[]' : ''}) {
  const list = [a, b, ...more].map((x, i) => x * ${next() % 50} + i).filter((x) => x % ${1 + (next() % 9)} !== 0);
  let total${number} = 0, key = \`k\${a}-${at}\`;
  for (const item of list) {
    if (item > ${next() % 1000}) { total += item ** 2 } else if (item === 0) continue; else total -= helper(item, rest?.value ?? ${next() % 77})
  }
  switch (total % 4) { case 0: return { total, key, list }; case 1: throw new Error('bad ' + key); default: break }
  try { return work(total) } catch (e) { console.log(e.message, /ab+c[^/]{2,}/gi.test(key)) } finally { total = 0 }
}
class Class${at} extends Base { #p${number} = ${next() % 9}; static s = new Map(); get v () { return this.#p } async *gen (x) { yield* [x, await this.v]; } }
export const constant${at} = async ({ x, y: [z] }${typed ? ': any' : ''}) => { const mod = await import('./mod${at}.js'); return x ? z : mod.y };`);
  }
  return parts.join('\n');
}
