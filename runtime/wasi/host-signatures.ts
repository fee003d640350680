/*
 * The functions of `cellblock:host` that the WASI inside a worker serves where they are granted, as `wit/host/` has them. A test compares
 * both.
 */

const FILES_ERROR =
  'enum { no-entry, not-permitted, exists, is-directory, not-directory, not-empty, quota, name-too-long, invalid, io }';
const FILES_ENTRY = 'record { name: string, kind: enum { file, directory }, size: u64 }';

/** Signatures in the words of `signatureOf`, by interface without version. */
export const HOST_SIGNATURES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'cellblock:host/config': {
    get: 'func(name: string) -> option<string>',
    all: 'func() -> list<tuple<string, string>>',
  },
  'cellblock:host/files': {
    mounts: 'func() -> list<string>',
    stat: `func(path: string) -> result<${FILES_ENTRY}, ${FILES_ERROR}>`,
    list: `func(path: string) -> result<list<${FILES_ENTRY}>, ${FILES_ERROR}>`,
    read: `func(path: string, offset: u64, length: u32) -> result<list<u8>, ${FILES_ERROR}>`,
    write: `func(path: string, offset: u64, bytes: list<u8>) -> result<_, ${FILES_ERROR}>`,
    'set-size': `func(path: string, size: u64) -> result<_, ${FILES_ERROR}>`,
    'make-directory': `func(path: string) -> result<_, ${FILES_ERROR}>`,
    remove: `func(path: string) -> result<_, ${FILES_ERROR}>`,
    rename: `func(old: string, new: string) -> result<_, ${FILES_ERROR}>`,
  },
};
