import type { CreateCapability } from '../../runtime/index.ts';

/*
 * `cellblock:host/log`, the side that runs inside the cell's worker. It holds no authority: lines are kept with the call
 * and come back with its outcome.
 */

/** Characters of one line; the rest is cut, so that one line cannot take the whole log. */
const MESSAGE_CHARS_MAX = 4096;

/** Made afresh for each instance. */
export const createCapability: CreateCapability = (context) => ({
  write: ([level, message]) => {
    context.log({ level: String(level), message: String(message).slice(0, MESSAGE_CHARS_MAX) });
    return undefined;
  },
});
