import type * as Environment from '@bytecodealliance/preview2-shim/interfaces/wasi-cli-environment';
import type * as Exit from '@bytecodealliance/preview2-shim/interfaces/wasi-cli-exit';
import type * as Stderr from '@bytecodealliance/preview2-shim/interfaces/wasi-cli-stderr';
import type * as Stdin from '@bytecodealliance/preview2-shim/interfaces/wasi-cli-stdin';
import type * as Stdout from '@bytecodealliance/preview2-shim/interfaces/wasi-cli-stdout';
import type * as TerminalStdout from '@bytecodealliance/preview2-shim/interfaces/wasi-cli-terminal-stdout';
import type * as Monotonic from '@bytecodealliance/preview2-shim/interfaces/wasi-clocks-monotonic-clock';
import type * as Wall from '@bytecodealliance/preview2-shim/interfaces/wasi-clocks-wall-clock';
import type * as Preopens from '@bytecodealliance/preview2-shim/interfaces/wasi-filesystem-preopens';
import type * as Types from '@bytecodealliance/preview2-shim/interfaces/wasi-filesystem-types';
import type * as Poll from '@bytecodealliance/preview2-shim/interfaces/wasi-io-poll';
import type * as Insecure from '@bytecodealliance/preview2-shim/interfaces/wasi-random-insecure';
import type * as InsecureSeed from '@bytecodealliance/preview2-shim/interfaces/wasi-random-insecure-seed';
import type * as Random from '@bytecodealliance/preview2-shim/interfaces/wasi-random-random';
import { type ClosedWasi, createClosedWasi, type WasiOptions } from '../../../runtime/wasi/index.ts';

/** The imports as the shim's declarations type them: what any bindings may rely on. */
export interface GuestView {
  'wasi:cli/environment': typeof Environment;
  'wasi:cli/exit': typeof Exit & { exitWithCode(statusCode: number): void };
  'wasi:cli/stdin': typeof Stdin;
  'wasi:cli/stdout': typeof Stdout;
  'wasi:cli/stderr': typeof Stderr;
  'wasi:cli/terminal-stdout': typeof TerminalStdout;
  'wasi:clocks/monotonic-clock': typeof Monotonic;
  'wasi:clocks/wall-clock': typeof Wall;
  'wasi:filesystem/preopens': typeof Preopens;
  'wasi:filesystem/types': typeof Types;
  'wasi:io/poll': typeof Poll;
  'wasi:random/insecure': typeof Insecure;
  'wasi:random/insecure-seed': typeof InsecureSeed;
  'wasi:random/random': typeof Random;
}

export const SECOND = 1_000_000_000n;

/** A call's WASI with the tightest options, changed by `options`, and its imports. */
export function openWasi(options: Partial<WasiOptions> = {}): { wasi: ClosedWasi; guest: GuestView } {
  const wasi = createClosedWasi({
    seed: new Uint8Array(16).fill(7),
    clock: { kind: 'fixed', startNanoseconds: 1_700_000_000n * SECOND },
    random: 'seeded',
    stdoutBytesMax: 64,
    stderrBytesMax: 64,
    handlesMax: 16,
    ...options,
  });
  return { wasi, guest: wasi.imports as unknown as GuestView };
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** What `work` throws, whatever it is; fails the test when it throws nothing. */
export function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

/** Ends a handle as bindings do when the guest drops it. */
export function drop(handle: object): void {
  (handle as Disposable)[Symbol.dispose]();
}
