import { createCipheriv, createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { thrownBy } from '../value/thrown-by.ts';
import { openWasi } from './guest-side.ts';

type Guest = ReturnType<typeof openWasi>['guest'];

const draw = ({ 'wasi:random/random': random, 'wasi:random/insecure': insecure, 'wasi:random/insecure-seed': seed }: Guest) => ({
  bytes: Buffer.from(random.getRandomBytes(40n)).toString('hex'),
  u64: random.getRandomU64(),
  weak: Buffer.from(insecure.getInsecureRandomBytes(40n)).toString('hex'),
  weakU64: insecure.getInsecureRandomU64(),
  seed: seed.insecureSeed(),
});

describe('seeded randomness', () => {
  it('is the same for the same seed and another for every other', () => {
    const first = draw(openWasi().guest);
    expect(draw(openWasi().guest)).toEqual(first);
    const other = draw(openWasi({ seed: new Uint8Array(16).fill(8) }).guest);
    const longer = draw(openWasi({ seed: new Uint8Array(17).fill(7) }).guest);
    for (const key of ['bytes', 'u64', 'weak', 'weakU64', 'seed'] as const) {
      expect(other[key], key).not.toEqual(first[key]);
      expect(longer[key], key).not.toEqual(first[key]);
    }
  });

  it('gives each interface a stream of its own', () => {
    const { bytes, weak, seed } = draw(openWasi().guest);
    expect(weak).not.toBe(bytes);
    expect(BigInt.asUintN(64, seed[0])).not.toBe(Buffer.from(bytes, 'hex').readBigUInt64LE(0));
  });

  it('is AES-256-CTR keyed with SHA-256 of purpose and seed, so that a recorded call can be repeated elsewhere', () => {
    const key = createHash('sha256').update('cellblock:wasi:random:random\0').update(new Uint8Array(16).fill(7)).digest();
    const stream = createCipheriv('aes-256-ctr', key, new Uint8Array(16)).update(new Uint8Array(48));
    const { bytes, u64 } = draw(openWasi().guest);
    expect(bytes).toBe(stream.subarray(0, 40).toString('hex'));
    expect(u64).toBe(stream.readBigUInt64LE(40));
  });

  it('does not depend on how the requests are cut', () => {
    const random = openWasi().guest['wasi:random/random'];
    const parts = [3n, 0n, 30n, 7n].map((len) => Buffer.from(random.getRandomBytes(len)).toString('hex'));
    expect(parts.join('')).toBe(draw(openWasi().guest).bytes);
  });

  it('reads the seed when it is first used, so that an instance can be made before its call', () => {
    const seed = new Uint8Array(16);
    const { guest } = openWasi({ seed });
    seed.fill(7);
    expect(draw(guest)).toEqual(draw(openWasi().guest));
  });

  it('gives one insecure seed for the whole call', () => {
    const { insecureSeed } = openWasi().guest['wasi:random/insecure-seed'];
    expect(insecureSeed()).toEqual(insecureSeed());
  });
});

describe('secure randomness', () => {
  it('is not repeated by the seed', () => {
    const [first, second] = [openWasi({ random: 'secure' }).guest, openWasi({ random: 'secure' }).guest].map(draw);
    expect(first!.bytes).not.toBe(second!.bytes);
    expect(first!.u64).not.toBe(second!.u64);
    expect(first!.seed).toEqual(second!.seed);
  });
});

describe('a request for random bytes', () => {
  it.each(['seeded', 'secure'] as const)('ends the call beyond 1 MiB, without allocating it (%s)', (random) => {
    const { guest } = openWasi({ random });
    expect(guest['wasi:random/random'].getRandomBytes(2n ** 20n)).toHaveLength(2 ** 20);
    for (const len of [2n ** 20n + 1n, 2n ** 32n, 2n ** 64n - 1n]) {
      const { guest, wasi } = openWasi({ random });
      const error = thrownBy(() => guest['wasi:random/random'].getRandomBytes(len));
      expect(error).toMatchObject({ code: 'limit/host-calls', data: { limit: 2 ** 20, used: String(len) } });
      expect(wasi.failure).toBe(error);
      expect(thrownBy(() => openWasi().guest['wasi:random/insecure'].getInsecureRandomBytes(len)).code).toBe('limit/host-calls');
    }
  });
});
