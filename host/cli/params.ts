import { CodedError } from '../../runtime/index.ts';
import { readRegularFile } from '../regular-file.ts';

/** Bytes of a parameters document. */
export const PARAMS_JSON_BYTES_MAX = 32 * 1024 * 1024;

/**
 * Reads the `--params` option: JSON text, `@file`, or `-` for standard input. Absent means no parameters.
 *
 * @returns the bytes of a JSON document, not yet parsed.
 * @throws CodedError `usage/unreadable-file`, `params/too-large`.
 */
export async function readParams(option: string | undefined): Promise<Uint8Array> {
  if (option === undefined) return new TextEncoder().encode('{}');
  if (option === '-') return readStandardInput();
  if (!option.startsWith('@')) return new TextEncoder().encode(option);
  const path = option.slice(1);
  const bytes = await readRegularFile(path, PARAMS_JSON_BYTES_MAX).catch((cause: unknown) => {
    throw new CodedError('usage/unreadable-file', `the parameters file cannot be read: \`${path}\``, { cause });
  });
  if (bytes.length > PARAMS_JSON_BYTES_MAX) throw tooLarge();
  return bytes;
}

function tooLarge(): CodedError {
  return new CodedError('params/too-large', `the parameters have more than ${PARAMS_JSON_BYTES_MAX} bytes`);
}

async function readStandardInput(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > PARAMS_JSON_BYTES_MAX) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
