import type { Descriptor } from '@bytecodealliance/preview2-shim/interfaces/wasi-filesystem-types';
import type { FilesSetup, WasiOptions } from '../../../runtime/wasi/index.ts';
import { FakeFiles, type FakeInput } from '../../support/fake-files.ts';
import { openWasi } from './guest-side.ts';

/** `cellblock:host/files`, as bindings see it. */
export interface HostFilesView {
  mounts(): string[];
  stat(path: string): { name: string; kind: 'file' | 'directory'; size: bigint };
  list(path: string): { name: string; kind: string; size: bigint }[];
  read(path: string, offset: bigint, length: number): Uint8Array;
  write(path: string, offset: bigint, bytes: Uint8Array): void;
  setSize(path: string, size: bigint): void;
  makeDirectory(path: string): void;
  remove(path: string): void;
  rename(old: string, next: string): void;
}

/** A call with granted files: by default one writable mount `/data`. */
export function openGranted(inputs: readonly FakeInput[], options: Partial<FilesSetup> & { wasi?: Partial<WasiOptions> } = {}) {
  const { wasi: wasiOptions, ...setup } = options;
  const fake = new FakeFiles(inputs);
  const files = { mounts: [{ name: '/data', writable: true }], bytesMax: 1000, inodesMax: 50, ...setup };
  const { wasi, guest } = openWasi({ files, back: fake.call, handlesMax: 64, ...wasiOptions });
  const host = wasi.imports['cellblock:host/files'] as unknown as HostFilesView;
  const roots = (): Descriptor[] => guest['wasi:filesystem/preopens'].getDirectories().map(([root]) => root);
  return { fake, wasi, guest, host, roots };
}
