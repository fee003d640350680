import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { CodedError, isCoded } from '../../runtime/index.ts';
import type { TrailFilter } from '../audit/filter.ts';
import { openRedactionKey } from '../audit/keys.ts';
import { createRedactor } from '../audit/redact.ts';
import { quote } from '../policy/quote.ts';

export const EXIT_TEXT = '\nExit codes: 0 ok, 2 usage, 8 the trail was changed or cannot be read.';

/** Options of every command about a trail. */
export interface TrailOptions {
  readonly folder?: string;
  readonly policy: string;
  readonly json?: boolean;
}

export function addTrailOptions(command: Command): Command {
  return command
    .option('--policy <file>', 'policy file, which names the folder of the trail', 'cellblock.yaml')
    .option('--folder <dir>', 'folder of the trail, without a policy file')
    .option('--json', 'print JSON lines');
}

/** Used where the policy does not say, beside the policy file. */
const DEFAULT_FOLDER = '.cellblock';

/**
 * The folder of the trail: as given, else as the policy says. This is the one place that knows.
 *
 * @throws CodedError `usage/invalid-argument` without a policy file; `policy/invalid-document`.
 */
export async function folderOf({ folder, policy }: TrailOptions): Promise<string> {
  if (folder !== undefined) return folder;
  const { loadPolicy } = await import('../policy/index.ts'); // its schema is slow to load
  try {
    const loaded: object = await loadPolicy(policy, { knownGrants: 'any' });
    const named = (loaded as { readonly trail?: { readonly folder?: unknown } }).trail?.folder;
    return typeof named === 'string' ? named : resolve(dirname(policy), DEFAULT_FOLDER);
  } catch (error) {
    if (!isCoded(error) || error.code !== 'policy/missing') throw error;
    throw new CodedError(
      'usage/invalid-argument',
      `there is no policy file ${quote(policy)} that names the folder of the trail`,
      {
        help: 'name the folder by `--folder DIR`, or the policy by `--policy FILE`',
        cause: error,
      },
    );
  }
}

/** Options that choose records. */
export interface FilterOptions {
  readonly since?: string;
  readonly until?: string;
  readonly kind?: string;
  readonly agent?: string;
  readonly tool?: string;
  readonly outcome?: string;
  readonly code?: string;
  readonly audit?: string;
  readonly approval?: string;
  readonly text?: string;
  readonly secretOf?: string;
}

export function addFilterOptions(command: Command): Command {
  return addSpanOptions(command)
    .option('--agent <name>', 'of requests by this agent')
    .option('--tool <name>', 'of requests for this tool, or tool.function')
    .option('--kind <kind>', 'requested, decided, approval, shape, intent, outcome, alert, opened, closed, segment')
    .option('--outcome <kind>', 'ended so: ok, tool-error, refused, trapped, limited, pending, cancelled, failed')
    .option('--code <code>', 'with this code, or area of codes, such as denied or denied/budget')
    .option('--audit <id>', 'of requests whose audit id begins like this')
    .option('--approval <id>', 'about approvals whose id begins like this')
    .option('--text <text>', 'with this text anywhere in them, whatever the case of letters')
    .option('--secret-of <->', 'with the secret that standard input gives: what stands for it in the trail');
}

export function addSpanOptions(command: Command): Command {
  return command
    .option('--since <time>', 'from this instant on (2026-01-31T08:00Z), or this long ago (90s, 15m, 2h, 7d)')
    .option('--until <time>', 'before this instant, or this long ago');
}

/**
 * @param now - milliseconds since 1970.
 * @throws CodedError `usage/invalid-argument`; `audit/unreadable` where the key of the trail is needed and is not there.
 */
export async function filterOf(options: FilterOptions, folder: string, now: number): Promise<TrailFilter> {
  const { since, until, secretOf, kind, agent, tool, outcome, code, audit, approval, text } = options;
  const searched = secretOf === undefined ? text : await digestOfSecret(secretOf, folder, text);
  const given = { kind, agent, tool, outcome, code, audit, approval, text: searched };
  return {
    ...spanOf({ ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) }, now),
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
}

/** @throws CodedError `usage/invalid-argument`. */
export function spanOf(
  { since, until }: Pick<FilterOptions, 'since' | 'until'>,
  now: number,
): Pick<TrailFilter, 'since' | 'until'> {
  return {
    ...(since === undefined ? {} : { since: parseInstant(since, now) }),
    ...(until === undefined ? {} : { until: parseInstant(until, now) }),
  };
}

const AGO_UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** With its zone: without one, another machine would read another instant. A date alone is midnight UTC. */
const INSTANT = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

function parseInstant(text: string, now: number): number {
  const ago = /^(\d{1,9})([smhd])$/.exec(text);
  if (ago !== null) return now - Number(ago[1]) * AGO_UNITS_MS[ago[2]!]!;
  const instant = INSTANT.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(instant)) return instant;
  throw new CodedError('usage/invalid-argument', `expected an instant or a time ago, got ${quote(text)}`, {
    help: 'for example `2026-01-31`, `2026-01-31T08:00Z`, `2026-01-31T08:00:00+01:00`, `2h`',
  });
}

const SECRET_BYTES_MAX = 1024 * 1024;

/** Never as an argument, which other users of the machine can see. The beginning of the digest stands in texts, too. */
async function digestOfSecret(option: string, folder: string, text: string | undefined): Promise<string> {
  if (option !== '-')
    throw new CodedError('usage/invalid-argument', 'expected `--secret-of -`: the secret is read from standard input');
  if (text !== undefined) throw new CodedError('usage/invalid-argument', '`--secret-of` and `--text` cannot be used together');
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > SECRET_BYTES_MAX)
      throw new CodedError('usage/invalid-argument', `the secret has more than ${SECRET_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  const secret = Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  return createRedactor(openRedactionKey(folder))
    .digestOf(secret)
    .slice(0, 'hmac-sha256:'.length + 16);
}
