import type * as Preopens from '@bytecodealliance/preview2-shim/interfaces/wasi-filesystem-preopens';
import type * as Types from '@bytecodealliance/preview2-shim/interfaces/wasi-filesystem-types';
import type { Conforms } from './conform.ts';
import type { WasiContext } from './context.ts';
import { Descriptor, DirectoryEntryStream } from './descriptor.ts';
import type { FileTree } from './file-tree.ts';
import { IoError } from './io.ts';

/** A directory that the guest finds open when it starts. */
export interface Preopen {
  /** The path by which the guest knows it, for example `/data`. */
  readonly name: string;
  readonly tree: FileTree;
  /** When false, every change below it is refused as `read-only`. */
  readonly writable: boolean;
}

/** Every error code of `wasi:filesystem/types`; a record, so that one left out is a compile error. */
const ERROR_CODES: Readonly<Record<Types.ErrorCode, true>> = {
  access: true,
  'would-block': true,
  already: true,
  'bad-descriptor': true,
  busy: true,
  deadlock: true,
  quota: true,
  exist: true,
  'file-too-large': true,
  'illegal-byte-sequence': true,
  'in-progress': true,
  interrupted: true,
  invalid: true,
  io: true,
  'is-directory': true,
  loop: true,
  'too-many-links': true,
  'message-size': true,
  'name-too-long': true,
  'no-device': true,
  'no-entry': true,
  'no-lock': true,
  'insufficient-memory': true,
  'insufficient-space': true,
  'not-directory': true,
  'not-empty': true,
  'not-recoverable': true,
  unsupported: true,
  'no-tty': true,
  'no-such-device': true,
  overflow: true,
  'not-permitted': true,
  pipe: true,
  'read-only': true,
  'invalid-seek': true,
  'text-file-busy': true,
  'cross-device': true,
};

/** `wasi:filesystem/types`, in the form that bindings import. */
export function filesystemTypes(context: WasiContext) {
  return {
    Descriptor,
    DirectoryEntryStream,
    filesystemErrorCode: (error: Types.Error) =>
      context.call(() => {
        const code = IoError.codeOf(error as IoError); // bindings pass only what this folder made
        return isErrorCode(code) ? code : undefined;
      }),
  } satisfies Conforms<typeof Types>;
}

/** `wasi:filesystem/preopens`, in the form that bindings import. Each call opens every preopen anew. */
export function preopens(context: WasiContext, list: readonly Preopen[]) {
  const open = ({ name, tree, writable }: Preopen, device: number): [Descriptor, string] => {
    const flags = { read: true, mutateDirectory: writable };
    return [new Descriptor(context, { tree, device, writable }, tree.root, flags), name];
  };
  return { getDirectories: () => context.call(() => list.map(open)) } satisfies Conforms<typeof Preopens>;
}

/** True for an error code of `wasi:filesystem/types`. */
export function isErrorCode(code: string): code is Types.ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}
