import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { AskersInMemory, keysOf, type TrailFilter } from '../../../host/audit/filter.ts';
import { INDEX_NAME, openIndex } from '../../../host/audit/index-db.ts';
import { readRecords } from '../../../host/audit/query.ts';
import { segmentName } from '../../../host/audit/segment-reader.ts';
import { readTrail } from '../../../host/audit/trail-cursor.ts';
import { openDatabase } from '../../../host/sqlite.ts';
import { requested, SAMPLE, T0, writeTrail } from '../../support/trails.ts';

const root = mkdtempSync(join(tmpdir(), 'index-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folder: string;
let count = 0;
beforeEach(() => {
  folder = join(root, String(count++));
});

async function seqs(filter: TrailFilter, index: 'auto' | 'never'): Promise<readonly number[]> {
  const list: number[] = [];
  for await (const { seq } of readRecords(folder, filter, { index })) list.push(seq);
  return list;
}

/** All rows, as their keys say; the answer of a scan. */
async function rows(): Promise<{ readonly indexed: unknown; readonly scanned: unknown }> {
  const index = await openIndex(folder);
  if (index === undefined) throw new Error('there is no index');
  index.close();
  const database = openDatabase(join(folder, INDEX_NAME));
  const indexed = database
    .prepare('SELECT * FROM records ORDER BY seq')
    .all()
    .map((row) => ({ ...row, previous: Buffer.from(row.previous as Uint8Array).toString('hex') }));
  database.close();
  const scanned: unknown[] = [];
  const askers = new AskersInMemory();
  for await (const { record, segment, offset, bytes, previousLink } of readTrail(folder)) {
    const keys = Object.entries(keysOf(record, askers)).map(([name, value]) => [name, value ?? null]);
    scanned.push({ ...Object.fromEntries(keys), segment, offset, bytes, previous: previousLink });
  }
  return { indexed, scanned };
}

async function expectRight(): Promise<void> {
  const { indexed, scanned } = await rows();
  expect(indexed).toEqual(scanned);
}

describe('the index', () => {
  it('holds what a scan finds, after growth in the same segment and in new ones, too', async () => {
    const [first, second] = SAMPLE;
    for (const trail of [[first!.slice(0, 3)], [first!], [first!, second!.slice(0, 2)], SAMPLE]) {
      writeTrail(folder, trail);
      await expectRight();
    }
    expect(statSync(join(folder, INDEX_NAME)).mode & 0o777).toBe(0o600);
  });

  it('answers as a scan does', async () => {
    writeTrail(folder, SAMPLE);
    const maybe = <T>(values: readonly T[]) => fc.option(fc.constantFrom(...values), { nil: undefined, freq: 1 });
    const filters = fc.record({
      since: maybe([0, T0 + 10_000, T0 + 60_000]),
      until: maybe([T0 + 10_000, T0 + 20_500, T0 + 60_001]),
      kind: maybe(['requested', 'decided', 'outcome', 'approval']),
      agent: maybe(['triage', 'other', "' OR 1 --"]),
      tool: maybe(['redact', 'shell', 'red']),
      outcome: maybe(['ok', 'refused', 'failed']),
      code: maybe(['denied', 'denied/forbidden', 'trap']),
      audit: maybe(['a', 'a2', 'b', '%']),
      approval: maybe(['p', 'p1', '_']),
      text: maybe(['hello', 'a3', 'LOG']),
    });
    await fc.assert(
      fc.asyncProperty(filters, async (filter) => {
        expect(await seqs(filter as TrailFilter, 'auto')).toEqual(await seqs(filter as TrailFilter, 'never'));
      }),
      { numRuns: 150 },
    );
  });

  it('is not made for a question that it cannot answer', async () => {
    writeTrail(folder, SAMPLE);
    expect(await seqs({ text: 'hello' }, 'auto')).toEqual(await seqs({ text: 'hello' }, 'never'));
    expect(existsSync(join(folder, INDEX_NAME))).toBe(false);
  });
});

describe('an index that is not right', () => {
  const OUTCOMES = [6, 22, 24];

  it.each<readonly [string, (path: string) => void]>([
    ['is gone', (path) => rmSync(path)],
    ['is empty', (path) => writeFileSync(path, '')],
    ['is no database', (path) => writeFileSync(path, 'x'.repeat(5000))],
    ['has another version', (path) => change(path, 'PRAGMA user_version = 99')],
    ['has another table of that name', (path) => change(path, 'DROP TABLE records; CREATE TABLE records (seq INTEGER)')],
    ['has lost its last rows', (path) => change(path, 'DELETE FROM records WHERE seq > 20')],
    ['has another last link', (path) => change(path, "UPDATE place SET link = 'x'")],
    ['has a place behind the end', (path) => change(path, 'UPDATE place SET segment = 9, seq = 99')],
  ])('%s: it is made anew', async (_, damage) => {
    writeTrail(folder, SAMPLE);
    await expectRight();
    damage(join(folder, INDEX_NAME));
    expect(await seqs({ kind: 'outcome' }, 'auto')).toEqual(OUTCOMES);
    await expectRight();
  });

  it('names wrong places: the trail is read instead, and it is made anew the next time', async () => {
    writeTrail(folder, SAMPLE);
    await expectRight();
    change(join(folder, INDEX_NAME), 'UPDATE records SET offset = offset + 1 WHERE seq = 22');
    expect(await seqs({ kind: 'outcome' }, 'auto')).toEqual(OUTCOMES);
    expect(existsSync(join(folder, INDEX_NAME))).toBe(false);
    await expectRight();
  });

  it('is cut in its middle: what it still gives is right, or the trail is read', async () => {
    writeTrail(folder, SAMPLE);
    await expectRight();
    const path = join(folder, INDEX_NAME);
    const bytes = readFileSync(path);
    for (const at of [150, 4096, 5000, 9000, 20_000]) {
      writeFileSync(path, Buffer.concat([bytes.subarray(0, at), Buffer.alloc(500, 0xff), bytes.subarray(at + 500)]));
      expect(await seqs({ kind: 'outcome' }, 'auto')).toEqual(OUTCOMES);
    }
  });

  it('is of another trail: it is made anew', async () => {
    writeTrail(folder, SAMPLE);
    await expectRight();
    writeTrail(folder, [[requested('b1')], [], []]);
    expect(await seqs({ kind: 'requested' }, 'auto')).toEqual([2]);
    await expectRight();
  });

  it('cannot be made: the trail is read', async () => {
    writeTrail(folder, SAMPLE);
    mkdirSync(join(folder, INDEX_NAME, 'in-the-way'), { recursive: true });
    expect(await openIndex(folder)).toBeUndefined();
    expect(await seqs({ kind: 'outcome' }, 'auto')).toEqual(OUTCOMES);
  });

  it('is there for all who ask at once: nobody reads the whole trail instead', async () => {
    writeTrail(folder, SAMPLE);
    const opened = await Promise.all([openIndex(folder), openIndex(folder), openIndex(folder)]);
    for (const index of opened) index?.close();
    expect(opened.every((index) => index !== undefined)).toBe(true);
  });

  it('is read part by part, and leaves the event loop its turns', async () => {
    writeTrail(folder, [Array.from({ length: 20_050 }, (_, at) => requested(`a${at}`))]);
    await openIndex(folder).then((index) => index?.close());
    let turns = 0;
    const counting = setInterval(() => {
      turns += 1;
    }, 1);
    const found = await seqs({ kind: 'requested' }, 'auto');
    clearInterval(counting);
    expect(found).toEqual(Array.from({ length: 20_050 }, (_, at) => at + 2));
    expect(turns).toBeGreaterThan(10);
  });

  it('is read no further than is wanted', async () => {
    writeTrail(folder, SAMPLE);
    for (const index of ['auto', 'never'] as const) {
      const over = new AbortController();
      const read: number[] = [];
      for await (const { seq } of readRecords(folder, { since: 0 }, { index, signal: over.signal })) {
        read.push(seq);
        if (read.length === 3) over.abort();
      }
      expect(read).toEqual([1, 2, 3]);
    }
  });

  it('is being written by another process: the trail is read, and the index stays', async () => {
    writeTrail(folder, SAMPLE);
    await expectRight();
    const other = openDatabase(join(folder, INDEX_NAME));
    other.exec('BEGIN IMMEDIATE');
    expect(await openIndex(folder)).toBeUndefined();
    expect(await seqs({ kind: 'outcome' }, 'auto')).toEqual(OUTCOMES);
    other.exec('ROLLBACK');
    other.close();
    await expectRight();
  });

  it('does not hide that the trail was changed', async () => {
    writeTrail(folder, SAMPLE);
    await expectRight();
    const path = join(folder, segmentName(3));
    writeFileSync(path, readFileSync(path, 'utf8').replace('"outcome":"trapped"', '"outcome":"ok-well"'));
    await expect(seqs({ kind: 'outcome' }, 'auto')).rejects.toMatchObject({ code: 'audit/broken-chain', data: { seq: 22 } });
  });
});

function change(path: string, sql: string): void {
  const database = openDatabase(path);
  database.exec(sql);
  database.close();
}
