import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/* `new` and `build` as authors meet them: processes in a folder outside of the checkout. */

const MAIN = fileURLToPath(new URL('../../../dist/host/cli/main.js', import.meta.url));

let parent: string;
let folder: string;

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(args: readonly string[], cwd: string): ChildProcess {
  const env = { ...process.env, CELLBLOCK_CACHE_DIR: join(parent, 'cache') };
  return spawn(process.execPath, [MAIN, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
}

function cellblock(args: readonly string[], cwd = folder): Promise<Result> {
  return new Promise((resolve) => {
    const child = start(args, cwd);
    const texts = { stdout: '', stderr: '' };
    child.stdout?.on('data', (chunk) => (texts.stdout += chunk));
    child.stderr?.on('data', (chunk) => (texts.stderr += chunk));
    child.on('close', (code) => resolve({ code, ...texts }));
  });
}

beforeAll(async () => {
  parent = mkdtempSync(join(tmpdir(), 'cellblock-build-'));
  folder = join(parent, 'words');
  expect(await cellblock(['new', 'words', '--lang', 'as'], parent)).toMatchObject({ code: 0, stderr: '' });
}, 60_000);

afterAll(() => rmSync(parent, { recursive: true }));

describe('cellblock new', () => {
  it('says what was written, and the commands that come next', async () => {
    const { stdout } = await cellblock(['new', 'others', '--lang', 'assemblyscript'], parent);
    expect(stdout).toMatch(/^others: a tool in AssemblyScript, \d+ files; begin with assembly\/index\.ts\n/);
    for (const next of [
      'cd others',
      'cellblock build',
      'cellblock test',
      'cellblock run others.wasm count --grant log',
      'cellblock check .',
    ])
      expect(stdout).toContain(`  ${next}`);
  });

  it('has one JSON document for machines', async () => {
    const { stdout } = await cellblock(['new', 'machine', '--lang', 'as', '--json'], parent);
    expect(JSON.parse(stdout)).toMatchObject({ name: 'machine', language: 'assemblyscript', folder: join(parent, 'machine') });
  });

  it('refuses what it cannot do as a mistake of usage', async () => {
    expect(await cellblock(['new', 'words', '--lang', 'as'], parent)).toMatchObject({ code: 2, stdout: '' });
    expect(await cellblock(['new', 'fine', '--lang', 'cobol'], parent)).toMatchObject({ code: 2, stdout: '' });
    expect((await cellblock(['new', 'fine'], parent)).code).toBe(2);
  });
});

describe('cellblock build', () => {
  it('writes the component and says what it is: size, digest, exports, imports, grants', async () => {
    const { code, stdout, stderr } = await cellblock(['build']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^words\.wasm: [\d,]+ bytes, sha256:[0-9a-f]{64} \(new\)\n/);
    expect(stdout).toContain(
      'words:tool/words@0.1.0#count\n    count: func(text: string, options: options) -> result<report, problem>\n',
    );
    expect(stdout).toContain('cellblock:host/log@0.1.0  (grant: log)\n');
    expect(stdout).toContain('grants needed: log\n');
    expect(stdout).toMatch(/built with assemblyscript \S+, jco-transpile \S+, in [\d.]+ s\nnext: cellblock test\n$/);
  }, 60_000);

  it('tells that nothing changed, and leaves the file alone then', async () => {
    const before = statSync(join(folder, 'words.wasm')).mtimeMs;
    expect((await cellblock(['build'])).stdout).toContain('(the same as before)');
    expect(statSync(join(folder, 'words.wasm')).mtimeMs).toBe(before);
  }, 60_000);

  it('makes a component whose documentation reaches `inspect`, and which runs with its grant and not without', async () => {
    const inspected = JSON.parse((await cellblock(['inspect', 'words.wasm', '--json'])).stdout);
    expect(inspected.docs).toBe('Counts the words of a text, and leaves one line for the operator about each call.');
    expect(inspected.functions[0].docs).toContain('Counts how often each word is in a text.');
    expect(JSON.stringify(inspected.functions[0].params)).toContain('How many different words to return at most');
    const params = ['--params', '{"text": "a b a", "options": {"limit": 1, "ignore-case": false}}', '--json'];
    const ran = await cellblock(['run', 'words.wasm', 'count', '--grant', 'log', ...params]);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      kind: 'ok',
      value: { total: 3, distinct: 2, top: [{ text: 'a', count: 2 }] },
    });
    expect(JSON.parse((await cellblock(['run', 'words.wasm', 'count', ...params])).stdout)).toMatchObject({ kind: 'refused' });
    const called = await cellblock(['call', 'words', '--policy', 'policy.yaml', ...params]);
    expect(JSON.parse(called.stdout)).toMatchObject({ kind: 'ok', value: { total: 3 } });
  }, 60_000);

  it('has one JSON document for machines', async () => {
    const report = JSON.parse((await cellblock(['build', folder, '--json'], parent)).stdout);
    expect(report).toMatchObject({ name: 'words', path: 'words/words.wasm', grants: ['log'], unserved: [] });
    expect(report.before).toBe(report.digest);
  }, 60_000);

  it('writes elsewhere where it is told to', async () => {
    expect((await cellblock(['build', '--out', join(parent, 'out.wasm')])).code).toBe(0);
    expect(readFileSync(join(parent, 'out.wasm')).equals(readFileSync(join(folder, 'words.wasm')))).toBe(true);
  }, 60_000);

  it('with --check compares, and writes nothing', async () => {
    const kept = readFileSync(join(folder, 'words.wasm'));
    const same = await cellblock(['build', '--check']);
    expect(same).toMatchObject({ code: 0, stdout: expect.stringContaining('the component that is there has the same bytes') });
    await withChange('assembly/index.ts', 'LIMIT_MAX: u32 = 1000', 'LIMIT_MAX: u32 = 999', async () => {
      const other = await cellblock(['build', '--check']);
      expect(other.code).toBe(1);
      expect(other.stdout).toContain('not the component that is there: other bytes, and the same interface');
    });
    await withChange('wit/words.wit', '/// How to count.', '/// Otherwise.', async () => {
      const { code, stdout } = await cellblock(['build', '--check', '--json']);
      expect({ code, check: JSON.parse(stdout).check }).toEqual({
        code: 1,
        check: { ok: false, differences: ['other bytes', 'functions differ', 'types differ'] },
      });
    });
    expect(readFileSync(join(folder, 'words.wasm')).equals(kept)).toBe(true);
    const missing = await cellblock(['build', '--check', '--out', 'nothing.wasm']);
    expect(missing).toMatchObject({ code: 1, stdout: expect.stringContaining('there is no component') });
  }, 120_000);

  it('shows what the compiler says, and leaves the component of the last build', async () => {
    const kept = readFileSync(join(folder, 'words.wasm'));
    await withChange('assembly/index.ts', 'options: Options)', 'options: u32)', async () => {
      const { code, stdout, stderr } = await cellblock(['build']);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain('ERROR TS2322: ');
      expect(stderr).toMatch(
        /\nassembly\/index\.ts:11:3: .* \[author\/does-not-compile\]\nhelp: the WIT says, at wit\/words\.wit:42:3: count: func/,
      );
    });
    expect(readFileSync(join(folder, 'words.wasm')).equals(kept)).toBe(true);
  }, 60_000);

  it('refuses a folder that is no tool', async () => {
    const { code, stderr } = await cellblock(['build'], parent);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('tool.yaml') });
  });
});

async function withChange(file: string, from: string, to: string, act: () => Promise<void>): Promise<void> {
  const before = readFileSync(join(folder, file), 'utf8');
  expect(before).toContain(from);
  writeFileSync(join(folder, file), before.replace(from, to));
  await act().finally(() => writeFileSync(join(folder, file), before));
}

describe('cellblock build --watch', () => {
  it('reports again after each change, through mistakes too, and ends on SIGINT', async () => {
    const child = start(['build', '--watch'], folder);
    const texts = { all: '', seen: 0 };
    let wake: () => void = () => undefined;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        texts.all += chunk;
        wake();
      });
    }
    /** Waits for a text after those that were waited for before. */
    const saw = async (text: string): Promise<void> => {
      while (texts.all.indexOf(text, texts.seen) < 0) await new Promise<void>((resolve) => (wake = resolve));
      texts.seen = texts.all.indexOf(text, texts.seen) + text.length;
    };
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const path = join(folder, 'assembly/index.ts');
    const before = readFileSync(path, 'utf8');

    await saw('(the same as before)');
    await saw('watching this folder');
    writeFileSync(path, before.replace('LIMIT_MAX: u32 = 1000', 'LIMIT_MAX: u32 = 999'));
    await saw('changed: assembly/index.ts');
    await saw('(changed)');
    await saw('watching this folder');
    writeFileSync(path, before.replace('LIMIT_MAX: u32 = 1000', 'LIMIT_MAX: u32 = "x"'));
    await saw('[author/does-not-compile]');
    await saw('watching this folder');
    writeFileSync(path, before);
    await saw('(changed)');
    await saw('watching this folder');
    child.kill('SIGINT');
    expect(await ended).toBe(0);
  }, 180_000);

  it('goes with no option that wants one answer', async () => {
    for (const option of ['--json', '--check']) expect((await cellblock(['build', '--watch', option])).code).toBe(2);
  });
});
