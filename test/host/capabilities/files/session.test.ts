import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type FakeCall, grantOf, type OpenCall, paths, putFolder, putText, readText, scratch } from './fake-calls.ts';

const RW = { from: 'in', access: 'write' };
const KEPT = { mounts: { '/rw': RW }, keep: 'session' };
const SESSION: FakeCall = { session: 's1' };

function site(): { policy: string; inputs: string } {
  const policy = join(scratch(), 'policy');
  const inputs = join(policy, 'in');
  mkdirSync(join(inputs, 'dir'), { recursive: true });
  writeFileSync(join(inputs, 'a'), 'original');
  writeFileSync(join(inputs, 'dir', 'x'), 'x');
  return { policy, inputs };
}

async function finish(call: OpenCall, kind: 'ok' | 'trapped' = 'ok'): Promise<unknown> {
  await call.send('files.commit');
  return call.end(kind);
}

describe('what a session keeps', () => {
  it('is what its calls changed, over what is copied in; the originals stay', async () => {
    const { policy, inputs } = site();
    const { begin } = grantOf(KEPT, policy);
    const first = begin(SESSION);
    await putText(first, 'a', 'changed');
    await putFolder(first, 'new');
    await putText(first, 'new/b', 'b');
    await first.send('files.remove', 0, 'dir/x');
    await first.send('files.remove', 0, 'dir');
    expect(await finish(first)).toBeUndefined();
    const second = begin(SESSION);
    expect(await paths(second)).toEqual(['a', 'new/', 'new/b']);
    expect(await readText(second, 'a')).toBe('changed');
    expect(((await second.send('files.read', 0, 'a', 3n, 2)) as { ok: Uint8Array }).ok).toEqual(
      new Uint8Array(Buffer.from('ng')),
    );
    await second.send('files.remove', 0, 'a');
    await putFolder(second, 'dir');
    await putText(second, 'dir/y', 'y');
    expect(await finish(second)).toBeUndefined();
    const third = begin(SESSION);
    expect((await paths(third)).sort()).toEqual(['dir/', 'dir/y', 'new/', 'new/b']);
    await third.end();
    expect(readFileSync(join(inputs, 'a'), 'utf8')).toBe('original');
    expect(readdirSync(inputs).sort()).toEqual(['a', 'dir']);
  });

  it('is its own: another session, agent, grant or call without one sees nothing of it', async () => {
    const { policy } = site();
    const { begin } = grantOf(KEPT, policy);
    const first = begin(SESSION);
    await putText(first, 'secret', 'mine');
    await finish(first);
    const strangers = [
      begin({ session: 's2' }),
      begin({ ...SESSION, agent: 'other' }),
      begin({}),
      grantOf(KEPT, policy).begin(SESSION),
    ];
    for (const call of strangers) {
      expect(await readText(call, 'secret')).toBe('err no-entry');
      await call.end();
    }
    const again = begin(SESSION);
    expect(await readText(again, 'secret')).toBe('mine');
    await again.end();
  });

  it('is nothing of a call that did not end well, was not all, or whose files were refused', async () => {
    const { policy } = site();
    mkdirSync(join(policy, 'out'));
    const { begin } = grantOf({ mounts: { '/rw': { ...RW, copyOut: { to: 'out', only: ['*.csv'] } } }, keep: 'session' }, policy);
    const trapped = begin(SESSION);
    await putText(trapped, 'x.csv', '1');
    await finish(trapped, 'trapped');
    const open = begin(SESSION);
    await putText(open, 'x.csv', '1');
    expect(await open.end()).toMatchObject({ code: 'denied/copy-out' });
    const refused = begin(SESSION);
    await putText(refused, 'x.sh', '1');
    expect(await finish(refused)).toMatchObject({ code: 'denied/copy-out' });
    const call = begin(SESSION);
    expect(await paths(call)).toEqual(['a', 'dir/', 'dir/x']);
    await call.end();
  });

  it('PO-19: is nothing where a scope of the chain keeps no sessions', async () => {
    const { policy } = site();
    const { begin } = grantOf(KEPT, policy);
    for (const others of [[{ mounts: { '/rw': RW } }], []]) {
      const call = begin({ ...SESSION, others });
      await putText(call, 'b', 'b');
      await finish(call);
      const next = begin(SESSION);
      expect(await readText(next, 'b')).toBe(others.length === 0 ? 'b' : 'err no-entry');
      await next.end();
    }
    const plain = grantOf({ mounts: { '/rw': RW } }, policy).begin;
    const call = plain(SESSION);
    await putText(call, 'b', 'b');
    await finish(call);
    const next = plain(SESSION);
    expect(await readText(next, 'b')).toBe('err no-entry');
    await next.end();
  });

  it('PO-19: is apart for each chain of scopes: a caller with fewer rights does not find what others left', async () => {
    const { policy } = site();
    const { begin } = grantOf(KEPT, policy);
    const direct = begin(SESSION);
    await putText(direct, 'copy', 'of what the caller may not read');
    await finish(direct);
    const bounded = { ...SESSION, others: [{ mounts: { '/x': { from: 'in/dir' } }, keep: 'session' }] };
    const call = begin(bounded);
    expect(await paths(call)).toEqual(['dir/', 'dir/x']);
    await putText(call, 'own', '1');
    await finish(call);
    const again = begin(bounded);
    expect((await paths(again)).sort()).toEqual(['dir/', 'dir/x', 'own']);
    await again.end();
  });

  it('FS-21: counts what is kept against the quotas', async () => {
    const { policy } = site();
    const { begin } = grantOf({ ...KEPT, bytes: '10B', names: 5 }, policy);
    const first = begin(SESSION);
    await putText(first, 'b', '12345678');
    expect(await finish(first)).toBeUndefined();
    const second = begin(SESSION);
    await putText(second, 'c', '123');
    expect(await finish(second)).toMatchObject({ code: 'denied/copy-out', message: expect.stringMatching(/quota/) });
    const third = begin(SESSION);
    expect(await putText(third, 'b', '')).toEqual({ ok: null }); // the old bytes go
    expect(await putText(third, 'c', '1234567890')).toEqual({ ok: null });
    await putText(third, 'd', '');
    expect(await finish(third)).toMatchObject({ code: 'denied/copy-out', message: expect.stringMatching(/quota/) });
    const fourth = begin(SESSION);
    expect(await readText(fourth, 'b')).toBe('12345678');
    await fourth.end();
  });

  it('ends when it was not used for half an hour, and the oldest go first', async () => {
    const { policy } = site();
    let nowMs = 1_000_000;
    const { begin } = grantOf(KEPT, policy, { nowMs: () => nowMs });
    const leave = async (session: string) => {
      const call = begin({ session });
      await putText(call, 'b', 'b');
      await finish(call);
    };
    const has = async (session: string) => {
      const call = begin({ session });
      const text = await readText(call, 'b');
      await call.end();
      return text === 'b';
    };
    await leave('s');
    nowMs += 30 * 60_000;
    expect(await has('s')).toBe(true);
    nowMs += 30 * 60_000 + 1;
    expect(await has('s')).toBe(false);
    for (let index = 0; index < 64; index++) await leave(`n${index}`);
    expect(await has('n0')).toBe(true);
    await leave('one more');
    expect([await has('n0'), await has('n1'), await has('n2')]).toEqual([true, false, true]);
  });

  it('leaves the originals where they changed so that both cannot be', async () => {
    const { policy, inputs } = site();
    const { begin } = grantOf(KEPT, policy);
    const first = begin(SESSION);
    await putText(first, 'dir/new', 'n');
    await putText(first, 'b', 'b');
    await finish(first);
    rmSync(join(inputs, 'dir'), { recursive: true });
    writeFileSync(join(inputs, 'dir'), 'a file now');
    mkdirSync(join(inputs, 'b'));
    const second = begin(SESSION);
    expect(await paths(second)).toEqual(['a', 'dir', 'b/']);
    await second.end();
  });
});
