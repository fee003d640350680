import type { Capability } from '../../runtime/index.ts';

/** Characters of one line; the rest is cut, so that one line cannot take the whole log. */
const MESSAGE_CHARS_MAX = 4096;

/**
 * `cellblock:host/log`. Each line crosses to the trusted side at once, so that the outcome of a call has them also where its
 * cell was ended.
 */
export const LOG: Capability = {
  kind: 'bridged',
  name: 'log',
  interface: 'cellblock:host/log@0.1.0',
  signatures: { write: 'func(level: enum { debug, info, warn, error }, message: string)' },
  functions: {
    write: ([level, message], context) => {
      context.log({ level: String(level), message: String(message).slice(0, MESSAGE_CHARS_MAX) });
      return undefined;
    },
  },
};
