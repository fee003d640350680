// Two processes at once append to one trail under load and are killed at random moments: what they had said was acknowledged is there,
// once, in a chain that holds. Needs the build.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openJournal } from '../../dist/host/audit/journal.js';

const WRITER = fileURLToPath(new URL('trail-writer.mjs', import.meta.url));
const KILLS_OF_ONE_TRAIL = 50;
const FIRST_WORD_MS_MAX = 20_000;

/**
 * Kills writers by SIGKILL.
 *
 * @param kills - how many. @param random - numbers from 0 up to 1. @param progress - gets `{kills, acknowledged}` now and then.
 * @returns `{kills, acknowledged, records, recovered}`, counted over all trails.
 * @throws Error that says what was lost, doubled or broken.
 */
export async function killWriters({ kills, random = Math.random, progress = () => undefined }) {
  const sum = { kills: 0, acknowledged: 0, records: 0, recovered: 0 };
  while (sum.kills < kills) {
    const folder = mkdtempSync(join(tmpdir(), 'cellblock-trail-'));
    try {
      const acknowledged = await killAll(folder, Math.min(KILLS_OF_ONE_TRAIL, kills - sum.kills), random);
      const found = await check(folder, acknowledged);
      sum.kills += Math.min(KILLS_OF_ONE_TRAIL, kills - sum.kills);
      for (const name of ['acknowledged', 'records', 'recovered']) sum[name] += found[name];
      progress(sum);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return sum;
}

/** Two places, each with one writer after the other. @returns names of all that were acknowledged. */
async function killAll(folder, kills, random) {
  const acknowledged = [];
  let left = kills;
  const place = async () => {
    while (left > 0) {
      left -= 1;
      acknowledged.push(...(await killOne(folder, `w${left}`, random)));
    }
  };
  await Promise.all([place(), place()]);
  return acknowledged;
}

/** Starts a writer, waits for its first word, and kills it at most 40 ms later. */
async function killOne(folder, prefix, random) {
  const child = spawn(process.execPath, [WRITER, folder, prefix, '16'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  let errors = '';
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const silent = setTimeout(() => child.kill('SIGKILL'), FIRST_WORD_MS_MAX);
  child.stdout.on('data', (data) => {
    if (text === '') setTimeout(() => child.kill('SIGKILL'), random() * 40);
    text += data;
  });
  await ended;
  clearTimeout(silent);
  if (child.signalCode !== 'SIGKILL' || text === '') throw new Error(`a writer ended by itself, or said nothing: ${errors}`);
  // The last line may be torn: then nobody was told.
  return text.split('\n').slice(0, -1);
}

/** Reads the trail by docs/trail.md alone, after one more writer has mended it. */
async function check(folder, acknowledged) {
  const state = { reset: () => undefined, apply: () => undefined, carry: () => undefined };
  const journal = await openJournal({ folder, state, sync: 'group', opened: { version: 'torture' } });
  await journal.close();
  if (readdirSync(join(folder, 'writers')).length > 0) throw new Error('files of writers that were killed are left');
  const records = readTrail(folder);
  const names = new Set();
  let highest = 0;
  for (const { kind, audit, rule } of records) {
    if (kind !== 'alert') continue;
    highest += 1;
    if (Number(rule) !== highest) throw new Error(`number ${rule} was taken where ${highest} was free`);
    if (names.has(audit)) throw new Error(`${audit} is there twice`);
    names.add(audit);
  }
  const lost = acknowledged.filter((name) => !names.has(name));
  if (lost.length > 0) throw new Error(`${lost.length} acknowledged records are lost, ${lost[0]} among them`);
  const recovered = records.filter(({ kind }) => kind === 'recovered').length;
  return { acknowledged: acknowledged.length, records: records.length, recovered };
}

function readTrail(folder) {
  const records = [];
  let link = '0'.repeat(64);
  for (const name of readdirSync(join(folder, 'trail'))
    .filter((one) => one.endsWith('.jsonl'))
    .sort()) {
    for (const line of readFileSync(join(folder, 'trail', name), 'utf8')
      .split('\n')
      .slice(0, -1)) {
      const record = JSON.parse(line);
      const body = Buffer.from(line).subarray(0, -75);
      link = createHash('sha256').update(`cellblock/trail/164:${link}${body.length}:`).update(body).digest('hex');
      if (record.link !== link || record.seq !== records.length + 1) throw new Error(`record ${records.length + 1} does not fit`);
      records.push(record);
    }
  }
  return records;
}
