import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileSink } from '../../../host/alerts/file-sink.ts';
import { alertParcel, droppedNotice } from '../../../host/alerts/parcel.ts';
import { alertOf, HOSTILE_TEXTS } from './fixture.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellblock-alerts-'));
  path = join(folder, 'alerts.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

let clock = 1_700_000_000_000;
const sinkTo = (options: { bytesMax?: number; asideMax?: number } = {}) =>
  new FileSink({ path, bytesMax: 1_000_000, asideMax: 4, now: () => clock++, ...options });
const parcelOf = (fields: Parameters<typeof alertOf>[0]) => alertParcel({ alert: alertOf(fields), cut: [] });
const linesOf = (file: string): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1);
const modeOf = (file: string): number => statSync(file).mode & 0o777;

describe('an alert file', () => {
  it('has one line for each alert whatever its text, which reads back as it was (CWE-117)', async () => {
    const sink = sinkTo();
    for (const text of HOSTILE_TEXTS) {
      await sink.deliver(parcelOf({ justification: text, source: text, agent: text, parameters: { [text]: text } }));
    }
    const bytes = readFileSync(path, 'utf8');
    // Every character that any reader takes for the end of a line, or that a terminal obeys.
    expect(bytes.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    const lines = linesOf(path);
    expect(lines).toHaveLength(HOSTILE_TEXTS.length);
    for (const [index, text] of HOSTILE_TEXTS.entries()) {
      const alert = alertOf({ justification: text, source: text, agent: text, parameters: { [text]: text } });
      expect(JSON.parse(lines[index]!)).toEqual({ kind: 'alert', ...alert });
    }
  });

  it('says which texts were cut, and leaves parameters out that are too large', async () => {
    const { boundTexts } = await import('../../../host/alerts/parcel.ts');
    const long = 'x'.repeat(20_000);
    await sinkTo().deliver(
      alertParcel(boundTexts(alertOf({ justification: long, source: 'short', parameters: 'p'.repeat(70_000) }))),
    );
    const record = JSON.parse(linesOf(path)[0]!);
    expect(record).toMatchObject({ justification: 'x'.repeat(16_384), source: 'short', cut: ['justification', 'parameters'] });
    expect(record).not.toHaveProperty('parameters');
  });

  it('has notices among its lines', async () => {
    await sinkTo().deliver(droppedNotice(5, 'ops', 37));
    expect(JSON.parse(linesOf(path)[0]!)).toEqual({
      kind: 'notice',
      at: 5,
      sink: 'ops',
      message: '37 alerts were dropped',
      dropped: 37,
    });
  });

  it('is for its owner only, also where it was there before', async () => {
    await sinkTo().deliver(parcelOf({}));
    expect(modeOf(path)).toBe(0o600);
    chmodSync(path, 0o644);
    await sinkTo().deliver(parcelOf({}));
    expect(modeOf(path)).toBe(0o600);
    expect(linesOf(path)).toHaveLength(2);
  });

  it('ends a line that was torn before it begins its own', async () => {
    await sinkTo().deliver(parcelOf({ audit: 'first' }));
    appendFileSync(path, '{"kind":"alert","audit":"to');
    await sinkTo().deliver(parcelOf({ audit: 'second' }));
    const lines = linesOf(path);
    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[2]!)).toMatchObject({ audit: 'second' });
  });

  it('is put aside before it passes its maximum; the newest ones are kept, and nothing else is touched', async () => {
    const bystanders = [
      'alerts.jsonl.bak',
      'alertsxjsonl.20231114T221320.000Z-00000000',
      'alerts.jsonl.20231114T221320.000Z-0000000',
    ];
    for (const name of bystanders) writeFileSync(join(folder, name), '');
    const bytes = parcelOf({ audit: 'n-00' }).bytes + 1;
    const sink = sinkTo({ bytesMax: 2 * bytes, asideMax: 3 });
    for (let index = 0; index < 12; index++) await sink.deliver(parcelOf({ audit: `n-${String(index).padStart(2, '0')}` }));
    const aside = readdirSync(folder)
      .filter((name) => !bystanders.includes(name) && name !== 'alerts.jsonl')
      .sort();
    expect(aside).toHaveLength(3);
    const audits = [...aside.map((name) => join(folder, name)), path].flatMap(linesOf).map((line) => JSON.parse(line).audit);
    expect(audits).toEqual(['n-04', 'n-05', 'n-06', 'n-07', 'n-08', 'n-09', 'n-10', 'n-11']);
    for (const name of [...aside, 'alerts.jsonl']) {
      expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(2 * bytes);
      expect(modeOf(join(folder, name))).toBe(0o600);
    }
    for (const name of bystanders) expect(existsSync(join(folder, name))).toBe(true);
  });

  it('takes an alert that is larger than its maximum, alone', async () => {
    const sink = sinkTo({ bytesMax: 10, asideMax: 10 });
    for (const audit of ['a', 'b', 'c']) await sink.deliver(parcelOf({ audit }));
    expect(readdirSync(folder)).toHaveLength(3);
  });

  it('can be shared: nothing is lost where several put it aside at once', async () => {
    const bytes = parcelOf({ audit: 'w0-00' }).bytes + 1;
    const write = async (writer: number): Promise<void> => {
      const sink = sinkTo({ bytesMax: 3 * bytes, asideMax: 1_000 });
      for (let index = 0; index < 40; index++) {
        await sink.deliver(parcelOf({ audit: `w${writer}-${String(index).padStart(2, '0')}` }));
      }
    };
    await Promise.all([0, 1, 2, 3].map(write));
    const audits = readdirSync(folder).flatMap((name) => linesOf(join(folder, name)).map((line) => JSON.parse(line).audit));
    expect(new Set(audits).size).toBe(160);
    expect(audits).toHaveLength(160);
  });
});

describe('what is no alert file', () => {
  it('is refused: a folder, a link, a pipe without a reader, a folder that is not there', async () => {
    const target = join(folder, 'target');
    writeFileSync(target, '');
    const cases: [() => void, string][] = [
      [() => mkdirSync(path), 'EISDIR'],
      [() => symlinkSync(target, path), 'ELOOP'],
      [() => execFileSync('mkfifo', [path]), 'NOT_A_FILE'],
    ];
    for (const [make, code] of cases) {
      make();
      await expect(sinkTo().deliver(parcelOf({}))).rejects.toMatchObject({ code });
      rmSync(path, { recursive: true });
    }
    expect(readFileSync(target, 'utf8')).toBe('');
    path = join(folder, 'missing', 'alerts.jsonl');
    await expect(sinkTo().deliver(parcelOf({}))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
