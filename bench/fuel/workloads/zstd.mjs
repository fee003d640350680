import { digest, prose } from '../data.mjs';

/** Compresses and decompresses prose. C. */
export default {
  name: 'zstd',
  kind: 'codec',
  packages: ['@bokuweb/zstd-wasm@0.0.27'],
  async load({ commonJs }) {
    const { init, compress, decompress } = commonJs('@bokuweb/zstd-wasm');
    await init();
    const data = Buffer.from(prose(1_500_000));
    return () => {
      const packed = compress(data, 9);
      return digest(packed, decompress(packed, { defaultHeapSize: data.length }));
    };
  },
};
