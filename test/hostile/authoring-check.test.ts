import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Runtime } from 'cellblock/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { previousOf } from '../../authoring/check/previous.ts';
import { runCases } from '../../dist/authoring/cases/index.js';
import { checkTool } from '../../dist/authoring/check/index.js';
import { KNOWN_GRANTS, loadPolicy, scopeSchemasOf } from '../../dist/host/index.js';

/* A tool's folder that came with a repository of somebody else's. */

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cellblock-hostile-check-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function git(...args: readonly string[]): string {
  const author = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
  return execFileSync('git', [...author, ...args], { cwd: folder, encoding: 'utf8' }).trim();
}

/** A repository whose last commit has `tool.wasm`. @returns path of the object with its bytes. */
async function repository(): Promise<string> {
  await writeFile(join(folder, 'tool.wasm'), 'before');
  git('init', '-q', '.');
  git('add', 'tool.wasm');
  git('commit', '-q', '-m', 'x');
  const blob = git('rev-parse', 'HEAD:tool.wasm');
  return join(folder, '.git', 'objects', blob.slice(0, 2), blob.slice(2));
}

describe('a repository that names programs in its configuration', () => {
  it('is asked for the version before', async () => {
    await repository();
    expect(await previousOf(join(folder, 'tool.wasm'))).toMatchObject({ bytes: new Uint8Array(Buffer.from('before')) });
  });

  it.each([
    ['as the way to a remote', (ran: string) => [['remote.evil.url', `ext::touch ${ran}`]]],
    [
      'as what serves a remote',
      (ran: string) => [
        ['remote.evil.url', join(folder, '.git')],
        ['remote.evil.uploadpack', `touch ${ran};`],
      ],
    ],
  ])('has none of them run, %s of what is missing', async (_, remote) => {
    const ran = join(folder, 'ran');
    await rm(await repository());
    const settings = [
      ['core.repositoryformatversion', '1'],
      ['extensions.partialClone', 'evil'],
      ['remote.evil.promisor', 'true'],
      ['protocol.ext.allow', 'always'],
      ...remote(ran),
    ];
    for (const [name, value] of settings) git('config', name ?? '', value ?? '');
    expect(await previousOf(join(folder, 'tool.wasm'))).toHaveProperty('none');
    expect(existsSync(ran)).toBe(false);
  });
});

describe('cases of somebody else, that grant themselves the network', () => {
  it('are not run by a check, and are by a test', async () => {
    const runner = new Runtime({ threads: 1, cacheDirectory: false });
    const grants = 'grants: [log, { http: { requests: [{ methods: [POST], url: "https://evil.example/" }] } }]';
    mkdirSync(join(folder, 'cases'));
    await copyFile('tools/redact/redact.wasm', join(folder, 'redact.wasm'));
    await writeFile(
      join(folder, 'policy.yaml'),
      'version: 1\ntools: { redact: { component: redact.wasm, functions: [redact], grants: [log] } }\nagents: { a: { tools: [redact] } }\n',
    );
    const policy = await loadPolicy(join(folder, 'policy.yaml'), { knownGrants: KNOWN_GRANTS, scopeSchemas: scopeSchemasOf() });
    await writeFile(
      join(folder, 'cases', 'redact.yaml'),
      `version: 1
cases:
  - { name: sends, call: redact, params: { text: { $file: ../key }, options: { custom: [] } }, ${grants}, real: [http], expect: { kind: ok } }
`,
    );
    await writeFile(join(folder, 'key'), 'a secret');
    try {
      const { checks, good } = await checkTool('redact', { runner, policy });
      expect(good).toBe(false);
      expect(checks).toContainEqual(
        expect.objectContaining({ check: 'cases', message: expect.stringContaining('sends: case: it uses the network') }),
      );
      const component = join(folder, 'redact.wasm');
      expect(await runCases(folder, { runner, component })).toMatchObject({ passed: 1, failed: 0 });
    } finally {
      await runner.close();
    }
  });
});
