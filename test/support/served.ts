import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/host/cli/main.js', import.meta.url));

/** `cellblock serve` as a process of its own. */
export interface Served {
  readonly url: string;
  /** What it has written to standard error so far. */
  stderr(): string;
  /** Resolves when standard error has what is looked for, also what it has already. */
  said(wanted: RegExp): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** How it ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

/** Starts servers; whatever still runs is killed after the tests of the file. */
export function useServed(): (policy: string, ...options: string[]) => Promise<Served> {
  const children: ChildProcess[] = [];
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  return async (policy, ...options) => {
    const child = spawn(process.execPath, [MAIN, 'serve', '--policy', policy, '--port', '0', ...options], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    children.push(child);
    let text = '';
    child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
    const ended = once(child, 'exit').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as string | null,
    }));
    const said = async (wanted: RegExp): Promise<void> => {
      while (!wanted.test(text)) {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the server has ended: ${text}`);
        await Promise.race([once(child.stderr!, 'data'), ended]); // stderr is a pipe
      }
    };
    await said(/^HTTP API\s+http/m);
    const url = /^HTTP API\s+(http:\/\/[^/]+)/m.exec(text)?.[1] ?? '';
    return { url, stderr: () => text, said, signal: (signal) => void child.kill(signal), ended };
  };
}
