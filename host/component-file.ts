import { readFile, stat } from 'node:fs/promises';
import { CodedError, type Component, decodeComponent } from '../runtime/index.ts';

/** Bytes of a component file; a larger one is not read. */
const COMPONENT_FILE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Reads and decodes one component file.
 *
 * @throws CodedError `usage/unreadable-file`, `component/*`.
 */
export async function readComponentFile(path: string): Promise<Component> {
  const bytes = await readCapped(path).catch((cause: unknown) => {
    if (cause instanceof CodedError) throw cause;
    throw new CodedError('usage/unreadable-file', `the component cannot be read: \`${path}\``, { cause });
  });
  return decodeComponent(bytes);
}

async function readCapped(path: string): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size > COMPONENT_FILE_BYTES_MAX) {
    throw new CodedError('component/too-large', `the component has ${size} bytes, more than ${COMPONENT_FILE_BYTES_MAX}`);
  }
  return readFile(path);
}
