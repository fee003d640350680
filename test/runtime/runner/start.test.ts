import { ProcessRunner } from 'cellblock/runtime';
import { afterEach, describe, expect, it } from 'vitest';

const isRoot = process.getuid?.() === 0;
const before = process.env.CELLBLOCK_RUNNER_USER;

afterEach(() => {
  if (before === undefined) delete process.env.CELLBLOCK_RUNNER_USER;
  else process.env.CELLBLOCK_RUNNER_USER = before;
});

describe('a runner process that cannot start', () => {
  it.runIf(isRoot).each(['root', '0', '-1:0', '0:0; id', '4294967296000:1'])('refuses the user %j', (user) => {
    process.env.CELLBLOCK_RUNNER_USER = user;
    expect(() => new ProcessRunner({ threads: 2, cacheDirectory: false })).toThrow(
      '`CELLBLOCK_RUNNER_USER` must be numbers: `uid:gid`',
    );
  });

  it('refuses everything once it is closed', async () => {
    const runner = new ProcessRunner({ threads: 2, cacheDirectory: false });
    await expect(runner.load(new Uint8Array(8))).rejects.toMatchObject({ code: 'component/not-a-component' });
    await runner.close();
    await expect(runner.load(new Uint8Array(8))).rejects.toMatchObject({ code: 'usage/closed' });
    await expect(runner.ready()).rejects.toMatchObject({ code: 'usage/closed' });
  });
});
