import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { resolve } from 'node:path';
import { CodedError } from '../../runtime/index.ts';
import { quote } from '../policy/quote.ts';
import type { SecretSource } from '../policy/secrets-schema.ts';

/** Bytes of one secret: private keys have some thousands. */
const SECRET_BYTES_MAX = 64 * 1024;
/** Values of one secret that are remembered for redaction: the present one and those it had before. */
const KNOWN_PER_SECRET_MAX = 16;

/** The secrets of one policy. Values are read when they are asked for, and again when their file has changed. */
export interface SecretStore {
  /**
   * @throws CodedError `capability/unavailable`: the policy has no such secret, or it cannot be read as one. Neither message, help nor data
   * have any part of a value, or a path.
   */
  value(name: string): string;
  /** All values that were read, for those who must not let them out; of a secret that changes, the last 16. Some may be short. */
  known(): readonly string[];
}

export interface SecretPlaces {
  /** As `process.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder of the policy file: relative paths start here. */
  readonly policyFolder: string;
}

/** Opens nothing yet. */
export function openSecretStore(sources: ReadonlyMap<string, SecretSource>, { env, policyFolder }: SecretPlaces): SecretStore {
  const files = new Map<string, SecretFile>();
  const known = new Map<string, string[]>();
  const read = (name: string): string => {
    const source = sources.get(name);
    if (source === undefined) throw unavailable(name, 'is not in the policy', 'add it to `secrets`');
    if (source.kind === 'env') return fromEnvironment(name, source.variable, env);
    const file = files.get(name) ?? new SecretFile(name, resolve(policyFolder, source.path));
    files.set(name, file);
    return file.value();
  };
  return {
    value: (name) => {
      const value = read(name);
      remember(known, name, value);
      return value;
    },
    known: () => [...new Set([...known.values()].flat())],
  };
}

function remember(known: Map<string, string[]>, name: string, value: string): void {
  const values = known.get(name) ?? [];
  if (values.at(-1) === value) return;
  known.set(name, [...values.filter((other) => other !== value), value].slice(-KNOWN_PER_SECRET_MAX));
}

function fromEnvironment(name: string, variable: string, env: SecretPlaces['env']): string {
  const value = Object.hasOwn(env, variable) ? env[variable] : undefined;
  const help = `set the environment variable ${quote(variable)} to 1 to ${SECRET_BYTES_MAX} bytes`;
  if (value === undefined || value === '') throw unavailable(name, 'is not in its environment variable', help);
  if (Buffer.byteLength(value) > SECRET_BYTES_MAX) throw unavailable(name, 'is too long', help);
  return value;
}

/** One file with a secret. Links are followed: orchestrators put secrets behind them. */
class SecretFile {
  readonly #name: string;
  readonly #path: string;
  #read: { readonly version: string; readonly value: string } | undefined;

  constructor(name: string, path: string) {
    this.#name = name;
    this.#path = path;
  }

  /** Opened each time, so that who took the file away, or opened it to others, is heeded; read only when it has changed. */
  value(): string {
    const descriptor = this.#open();
    try {
      const status = fstatSync(descriptor);
      this.#check(status);
      const version = versionOf(status);
      if (this.#read?.version !== version) this.#read = { version, value: this.#decode(readAtMost(descriptor)) };
      return this.#read.value;
    } catch (error) {
      this.#read = undefined;
      throw error instanceof CodedError ? error : this.#unreadable();
    } finally {
      closeSync(descriptor);
    }
  }

  #open(): number {
    try {
      // Without O_NONBLOCK (absent on Windows), opening a named pipe would wait for a writer for ever.
      return openSync(this.#path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    } catch {
      this.#read = undefined;
      throw this.#unreadable();
    }
  }

  #unreadable(): CodedError {
    return unavailable(this.#name, 'cannot be read', 'check that the file that the policy names is there and readable');
  }

  #check(status: Stats): void {
    if (!status.isFile()) throw unavailable(this.#name, 'is not in a regular file', 'put it into a regular file');
    // Windows has no such bits. A group may read: that is how secrets are handed to a service.
    if (process.platform === 'win32' || (status.mode & 0o026) === 0) return;
    const help = 'take them away: `chmod o-rw,g-w` on its file';
    throw unavailable(this.#name, 'is in a file with rights for others', help);
  }

  #decode(bytes: Uint8Array): string {
    const help = `put 1 to ${SECRET_BYTES_MAX} bytes of UTF-8 into its file`;
    if (bytes.length > SECRET_BYTES_MAX) throw unavailable(this.#name, 'is too long', help);
    const text = utf8(bytes)?.replace(/\r?\n$/, ''); // editors end a file with a line break
    if (text === undefined) throw unavailable(this.#name, 'is no text', help);
    if (text === '') throw unavailable(this.#name, 'is empty', help);
    return text;
  }
}

/** Changes with whatever is written, renamed or put in its place. */
const versionOf = ({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string => [dev, ino, size, mtimeMs, ctimeMs].join();

/** Up to one byte more than a secret may have. */
function readAtMost(descriptor: number): Uint8Array {
  const bytes = Buffer.alloc(SECRET_BYTES_MAX + 1);
  let length = 0;
  while (length < bytes.length) {
    const count = readSync(descriptor, bytes, length, bytes.length - length, length);
    if (count === 0) break;
    length += count;
  }
  return bytes.subarray(0, length);
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Without a cause: errors of the system have paths. */
function unavailable(name: string, why: string, help: string): CodedError {
  return new CodedError('capability/unavailable', `the secret ${quote(name)} ${why}`, { data: { secret: name }, help });
}
