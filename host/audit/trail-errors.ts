import { CodedError, isCoded } from '../../runtime/index.ts';
import { printable } from '../policy/quote.ts';

const HELP: Readonly<Record<string, string>> = {
  EACCES: 'let the user of this process write to the folder, and nobody else',
  EPERM: 'let the user of this process write to the folder, and nobody else',
  EROFS: 'name a folder on a file system that can be written',
  ENOSPC: 'make room on the file system of the folder',
  EDQUOT: 'make room on the file system of the folder',
  EIO: 'look at the disk: what it lost had been acknowledged to nobody',
};

/** What went wrong with the trail as `failed/audit-unavailable`; errors that have a code of ours pass. */
export function asUnavailable(cause: unknown, folder: string): CodedError {
  if (isCoded(cause)) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const code = String((cause as { code?: unknown } | null)?.code);
  return new CodedError(
    'failed/audit-unavailable',
    `the trail in \`${printable(folder, 256)}\` cannot be written, so nothing runs: ${printable(reason, 200)}`,
    { cause, help: HELP[code] ?? 'the folder must be on a local file system that this process can write to' },
  );
}

/** The trail is not what was written. @param seq - the record that does not fit, or is missing. */
export function brokenChain(seq: number, where: string, reason: string): CodedError {
  return new CodedError('audit/broken-chain', `the trail was changed: record ${seq} in \`${printable(where, 256)}\` ${reason}`, {
    data: { seq },
    help: 'find out who changed it; then go on in a new folder, and keep this one',
  });
}
