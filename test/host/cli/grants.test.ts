import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configGuest, hostFilesGuest } from '../../support/file-guests.ts';

/* Grants with scopes on the command line: `run --grant NAME=SCOPE`, `inspect`, and `policy` on a file that has them. */

const MAIN = fileURLToPath(new URL('../../../dist/host/cli/main.js', import.meta.url));

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cellblock-grants-'));
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'data', 'a.txt'), 'hello');
  writeFileSync(join(folder, 'config.wasm'), await configGuest());
  writeFileSync(join(folder, 'files.wasm'), await hostFilesGuest());
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function cellblock(...args: readonly string[]) {
  const env = { ...process.env, CELLBLOCK_CACHE_DIR: join(folder, 'cache') };
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { cwd: folder, env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

const get = (...grants: readonly string[]) =>
  cellblock('run', 'config.wasm', 'do-get', '--params', '{"name":"region"}', ...grants.flatMap((grant) => ['--grant', grant]));

describe('run --grant', () => {
  it('takes a scope as JSON', () => {
    expect(get('config={"values":{"region":"eu"}}')).toMatchObject({ status: 0, stdout: '"eu"\n' });
  });

  it('starts relative paths at the working directory, and shows what capabilities did', () => {
    const grant = 'files={"mounts":{"/in":{"from":"data"}}}';
    const params = '{"path":"/in/a.txt","offset":0,"length":9}';
    const { status, stdout, stderr } = cellblock('run', 'files.wasm', 'do-read', '--params', params, '--grant', grant);
    expect([status, stdout]).toEqual([0, '"aGVsbG8="\n']);
    expect(stderr).toMatch(/^did: files · copy in \/in · 1 files/m);
  });

  it.each([
    ['without a scope where there must be one', 'config', /`config` does not fit: the scope: missing/],
    ['that is no JSON', 'config={', /is no JSON/],
    ['that the schema refuses', 'config={"values":{}}', /values: expected one or more settings/],
    ['for what takes none', 'clock={}', /`clock` takes no scope/],
    ['for what is not there', 'nope={}', /no capability `nope`/],
    ['with the name of a prototype', '__proto__={}', /no capability `__proto__`/],
  ])('refuses one %s', (_what, grant, words) => {
    const { status, stdout, stderr } = get(grant);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(words);
  });

  it('takes one of each capability', () => {
    const { status, stderr } = get('config={"values":{"region":"eu"}}', 'config={"values":{"region":"us"}}');
    expect([status, stderr]).toEqual([2, expect.stringContaining('`config` is granted twice')]);
  });

  it('names a field that is not there', () => {
    expect(get('config={"values":{"a":"b"},"vals":{}}').stderr).toContain(
      'unknown field `vals`; the fields here are `values`, `env`',
    );
  });

  it('is needed: without it the import is named, with what grants it', () => {
    const { status, stderr } = get();
    expect(status).toBe(3);
    expect(stderr).toMatch(/denied\/no-grant.*\n?.*grant `config`/s);
  });
});

describe('inspect', () => {
  it('names the grant for every import', () => {
    expect(cellblock('inspect', 'config.wasm').stdout).toContain('cellblock:host/config@0.1.0  (grant: config)');
    expect(cellblock('inspect', 'files.wasm').stdout).toContain('cellblock:host/files@0.1.0  (grant: files)');
  });
});

describe('policy', () => {
  const write = (grants: string): void =>
    writeFileSync(
      join(folder, 'cellblock.yaml'),
      `version: 1\ntools:\n  t: { component: config.wasm, functions: [do-get], grants: ${grants} }\nagents: { a: { tools: [t] } }\n`,
    );

  it('checks scopes with file, line and column', () => {
    write('[{ config: { values: { region: 7 } } }]');
    const { status, stderr } = cellblock('policy', 'check');
    expect(status).toBe(3);
    expect(stderr).toMatch(/cellblock\.yaml:3:\d+: tools\.t\.grants\[0\]\.config\.values\.region: expected text/);
  });

  it('says which grants are missing, and which are of no use', () => {
    write('[log]');
    const { status, stdout } = cellblock('policy', 'check');
    expect(status).toBe(3);
    expect(stdout).toMatch(/needs config: cellblock:host\/config@0\.1\.0/);
    expect(stdout).toMatch(/gets `log` and never imports/);
    write('[{ config: { values: { region: eu } } }]');
    expect(cellblock('policy', 'check')).toMatchObject({ status: 0 });
  });

  it('shows a scope that differs', () => {
    write('[{ config: { values: { region: eu } } }]');
    const other = join(folder, 'other.yaml');
    writeFileSync(
      other,
      'version: 1\ntools:\n  t: { component: config.wasm, functions: [do-get], grants: [{ config: { values: { region: us } } }] }\nagents: { a: { tools: [t] } }\n',
    );
    const { stdout } = cellblock('policy', 'diff', 'cellblock.yaml', other);
    expect(stdout).toMatch(/region.*eu.*region.*us/s);
  });

  it('has the scopes in the JSON Schema for editors', () => {
    const schema = JSON.parse(cellblock('policy', 'schema').stdout) as { $defs: { 'scoped-grant': { properties: object } } };
    expect(Object.keys(schema.$defs['scoped-grant'].properties)).toEqual(
      expect.arrayContaining(['config', 'files', 'kv', 'log']),
    );
  });
});
