import { Writable } from 'node:stream';

/**
 * Nothing in this thread may reach the process's own streams from now on: not the glue's console lines, not a library's
 * warning.
 *
 * Thread: a worker, at any time after its start.
 */
export function muteProcess(): void {
  for (const name of ['stdout', 'stderr'] as const) Object.defineProperty(process, name, { value: nowhere(process[name]) });
  const mute = () => undefined;
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const) console[method] = mute;
}

/**
 * A stream that drops what it gets, in the place of one of a worker's own.
 *
 * Node calls a method of the worker's stream, named by a symbol, whenever the process wants more of it. The first such message
 * is on its way when the worker starts, and may arrive after this: without the method the worker would die of it.
 */
function nowhere(stream: NodeJS.WriteStream): Writable {
  const replacement = new Writable({ write: (_chunk, _encoding, done) => done() });
  for (const symbol of Object.getOwnPropertySymbols(Object.getPrototypeOf(stream))) {
    if (symbol in replacement) continue;
    Object.defineProperty(replacement, symbol, { value: () => undefined });
  }
  return replacement;
}
