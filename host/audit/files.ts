import {
  closeSync,
  existsSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';

/** One segment. Everything is synchronous, since it happens under the trail's lock; all throw the system's errors. */
export interface JournalFile {
  /** In bytes. */
  size(): number;
  /** Fills `into` from `position` on. @returns how many bytes there were; fewer than asked for only at the end. */
  read(into: Uint8Array, position: number): number;
  /** Adds all bytes at the end by one write call; where it throws, any number of them may be there. */
  append(bytes: Uint8Array): void;
  /** Writes bytes that are there already, so that the system has to put them on the disk once more. */
  rewrite(bytes: Uint8Array, position: number): void;
  truncate(size: number): void;
  /** What was written is on the disk when this returns. */
  datasync(): void;
  /** The same without blocking; `done` is called later, once. */
  datasyncLater(done: (error: Error | null) => void): void;
  /** True while the name still leads to this very file: nobody removed, replaced or moved it. */
  isAt(path: string): boolean;
  /** Takes effect once no sync is under way. */
  close(): void;
}

/** The few calls of a file system that the journal needs, so that tests can give one that forgets and fails. */
export interface JournalFiles {
  /** Makes a folder of mode 0700 where there is none, with those above it. */
  makeFolder(path: string): void;
  list(folder: string): readonly string[];
  exists(path: string): boolean;
  /** Makes a file of mode 0600, or empties it. */
  create(path: string): JournalFile;
  open(path: string): JournalFile;
  rename(from: string, to: string): void;
  /** Also where there is none. */
  remove(path: string): void;
  /** Names that were made or changed in the folder are on the disk when this returns. */
  syncFolder(path: string): void;
}

/** The real file system. */
export const nodeFiles: JournalFiles = {
  makeFolder: (path) => void mkdirSync(path, { recursive: true, mode: 0o700 }),
  list: (folder) => readdirSync(folder),
  exists: existsSync,
  create: (path) => {
    closeSync(openSync(path, 'w', 0o600));
    return openFile(path);
  },
  open: openFile,
  rename: renameSync,
  remove: (path) => rmSync(path, { force: true }),
  syncFolder: (path) => {
    // Windows has no way to sync a folder, and no need to.
    if (process.platform === 'win32') return;
    const descriptor = openSync(path, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  },
};

function openFile(path: string): JournalFile {
  const descriptor = openSync(path, 'a+');
  let syncing = 0;
  let closed = false;
  const closeWhenIdle = () => {
    if (closed && syncing === 0) closeSync(descriptor);
  };
  return {
    size: () => fstatSync(descriptor).size,
    read: (into, position) => readFully(descriptor, into, position),
    append: (bytes) => {
      const written = writeSync(descriptor, bytes);
      if (written !== bytes.length) throw new Error(`only ${written} of ${bytes.length} bytes were taken`);
    },
    rewrite: (bytes, position) => rewriteAt(path, bytes, position),
    truncate: (size) => ftruncateSync(descriptor, size),
    datasync: () => fdatasyncSync(descriptor),
    datasyncLater: (done) => {
      syncing += 1;
      fdatasync(descriptor, (error) => {
        syncing -= 1;
        closeWhenIdle();
        done(error);
      });
    },
    isAt: (path) => isSameFile(descriptor, path),
    close: () => {
      closed = true;
      closeWhenIdle();
    },
  };
}

function isSameFile(descriptor: number, path: string): boolean {
  const there = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (there === undefined) return false;
  const own = fstatSync(descriptor, { bigint: true });
  return own.ino === there.ino && own.dev === there.dev;
}

function readFully(descriptor: number, into: Uint8Array, position: number): number {
  let filled = 0;
  while (filled < into.length) {
    const count = readSync(descriptor, into, filled, into.length - filled, position + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}

/** By a descriptor of its own: one that appends writes at the end, whatever position it is given. */
function rewriteAt(path: string, bytes: Uint8Array, position: number): void {
  const descriptor = openSync(path, 'r+');
  try {
    let written = 0;
    while (written < bytes.length) {
      written += writeSync(descriptor, bytes, written, bytes.length - written, position + written);
    }
  } finally {
    closeSync(descriptor);
  }
}
