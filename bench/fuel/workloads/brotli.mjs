import { digest, prose, repeat } from '../data.mjs';

/** Compresses and decompresses prose. Rust. */
export default {
  name: 'brotli',
  kind: 'codec',
  packages: ['brotli-wasm@3.0.1'],
  async load({ commonJs }) {
    const { compress, decompress } = commonJs('brotli-wasm');
    const data = Buffer.from(prose(300_000));
    const work = () => {
      const packed = compress(data, { quality: 9 });
      return digest(packed, decompress(packed));
    };
    return () => repeat(2, work);
  },
};
