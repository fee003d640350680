import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Command } from 'commander';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseCheckpoint } from '../../../host/audit/checkpoint.ts';
import { openRedactionKey } from '../../../host/audit/keys.ts';
import { createRedactor } from '../../../host/audit/redact.ts';
import { segmentName } from '../../../host/audit/segment-reader.ts';
import { addAudit } from '../../../host/cli/audit.ts';
import type { PlainJson } from '../../../runtime/index.ts';
import { requested, SAMPLE, T0, writeTrail } from '../../support/trails.ts';

const root = mkdtempSync(join(tmpdir(), 'audit-cli-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folder: string;
let count = 0;
beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(folder);
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

interface Result {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: unknown;
}

/** Runs `cellblock audit ...` in this process. What it throws is thrown: `main.ts` prints it. */
async function audit(...args: readonly string[]): Promise<Result> {
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      written[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
      return true;
    });
  }
  process.exitCode = undefined;
  try {
    const program = new Command('cellblock')
      .exitOverride()
      .configureOutput({ writeErr: (text) => void process.stderr.write(text) });
    addAudit(program);
    await program.parseAsync(['audit', ...args], { from: 'user' });
    return { ...written, code: process.exitCode };
  } finally {
    vi.restoreAllMocks();
    process.exitCode = undefined;
  }
}

const at = (...args: readonly string[]) => audit(...args, '--folder', folder);
const lines = ({ stdout }: Result): readonly string[] => stdout.split('\n').slice(0, -1);
const seqs = (result: Result): readonly number[] => lines(result).map((line) => (JSON.parse(line) as { seq: number }).seq);

describe('the folder of the trail', () => {
  it('is beside the policy file that is named', async () => {
    writeTrail(join(folder, '.cellblock'), SAMPLE);
    const policy = join(folder, 'cellblock.yaml');
    writeFileSync(policy, 'version: 1\ntools: {}\nagents: {}\n');
    expect((await audit('verify', '--policy', policy)).stdout).toContain('ok: 25 records');
  });

  it('is asked for where there is no policy file, and not guessed where it is no policy', async () => {
    const policy = join(folder, 'cellblock.yaml');
    await expect(audit('verify', '--policy', policy)).rejects.toMatchObject({
      code: 'usage/invalid-argument',
      help: expect.stringContaining('--folder'),
    });
    writeFileSync(policy, 'version: 7');
    await expect(audit('verify', '--policy', policy)).rejects.toMatchObject({ code: 'policy/invalid-document' });
  });

  it('has to have a trail', async () => {
    for (const args of [['tail'], ['query'], ['show', 'a'], ['verify'], ['checkpoint'], ['export']]) {
      await expect(at(...args)).rejects.toMatchObject({ code: 'audit/unreadable' });
    }
  });
});

describe('tail and query', () => {
  it('print one record a line, for people and for machines', async () => {
    writeTrail(folder, SAMPLE);
    const people = await at('tail', '-n', '1');
    expect(people).toEqual({
      stdout: '    25  2026-01-01T00:00:25.000Z  closed     -             writer w1\n',
      stderr: '',
      code: undefined,
    });
    expect(seqs(await at('tail', '-n', '3', '--json'))).toEqual([23, 24, 25]);
    expect(seqs(await at('query', '--json'))).toHaveLength(25);
    const [record] = lines(await at('query', '--json', '--kind', 'alert'));
    expect(JSON.parse(record!)).toMatchObject({
      seq: 9,
      at: T0 + 9000,
      kind: 'alert',
      rule: 'no-shell',
      link: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('take all filters, with and without the index', async () => {
    writeTrail(folder, SAMPLE);
    for (const more of [[], ['--scan']]) {
      expect(seqs(await at('query', '--json', '--agent', 'other', '--outcome', 'failed', ...more))).toEqual([24]);
      expect(seqs(await at('query', '--json', '--tool', 'shell', '--code', 'denied', ...more))).toEqual([8]);
      expect(seqs(await at('query', '--json', '--approval', 'p', '--audit', 'a4', ...more))).toEqual([17, 18, 19]);
      expect(
        seqs(await at('query', '--json', '--since', '2026-01-01T00:00:23Z', '--until', '2026-01-01T01:00:25+01:00', ...more)),
      ).toEqual([14, 18, 23, 24].filter((seq) => seq > 18));
      expect(seqs(await at('query', '--json', '--since', '1s', ...more))).toEqual([]);
    }
  });

  it('cut at the limit, and say so', async () => {
    writeTrail(folder, SAMPLE);
    const cut = await at('query', '--limit', '2', '--json');
    expect(seqs(cut)).toEqual([1, 2]);
    expect(cut.stderr).toContain('only the first 2');
    expect((await at('query', '--limit', '25')).stderr).toBe('');
  });

  it.each([
    ['tail', '-n', 'x'],
    ['query', '--limit', '-1'],
    ['query', '--since', 'yesterday'],
    ['query', '--since', '2026-01-01T00:00'], // whose midnight?
    ['query', '--until', '2026-13-01'],
    ['query', '--secret-of', 'hunter2'],
    ['query', '--secret-of', '-', '--text', 'x'],
    ['export', '--format', 'xml'],
  ])('refuse %s %s %s', async (...args) => {
    writeTrail(folder, SAMPLE);
    await expect(at(...args)).rejects.toMatchObject({ code: 'usage/invalid-argument' });
  });

  it('find where a secret passed, by what stands for it', async () => {
    const { redactParameters, redactText } = createRedactor(openRedactionKey(folder));
    const entries = [
      requested('b1', { parameters: redactParameters({ token: 'hunter2' }, []) as PlainJson }),
      requested('b2', { justification: redactText('password=hunter2 works') }),
      requested('b3', { parameters: redactParameters({ token: 'hunter3' }, []) as PlainJson }),
    ];
    writeTrail(folder, [entries]);
    expect(readFileSync(join(folder, segmentName(1)), 'utf8')).not.toContain('hunter');
    vi.spyOn(process, 'stdin', 'get').mockReturnValue(Readable.from([Buffer.from('hunter2\n')]) as never);
    expect(seqs(await at('query', '--json', '--secret-of', '-'))).toEqual([2, 3]);
  });
});

describe('show', () => {
  it('prints one page, or the records of it', async () => {
    writeTrail(folder, SAMPLE);
    expect(lines(await at('show', 'a2'))[0]).toBe('a2  refused: denied/forbidden');
    expect(seqs(await at('show', 'a2', '--json'))).toEqual([7, 8, 9]);
    await expect(at('show', 'a')).rejects.toMatchObject({ code: 'usage/ambiguous' });
    await expect(at('show', 'zz')).rejects.toMatchObject({ code: 'usage/not-found' });
  });
});

describe('verify', () => {
  const flip = () => {
    const path = join(folder, segmentName(1));
    writeFileSync(path, readFileSync(path, 'utf8').replace('hello a1', 'hello a0'));
  };

  it('says what is right, and that nothing from elsewhere vouches for the end', async () => {
    const { link } = writeTrail(folder, SAMPLE);
    expect(await at('verify')).toEqual({
      stdout: `ok: 25 records in 3 segments, 1 to 25\n  head         ${link}\n  checkpoints  0\n`,
      stderr: expect.stringContaining('nothing from elsewhere'),
      code: undefined,
    });
    expect(JSON.parse((await at('verify', '--json')).stdout)).toMatchObject({ ok: true, records: 25, headLink: link });
  });

  it('names the record of one flipped byte, and ends with 8', async () => {
    writeTrail(folder, SAMPLE);
    flip();
    expect(await at('verify')).toMatchObject({
      stdout:
        'broken: record 3 does not fit the record before it\n  at trail/000001.jsonl:3; all records before it are as they were written\n',
      code: 8,
    });
    const json = await at('verify', '--json');
    expect(json.code).toBe(8);
    expect(JSON.parse(json.stdout)).toEqual({
      ok: false,
      seq: 3,
      file: 'trail/000001.jsonl',
      line: 3,
      why: 'does not fit the record before it',
    });
  });

  it('shows by a checkpoint that was kept elsewhere what the chain cannot', async () => {
    writeTrail(folder, SAMPLE);
    const out = join(folder, 'kept.json');
    const signed = await at('checkpoint', '--out', out);
    expect(readFileSync(out, 'utf8')).toBe(signed.stdout);
    expect(parseCheckpoint(signed.stdout.trim())).toMatchObject({ seq: 25 });
    const key = join(folder, 'keys', 'checkpoint.pub');
    const right = await at('verify', '--checkpoint', out, '--key', key);
    expect(right.stdout).toContain('records up to 25 are those that the given one vouches for');
    expect(right.stderr).toBe('');
    expect((await at('verify', '--checkpoint', out)).stderr).toContain('the key of the folder itself');

    rmSync(join(folder, segmentName(3)));
    rmSync(join(folder, 'checkpoints.jsonl'));
    expect((await at('verify')).code).toBeUndefined();
    const cut = await at('verify', '--checkpoint', out, '--key', key);
    expect(cut.code).toBe(8);
    expect(cut.stdout).toContain('broken: record 15 is missing: the checkpoint that was given vouches for records up to 25');
  });

  it('refuses files that are none', async () => {
    writeTrail(folder, SAMPLE);
    const file = join(folder, 'file');
    writeFileSync(file, 'x');
    await expect(at('verify', '--checkpoint', file)).rejects.toMatchObject({ code: 'usage/invalid-argument' });
    await expect(at('verify', '--checkpoint', join(folder, 'none'))).rejects.toMatchObject({ code: 'usage/unreadable-file' });
    await expect(at('verify', '--key', file)).rejects.toMatchObject({ code: 'audit/unreadable' });
    await expect(at('verify', '--key', join(folder, 'none'))).rejects.toMatchObject({ code: 'usage/unreadable-file' });
  });

  it('signs and exports nothing of a trail that is broken', async () => {
    writeTrail(folder, SAMPLE);
    flip();
    const out = join(folder, 'out');
    await expect(at('checkpoint', '--out', out)).rejects.toMatchObject({ code: 'audit/broken-chain', data: { seq: 3 } });
    await expect(at('export', '--out', out)).rejects.toMatchObject({ code: 'audit/broken-chain', data: { seq: 3 } });
    expect(existsSync(out)).toBe(false);
    expect(existsSync(join(folder, 'checkpoints.jsonl'))).toBe(false);
  });
});

describe('export', () => {
  it('gives the lines byte for byte, without gaps, and a checkpoint of the last one', async () => {
    writeTrail(folder, SAMPLE);
    const out = join(folder, 'part.jsonl');
    await at('export', '--since', '2026-01-01T00:00:02Z', '--until', '2026-01-01T00:00:12Z', '--out', out);
    const whole = [1, 2].map((number) => readFileSync(join(folder, segmentName(number)), 'utf8')).join('');
    const exported = readFileSync(out, 'utf8');
    expect(exported.split('\n')).toHaveLength(10 + 1); // records 2 to 11
    expect(whole).toContain(exported);
    expect(parseCheckpoint(readFileSync(`${out}.checkpoint`, 'utf8').trim())).toMatchObject({ seq: 11 });
    expect((await at('verify', '--checkpoint', `${out}.checkpoint`)).stdout).toContain('records up to 11');
  });

  it('goes to standard output, with the checkpoint beside it', async () => {
    writeTrail(folder, SAMPLE);
    const { stdout, stderr } = await at('export');
    expect(stdout).toBe([1, 2, 3].map((number) => readFileSync(join(folder, segmentName(number)), 'utf8')).join(''));
    expect(parseCheckpoint(stderr.trim())).toMatchObject({ seq: 25 });
  });

  it('gives a table that no spreadsheet runs', async () => {
    writeTrail(folder, [
      [requested('b1', { justification: '=cmd|"/c calc"!A1', source: 'two\nlines, and a "quote"', agent: '-2+3' })],
    ]);
    const { stdout } = await at('export', '--format', 'csv');
    const link = (JSON.parse(lines(await at('tail', '-n', '1', '--json'))[0]!) as { link: string }).link;
    expect(stdout.split('\r\n')).toHaveLength(4);
    expect(stdout.split('\r\n')[2]).toBe(
      `2,2026-01-01T00:00:02.000Z,requested,,b1,"'-2+3",redact,,,,,,,,,"{""text"":""hello b1""}","'=cmd|""/c calc""!A1","two\nlines, and a ""quote""",${link}`,
    );
  });

  it('says when there is nothing, or nowhere to write', async () => {
    writeTrail(folder, SAMPLE);
    await expect(at('export', '--since', '2030-01-01')).rejects.toMatchObject({ code: 'usage/not-found' });
    await expect(at('export', '--out', join(folder, 'no', 'where'))).rejects.toMatchObject({ code: 'usage/invalid-argument' });
    await expect(at('checkpoint', '--out', join(folder, 'no', 'where'))).rejects.toMatchObject({
      code: 'usage/invalid-argument',
    });
  });
});

describe('help', () => {
  it.each(['tail', 'query', 'show', 'verify', 'checkpoint', 'export'])(
    'of %s has an example and the exit codes',
    async (name) => {
      const written: string[] = [];
      vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => written.push(String(chunk)) > 0);
      const program = new Command('cellblock').exitOverride();
      addAudit(program);
      await expect(program.parseAsync(['audit', name, '--help'], { from: 'user' })).rejects.toMatchObject({ exitCode: 0 });
      expect(written.join('')).toContain(`cellblock audit ${name}`);
      expect(written.join('')).toContain('Exit codes: 0 ok, 2 usage, 8');
    },
  );
});
