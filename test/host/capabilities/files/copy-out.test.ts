import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FilesOptions } from '../../../../host/capabilities/files/index.ts';
import { type FakeCall, grantOf, listAll, openBelow, putFolder, putText, readText, scratch } from './fake-calls.ts';

interface Site {
  readonly root: string;
  readonly policy: string;
  readonly out: string;
}

function site(): Site {
  const root = scratch();
  const policy = join(root, 'policy');
  const out = join(policy, 'out');
  mkdirSync(out);
  mkdirSync(join(root, 'outside'));
  return { root, policy, out };
}

const outScope = (copyOut: object = {}, more: object = {}) => ({
  mounts: { '/out': { access: 'write', copyOut: { to: 'out', ...copyOut } } },
  ...more,
});

const begin = ({ policy }: Site, scope: unknown = outScope(), options: FilesOptions = {}, fake: FakeCall = {}) =>
  grantOf(scope, policy, options).begin(fake);

/** What is in a folder, staging folders included. */
const tree = (folder: string) => (readdirSync(folder, { recursive: true }) as string[]).sort();

describe('copy-out', () => {
  it('lets files leave when the call ended well and said that this was all, with a manifest', async () => {
    const place = site();
    const call = begin(place);
    expect(await putFolder(call, 'sub')).toEqual({ ok: null });
    expect(await putText(call, 'sub/b.txt', 'bb')).toEqual({ ok: null });
    expect(await call.send('files.put', 0, 'a.txt', false, 0n, Buffer.from('a'))).toEqual({ ok: null });
    expect(await call.send('files.put', 0, 'a.txt', false, 1n, Buffer.from('b'))).toEqual({ ok: null });
    expect(tree(place.out).filter((name) => !name.startsWith('.'))).toEqual([]);
    expect(await call.send('files.commit')).toEqual({ ok: null });
    expect(await call.end()).toBeUndefined();
    expect(tree(place.out)).toEqual(['a.txt', 'sub', 'sub/b.txt']);
    expect(readFileSync(join(place.out, 'a.txt'), 'utf8')).toBe('ab');
    expect(statSync(join(place.out, 'a.txt')).nlink).toBe(1);
    expect(statSync(join(place.out, 'a.txt')).mode & 0o111).toBe(0);
    const sha = (text: string) => createHash('sha256').update(text).digest('hex');
    const lines = `${sha('ab')}  a.txt\n${sha('bb')}  sub/b.txt\n`;
    expect(call.notes).toEqual([
      {
        capability: 'files',
        act: 'copy out /out',
        result: '2 files',
        data: {
          files: 2,
          bytes: 4,
          manifest: [
            { path: 'a.txt', bytes: 2, sha256: sha('ab') },
            { path: 'sub/b.txt', bytes: 2, sha256: sha('bb') },
          ],
          manifestDigest: `sha256:${sha(lines)}`,
        },
      },
    ]);
    expect(openBelow(place.root)).toEqual([]);
  });

  it('lets nothing leave, and keeps nothing, after any other end', async () => {
    for (const kind of ['tool-error', 'refused', 'trapped', 'limited', 'cancelled', 'failed'] as const) {
      const place = site();
      const call = begin(place);
      await putText(call, 'a.txt', 'a');
      await call.send('files.commit');
      expect(await call.end(kind)).toBeUndefined();
      expect(tree(place.out)).toEqual([]);
      expect(openBelow(place.root)).toEqual([]);
    }
  });

  it('lets nothing leave that was not said to be all, and says so', async () => {
    const place = site();
    const call = begin(place);
    await putText(call, 'a.txt', 'a');
    expect(await call.end()).toMatchObject({
      code: 'denied/copy-out',
      message: expect.stringMatching(/before it said that this was all/),
    });
    expect(tree(place.out)).toEqual([]);
    const silent = begin(place);
    await listAll(silent);
    expect(await silent.end()).toBeUndefined();
    expect(await begin(place).end()).toBeUndefined();
  });

  it('hides what is staged from others', async () => {
    const place = site();
    const call = begin(place);
    await putText(call, 'a.txt', 'a');
    const [staging] = readdirSync(place.out);
    expect(statSync(join(place.out, staging!)).mode & 0o777).toBe(0o700);
    const reader = grantOf({ mounts: { '/in': { from: 'out', only: ['**', '.*', '.*/**'] } } }, place.policy).begin();
    expect(await listAll(reader)).toEqual([]);
    await reader.end();
    await call.end('trapped');
    expect(readdirSync(place.out)).toEqual([]);
  });

  const refusals: readonly (readonly [string, object, readonly (readonly [string, string])[], RegExp])[] = [
    [
      'a name that no pattern has',
      { only: ['*.csv'] },
      [
        ['a.csv', ''],
        ['a.sh', ''],
      ],
      /^`a.sh` of the mount `\/out` may not leave: no pattern/,
    ],
    ['a hidden name, without a pattern', {}, [['.profile', '']], /no pattern/],
    [
      'too many files',
      { files: 2 },
      [
        ['a', ''],
        ['b', ''],
        ['c', ''],
      ],
      /more than 2 files/,
    ],
    ['a large file', { fileBytes: '3B' }, [['a', 'abcd']], /more than 3 bytes$/],
    [
      'large files',
      { bytes: '5B' },
      [
        ['a', 'abc'],
        ['b', 'abc'],
      ],
      /more than 5 bytes would leave/,
    ],
  ];
  for (const [title, copyOut, files, message] of refusals) {
    it(`refuses all of it for ${title}`, async () => {
      const place = site();
      const call = begin(place, outScope(copyOut));
      for (const [path, text] of files) expect(await putText(call, path, text)).toEqual({ ok: null });
      await call.send('files.commit');
      expect(await call.end()).toMatchObject({ code: 'denied/copy-out', message: expect.stringMatching(message) });
      expect(tree(place.out)).toEqual([]);
      expect(call.notes).toMatchObject([
        { act: `copy out /out ${files.at(-1)![0]}`, result: expect.stringMatching(/^denied: /) },
      ]);
      const fewer = begin(place, outScope(copyOut));
      await putText(fewer, 'a.csv', 'abc');
      await fewer.send('files.commit');
      expect(await fewer.end()).toBeUndefined();
      expect(tree(place.out)).toEqual(['a.csv']);
    });
  }

  it('counts the bytes of a file over all its pieces', async () => {
    const place = site();
    const call = begin(place, outScope({ fileBytes: '3B' }));
    await putText(call, 'a', 'ab');
    await call.send('files.put', 0, 'a', false, 2n, Buffer.from('cd'));
    await call.send('files.commit');
    expect(await call.end()).toMatchObject({ code: 'denied/copy-out', message: expect.stringMatching(/more than 3 bytes$/) });
  });

  it('replaces a file only where the scope says so, and never writes into one that has other names', async () => {
    const place = site();
    writeFileSync(join(place.out, 'a.txt'), 'old');
    linkSync(join(place.out, 'a.txt'), join(place.root, 'outside', 'same'));
    for (const overwrite of ['never', 'allow']) {
      const call = begin(place, outScope({ overwrite }));
      await putText(call, 'b.txt', 'new');
      await putText(call, 'a.txt', 'new');
      await call.send('files.commit');
      const error = await call.end();
      if (overwrite === 'never')
        expect(error).toMatchObject({ code: 'denied/copy-out', message: expect.stringMatching(/there already/) });
      else expect(error).toBeUndefined();
      expect(readFileSync(join(place.out, 'a.txt'), 'utf8')).toBe(overwrite === 'never' ? 'old' : 'new');
      expect(tree(place.out)).toEqual(overwrite === 'never' ? ['a.txt'] : ['a.txt', 'b.txt']);
    }
    expect(readFileSync(join(place.root, 'outside', 'same'), 'utf8')).toBe('old');
  });

  it('removes only where the scope says so, and only what is there', async () => {
    const place = site();
    const scope = (remove: string) => ({
      mounts: { '/rw': { from: 'out', access: 'write', copyOut: { to: 'out', remove, overwrite: 'allow' } } },
    });
    writeFileSync(join(place.out, 'a.txt'), 'a');
    for (const remove of ['never', 'allow']) {
      const call = begin(place, scope(remove));
      expect(await call.send('files.remove', 0, 'a.txt')).toEqual({ ok: null });
      expect(await putText(call, 'renamed.txt', 'a')).toEqual({ ok: null });
      await call.send('files.commit');
      const error = await call.end();
      if (remove === 'never')
        expect(error).toMatchObject({ code: 'denied/copy-out', message: expect.stringMatching(/removed it/) });
      else expect(error).toBeUndefined();
      if (remove === 'allow')
        expect(call.notes.at(-1)).toMatchObject({ result: '1 files, 1 removed', data: { removed: ['a.txt'] } });
      expect(tree(place.out)).toEqual(remove === 'never' ? ['a.txt'] : ['renamed.txt']);
    }
  });

  it('a file that was removed and made again is replaced, not removed', async () => {
    const place = site();
    writeFileSync(join(place.out, 'a.txt'), 'old');
    const mount = { from: 'out', access: 'write', copyOut: { to: 'out', overwrite: 'allow' } };
    const call = begin(place, { mounts: { '/rw': mount } });
    await call.send('files.remove', 0, 'a.txt');
    await putText(call, 'a.txt', 'new');
    await call.send('files.commit');
    expect(await call.end()).toBeUndefined();
    expect(readFileSync(join(place.out, 'a.txt'), 'utf8')).toBe('new');
  });

  it('FS-04, FS-05: follows no link in the target, whenever it came there', async () => {
    const place = site();
    const outside = join(place.root, 'outside');
    writeFileSync(join(outside, 'victim'), 'safe');
    const attempts: readonly (readonly [string, (out: string) => void])[] = [
      ['victim', (out) => symlinkSync(join(outside, 'victim'), join(out, 'victim'))],
      ['dangling', (out) => symlinkSync(join(outside, 'dangling'), join(out, 'dangling'))],
      ['sub/victim', (out) => symlinkSync(outside, join(out, 'sub'))],
      ['sub/deep/x', (out) => symlinkSync(outside, join(out, 'sub'))],
    ];
    for (const [path, plant] of attempts) {
      for (const when of ['before', 'after'] as const) {
        const call = begin(place, outScope({ overwrite: 'allow' }));
        if (when === 'before') plant(place.out);
        const parts = path.split('/');
        for (let depth = 1; depth < parts.length; depth++) await putFolder(call, parts.slice(0, depth).join('/'));
        await putText(call, path, 'evil');
        await call.send('files.commit');
        if (when === 'after') plant(place.out);
        expect(await call.end()).toMatchObject({ code: 'denied/copy-out' });
        expect(readdirSync(outside)).toEqual(['victim']);
        expect(readFileSync(join(outside, 'victim'), 'utf8')).toBe('safe');
        rmSync(join(place.out, parts[0]!));
        expect(tree(place.out)).toEqual([]);
      }
    }
  });

  it('FS-04: a link that comes between looking and moving is not followed, and all is taken back', async () => {
    const place = site();
    const outside = join(place.root, 'outside');
    mkdirSync(join(place.out, 'sub'));
    writeFileSync(join(place.out, 'old.txt'), 'old');
    const onStep = (path: string) => {
      if (path !== 'sub/last') return;
      rmSync(join(place.out, 'sub'), { recursive: true });
      symlinkSync(outside, join(place.out, 'sub'));
    };
    const call = begin(place, outScope({ overwrite: 'allow' }), { onStep });
    await putText(call, 'new.txt', 'new');
    await putText(call, 'old.txt', 'new');
    await putFolder(call, 'made');
    await putText(call, 'made/x', 'x');
    await putFolder(call, 'sub');
    await putText(call, 'sub/last', 'evil');
    await call.send('files.commit');
    expect(await call.end()).toMatchObject({
      code: 'capability/unavailable',
      message: expect.stringMatching(/cannot be copied out: E/),
    });
    expect(readdirSync(outside)).toEqual([]);
    expect(tree(place.out)).toEqual(['old.txt', 'sub']);
    expect(readFileSync(join(place.out, 'old.txt'), 'utf8')).toBe('old');
    expect(openBelow(place.root)).toEqual([]);
  });

  it('a file that comes between looking and moving is not replaced where the scope forbids it', async () => {
    const place = site();
    const onStep = (path: string) => {
      if (path === 'b') writeFileSync(join(place.out, 'b'), 'theirs');
    };
    const call = begin(place, outScope(), { onStep });
    await putText(call, 'a', 'ours');
    await putText(call, 'b', 'ours');
    await call.send('files.commit');
    expect(await call.end()).toMatchObject({ code: 'capability/unavailable' });
    expect(tree(place.out)).toEqual(['b']);
    expect(readFileSync(join(place.out, 'b'), 'utf8')).toBe('theirs');
  });

  it('is all or nothing over several targets', async () => {
    const place = site();
    mkdirSync(join(place.policy, 'out2'));
    writeFileSync(join(place.policy, 'out2', 'b'), 'there');
    const mount = (to: string) => ({ access: 'write', copyOut: { to } });
    const call = begin(place, { mounts: { '/one': mount('out'), '/two': mount('out2') } });
    await putText(call, 'a', 'a', 0);
    await putText(call, 'b', 'b', 1);
    await call.send('files.commit');
    expect(await call.end()).toMatchObject({ code: 'denied/copy-out' });
    expect(tree(place.out)).toEqual([]);
    expect(tree(join(place.policy, 'out2'))).toEqual(['b']);
  });

  it('refuses what is there and no regular file', async () => {
    const place = site();
    mkdirSync(join(place.out, 'a'));
    const call = begin(place, outScope({ overwrite: 'allow' }));
    await putText(call, 'a', 'a');
    await call.send('files.commit');
    expect(await call.end()).toMatchObject({
      code: 'denied/copy-out',
      message: expect.stringMatching(/^`a` of the mount `\/out` .*no regular file/),
    });
    expect(lstatSync(join(place.out, 'a')).isDirectory()).toBe(true);
  });

  it('fails before the guest did anything where the target is missing or a link', async () => {
    const place = site();
    symlinkSync(place.out, join(place.policy, 'link'));
    for (const to of ['gone', 'link']) {
      const call = begin(place, outScope({ to }));
      await expect(call.send('files.list', 0)).rejects.toMatchObject({ code: 'capability/unavailable' });
      expect(await call.end()).toBeUndefined();
    }
    expect(existsSync(join(place.policy, 'gone'))).toBe(false);
    expect(openBelow(place.root)).toEqual([]);
  });

  it('says what the system refuses, and leaves nothing', async () => {
    if (process.geteuid?.() === 0) return; // root may write anywhere
    const place = site();
    chmodSync(place.out, 0o500);
    const call = begin(place);
    expect(await putText(call, 'a', 'a')).toEqual({ ok: null });
    await call.send('files.commit');
    expect(await call.end()).toMatchObject({ code: 'capability/unavailable', message: expect.stringMatching(/EACCES/) });
    chmodSync(place.out, 0o700);
  });
});

describe('what a hostile worker sends', () => {
  it('FS-01, FS-05, FS-09, FS-19: puts nothing anywhere but below its mount', async () => {
    const place = site();
    for (const path of [
      '../x',
      'a/../../x',
      '/x',
      '',
      '.',
      '..',
      'a//b',
      'a/',
      'x\0',
      'x\n',
      'n'.repeat(256),
      'a/'.repeat(5000),
      '.cellblock-staging-x',
    ]) {
      const call = begin(place);
      await putText(call, path, 'x');
      expect(call.notes.at(-1)?.result).toMatch(/^denied: /);
      await putText(call, 'good', 'x');
      await call.send('files.commit');
      expect(await call.end()).toMatchObject({ code: 'denied/copy-out' });
    }
    expect(tree(place.root)).toEqual(['outside', 'policy', 'policy/out']);
  });

  it('keeps to the order of a tree', async () => {
    const place = site();
    writeFileSync(join(place.policy, 'in.txt'), 'in');
    const scope = { mounts: { '/out': { from: 'in.txt', access: 'write', copyOut: { to: 'out' } }, '/ro': { from: 'in.txt' } } };
    const expectErr = async (err: string, send: (call: ReturnType<typeof begin>) => Promise<unknown>) => {
      const call = begin(place, scope);
      await putFolder(call, 'dir');
      await putText(call, 'file', 'abc');
      expect(await send(call)).toEqual(err === 'invalid' ? { ok: null } : { err });
      expect(call.notes.at(-1)?.result).toBe(`denied: ${err}`);
      await call.send('files.commit');
      expect(await call.end()).toMatchObject({ code: 'denied/copy-out' });
      expect(tree(place.out)).toEqual([]);
    };
    await expectErr('no-entry', (call) => putText(call, 'missing/x', 'x'));
    await expectErr('not-directory', (call) => putText(call, 'file/x', 'x'));
    await expectErr('is-directory', (call) => putText(call, 'dir', 'x'));
    await expectErr('exist', (call) => putFolder(call, 'file'));
    await expectErr('invalid', (call) => call.send('files.put', 0, 'file', false, 2n, Buffer.from('x')));
    await expectErr('invalid', (call) => call.send('files.put', 0, 'file', false, 0n, Buffer.from('x')));
    await expectErr('invalid', (call) => call.send('files.put', 0, 'other', false, 1n, Buffer.from('x')));
    await expectErr('invalid', (call) => call.send('files.put', 0, 'other', false, 2n ** 64n - 1n, Buffer.from('x')));
    await expectErr('invalid', (call) => call.send('files.put', 0, 'dir2', true, 0n, Buffer.from('x')));
    await expectErr('exist', async (call) => {
      await putText(call, 'second', 'x');
      return putText(call, 'file', 'again');
    });
    await expectErr('not-permitted', (call) => call.send('files.remove', 0, 'file'));
    await expectErr('no-entry', (call) => call.send('files.remove', 0, 'missing'));
    await expectErr('read-only', (call) => putText(call, 'in.txt', 'x', 1));
    await expectErr('not-permitted', (call) => putText(call, 'in.txt', 'x', 9));
    await expectErr('not-permitted', async (call) => {
      await call.send('files.commit');
      return putText(call, 'late', 'x');
    });
    await expectErr('not-permitted', async (call) => {
      await call.send('files.commit');
      return call.send('files.commit');
    });
  });

  it('removes a folder after what was in it, and may put a file there', async () => {
    const place = site();
    mkdirSync(join(place.policy, 'in', 'dir'), { recursive: true });
    writeFileSync(join(place.policy, 'in', 'dir', 'x'), 'x');
    const scope = { mounts: { '/rw': { from: 'in', access: 'write', copyOut: { to: 'out' } } } };
    const call = begin(place, scope);
    expect(await call.send('files.remove', 0, 'dir/x')).toEqual({ ok: null });
    expect(await call.send('files.remove', 0, 'dir')).toEqual({ ok: null });
    expect(await putText(call, 'dir', 'a file now')).toEqual({ ok: null });
    await call.send('files.commit');
    expect(await call.end()).toBeUndefined();
    expect(tree(place.out)).toEqual(['dir']);
    const wrong = begin(place, scope);
    expect(await wrong.send('files.remove', 0, 'dir')).toEqual({ err: 'not-empty' });
    await wrong.end('trapped');
  });

  it('FS-21: stops at the quota of bytes and of names', async () => {
    const five = ['a', '12345'] as const;
    const attempts: readonly (readonly (readonly [string, string])[])[] = [
      [five, ['b', '123456']],
      [five, ['b', '12345'], ['c', '6']],
      [
        ['a', ''],
        ['b', ''],
        ['c', ''],
        ['d', ''],
      ],
      [['x'.repeat(11), '12345678901']],
    ];
    for (const files of attempts) {
      const place = site();
      const call = begin(place, outScope({}, { bytes: '10B', names: 3 }));
      for (const [path, text] of files) expect(await putText(call, path, text)).toEqual({ ok: null });
      // What follows is not looked at any more, whatever it is.
      expect(await call.send('files.put', 0, '..', false, 99n, Buffer.from('x'))).toEqual({ ok: null });
      await call.send('files.commit');
      expect(await call.end()).toMatchObject({
        code: 'denied/copy-out',
        message: `\`${files.at(-1)![0]}\` of the mount \`/out\` may not leave: the change is refused as \`quota\``,
      });
      expect(tree(place.out)).toEqual([]);
    }
    const place = site();
    const fits = begin(place, outScope({}, { bytes: '10B', names: 3 }));
    for (const path of ['a', 'b']) await putText(fits, path, '12345');
    await putFolder(fits, 'c');
    await fits.send('files.commit');
    expect(await fits.end()).toBeUndefined();
    expect(tree(place.out)).toEqual(['a', 'b']);
  });

  it('FS-21: counts the pieces of a file', async () => {
    const place = site();
    const call = begin(place, outScope({}, { bytes: '3B' }));
    await putText(call, 'a', 'ab');
    await call.send('files.put', 0, 'a', false, 2n, Buffer.from('cd'));
    await call.send('files.commit');
    expect(await call.end()).toMatchObject({ code: 'denied/copy-out' });
    expect(tree(place.out)).toEqual([]);
  });

  it('takes anything for a mount from which nothing leaves, and keeps none of it', async () => {
    const place = site();
    const scope = { mounts: { '/work': { access: 'write' }, '/out': { access: 'write', copyOut: { to: 'out' } } }, bytes: '4B' };
    const call = begin(place, scope);
    for (const path of ['new\nline', 'a/b/c', '..', 'n'.repeat(300)])
      expect(await putText(call, path, 'large')).toEqual({ ok: null });
    await putText(call, 'a', 'a', 1);
    await call.send('files.commit');
    expect(await call.end()).toBeUndefined();
    expect(tree(place.root)).toEqual(['outside', 'policy', 'policy/out', 'policy/out/a']);
  });

  it('lists and opens nothing for a call that used no file', async () => {
    const place = site();
    const call = begin(place, outScope({ to: 'gone' }));
    expect(await call.send('files.commit')).toEqual({ ok: null });
    expect(openBelow(place.root)).toEqual([]);
    expect(await call.end()).toBeUndefined();
    expect(call.notes).toEqual([]);
  });

  it('ends a call while its messages still come', async () => {
    const place = site();
    const call = begin(place);
    const late = [call.send('files.list', 0), putText(call, 'a', 'a'), call.send('files.commit')];
    await call.end('limited');
    await Promise.all(late);
    expect(await putText(call, 'b', 'b')).toEqual({ err: 'not-permitted' });
    expect(await readText(call, 'a')).toBe('err io');
    expect(tree(place.out)).toEqual([]);
    expect(openBelow(place.root)).toEqual([]);
  });
});

describe('copy-out along the chain', () => {
  it('PO-19: each scope must let each file leave, by its own rule', async () => {
    const place = site();
    mkdirSync(join(place.out, 'sub'));
    const leaves = async (others: unknown[], own: object = {}, text = 'abc') => {
      const call = begin(place, outScope({ overwrite: 'allow', ...own }), {}, { others });
      await putFolder(call, 'sub');
      await putText(call, 'sub/a.csv', text);
      await call.send('files.commit');
      return (await call.end())?.message ?? 'left';
    };
    const rule = (copyOut: object, more: object = {}) => ({ mounts: { '/x': { access: 'write', copyOut } }, ...more });
    expect(await leaves([rule({ to: 'out/sub' })])).toBe('left');
    expect(await leaves([rule({ to: 'out/sub', overwrite: 'allow' }), rule({ to: 'out' })])).toMatch(/there already/);
    const allow = { overwrite: 'allow' };
    expect(await leaves([rule({ to: 'out', ...allow }), rule({ to: 'out/sub', only: ['*.csv'], ...allow })])).toBe('left');
    expect(await leaves([rule({ to: 'out', ...allow, only: ['*.csv'] })])).toMatch(/no pattern/);
    expect(await leaves([rule({ to: 'out/su', ...allow })])).toMatch(/no pattern/);
    expect(await leaves([rule({ to: 'out', ...allow, fileBytes: '2B' })])).toMatch(/more than 2 bytes/);
    expect(await leaves([rule({ to: 'out', ...allow }, { bytes: '2B' })])).toMatch(/quota/);
    expect(await leaves([{ mounts: { '/x': { from: 'out', access: 'write' } } }])).toMatch(/no pattern/);
  });
});
