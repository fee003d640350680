export type { Captured } from './bytes.ts';
export type { TimeSource } from './clock.ts';
export { type ClosedWasi, createClosedWasi, type WasiInterface, type WasiOptions } from './closed-wasi.ts';
export { ExitSignal, exitCodeOf } from './exit-signal.ts';
export type { FileTree } from './file-tree.ts';
export type { Preopen } from './filesystem.ts';
export { type FileQuota, MemoryFileTree } from './memory-file-tree.ts';
export { CLOSED_WASI_INTERFACES, isMet, isServedResource, servedSignatures } from './met.ts';
