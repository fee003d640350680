import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { previousOf } from '../../authoring/check/previous.ts';

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
