import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, opendirSync, openSync, statSync } from 'node:fs';
import { CodedError } from '../../../runtime/index.ts';

/** Not among Node's constants; the same number on every Linux that Node runs on (x64, arm64, ppc64le, s390x, riscv64). */
const O_PATH = 0o10000000;
const { O_DIRECTORY, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** Names read from a directory at a time. */
const NAMES_AT_ONCE = 256;

/**
 * Refuses systems on which a path cannot be walked safely: the walk needs descriptors as starting points, which Node only has through
 * `/proc/self/fd`, and `O_NOFOLLOW`.
 *
 * @throws CodedError `capability/unavailable`.
 */
export function checkPlatform(platform: string = process.platform): void {
  if (platform === 'linux' && O_NOFOLLOW !== undefined && hasDescriptors()) return;
  throw new CodedError('capability/unavailable', 'the capability `files` needs Linux with /proc mounted', {
    data: { platform },
    help: 'remove `files` from the grants, or run on Linux',
  });
}

function hasDescriptors(): boolean {
  try {
    return statSync('/proc/self/fd').isDirectory();
  } catch {
    return false;
  }
}

/** What says that a file is still the one, with the bytes, that was seen before. */
export interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

export function isSame(one: Identity, other: Identity): boolean {
  return (
    one.dev === other.dev &&
    one.ino === other.ino &&
    one.size === other.size &&
    one.mtimeNs === other.mtimeNs &&
    one.ctimeNs === other.ctimeNs
  );
}

/**
 * A directory that is held open. Everything below is reached by one name from here, and no link is ever followed: whoever renames
 * directories or puts links in their places meanwhile changes nothing. Whoever opened one closes it.
 *
 * All methods throw the errors of the system; names must have passed `nameFault` or come from the directory itself.
 * Source: the walk of cap-std and of Go's `os.Root`, without `openat2`, which Node does not have.
 */
export class Folder {
  readonly fd: number;

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** Opens an absolute path from the root, one name at a time. A link in it is an error, `ENOTDIR`. */
  static open(path: string): Folder {
    return new Folder(openSync('/', O_PATH | O_DIRECTORY)).#descend(path.split('/').filter((part) => part !== ''));
  }

  /** A directory below; the names are walked one at a time. This one stays open. */
  folder(parts: readonly string[]): Folder {
    return new Folder(openSync(`/proc/self/fd/${this.fd}`, O_PATH | O_DIRECTORY)).#descend(parts);
  }

  #descend(parts: readonly string[]): Folder {
    let current: Folder = this;
    for (const part of parts) {
      try {
        const next = new Folder(openSync(current.at(part), O_PATH | O_DIRECTORY | O_NOFOLLOW));
        current.close();
        current = next;
      } catch (error) {
        current.close();
        throw error;
      }
    }
    return current;
  }

  /** A path that means this name in this very directory, for system calls that do not follow a last link. */
  at(name: string): string {
    return `/proc/self/fd/${this.fd}/${name}`;
  }

  /** What stands there; undefined where nothing does. Of a link, the link itself. */
  look(name: string): BigIntStats | undefined {
    return lstatSync(this.at(name), { bigint: true, throwIfNoEntry: false });
  }

  /** What this directory is. */
  self(): BigIntStats {
    return fstatSync(this.fd, { bigint: true });
  }

  /**
   * Opens a regular file for reading. A device or pipe is looked at and never opened, which alone may have an effect.
   *
   * @returns undefined when it is anything but a regular file. The caller closes `fd`.
   */
  file(name: string): { readonly fd: number; readonly identity: Identity } | undefined {
    const seen = openSync(this.at(name), O_PATH | O_NOFOLLOW);
    try {
      const identity = fstatSync(seen, { bigint: true });
      if (!identity.isFile()) return undefined;
      // By way of the descriptor: the very file that was looked at.
      return { fd: openSync(`/proc/self/fd/${seen}`, O_RDONLY | O_NONBLOCK | O_NOCTTY), identity };
    } finally {
      closeSync(seen);
    }
  }

  /** The names in this directory as bytes, without `.` and `..`, in the system's order. */
  *names(): Generator<Buffer> {
    // The type of the option does not know of `buffer`, which decodes nothing: a name need not be UTF-8.
    const options = { encoding: 'buffer' as BufferEncoding, bufferSize: NAMES_AT_ONCE };
    const directory = opendirSync(`/proc/self/fd/${this.fd}`, options);
    try {
      for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
        yield entry.name as unknown as Buffer;
      }
    } finally {
      directory.closeSync();
    }
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** The system's word for an error, such as `ENOENT`. */
export function systemCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^E[A-Z0-9]{1,20}$/.test(code) ? code : 'an error of the system';
}
