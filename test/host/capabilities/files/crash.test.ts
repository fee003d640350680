import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { isAbandoned, stagingName } from '../../../../host/capabilities/files/owner.ts';
import { grantOf, listAll, putText, scratch } from './fake-calls.ts';

const BUILT = new URL('../../../../dist/host/capabilities/files/index.js', import.meta.url).href;

/** A host that leaves files, and is killed before a step of moving them in; with step -1, before it moves; with `hold`, it waits instead. */
const CHILD = `
const { openFiles } = await import(${JSON.stringify(BUILT)});
const { FILES } = await import(${JSON.stringify(BUILT)});
const { policyFolder, scope, killAt, hold } = JSON.parse(process.argv[1]);
let steps = 0;
const die = () => process.kill(process.pid, 'SIGKILL');
const onStep = () => { if (steps++ === killAt) die(); };
let end;
let files;
const call = { note() {}, state(key, make, ending) { files ??= make(); end = ending; return files; } };
const parsed = FILES.scope.parse(scope);
const grant = { tool: 't', scope: parsed, host: { policyFolder }, callOf: () => call, scopesFor: () => [parsed] };
const { back } = openFiles(grant, { onStep })[0];
const put = (path, text) => back['files.put']([0, path, text === undefined, 0n, Buffer.from(text ?? '')], {});
await put('new.txt', 'new');
await put('sub');
await put('sub/x', 'x');
await put('old.txt', 'changed');
await back['files.remove']([0, 'gone.txt'], {});
await back['files.commit']([], {});
if (hold) { console.log('staged'); await new Promise(() => setInterval(() => {}, 1000)); }
if (killAt < 0) die();
await end(files, { kind: 'ok' });
console.log('left');
`;

const SCOPE = {
  mounts: { '/rw': { from: 'out', access: 'write', copyOut: { to: 'out', overwrite: 'allow', remove: 'allow' } } },
};

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function site(): { policyFolder: string; out: string } {
  const policyFolder = join(scratch(), 'policy');
  const out = join(policyFolder, 'out');
  mkdirSync(out);
  writeFileSync(join(out, 'old.txt'), 'old');
  writeFileSync(join(out, 'gone.txt'), 'gone');
  return { policyFolder, out };
}

function run(policyFolder: string, killAt: number, hold = false): ChildProcess {
  const parameters = JSON.stringify({ policyFolder, scope: SCOPE, killAt, hold });
  const child = spawn(process.execPath, ['--input-type=module', '-e', CHILD, parameters], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

const contents = (folder: string) =>
  Object.fromEntries(
    (readdirSync(folder, { recursive: true }) as string[])
      .sort()
      .map((name) => [name, name === 'sub' || name.startsWith('.') ? '' : readFileSync(join(folder, name), 'utf8')]),
  );
const staged = (folder: string) => readdirSync(folder).filter((name) => name.startsWith('.cellblock-staging-'));
const BEFORE = { 'gone.txt': 'gone', 'old.txt': 'old' };

/** The next call of a host that was started anew. */
async function nextCall(policyFolder: string, nowMs = () => Date.now()): Promise<void> {
  const call = grantOf(SCOPE, policyFolder, { nowMs }).begin();
  await listAll(call);
  await call.end();
}

describe('a host that was killed', () => {
  it('while files were staged or moved in: the next one finds all of it and takes it back', async () => {
    // One after the other for each point: before anything moves, before each of five steps, after the last.
    for (const killAt of [-1, 0, 1, 2, 3, 4]) {
      const { policyFolder, out } = site();
      const [, signal] = (await once(run(policyFolder, killAt), 'exit')) as [number, string];
      expect(signal).toBe('SIGKILL');
      expect(staged(out)).toHaveLength(1);
      if (killAt > 0) expect(existsSync(join(out, 'new.txt'))).toBe(true);
      await nextCall(policyFolder);
      expect(contents(out)).toEqual(BEFORE);
    }
    const { policyFolder, out } = site();
    const [code] = (await once(run(policyFolder, 5), 'exit')) as [number];
    expect(code).toBe(0);
    expect(contents(out)).toEqual({ 'new.txt': 'new', 'old.txt': 'changed', sub: '', 'sub/x': 'x' });
  }, 60_000);

  it('one that lives keeps its staging folder', async () => {
    const { policyFolder, out } = site();
    const child = run(policyFolder, -1, true);
    await once(child.stdout!, 'data');
    await nextCall(policyFolder);
    expect(staged(out)).toHaveLength(1);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await nextCall(policyFolder);
    expect(contents(out)).toEqual(BEFORE);
  });

  it('takes back nothing that others changed since', async () => {
    const { policyFolder, out } = site();
    await once(run(policyFolder, 4), 'exit');
    renameSync(join(out, 'new.txt'), join(out, 'moved.txt'));
    writeFileSync(join(out, 'new.txt'), 'theirs');
    writeFileSync(join(out, 'sub', 'theirs'), 'theirs');
    await nextCall(policyFolder);
    expect(contents(out)).toEqual({ ...BEFORE, 'moved.txt': 'new', 'new.txt': 'theirs', sub: '', 'sub/theirs': 'theirs' });
  });
});

describe('staging folders', () => {
  const own = stagingName();
  const other = (index: number, value: string) => own.split('-').toSpliced(index, 1, value).join('-');

  it('are known by the process that made them, not by its id alone', () => {
    expect(isAbandoned(own, 0, 1e15)).toBe(false);
    expect(isAbandoned(other(5, '1'), 0, 0)).toBe(true); // the id is in use again
    expect(isAbandoned(other(4, '4194305'), 0, 0)).toBe(true); // no such process
    for (const name of ['.cellblock-staging-', '.cellblock-staging-1-2-3-4-5', `${own}x`, `x${own}`, own.toUpperCase()]) {
      expect(isAbandoned(name, 0, 1e15)).toBe(false);
    }
  });

  it('of another machine or container stay for a day', () => {
    const day = 24 * 60 * 60 * 1000;
    for (const name of [other(2, '00000000'), other(3, '1')]) {
      expect(isAbandoned(name, 0, day)).toBe(false);
      expect(isAbandoned(name, 0, day + 1)).toBe(true);
    }
  });

  it('that only look like ours lead nowhere', async () => {
    const { policyFolder, out } = site();
    const outside = join(policyFolder, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'victim'), 'safe');
    const dead = other(4, '4194305');
    symlinkSync(outside, join(out, dead));
    const second = join(
      out,
      dead.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
    );
    mkdirSync(second, { mode: 0o700 });
    const inode = '1';
    writeFileSync(
      join(second, 'journal'),
      JSON.stringify([
        { kind: 'new', path: '../outside/victim', staged: '1', inode },
        { kind: 'directory', path: '/etc' },
      ]),
    );
    const open = other(4, '4194306');
    mkdirSync(join(out, open), { mode: 0o755 });
    writeFileSync(join(out, open, 'journal'), JSON.stringify([{ kind: 'remove', path: 'old.txt', backup: 'b1' }]));
    utimesSync(second, 1, 1);
    await nextCall(policyFolder);
    expect(readFileSync(join(outside, 'victim'), 'utf8')).toBe('safe');
    expect(existsSync(second)).toBe(false);
    expect(readdirSync(out).sort()).toEqual([dead, open, 'gone.txt', 'old.txt'].sort());
  });

  it('are gone after each end', async () => {
    const { policyFolder, out } = site();
    for (const kind of ['ok', 'tool-error', 'trapped', 'limited', 'cancelled', 'failed'] as const) {
      const call = grantOf(SCOPE, policyFolder).begin();
      await putText(call, 'a', 'a');
      expect(staged(out)).toHaveLength(1);
      await call.end(kind);
      expect(contents(out)).toEqual(BEFORE);
    }
  });
});
