import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { CodedError, jsonText } from '../../runtime/index.ts';
import { callText, recordLine } from '../audit/call-text.ts';
import { type ReadRecord, readRecords, showCall, tail } from '../audit/query.ts';
import {
  addFilterOptions,
  addTrailOptions,
  EXIT_TEXT,
  type FilterOptions,
  filterOf,
  folderOf,
  type TrailOptions,
} from './audit-options.ts';
import { addProof } from './audit-proof.ts';
import { note, print, progress } from './output.ts';

/**
 * Adds `cellblock audit` with its commands. They read the trail without a lock, beside running wardens; only `checkpoint` and `export` write, a checkpoint.
 * What they throw is for the caller to print: `CodedError`, with `data.seq` where the trail is broken.
 */
export function addAudit(program: Command): void {
  const audit = program
    .command('audit')
    .summary('read, verify and export the trail of requests, decisions and calls')
    .description(
      'Every request, decision, approval and call is a record of the trail. These commands read it; none can change it.',
    )
    .addHelpText(
      'after',
      `
Start here:
  cellblock audit tail                     the last records
  cellblock audit query --outcome refused  what was refused
  cellblock audit show AUDIT_ID            one request on a page: who, what, why, by which rules, how it ended
  cellblock audit verify                   was anything changed?
${EXIT_TEXT}`,
    );
  addTail(audit);
  addQuery(audit);
  addShow(audit);
  addProof(audit);
}

function addTail(audit: Command): void {
  const command = audit
    .command('tail')
    .summary('the last records, and those that come')
    .description('Prints the last records, one a line.');
  addFilterOptions(addTrailOptions(command))
    .option('-n, --lines <count>', 'records of the last segment', '10')
    .option('-f, --follow', 'go on with records as they are written, until interrupted')
    .addHelpText(
      'after',
      `\nExamples:\n  cellblock audit tail -f\n  cellblock audit tail -f --outcome refused --json | jq .code\n${EXIT_TEXT}`,
    )
    .action(async (options: TrailOptions & FilterOptions & { lines: string; follow?: boolean }) => {
      const folder = await folderOf(options);
      const last = parseCount(options.lines, '--lines');
      const filter = await filterOf(options, folder, Date.now());
      await printAll(
        tail(folder, { filter, last, ...(options.follow === true ? { follow: untilInterrupted() } : {}) }),
        options.json === true,
      );
    });
}

function untilInterrupted(): NonNullable<NonNullable<Parameters<typeof tail>[1]>['follow']> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  return { signal: stop.signal, clock: { sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined) } };
}

function addQuery(audit: Command): void {
  const command = audit
    .command('query')
    .summary('records by agent, tool, time, outcome and more')
    .description('Prints the records for which all options hold, one a line, the oldest first.');
  addFilterOptions(addTrailOptions(command))
    .option('--limit <count>', 'records at most', '1000')
    .option('--scan', 'read the trail from its first record, without the index')
    .addHelpText(
      'after',
      `
Examples:
  cellblock audit query --agent triage --since 24h
  cellblock audit query --outcome refused --since 2026-01-31 --until 2026-02-01 --json
  cellblock audit query --approval 3f2a
  printf %s "$LEAKED_TOKEN" | cellblock audit query --secret-of -      where a secret passed, of which only digests are kept
${EXIT_TEXT}`,
    )
    .action(async (options: TrailOptions & FilterOptions & { limit: string; scan?: boolean }) => {
      const folder = await folderOf(options);
      const limit = parseCount(options.limit, '--limit');
      const filter = await filterOf(options, folder, Date.now());
      const done = progress('reading the trail');
      const cut = await printAll(
        readRecords(folder, filter, { index: options.scan === true ? 'never' : 'auto' }),
        options.json === true,
        limit,
      );
      done();
      if (cut) note(`there are more: only the first ${limit} are shown (\`--limit\`)`);
    });
}

function addShow(audit: Command): void {
  addTrailOptions(
    audit.command('show').summary('one request on a page').argument('<audit-id>', 'audit id, or the beginning of one'),
  )
    .description(
      'Prints who asked for what and why, what was decided by which rules, who approved it, what ran, and how it ended.',
    )
    .addHelpText(
      'after',
      `\nExamples:\n  cellblock audit show 01jc\n  cellblock audit show 01jc --json | jq -s '.[] | {kind, seq}'\n${EXIT_TEXT}`,
    )
    .action(async (id: string, options: TrailOptions) => {
      const { audit: whole, records } = await showCall(await folderOf(options), id);
      if (options.json === true) for (const record of records) print(jsonText(record));
      else for (const line of callText(whole, records)) print(line);
    });
}

/** @returns whether there were more than the limit. */
async function printAll(records: AsyncIterable<ReadRecord>, json: boolean, limit = Number.POSITIVE_INFINITY): Promise<boolean> {
  let left = limit;
  for await (const record of records) {
    if (left-- <= 0) return true;
    const line = json ? jsonText(record) : recordLine(record);
    if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
  }
  return false;
}

function parseCount(text: string, option: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new CodedError('usage/invalid-argument', `expected \`${option}\` as a number, such as 100`);
}
