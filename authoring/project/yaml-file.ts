import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { readDocument } from '../../host/policy/index.ts';
import { CodedError, isCoded } from '../../runtime/index.ts';

/**
 * Reads a YAML file of a tool's folder by its schema.
 *
 * @param path - of a UTF-8 file, at most 1 MiB.
 * @param absentHelp - what to do where there is no such file.
 * @returns what it says. Messages about it come from the file's own lines.
 * @throws CodedError `usage/unreadable-file`; `author/invalid-file` with each issue's line, column and excerpt in `data.issues`.
 */
export async function readYamlFile<Data>(path: string, schema: z.ZodType<Data>, absentHelp?: string): Promise<Data> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const { code } = cause as { readonly code?: string };
    const help = code === 'ENOENT' ? absentHelp : undefined;
    throw new CodedError('usage/unreadable-file', `\`${path}\` cannot be read: ${code ?? 'unknown reason'}`, {
      cause,
      ...(help && { help }),
    });
  });
  try {
    return readDocument(text, path, schema).data;
  } catch (error) {
    if (!isCoded(error) || error.code !== 'policy/invalid-document') throw error;
    throw new CodedError('author/invalid-file', error.message, { data: error.data, cause: error });
  }
}
