import { type Cipher, createCipheriv, createHash, randomBytes } from 'node:crypto';
import type * as Insecure from '@bytecodealliance/preview2-shim/interfaces/wasi-random-insecure';
import type * as InsecureSeed from '@bytecodealliance/preview2-shim/interfaces/wasi-random-insecure-seed';
import type * as Random from '@bytecodealliance/preview2-shim/interfaces/wasi-random-random';
import { CodedError } from '../error.ts';
import type { Conforms } from './conform.ts';
import type { WasiContext } from './context.ts';

/** Bytes that one call for random bytes may ask for; WASI has no way to return fewer, so more ends the call. */
export const RANDOM_BYTES_MAX = 1024 * 1024;

/** Gives `length` bytes, 0 or more. */
type ByteStream = (length: number) => Uint8Array;

/**
 * Random bytes that depend on the seed and the purpose alone: AES-256 in counter mode, keyed with SHA-256 over both.
 * How the stream is cut into requests does not change it. As unpredictable as the seed is.
 *
 * @param seed - kept by reference and read when the first bytes are asked for.
 */
export function seededBytes(seed: Uint8Array, purpose: string): ByteStream {
  let cipher: Cipher | undefined;
  return (length) => {
    cipher ??= createCipheriv('aes-256-ctr', keyOf(seed, purpose), new Uint8Array(16));
    return new Uint8Array(cipher.update(new Uint8Array(length)));
  };
}

/** `wasi:random/random`, `insecure` and `insecure-seed`, in the form that bindings import. */
export interface RandomImports {
  readonly random: Conforms<typeof Random>;
  readonly insecure: Conforms<typeof Insecure>;
  readonly insecureSeed: Conforms<typeof InsecureSeed>;
}

/**
 * Makes the three random interfaces of one call.
 *
 * @param kind - `secure` takes `random` from the operating system; `insecure` and `insecure-seed`, which no guest may rely
 *   on, stay seeded, so that the order of a hash map can be repeated.
 */
export function randomImports(context: WasiContext, seed: Uint8Array, kind: 'seeded' | 'secure'): RandomImports {
  const strong: ByteStream = kind === 'secure' ? (length) => new Uint8Array(randomBytes(length)) : seededBytes(seed, 'random');
  const weak = seededBytes(seed, 'insecure');
  const weakSeed = seededBytes(seed, 'insecure-seed');
  let hashSeed: [bigint, bigint] | undefined;
  return {
    random: {
      getRandomBytes: (len) => context.call(() => strong(checked(len))),
      getRandomU64: () => context.call(() => u64(strong)),
    },
    insecure: {
      getInsecureRandomBytes: (len) => context.call(() => weak(checked(len))),
      getInsecureRandomU64: () => context.call(() => u64(weak)),
    },
    insecureSeed: {
      // One value for the whole call: WASI expects it to become a constant import.
      insecureSeed: () =>
        context.call(() => {
          hashSeed ??= [u64(weakSeed), u64(weakSeed)];
          return [...hashSeed];
        }),
    },
  };
}

function keyOf(seed: Uint8Array, purpose: string): Buffer {
  // The purpose has no NUL, so no two pairs give the same bytes.
  return createHash('sha256').update(`cellblock:wasi:random:${purpose}\0`).update(seed).digest();
}

function u64(bytes: ByteStream): bigint {
  const eight = bytes(8);
  return new DataView(eight.buffer, eight.byteOffset, 8).getBigUint64(0, true);
}

function checked(len: bigint): number {
  if (len <= RANDOM_BYTES_MAX) return Number(len);
  throw new CodedError('limit/host-calls', `the guest asked for ${len} random bytes at once, more than ${RANDOM_BYTES_MAX}`, {
    data: { limit: RANDOM_BYTES_MAX, used: String(len) },
  });
}
