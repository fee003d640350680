import { CodedError } from '../error.ts';
import type { CallBack } from './back.ts';
import { Capture, type Captured, FixedBytes } from './bytes.ts';
import { environment, exit, stderr, stdin, stdout, terminals } from './cli.ts';
import { FixedClock, RealClock, type TimeSource } from './clock.ts';
import { monotonicClock, wallClock } from './clocks.ts';
import { WasiContext, type WasiFailure } from './context.ts';
import { filesystemTypes, type Preopen, preopens } from './filesystem.ts';
import { type FilesSetup, GrantedFiles } from './granted-files.ts';
import { hostConfig } from './host-config.ts';
import { hostFiles } from './host-files.ts';
import { http } from './http/http.ts';
import { ioError, streams } from './io.ts';
import { poll } from './poll.ts';
import { randomImports } from './random.ts';

/** How one call's WASI is opened up. Everything left out is closed: no arguments, environment, input or files. */
export interface WasiOptions {
  /**
   * Seed of `wasi:random`; 16 bytes or more, of which all count. Kept by reference and read when the guest first asks for
   * random bytes, so an instance can be made before the call that gives the seed.
   */
  readonly seed: Uint8Array;
  /** `fixed` stands still but for sleeps; `real` is the host's time in steps of 1 ms, `source` replaces it in tests. */
  readonly clock:
    | { readonly kind: 'fixed'; readonly startNanoseconds: bigint }
    | { readonly kind: 'real'; readonly source?: TimeSource };
  /** `secure` takes `wasi:random/random` from the operating system. */
  readonly random: 'seeded' | 'secure';
  /** Arguments, the program's name included. */
  readonly args?: readonly string[];
  /** Names and values. */
  readonly env?: readonly (readonly [name: string, value: string])[];
  readonly preopens?: readonly Preopen[];
  /** Directories that are filled from the trusted side, by `back`; `cellblock:host/files` serves the same ones. */
  readonly files?: FilesSetup;
  /** Settings of `cellblock:host/config`, which is not there without them. */
  readonly config?: readonly (readonly [name: string, value: string])[];
  /** Calls a function of the trusted side, and blocks until it answers; what `files` and `http` stand on. @throws CodedError, which is final. */
  readonly back?: CallBack;
  /** True: `wasi:http` is there, over `back`, which must be given then. */
  readonly http?: boolean;
  /** Bytes of the arguments, and of the answer, of one call of `back`; 1 MiB where it is left out. */
  readonly hostCallBytesMax?: number;
  /** All of standard input; kept by reference. After it, and without it, the stream is closed. */
  readonly stdin?: Uint8Array;
  /** Bytes kept of what the guest writes; the rest is counted and dropped and the guest goes on. */
  readonly stdoutBytesMax: number;
  readonly stderrBytesMax: number;
  /** Streams, pollables, descriptors and errors that the guest may hold at one time. Beyond it the call ends. */
  readonly handlesMax: number;
}

/** Bytes of one call of `back` where nothing is said. */
const HOST_CALL_BYTES_MAX = 1024 * 1024;

/** The functions and classes of one interface, under the names that jco's bindings use. */
export type WasiInterface = Readonly<Record<string, unknown>>;

/** The WASI of one call. */
export interface ClosedWasi {
  /** By interface, without version: `wasi:io/streams`. */
  readonly imports: Readonly<Record<string, WasiInterface>>;
  stdout(): Captured;
  stderr(): Captured;
  /** Sends what the guest leaves to the trusted side; once, after it ended well. Not a host call. @throws CodedError. */
  finish(): void;
  /** Host functions that the guest called, failed ones included. */
  hostCalls(): number;
  /** Handles that the guest holds now. */
  handles(): number;
  /** The first limit, broken rule or exit; the guest may have caught it, but every later host call threw it again. */
  readonly failure: WasiFailure | undefined;
}

/**
 * Makes WASI 0.2 for one call: in memory, deterministic unless `real` or `secure` is asked for, without files of the host,
 * network or terminal. `wasi:sockets` is absent, and `wasi:http` unless asked for.
 *
 * Functions with a `result` return its `ok` payload and throw its `err` payload (a string or plain object); everything
 * else that they throw is a `CodedError` (`limit/handles`, `limit/host-calls`, `trap/host-call`, …) or an `ExitSignal`,
 * and ends the call. Whatever length a guest names, the host allocates at most 64 KiB for it, or 1 MiB of random bytes.
 *
 * Thread: the worker's own. Cheap: nothing is allocated or opened before the guest uses it.
 * @throws CodedError `usage/invalid-argument`.
 */
export function createClosedWasi(options: WasiOptions): ClosedWasi {
  checkOptions(options);
  const { clock } = options;
  const context = new WasiContext(
    clock.kind === 'fixed' ? new FixedClock(clock.startNanoseconds) : new RealClock(clock.source),
    options.handlesMax,
  );
  const out = new Capture(options.stdoutBytesMax);
  const err = new Capture(options.stderrBytesMax);
  const files = grantedFiles(options);
  let imports: ClosedWasi['imports'] | undefined;
  return {
    get imports() {
      imports ??= allImports(context, options, files, out, err); // many components import none
      return imports;
    },
    finish: () => files?.finish(),
    stdout: () => out.captured(),
    stderr: () => err.captured(),
    hostCalls: () => context.hostCalls,
    handles: () => context.handles,
    get failure() {
      return context.failure;
    },
  };
}

function grantedFiles({ files, back, hostCallBytesMax = HOST_CALL_BYTES_MAX }: WasiOptions): GrantedFiles | undefined {
  if (files === undefined) return undefined;
  if (back === undefined) throw invalid('nothing serves the files');
  return new GrantedFiles(files, back, hostCallBytesMax);
}

function allImports(
  context: WasiContext,
  options: WasiOptions,
  files: GrantedFiles | undefined,
  out: Capture,
  err: Capture,
): ClosedWasi['imports'] {
  const { random, insecure, insecureSeed } = randomImports(context, options.seed, options.random);
  return {
    'wasi:cli/environment': environment(context, options.args ?? [], options.env ?? []),
    'wasi:cli/exit': exit(context),
    'wasi:cli/stdin': stdin(context, new FixedBytes(options.stdin ?? new Uint8Array(0))),
    'wasi:cli/stdout': stdout(context, out),
    'wasi:cli/stderr': stderr(context, err),
    ...terminals(context),
    'wasi:clocks/monotonic-clock': monotonicClock(context),
    'wasi:clocks/wall-clock': wallClock(context),
    'wasi:filesystem/preopens': preopens(context, [...(files?.preopens ?? []), ...(options.preopens ?? [])]),
    'wasi:filesystem/types': filesystemTypes(context),
    ...httpImports(context, options),
    'wasi:io/error': ioError,
    'wasi:io/poll': poll(context),
    'wasi:io/streams': streams,
    'wasi:random/insecure': insecure as WasiInterface & typeof insecure, // an interface type has no index signature
    'wasi:random/insecure-seed': insecureSeed as WasiInterface & typeof insecureSeed,
    'wasi:random/random': random as WasiInterface & typeof random,
    ...(files === undefined ? {} : { 'cellblock:host/files': hostFiles(context, files.preopens) }),
    ...(options.config === undefined ? {} : { 'cellblock:host/config': hostConfig(context, options.config) }),
  };
}

function httpImports(context: WasiContext, { http: isServed, back, hostCallBytesMax }: WasiOptions): ClosedWasi['imports'] {
  if (isServed !== true || back === undefined) return {};
  return http(context, back, hostCallBytesMax ?? HOST_CALL_BYTES_MAX);
}

function checkOptions({ seed, args = [], env = [], preopens: list = [], ...limits }: WasiOptions): void {
  if (seed.length < 16) throw invalid(`the seed has ${seed.length} bytes, fewer than 16`);
  for (const name of ['stdoutBytesMax', 'stderrBytesMax', 'handlesMax'] as const) {
    if (!Number.isSafeInteger(limits[name]) || limits[name] < 0) throw invalid(`\`${name}\` is not an integer of 0 or more`);
  }
  if (args.length + env.length + list.length === 0) return;
  const strings = [...args, ...env.flat(), ...list.map((preopen) => preopen.name)];
  if (strings.some((text) => text.includes('\0'))) throw invalid('an argument, variable or preopen name contains a NUL');
  if (env.some(([name]) => name === '' || name.includes('=')))
    throw invalid('an environment variable has an empty name or one with `=`');
}

function invalid(message: string): CodedError {
  return new CodedError('usage/invalid-argument', message);
}
