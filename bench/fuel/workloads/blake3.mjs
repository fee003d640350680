import { digest, noise } from '../data.mjs';

/** One hash over eight megabytes again and again. Rust. */
export default {
  name: 'blake3',
  kind: 'hash',
  packages: ['blake3-wasm@2.1.5'],
  async load({ commonJs }) {
    const { hash } = commonJs('blake3-wasm');
    const data = Buffer.from(noise(8 << 20));
    return () => digest(Array.from({ length: 10 }, (_, at) => hash(data.subarray(at * 64)).toString('hex')));
  },
};
