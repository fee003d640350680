/** Password hashing: Blowfish, table look-ups. C. */
export default {
  name: 'bcrypt',
  kind: 'hash',
  packages: ['hash-wasm@4.13.0'],
  async load({ load }) {
    const { bcrypt } = await load('hash-wasm/dist/index.esm.js');
    const options = { costFactor: 10, outputType: 'encoded' };
    return () => bcrypt({ ...options, password: 'correct horse', salt: new Uint8Array(16).fill(9) });
  },
};
