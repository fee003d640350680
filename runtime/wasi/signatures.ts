/*
 * Every function of WASI 0.2 that the closed WASI serves, with its types. Made from the official WIT and not to be changed by
 * hand: `test/outside/wasi-signatures.mjs` compares it with that text.
 *
 * Source: github.com/WebAssembly/WASI, tags v0.2.0 to v0.2.12, which agree in all of it; `exit-with-code` came with 0.2.1.
 */

const STREAM_ERROR = 'variant { last-operation-failed(own<error>), closed }';
const DATETIME = 'record { seconds: u64, nanoseconds: u32 }';
const DESCRIPTOR_TYPE = 'enum { unknown, block-device, character-device, directory, fifo, symbolic-link, regular-file, socket }';
const DESCRIPTOR_FLAGS =
  'flags { read, write, file-integrity-sync, data-integrity-sync, requested-write-sync, mutate-directory }';
const PATH_FLAGS = 'flags { symlink-follow }';
const OPEN_FLAGS = 'flags { create, directory, exclusive, truncate }';
const ADVICE = 'enum { normal, sequential, random, will-need, dont-need, no-reuse }';
const HASH = 'record { lower: u64, upper: u64 }';
const NEW_TIMESTAMP = `variant { no-change, now, timestamp(${DATETIME}) }`;
const STAT = `record { type: ${DESCRIPTOR_TYPE}, link-count: u64, size: u64, ${[
  'data-access-timestamp',
  'data-modification-timestamp',
  'status-change-timestamp',
]
  .map((name) => `${name}: option<${DATETIME}>`)
  .join(', ')} }`;
const ERROR_CODE = `enum { ${[
  'access, would-block, already, bad-descriptor, busy, deadlock, quota, exist, file-too-large',
  'illegal-byte-sequence, in-progress, interrupted, invalid, io, is-directory, loop, too-many-links, message-size',
  'name-too-long, no-device, no-entry, no-lock, insufficient-memory, insufficient-space, not-directory, not-empty',
  'not-recoverable, unsupported, no-tty, no-such-device, overflow, not-permitted, pipe, read-only, invalid-seek',
  'text-file-busy, cross-device',
].join(', ')} }`;

/** Signatures in the words of `signatureOf`, by interface without version and by name as the binary has it. */
export const WASI_SIGNATURES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'wasi:cli/environment': {
    'get-environment': 'func() -> list<tuple<string, string>>',
    'get-arguments': 'func() -> list<string>',
    'initial-cwd': 'func() -> option<string>',
  },
  'wasi:cli/exit': {
    exit: 'func(status: result<_, _>)',
    'exit-with-code': 'func(status-code: u8)',
  },
  'wasi:cli/stderr': {
    'get-stderr': 'func() -> own<output-stream>',
  },
  'wasi:cli/stdin': {
    'get-stdin': 'func() -> own<input-stream>',
  },
  'wasi:cli/stdout': {
    'get-stdout': 'func() -> own<output-stream>',
  },
  'wasi:cli/terminal-input': {},
  'wasi:cli/terminal-output': {},
  'wasi:cli/terminal-stderr': {
    'get-terminal-stderr': 'func() -> option<own<terminal-output>>',
  },
  'wasi:cli/terminal-stdin': {
    'get-terminal-stdin': 'func() -> option<own<terminal-input>>',
  },
  'wasi:cli/terminal-stdout': {
    'get-terminal-stdout': 'func() -> option<own<terminal-output>>',
  },
  'wasi:clocks/monotonic-clock': {
    now: 'func() -> u64',
    resolution: 'func() -> u64',
    'subscribe-instant': 'func(when: u64) -> own<pollable>',
    'subscribe-duration': 'func(when: u64) -> own<pollable>',
  },
  'wasi:clocks/wall-clock': {
    now: `func() -> ${DATETIME}`,
    resolution: `func() -> ${DATETIME}`,
  },
  'wasi:filesystem/preopens': {
    'get-directories': 'func() -> list<tuple<own<descriptor>, string>>',
  },
  'wasi:filesystem/types': {
    '[method]descriptor.read-via-stream': `func(self: borrow<descriptor>, offset: u64) -> result<own<input-stream>, ${ERROR_CODE}>`,
    '[method]descriptor.write-via-stream': `func(self: borrow<descriptor>, offset: u64) -> result<own<output-stream>, ${ERROR_CODE}>`,
    '[method]descriptor.append-via-stream': `func(self: borrow<descriptor>) -> result<own<output-stream>, ${ERROR_CODE}>`,
    '[method]descriptor.advise': `func(self: borrow<descriptor>, offset: u64, length: u64, advice: ${ADVICE}) -> result<_, ${ERROR_CODE}>`,
    '[method]descriptor.sync-data': `func(self: borrow<descriptor>) -> result<_, ${ERROR_CODE}>`,
    '[method]descriptor.get-flags': `func(self: borrow<descriptor>) -> result<${DESCRIPTOR_FLAGS}, ${ERROR_CODE}>`,
    '[method]descriptor.get-type': `func(self: borrow<descriptor>) -> result<${DESCRIPTOR_TYPE}, ${ERROR_CODE}>`,
    '[method]descriptor.set-size': `func(self: borrow<descriptor>, size: u64) -> result<_, ${ERROR_CODE}>`,
    '[method]descriptor.set-times': `func(self: borrow<descriptor>, data-access-timestamp: ${NEW_TIMESTAMP}, data-modification-timestamp: ${NEW_TIMESTAMP}) -> result<_, ${ERROR_CODE}>`,
    '[method]descriptor.read': `func(self: borrow<descriptor>, length: u64, offset: u64) -> result<tuple<list<u8>, bool>, ${ERROR_CODE}>`,
    '[method]descriptor.write': `func(self: borrow<descriptor>, buffer: list<u8>, offset: u64) -> result<u64, ${ERROR_CODE}>`,
    '[method]descriptor.read-directory': `func(self: borrow<descriptor>) -> result<own<directory-entry-stream>, ${ERROR_CODE}>`,
    '[method]descriptor.sync': `func(self: borrow<descriptor>) -> result<_, ${ERROR_CODE}>`,
    '[method]descriptor.create-directory-at': `func(self: borrow<descriptor>, path: string) -> result<_, ${ERROR_CODE}>`,
    '[method]descriptor.stat': `func(self: borrow<descriptor>) -> result<${STAT}, ${ERROR_CODE}>`,
    '[method]descriptor.stat-at': `func(self: borrow<descriptor>, path-flags: ${PATH_FLAGS}, path: string) -> result<${STAT}, ${ERROR_CODE}>`,
    '[method]descriptor.set-times-at': `func(self: borrow<descriptor>, path-flags: ${PATH_FLAGS}, path: string, data-access-timestamp: ${NEW_TIMESTAMP}, data-modification-timestamp: ${NEW_TIMESTAMP}) -> result<_, ${ERROR_CODE}>`,
    '[method]descriptor.link-at': `func(self: borrow<descriptor>, old-path-flags: ${PATH_FLAGS}, old-path: string, new-descriptor: borrow<descriptor>, new-path: string) -> result<_, ${ERROR_CODE}>`,
    '[method]descriptor.open-at': `func(self: borrow<descriptor>, path-flags: ${PATH_FLAGS}, path: string, open-flags: ${OPEN_FLAGS}, flags: ${DESCRIPTOR_FLAGS}) -> result<own<descriptor>, ${ERROR_CODE}>`,
    '[method]descriptor.readlink-at': `func(self: borrow<descriptor>, path: string) -> result<string, ${ERROR_CODE}>`,
    '[method]descriptor.remove-directory-at': `func(self: borrow<descriptor>, path: string) -> result<_, ${ERROR_CODE}>`,
    '[method]descriptor.rename-at': `func(self: borrow<descriptor>, old-path: string, new-descriptor: borrow<descriptor>, new-path: string) -> result<_, ${ERROR_CODE}>`,
    '[method]descriptor.symlink-at': `func(self: borrow<descriptor>, old-path: string, new-path: string) -> result<_, ${ERROR_CODE}>`,
    '[method]descriptor.unlink-file-at': `func(self: borrow<descriptor>, path: string) -> result<_, ${ERROR_CODE}>`,
    '[method]descriptor.is-same-object': 'func(self: borrow<descriptor>, other: borrow<descriptor>) -> bool',
    '[method]descriptor.metadata-hash': `func(self: borrow<descriptor>) -> result<${HASH}, ${ERROR_CODE}>`,
    '[method]descriptor.metadata-hash-at': `func(self: borrow<descriptor>, path-flags: ${PATH_FLAGS}, path: string) -> result<${HASH}, ${ERROR_CODE}>`,
    '[method]directory-entry-stream.read-directory-entry': `func(self: borrow<directory-entry-stream>) -> result<option<record { type: ${DESCRIPTOR_TYPE}, name: string }>, ${ERROR_CODE}>`,
    'filesystem-error-code': `func(err: borrow<error>) -> option<${ERROR_CODE}>`,
  },
  'wasi:io/error': {
    '[method]error.to-debug-string': 'func(self: borrow<error>) -> string',
  },
  'wasi:io/poll': {
    '[method]pollable.ready': 'func(self: borrow<pollable>) -> bool',
    '[method]pollable.block': 'func(self: borrow<pollable>)',
    poll: 'func(in: list<borrow<pollable>>) -> list<u32>',
  },
  'wasi:io/streams': {
    '[method]input-stream.read': `func(self: borrow<input-stream>, len: u64) -> result<list<u8>, ${STREAM_ERROR}>`,
    '[method]input-stream.blocking-read': `func(self: borrow<input-stream>, len: u64) -> result<list<u8>, ${STREAM_ERROR}>`,
    '[method]input-stream.skip': `func(self: borrow<input-stream>, len: u64) -> result<u64, ${STREAM_ERROR}>`,
    '[method]input-stream.blocking-skip': `func(self: borrow<input-stream>, len: u64) -> result<u64, ${STREAM_ERROR}>`,
    '[method]input-stream.subscribe': 'func(self: borrow<input-stream>) -> own<pollable>',
    '[method]output-stream.check-write': `func(self: borrow<output-stream>) -> result<u64, ${STREAM_ERROR}>`,
    '[method]output-stream.write': `func(self: borrow<output-stream>, contents: list<u8>) -> result<_, ${STREAM_ERROR}>`,
    '[method]output-stream.blocking-write-and-flush': `func(self: borrow<output-stream>, contents: list<u8>) -> result<_, ${STREAM_ERROR}>`,
    '[method]output-stream.flush': `func(self: borrow<output-stream>) -> result<_, ${STREAM_ERROR}>`,
    '[method]output-stream.blocking-flush': `func(self: borrow<output-stream>) -> result<_, ${STREAM_ERROR}>`,
    '[method]output-stream.subscribe': 'func(self: borrow<output-stream>) -> own<pollable>',
    '[method]output-stream.write-zeroes': `func(self: borrow<output-stream>, len: u64) -> result<_, ${STREAM_ERROR}>`,
    '[method]output-stream.blocking-write-zeroes-and-flush': `func(self: borrow<output-stream>, len: u64) -> result<_, ${STREAM_ERROR}>`,
    '[method]output-stream.splice': `func(self: borrow<output-stream>, src: borrow<input-stream>, len: u64) -> result<u64, ${STREAM_ERROR}>`,
    '[method]output-stream.blocking-splice': `func(self: borrow<output-stream>, src: borrow<input-stream>, len: u64) -> result<u64, ${STREAM_ERROR}>`,
  },
  'wasi:random/insecure': {
    'get-insecure-random-bytes': 'func(len: u64) -> list<u8>',
    'get-insecure-random-u64': 'func() -> u64',
  },
  'wasi:random/insecure-seed': {
    'insecure-seed': 'func() -> tuple<u64, u64>',
  },
  'wasi:random/random': {
    'get-random-bytes': 'func(len: u64) -> list<u8>',
    'get-random-u64': 'func() -> u64',
  },
};

/** The resources of these interfaces, each with the one that it belongs to. No name occurs twice, so signatures have the name alone. */
export const WASI_RESOURCES: Readonly<Record<string, string>> = {
  descriptor: 'wasi:filesystem/types',
  'directory-entry-stream': 'wasi:filesystem/types',
  error: 'wasi:io/error',
  'input-stream': 'wasi:io/streams',
  'output-stream': 'wasi:io/streams',
  pollable: 'wasi:io/poll',
  'terminal-input': 'wasi:cli/terminal-input',
  'terminal-output': 'wasi:cli/terminal-output',
};
