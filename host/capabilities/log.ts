import { z } from 'zod';
import { type Capability, CodedError, type HostCallContext, type HostFunction, type WitValue } from '../../runtime/index.ts';
import { quote } from '../policy/quote.ts';
import { expected, fields, parsedBy } from '../policy/schema-parts.ts';
import { size } from '../policy/tool-schema.ts';
import { parseSize } from '../policy/units.ts';
import { type CapabilityCall, type CapabilityEntry, defineCapability, type Grant } from './capability.ts';

/** Characters of one line; the rest is cut, so that one line cannot take the whole log. */
const MESSAGE_CHARS_MAX = 4096;
/** What the runtime keeps of one call, whatever a grant says; each line counts 32 bytes beside its text there. */
const LOG_BYTES_MAX = 64 * 1024;
const LINES_MAX = 2048;

const LEVEL_NAMES = ['debug', 'info', 'warn', 'error'] as const;
const LEVELS: readonly string[] = LEVEL_NAMES;

const LINES_FORM = expected(`a whole number from 1 to ${LINES_MAX}`);

function parseBytes(text: string): number {
  const bytes = parseSize(text);
  if (bytes <= LOG_BYTES_MAX) return bytes;
  throw new CodedError('usage/invalid-argument', `expected a size of at most 64KiB, got ${quote(text)}`);
}

/** What a policy says of `log`; the bare name stands for all defaults. */
const logScope = fields('the fields of `log`', {
  level: z
    .enum(LEVEL_NAMES, { error: expected('`debug`, `info`, `warn` or `error`') })
    .optional()
    .describe('The least level that is kept. Default debug.'),
  lines: z
    .int({ error: LINES_FORM })
    .min(1, { error: LINES_FORM })
    .max(LINES_MAX, { error: LINES_FORM })
    .optional()
    .describe('Lines that are kept of one call.'),
  bytes: size('16KiB')
    .transform(parsedBy(parseBytes))
    .optional()
    .describe('Bytes of text that are kept of one call; at most 64KiB.'),
})
  .optional()
  .transform((scope) => scope ?? {});

type LogScope = z.output<typeof logScope>;

/**
 * `cellblock:host/log`. Each line crosses to the trusted side at once, so that the outcome of a call has them also where its
 * cell was ended.
 */
export const LOG: CapabilityEntry = defineCapability<LogScope>({
  name: 'log',
  summary: 'write log lines that come back with the outcome (at most 64 KiB a call)',
  interfaces: ['cellblock:host/log@0.1.0'],
  effect: 'none',
  scope: logScope,
  open: (grant) => [serving((args, context) => writeWithin(grant, lineOf(args), context))],
});

function serving(write: HostFunction): Capability {
  return {
    kind: 'bridged',
    name: 'log',
    interface: 'cellblock:host/log@0.1.0',
    signatures: { write: 'func(level: enum { debug, info, warn, error }, message: string)' },
    functions: { write },
  };
}

interface Line {
  readonly level: string;
  readonly message: string;
}

function lineOf([level, message]: readonly WitValue[]): Line {
  return { level: String(level), message: String(message).slice(0, MESSAGE_CHARS_MAX) };
}

/** What was kept of one call, and how many lines its grants did not let through. */
interface Kept {
  lines: number;
  bytes: number;
  dropped: number;
}

const KEPT = {};

/** A line below the least level is not wanted, so nobody counts it; one past a cap is missed, so it is counted. */
function writeWithin(grant: Grant<LogScope>, line: Line, context: HostCallContext): undefined {
  const call = grant.callOf(context);
  const scopes = grant.scopesFor(call);
  const level = LEVELS.indexOf(line.level);
  if (scopes.some((scope) => level < LEVELS.indexOf(scope.level ?? 'debug'))) return undefined;
  const kept = call.state<Kept>(
    KEPT,
    () => ({ lines: 0, bytes: 0, dropped: 0 }),
    (state) => noteDropped(call, state),
  );
  const bytes = kept.bytes + Buffer.byteLength(line.message);
  if (scopes.every((scope) => kept.lines < (scope.lines ?? Infinity) && bytes <= (scope.bytes ?? Infinity))) {
    kept.lines += 1;
    kept.bytes = bytes;
    context.log(line);
  } else kept.dropped += 1;
  return undefined;
}

function noteDropped(call: CapabilityCall, { dropped }: Kept): undefined {
  if (dropped > 0)
    call.note({ capability: 'log', act: 'write', result: 'dropped: past the caps of the grant', data: { lines: dropped } });
  return undefined;
}
