import { closeSync, openSync } from 'node:fs';
import { WASI } from 'node:wasi';
import { exposeState, takeSnapshot } from './snapshot.ts';

/** What the engine sees while it reads the tool's module. */
export interface InitializeOptions {
  /** Of the guest: nothing of this machine. */
  readonly env: Readonly<Record<string, string>>;
  /** Folders, by the path that the guest knows. */
  readonly folders: Readonly<Record<string, string>>;
  /** File that is its standard input. */
  readonly stdinPath: string;
  /** Export that reads the tool's module. */
  readonly initialize: string;
}

/** A function of WASI, with what it takes and gives as numbers. */
type WasiFunction = (...args: (number | bigint)[]) => number | bigint;

/** Where the engine's memory can be seen, once there is an instance. */
type MemoryOf = () => DataView;

/** What the clocks show while the module is read: 2000-01-01, in nanoseconds since 1970. */
const BUILD_TIME = 946_684_800_000_000_000n;

/** Where in a `filestat` of WASI what differs between two machines stands: device, inode, links and times. */
const FILESTAT_CHANGING = [0, 8, 24, 40, 48, 56];

/**
 * Runs a module's start and one more of its functions, and makes the module that begins after them. Time stands still, random
 * numbers are always the same and files have no dates, so that the same source gives the same bytes on every machine.
 *
 * @throws what the guest traps with; it ends the process where the guest asks for that.
 */
export async function initializeModule(module: Uint8Array, options: InitializeOptions): Promise<Uint8Array> {
  const stdin = openSync(options.stdinPath, 'r');
  try {
    const wasi = new WASI({
      version: 'preview1',
      env: { ...options.env },
      preopens: { ...options.folders },
      stdin,
      stdout: 2,
      stderr: 2,
      returnOnExit: false,
    });
    const compiled = await WebAssembly.compile(exposeState(module) as BufferSource); // its buffer is never shared
    const memory = (): DataView => new DataView((instance.exports.memory as WebAssembly.Memory).buffer); // WASI needs that export
    const instance: WebAssembly.Instance = await WebAssembly.instantiate(compiled, importsOf(compiled, wasi, memory));
    wasi.initialize(instance);
    (instance.exports[options.initialize] as () => void)(); // the caller names a function without parameters
    return takeSnapshot(module, instance.exports, new Set([options.initialize, '_initialize']));
  } finally {
    closeSync(stdin);
  }
}

/** WASI of preview 1, and what reads clocks and random numbers. Everything else ends the build by its name, once it is called. */
function importsOf(module: WebAssembly.Module, wasi: WASI, memory: MemoryOf): WebAssembly.Imports {
  const all = wasi.wasiImport as Readonly<Record<string, WasiFunction>>; // Node types it as an object
  const nextByte = seededBytes();
  const preview1 = { ...all, ...repeatable(all, memory, nextByte) };
  const given: Readonly<Record<string, WasiFunction>> = {
    ...Object.fromEntries(Object.entries(preview1).map(([name, call]) => [`wasi_snapshot_preview1#${name}`, call])),
    'wasi:random/random#get-random-u64': () =>
      Array.from({ length: 8 }, nextByte).reduce((all, byte) => (all << 8n) | BigInt(byte), 0n),
    'wasi:clocks/monotonic-clock#now': () => BUILD_TIME,
  };
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    const id = `${from.replace(/@.*/, '')}#${name}`;
    const absent = (): never => {
      throw new Error(`\`${id}\` is called while the module is read, and only its functions can do that`);
    };
    imports[from] = { ...imports[from], [name]: given[id] ?? absent };
  }
  return imports;
}

/** The generator of "Numerical Recipes", of which the high bits are good enough for the seeds of hash tables. */
function seededBytes(): () => number {
  let seed = 1;
  return () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed >>> 24;
  };
}

/** The functions of WASI whose answers would differ from one build to the next. */
function repeatable(
  all: Readonly<Record<string, WasiFunction>>,
  memory: MemoryOf,
  nextByte: () => number,
): Record<string, WasiFunction> {
  const plainStat =
    (name: string, at: number): WasiFunction =>
    (...args) => {
      const errno = all[name]?.(...args) ?? 0;
      for (const offset of errno === 0 ? FILESTAT_CHANGING : []) memory().setBigUint64(Number(args[at]) + offset, 0n, true);
      return errno;
    };
  return {
    clock_time_get: (_clock, _precision, at) => {
      memory().setBigUint64(Number(at), BUILD_TIME, true);
      return 0;
    },
    random_get: (at, length) => {
      for (let index = 0; index < Number(length); index += 1) memory().setUint8(Number(at) + index, nextByte());
      return 0;
    },
    fd_filestat_get: plainStat('fd_filestat_get', 1),
    path_filestat_get: plainStat('path_filestat_get', 4),
  };
}
