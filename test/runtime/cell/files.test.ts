import type { Capability, Isolation, Limits, PlanOptions } from 'cellblock/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { bulkFilesGuest } from '../../support/bulk-guests.mjs';
import { ISOLATIONS, useCells } from '../../support/cells.ts';
import { FakeFiles, type FakeInput } from '../../support/fake-files.ts';
import { configGuest, hostFilesGuest } from '../../support/file-guests.ts';

/* Granted files and settings, end to end: guest, bindings, bridge and a trusted side in memory. */

const utf8 = (text: string) => new TextEncoder().encode(text);
const A = { path: 'a.txt', bytes: utf8('alpha') };

/** Granted files with one writable mount `/data`. */
function grantFiles(inputs: readonly FakeInput[], bytesMax = 1000) {
  const fake = new FakeFiles(inputs);
  const files = { mounts: [{ name: '/data', writable: true }], bytesMax, inodesMax: 20 };
  const interfaces = ['cellblock:host/files'];
  const capability: Capability = { kind: 'wasi', name: 'files', setup: { files }, interfaces, back: fake.back };
  return { fake, capabilities: [capability] };
}

let hostFiles: Uint8Array;
let streaming: Uint8Array;
beforeAll(async () => {
  hostFiles = await hostFilesGuest();
  streaming = await bulkFilesGuest();
});

describe.each(ISOLATIONS)('granted files in a %s', (isolation: Isolation) => {
  const cells = useCells(isolation);
  const bindings: NonNullable<PlanOptions['bindings']>[] = ['own', 'jco'];

  it.each(bindings)('serve every function of cellblock:host/files, linked by %s', async (linked) => {
    const { fake, capabilities } = grantFiles([A, { path: 'sub' }]);
    const use = async (name: string, ...params: (string | bigint | number | Uint8Array)[]) => {
      const outcome = await cells.run(hostFiles, `do-${name}`, params, { capabilities, bindings: linked });
      fake.committed = false; // one fake for several calls
      if (outcome.kind === 'tool-error') return { err: outcome.value };
      return outcome.kind === 'ok' ? (outcome.value ?? null) : outcome;
    };
    expect(await use('mounts')).toEqual(['/data']);
    expect(await use('stat', '/data/a.txt')).toEqual({ name: 'a.txt', kind: 'file', size: 5n });
    expect(await use('list', '/data')).toEqual([
      { name: 'a.txt', kind: 'file', size: 5n },
      { name: 'sub', kind: 'directory', size: 0n },
    ]);
    expect(await use('read', '/data/a.txt', 1n, 3)).toEqual(utf8('lph'));
    expect(fake.of('put')).toEqual([]);
    expect(await use('write', '/data/new.txt', 0n, utf8('new'))).toBe(null);
    expect(await use('set-size', '/data/a.txt', 2n)).toBe(null);
    expect(await use('make-directory', '/data/made')).toBe(null);
    expect(await use('remove', '/data/sub')).toBe(null);
    expect(await use('rename', '/data/a.txt', '/data/b.txt')).toBe(null);
    expect(fake.of('put')).toEqual(['put 0 new.txt 0+3', 'put 0 a.txt 0+2', 'put 0 made /', 'put 0 b.txt 0+5']);
    expect(fake.of('remove')).toEqual(['remove 0 sub', 'remove 0 a.txt']);
    const asked = fake.asked.length;
    expect(await use('read', '/data/../etc/passwd', 0n, 9)).toEqual({ err: 'no-entry' });
    expect(await use('write', '/etc/passwd', 0n, utf8('x'))).toEqual({ err: 'not-permitted' });
    expect(await use('write', '/data/big', 0n, new Uint8Array(1001))).toEqual({ err: 'quota' });
    expect(fake.asked.slice(asked).filter((line) => /^(put|remove|commit)/.test(line))).toEqual([]);
  });

  it('leave nothing after a call that failed or trapped', async () => {
    for (const [name, kind] of [
      ['then-fail', 'tool-error'],
      ['then-trap', 'trapped'],
    ] as const) {
      const { fake, capabilities } = grantFiles([A]);
      const outcome = await cells.run(hostFiles, name, ['/data/new.txt'], { capabilities });
      expect(outcome.kind).toBe(kind);
      expect(fake.asked).toEqual(['list 0', 'list 1']);
    }
  });

  it('end the call when what it leaves is not taken', async () => {
    const { fake, capabilities } = grantFiles([A]);
    const [capability] = capabilities as [Extract<Capability, { kind: 'wasi' }>];
    const refusing = { ...capability, back: { ...fake.back, 'files.commit': () => ({ err: 'quota' }) } };
    const outcome = await cells.run(hostFiles, 'do-mounts', [], { capabilities: [refusing] });
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'capability/unavailable' } });
  });

  it('are not there without the grant, nor otherwise than they are served', async () => {
    await expect(cells.run(hostFiles, 'do-mounts', [])).rejects.toMatchObject({ code: 'denied/no-grant' });
    const { capabilities } = grantFiles([]);
    const other = await hostFilesGuest('no-entry, io');
    await expect(cells.run(other, 'do-mounts', [], { capabilities })).rejects.toMatchObject({ code: 'component/unsupported' });
  });

  it('pass through wasi:filesystem streams and are written in pieces', async () => {
    const bytes = Uint8Array.from({ length: 3_000_000 }, (_, at) => at % 253);
    const { fake, capabilities } = grantFiles([{ path: 'big', bytes }], 4_000_000);
    const limits: Partial<Limits> = { hostCallBytesMax: 256 * 1024 };
    expect(await cells.run(streaming, 'measure', ['big'], { capabilities, limits })).toMatchObject({ value: 3_000_000n });
    fake.committed = false;
    expect(await cells.run(streaming, 'measure', ['../big'], { capabilities, limits })).toMatchObject({ value: -1n });
    fake.committed = false;
    expect(await cells.run(streaming, 'copy', ['big', 'other'], { capabilities, limits })).toMatchObject({ value: 3_000_000n });
    expect(Buffer.compare(fake.staged.get('0:other')!, bytes)).toBe(0);
    expect(fake.of('put').length).toBe(12);
  });

  it.each(bindings)('settings are those of the grant, linked by %s', async (linked) => {
    const config = [
      ['region', 'eu'],
      ['level', '3'],
    ] as const;
    const capabilities: Capability[] = [
      { kind: 'wasi', name: 'config', setup: { config }, interfaces: ['cellblock:host/config'] },
    ];
    const component = await configGuest();
    const value = async (name: string, ...params: string[]) =>
      (await cells.run(component, name, params, { capabilities, bindings: linked })).value;
    expect(await value('do-get', 'level')).toEqual({ some: '3' });
    expect(await value('do-get', 'constructor')).toBe(null);
    expect(await value('do-all')).toEqual(config.map((each) => [...each]));
    await expect(cells.run(component, 'do-all', [])).rejects.toMatchObject({ code: 'denied/no-grant' });
  });
});
