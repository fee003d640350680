import { digest, prose } from '../data.mjs';

/** Signatures, encryption and password hashing. C; the package falls back to JavaScript where WebAssembly fails. */
export default {
  name: 'libsodium',
  kind: 'hash',
  packages: ['libsodium-wrappers-sumo@0.8.4'],
  async load({ commonJs }) {
    const sodium = commonJs('libsodium-wrappers-sumo');
    await sodium.ready;
    const data = Buffer.from(prose(1 << 20));
    return () => work(sodium, data);
  },
};

function work(sodium, data) {
  const seed = new Uint8Array(32).fill(3);
  const { privateKey, publicKey } = sodium.crypto_sign_seed_keypair(seed);
  const out = [];
  for (let at = 0; at < 500; at += 1) {
    const message = data.subarray(at * 64, at * 64 + 64);
    const signature = sodium.crypto_sign_detached(message, privateKey);
    if (!sodium.crypto_sign_verify_detached(signature, message, publicKey)) throw new Error('a signature does not verify');
    if (at % 50 === 0) out.push(signature);
  }
  const nonce = new Uint8Array(24).fill(1);
  const box = sodium.crypto_secretbox_easy(data, nonce, seed);
  out.push(box, sodium.crypto_secretbox_open_easy(box, nonce, seed), sodium.crypto_generichash(64, data));
  out.push(sodium.crypto_pwhash(32, 'pw', new Uint8Array(16), 2, 8 << 20, sodium.crypto_pwhash_ALG_ARGON2ID13));
  out.push(sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(data, null, null, nonce, seed));
  return digest(...out);
}
