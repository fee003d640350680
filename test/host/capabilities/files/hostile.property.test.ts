import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FakeBack, grantOf, openBelow, scratch } from './fake-calls.ts';

const SCOPE = {
  mounts: {
    '/rw': {
      from: 'in',
      access: 'write',
      copyOut: { to: 'out', files: 3, bytes: '40B', fileBytes: '25B', only: ['**/*.txt', 'a'] },
    },
    '/ro': { from: 'in' },
  },
  bytes: '60B',
  names: 12,
};

const wild = fc.constantFrom(
  ...['..', '../x.txt', '/x.txt', '', 'dir/../a', 'x\0.txt', '.hidden.txt', '.cellblock-staging-1', 'q\u202e.txt'],
  ...['c.txt', 'dir', 'new', 'a', 'new/z.txt'],
);
/** Mostly what may be, else anything. */
const path = (...good: string[]) => fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: wild });
const FILES = ['a', 'b.txt', 'd.txt', 'dir/x.txt', 'dir/y.txt', 'new/z.txt'];
const mount = fc.oneof({ weight: 30, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(1, 2, 2 ** 32 - 1) });
const offset = fc.oneof(
  { weight: 20, arbitrary: fc.constant(0n) },
  { weight: 1, arbitrary: fc.constantFrom(1n, 7n, 2n ** 64n - 1n) },
);
const bytes = fc.uint8Array({ maxLength: 16 });
const message = fc.oneof(
  fc.tuple(fc.constant<keyof FakeBack>('files.put'), mount, path(...FILES), fc.constant(false), offset, bytes),
  fc.tuple(
    fc.constant<keyof FakeBack>('files.put'),
    mount,
    path('new', 'dir'),
    fc.constant(true),
    fc.constant(0n),
    fc.constant(new Uint8Array()),
  ),
  fc.tuple(fc.constant<keyof FakeBack>('files.remove'), mount, path('dir/x.txt')),
  fc.tuple(fc.constant<keyof FakeBack>('files.read'), mount, path(...FILES), offset, fc.constantFrom(0, 5, 2 ** 32 - 1)),
  fc.tuple(fc.constant<keyof FakeBack>('files.list'), fc.constantFrom(0, 2, 2 ** 32 - 1)),
);

const mostly = fc.constantFrom(true, true, true, false);

/** All files of a folder with what is in them. */
function contents(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    entries.map((entry) => {
      const full = join(entry.parentPath, entry.name);
      return [full.slice(folder.length + 1), readFileSync(full, 'latin1')];
    }),
  );
}

describe('any messages of a worker, in any order', () => {
  it('FS-01, FS-05, FS-13, FS-21: change nothing but the target, within its rule, as a whole or not at all', async () => {
    const root = scratch();
    const policy = join(root, 'policy');
    mkdirSync(join(policy, 'in', 'dir'), { recursive: true });
    writeFileSync(join(policy, 'in', 'a'), 'original');
    writeFileSync(join(policy, 'in', 'dir', 'x.txt'), 'original');
    const before = contents(root);
    let left = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 6 }), mostly, mostly, async (messages, commits, endsWell) => {
        rmSync(join(policy, 'out'), { recursive: true, force: true });
        mkdirSync(join(policy, 'out'));
        writeFileSync(join(policy, 'out', 'c.txt'), 'there');
        const call = grantOf(SCOPE, policy).begin();
        const put = new Map<string, string>();
        for (const [name, ...args] of messages) {
          const answer = (await call.send(name, ...args)) as { ok?: unknown };
          const [on, at, isDirectory, , given] = args as [number, string, boolean, bigint, Uint8Array];
          if (name !== 'files.put' || !('ok' in answer) || on !== 0 || isDirectory) continue;
          put.set(at, (put.get(at) ?? '') + Buffer.from(given).toString('latin1'));
        }
        if (commits) await call.send('files.commit');
        const error = await call.end(endsWell ? 'ok' : 'trapped');
        const out = contents(join(policy, 'out'));
        expect(out['c.txt']).toBe('there');
        delete out['c.txt'];
        if (error !== undefined || !commits || !endsWell) expect(out).toEqual({});
        else expect(out).toEqual(Object.fromEntries(put));
        left += Object.keys(out).length;
        expect(Object.keys(out).length).toBeLessThanOrEqual(3);
        expect(Object.values(out).join('').length).toBeLessThanOrEqual(40);
        expect(readdirSync(join(policy, 'out')).filter((name) => name.startsWith('.'))).toEqual([]);
        rmSync(join(policy, 'out'), { recursive: true });
        expect(contents(root)).toEqual(before);
        expect(openBelow(root)).toEqual([]);
      }),
      { numRuns: 400 },
    );
    expect(left).toBeGreaterThan(10); // the property is not about refusals alone
  });
});
