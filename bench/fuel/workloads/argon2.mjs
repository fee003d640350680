/** Password hashing: fills and mixes memory. C. */
export default {
  name: 'argon2',
  kind: 'hash',
  packages: ['hash-wasm@4.13.0'],
  async load({ load }) {
    const { argon2id } = await load('hash-wasm/dist/index.esm.js');
    const options = { parallelism: 1, iterations: 6, memorySize: 16_384, hashLength: 32, outputType: 'hex' };
    return () => argon2id({ ...options, password: 'correct horse', salt: new Uint8Array(16).fill(7) });
  },
};
