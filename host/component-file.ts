import { CodedError, type Component, decodeComponent } from '../runtime/index.ts';
import { readRegularFile } from './regular-file.ts';

/** Bytes of a component file; a larger one is not read. */
const COMPONENT_FILE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Reads one component file whole; nothing in it is looked at.
 *
 * @throws CodedError `usage/unreadable-file`, `component/too-large`.
 */
export async function readComponentBytes(path: string): Promise<Uint8Array> {
  const bytes = await readRegularFile(path, COMPONENT_FILE_BYTES_MAX).catch((cause: unknown) => {
    throw new CodedError('usage/unreadable-file', `the component cannot be read: \`${path}\``, { cause });
  });
  if (bytes.length <= COMPONENT_FILE_BYTES_MAX) return bytes;
  throw new CodedError('component/too-large', `the component has more than ${COMPONENT_FILE_BYTES_MAX} bytes`);
}

/**
 * Reads and decodes one component file.
 *
 * @throws CodedError as `readComponentBytes`, and `component/*`.
 */
export async function readComponentFile(path: string): Promise<Component> {
  return decodeComponent(await readComponentBytes(path));
}
