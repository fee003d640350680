import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { CodedError, EXIT_CODES, jsonText } from '../../runtime/index.ts';
import { checkpointText, makeCheckpoint, readCheckpointFile } from '../audit/checkpoint.ts';
import { exportTrail } from '../audit/export.ts';
import { parsePublicKey, publicKeyPath } from '../audit/keys.ts';
import type { BrokenTrail, VerifiedTrail, VerifyOptions } from '../audit/verified-trail.ts';
import { verifyTrail } from '../audit/verify.ts';
import { readRegularFile } from '../regular-file.ts';
import {
  addSpanOptions,
  addTrailOptions,
  EXIT_TEXT,
  type FilterOptions,
  folderOf,
  spanOf,
  type TrailOptions,
} from './audit-options.ts';
import { note, print, progress, visible } from './output.ts';

const PARTIAL_HELP = 'the first segments are archived: begin with the first that is there';

/** Adds the commands that show that the trail is what was written: `verify`, `checkpoint`, `export`. */
export function addProof(audit: Command): void {
  addVerify(audit);
  addCheckpoint(audit);
  addExport(audit);
}

function addVerify(audit: Command): void {
  addTrailOptions(audit.command('verify').summary('was anything changed, left out, put in or moved?'))
    .description('Reads the whole trail and checks each record; names the first one that does not fit.')
    .option('--checkpoint <file>', 'a checkpoint that was kept elsewhere: the trail must have its record')
    .option('--key <file>', 'public key that must have signed it, kept elsewhere, too')
    .option('--partial', PARTIAL_HELP)
    .addHelpText(
      'after',
      `
Found without a checkpoint: records that were changed, left out, put in, moved or doubled.
Found only by one that was kept elsewhere: records cut off at the end, and a trail that was written anew.

Examples:
  cellblock audit verify
  cellblock audit verify --checkpoint /safe/checkpoint.json --key /safe/checkpoint.pub
${EXIT_TEXT}`,
    )
    .action(async (options: TrailOptions & { checkpoint?: string; key?: string; partial?: boolean }) => {
      const folder = await folderOf(options);
      const done = progress('verifying the trail');
      const found = await verifyTrail(folder, await verifyOptions(options)).finally(done);
      printVerdict(found, options);
    });
}

async function verifyOptions({
  checkpoint,
  key,
  partial,
}: {
  checkpoint?: string;
  key?: string;
  partial?: boolean;
}): Promise<VerifyOptions> {
  return {
    ...(checkpoint === undefined ? {} : { anchor: await readCheckpointFile(checkpoint) }),
    ...(key === undefined ? {} : { publicKey: await readKeyFile(key) }),
    ...(partial === true ? { partial } : {}),
  };
}

const KEY_BYTES_MAX = 4096;

async function readKeyFile(path: string): Promise<NonNullable<VerifyOptions['publicKey']>> {
  const bytes = await readRegularFile(path, KEY_BYTES_MAX).catch((cause: unknown) => {
    throw new CodedError('usage/unreadable-file', 'the key file cannot be read', { cause });
  });
  return parsePublicKey(bytes.toString('utf8'), path);
}

function printVerdict(found: VerifiedTrail | BrokenTrail, options: TrailOptions & { checkpoint?: string; key?: string }): void {
  if (!found.ok) process.exitCode = EXIT_CODES.failed;
  if (options.json === true) return print(jsonText(found));
  if (!found.ok) {
    print(visible(`broken: record ${found.seq} ${found.why}`));
    print(visible(`  at ${found.file}:${found.line}; all records before it are as they were written`));
    return;
  }
  for (const line of verdictLines(found)) print(line);
  if (found.anchoredSeq === undefined)
    note('note: nothing from elsewhere vouches for the end; give a checkpoint (see `cellblock audit checkpoint --help`)');
  else if (options.key === undefined)
    note('note: the checkpoint was checked with the key of the folder itself; give the one that was kept elsewhere by `--key`');
}

function verdictLines({
  records,
  segments,
  firstSeq,
  lastSeq,
  headLink,
  checkpoints,
  anchoredSeq,
  open,
  torn,
}: VerifiedTrail): readonly string[] {
  const lines = [
    `ok: ${records} records in ${segments} ${segments === 1 ? 'segment' : 'segments'}, ${firstSeq} to ${lastSeq}`,
    `  head         ${headLink}`,
  ];
  lines.push(
    `  checkpoints  ${checkpoints}${anchoredSeq === undefined ? '' : `; records up to ${anchoredSeq} are those that the given one vouches for`}`,
  );
  if (open.running > 0) lines.push(`  open         ${open.running} calls that run, or were interrupted`);
  if (open.undecided > 0)
    lines.push(`  undecided    ${open.undecided} requests, since the host ended before their decision was written`);
  if (torn !== undefined)
    lines.push(
      `  torn         ${torn.bytes} bytes at ${torn.file}:${torn.line} are no record yet; nobody was told that they are`,
    );
  return lines;
}

function addCheckpoint(audit: Command): void {
  addTrailOptions(audit.command('checkpoint').summary('sign where the trail is, to keep elsewhere'))
    .description('Verifies the trail and prints a signed checkpoint of its last record: one line of JSON.')
    .option('--out <file>', 'write it to this file, too')
    .option('--partial', PARTIAL_HELP)
    .addHelpText(
      'after',
      `
The chain shows that no record was changed. Only a checkpoint that is kept where the trail's writer cannot reach it (another machine, a
printout) shows that none was cut off at the end, and that the trail was not written anew. Keep the public key there, too.

Examples:
  cellblock audit checkpoint --out /safe/checkpoint.json && cp .cellblock/keys/checkpoint.pub /safe/
  cellblock audit checkpoint | ssh archive 'cat >> cellblock-checkpoints'
${EXIT_TEXT}`,
    )
    .action(async (options: TrailOptions & { out?: string; partial?: boolean }) => {
      const folder = await folderOf(options);
      const found = await verifyTrail(folder, { partial: options.partial === true });
      if (!found.ok) throw brokenError(found);
      const checkpoint = await makeCheckpoint(folder, { seq: found.lastSeq, link: found.headLink }, Date.now());
      if (options.out !== undefined) await writeOut(options.out, `${checkpointText(checkpoint)}\n`);
      print(checkpointText(checkpoint));
      if (options.json !== true) note(`signed by key ${checkpoint.keyId}; keep ${publicKeyPath(folder)} elsewhere, too`);
    });
}

function brokenError({ seq, why, file, line }: BrokenTrail): CodedError {
  return new CodedError('audit/broken-chain', `record ${seq} ${why} (\`${file}:${line}\`)`, {
    data: { seq },
    help: 'nothing was signed',
  });
}

async function writeOut(path: string, text: string): Promise<void> {
  await writeFile(path, text).catch((cause: unknown) => {
    throw new CodedError('usage/invalid-argument', 'the file named by `--out` cannot be written', { cause });
  });
}

function addExport(audit: Command): void {
  const command = addTrailOptions(audit.command('export').summary('a part of the trail as JSONL or CSV, with its proof'))
    .description(
      'Verifies the trail, then writes the records of a span of time, without gaps, and a signed checkpoint of the last of them.',
    )
    .option('--format <format>', 'jsonl: the lines byte for byte, links and all; csv: a table')
    .option(
      '--out <file>',
      'write to this file, and the checkpoint to FILE.checkpoint; default: standard output and standard error',
    );
  addSpanOptions(command)
    .addHelpText(
      'after',
      `
The checkpoint vouches for the last record of the export, and its link binds all before: \`cellblock audit verify --checkpoint FILE.checkpoint\`
shows later that the trail still is what was exported.

Examples:
  cellblock audit export --since 2026-01-01 --until 2026-02-01 --out january.jsonl
  cellblock audit export --since 7d --format csv --out week.csv
${EXIT_TEXT}`,
    )
    .action(async (options: ExportOptions & { format?: string }) => {
      const format = options.format ?? (options.out?.endsWith('.csv') === true && options.json !== true ? 'csv' : 'jsonl');
      if (format !== 'jsonl' && format !== 'csv')
        throw new CodedError('usage/invalid-argument', 'expected `--format` as jsonl or csv');
      await exportCommand(options, format);
    });
}

interface ExportOptions extends TrailOptions, Pick<FilterOptions, 'since' | 'until'> {
  readonly out?: string;
  readonly partial?: boolean;
}

async function exportCommand(options: ExportOptions, format: 'jsonl' | 'csv'): Promise<void> {
  const folder = await folderOf(options);
  const span = spanOf(options, Date.now());
  const found = await verifyTrail(folder, { partial: options.partial === true });
  if (!found.ok) throw brokenError(found);
  const { out } = options;
  const stream = out === undefined ? process.stdout : createWriteStream(out, { mode: 0o600 });
  const failed = new Promise<never>((_, reject) => {
    if (out !== undefined)
      stream.once('error', (cause) =>
        reject(new CodedError('usage/invalid-argument', 'the file named by `--out` cannot be written', { cause })),
      );
  });
  failed.catch(() => undefined);
  const write = async (line: string | Uint8Array): Promise<void> => {
    if (!stream.write(line)) await Promise.race([once(stream, 'drain'), failed]);
  };
  const { records, end } = await Promise.race([
    exportTrail(folder, { ...span, verified: { seq: found.lastSeq, link: found.headLink } }, format, write),
    failed,
  ]);
  if (out !== undefined) await Promise.race([new Promise<void>((resolve) => stream.end(resolve)), failed]);
  const proof = checkpointText(await makeCheckpoint(folder, end, Date.now()));
  if (out === undefined) note(proof);
  else {
    await writeOut(`${out}.checkpoint`, `${proof}\n`);
    note(`${records} records, up to ${end.seq}; checkpoint in ${visible(out)}.checkpoint`);
  }
}
