import { digest, noise } from '../data.mjs';

const ALGORITHMS = ['MD5', 'SHA1', 'SHA256', 'SHA512', 'SHA3', 'BLAKE2b', 'BLAKE3', 'CRC32', 'XXHash128', 'Whirlpool'];

/** Ten hash functions, ten modules, over the same bytes. C. */
export default {
  name: 'hashes',
  kind: 'hash',
  packages: ['hash-wasm@4.13.0'],
  async load({ load }) {
    const library = await load('hash-wasm/dist/index.esm.js');
    const hashers = await Promise.all(ALGORITHMS.map((name) => library[`create${name}`]()));
    const data = noise(4 << 20, 11);
    return () => digest(...hashers.map((hasher) => hasher.init().update(data).digest('hex')));
  },
};
