import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FolderWatch } from '../../authoring/build/watch-folder.ts';
import { readProject } from '../../authoring/project/index.ts';
import { CodedError } from '../../runtime/index.ts';
import { note, visible } from './output.ts';

/** The program beside this file, as it is built. */
const PROGRAM = fileURLToPath(new URL('main.js', import.meta.url));

/** Paths that one line names. */
const CHANGES_SHOWN_MAX = 3;

/**
 * Builds a tool and runs its cases, then again whenever its author changes a file, until SIGINT or SIGTERM.
 *
 * Each build is a process of its own: compilers that run inside this program may break, or keep memory, and the next build must be as
 * the first.
 *
 * @throws CodedError `usage/invalid-argument` for options that do not go with watching; as `readProject` and `FolderWatch.open`.
 */
export async function watchCommand(folder: string, options: WatchOptions): Promise<void> {
  if (options.json === true || options.check === true || options.out !== undefined) {
    throw new CodedError('usage/invalid-argument', '`--watch` goes with neither `--json`, `--check` nor `--out`');
  }
  const { component, folder: absolute } = await readProject(folder);
  const watch = await FolderWatch.open(absolute, component);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  stop.signal.addEventListener('abort', () => watch.end());
  while (!stop.signal.aborted) {
    await buildAndTest(folder, stop.signal);
    if (stop.signal.aborted) break;
    note(`\nwatching ${folder === '.' ? 'this folder' : folder}; Ctrl-C ends`);
    const changes = await watch.changed();
    if (changes.length > 0) note(visible(`\nchanged: ${changesText(changes)}\n`));
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
}

export interface WatchOptions {
  readonly out?: string;
  readonly check?: boolean;
  readonly json?: boolean;
}

/** Both report for themselves; a build that fails leaves nothing new to test. */
async function buildAndTest(folder: string, signal: AbortSignal): Promise<void> {
  const built = await runSelf(['build', folder], signal);
  if (built && !signal.aborted && existsSync(join(folder, 'cases'))) await runSelf(['test', folder], signal);
}

/** Runs this program with other arguments, on the same terminal. @returns whether it ended well. */
function runSelf(args: readonly string[], signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
    const kill = (): void => void child.kill('SIGTERM');
    signal.addEventListener('abort', kill);
    child.once('error', reject);
    child.once('close', (code) => {
      signal.removeEventListener('abort', kill);
      resolve(code === 0);
    });
  });
}

function changesText(changes: readonly string[]): string {
  const more = changes.length - CHANGES_SHOWN_MAX;
  return changes.slice(0, CHANGES_SHOWN_MAX).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
