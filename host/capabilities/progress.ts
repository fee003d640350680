import type { WitValue } from '../../runtime/index.ts';
import { printable } from '../policy/quote.ts';
import type { CapabilityEntry, Grant } from './capability.ts';

const MESSAGE_CHARS_MAX = 200;
/** At least this long between two reports of a call: ten a second. */
const INTERVAL_MS = 100;

const KEY = {};

/**
 * `cellblock:host/progress`: how far a call is, for whoever watches. Nothing of it is in the result or in the trail, and what comes too fast is
 * dropped.
 *
 * @param now - milliseconds of a clock that only goes forward.
 */
export function progressCapability(now: () => number = () => performance.now()): CapabilityEntry {
  return {
    name: 'progress',
    summary: 'tell whoever watches the call how far it is (at most 10 times a second)',
    interfaces: ['cellblock:host/progress@0.1.0'],
    effect: 'none',
    open: (grant) => [
      {
        kind: 'bridged',
        name: 'progress',
        interface: 'cellblock:host/progress@0.1.0',
        signatures: { report: 'func(done: u64, total: option<u64>, message: string)' },
        functions: {
          report: ([done, total, message], context) => report(grant, grant.callOf(context), [done, total, message], now()),
        },
      },
    ],
  };
}

export const PROGRESS = progressCapability();

function report(
  { host }: Grant<unknown>,
  call: ReturnType<Grant<unknown>['callOf']>,
  [done, total, message]: readonly (WitValue | undefined)[],
  nowMs: number,
): undefined {
  const last = call.state(KEY, () => ({ atMs: Number.NEGATIVE_INFINITY }));
  if (host.report === undefined || call.signal.aborted || nowMs - last.atMs < INTERVAL_MS) return undefined;
  last.atMs = nowMs;
  const some = total as { readonly some: bigint } | null;
  host.report(
    {
      done: done as bigint,
      ...(some === null ? {} : { total: some.some }),
      message: printable(String(message), MESSAGE_CHARS_MAX),
    },
    call,
  );
  return undefined;
}
