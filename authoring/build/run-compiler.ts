import { spawn } from 'node:child_process';
import { CodedError } from '../../runtime/index.ts';

/** Characters that are kept of each of a compiler's streams. */
const STREAM_CHARS_MAX = 1 << 26;

export interface CompilerRun {
  /** Working directory. */
  readonly folder: string;
  /** Whole environment; this process's own unless given. */
  readonly env?: NodeJS.ProcessEnv;
  /** Takes what it writes to stderr, as it comes. Standard output is only collected. */
  readonly onOutput?: ((text: string) => void) | undefined;
}

export interface CompilerEnd {
  /** Exit code; -1 where a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a compiler to its end, whatever that is.
 *
 * @throws CodedError `author/no-compiler` where there is no such program.
 */
export function runCompiler(
  command: string,
  args: readonly string[],
  { folder, env, onOutput }: CompilerRun,
): Promise<CompilerEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: folder, env: env ?? process.env, stdio: ['ignore', 'pipe', 'pipe'] });
    const texts = { stdout: '', stderr: '' };
    const keep = (name: 'stdout' | 'stderr', text: string) => {
      if (texts[name].length < STREAM_CHARS_MAX) texts[name] += text;
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => keep('stdout', text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      keep('stderr', text);
      onOutput?.(text);
    });
    child.once('error', (cause) => reject(new CodedError('author/no-compiler', `\`${command}\` cannot be started`, { cause })));
    child.once('close', (code) => resolve({ code: code ?? -1, ...texts }));
  });
}
