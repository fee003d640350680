import { digest, prose, repeat } from '../data.mjs';

/** Compresses and decompresses prose: mostly copies of a few bytes. Rust. */
export default {
  name: 'lz4',
  kind: 'codec',
  packages: ['lz4-wasm-nodejs@0.9.2'],
  async load({ commonJs }) {
    const { compress, decompress } = commonJs('lz4-wasm-nodejs');
    const data = new Uint8Array(Buffer.from(prose(3_000_000)));
    const work = () => {
      const packed = compress(data);
      const unpacked = decompress(packed);
      return digest(packed.length, packed.subarray(0, 5000), unpacked.length, unpacked.subarray(-5000));
    };
    return () => repeat(5, work);
  },
};
