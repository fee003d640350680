import type { Descriptor } from '@bytecodealliance/preview2-shim/interfaces/wasi-filesystem-types';
import { type FileQuota, MemoryFileTree, type WasiOptions } from '../../../runtime/wasi/index.ts';
import { openWasi } from './guest-side.ts';

/** A call with one preopened directory `/` over a fresh tree. */
export function openFiles(
  options: {
    quota?: Partial<FileQuota>;
    writable?: boolean;
    fill?: (tree: MemoryFileTree) => void;
    wasi?: Partial<WasiOptions>;
  } = {},
) {
  const tree = new MemoryFileTree({ bytesMax: 1000, inodesMax: 20, ...options.quota });
  options.fill?.(tree);
  const preopens = [{ name: '/', tree, writable: options.writable ?? true }];
  const { wasi, guest } = openWasi({ preopens, handlesMax: 64, ...options.wasi });
  const root = guest['wasi:filesystem/preopens'].getDirectories()[0]![0];
  return { tree, wasi, guest, root };
}

/** Makes or empties a file and writes it, as a guest would. */
export function put(root: Descriptor, path: string, bytes: Uint8Array): Descriptor {
  const file = root.openAt({}, path, { create: true, truncate: true }, { read: true, write: true });
  file.write(bytes, 0n);
  return file;
}

/** Names in a directory, in the order in which the guest sees them. */
export function list(directory: Descriptor): string[] {
  const stream = directory.readDirectory();
  const names: string[] = [];
  for (let entry = stream.readDirectoryEntry(); entry !== undefined; entry = stream.readDirectoryEntry()) {
    names.push(`${entry.name}${entry.type === 'directory' ? '/' : ''}`);
  }
  return names;
}
