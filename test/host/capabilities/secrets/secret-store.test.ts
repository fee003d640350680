import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, test } from 'vitest';
import { openSecretStore } from '../../../../host/capabilities/secret-store.ts';
import type { SecretSource } from '../../../../host/policy/index.ts';
import type { CodedError } from '../../../../runtime/index.ts';
import { thrownBy } from '../../policy/fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'cellblock-secrets-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const isWindows = process.platform === 'win32';
let count = 0;

function fileWith(content: string | Uint8Array, mode = 0o600): string {
  const path = join(folder, `f${count++}`);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

const open = (source: SecretSource, env: Record<string, string | undefined> = {}) =>
  openSecretStore(new Map([['S', source]]), { env, policyFolder: folder });
const openFile = (path: string) => open({ kind: 'file', path });
const openEnv = (env: Record<string, string | undefined>) => open({ kind: 'env', variable: 'V' }, env);

function refusalOf(store: ReturnType<typeof open>): CodedError {
  const error = thrownBy(() => store.value('S'));
  expect(error.code).toBe('capability/unavailable');
  expect(error.data).toEqual({ secret: 'S' });
  expect(error.cause).toBeUndefined();
  expect(error.help).toBeTypeOf('string');
  expect(store.known()).toEqual([]);
  return error;
}

describe('in the environment', () => {
  it('is what the variable has, at the time it is asked for', () => {
    const env: Record<string, string> = { V: ' value\n' };
    const store = openEnv(env);
    expect(store.value('S')).toBe(' value\n');
    env.V = 'other';
    expect(store.value('S')).toBe('other');
    expect(store.known()).toEqual([' value\n', 'other']);
  });

  test.each([
    ['missing', {}, 'the secret `S` is not in its environment variable'],
    ['empty', { V: '' }, 'the secret `S` is not in its environment variable'],
    ['too long', { V: 'x'.repeat(65_537) }, 'the secret `S` is too long'],
  ])('that is %s is unavailable', (_, env, message) => expect(refusalOf(openEnv(env)).message).toBe(message));

  it('is no property that every object has', () => {
    const store = open({ kind: 'env', variable: 'constructor' });
    expect(refusalOf(store).help).toBe('set the environment variable `constructor` to 1 to 65536 bytes');
  });
});

describe('in a file', () => {
  test.each<[string, string, string]>([
    ['without a line break', 'value', 'value'],
    ['with one at the end', 'value\n', 'value'],
    ['with one of Windows', 'value\r\n', 'value'],
    ['with two, of which one is a part of it', 'value\n\n', 'value\n'],
    ['with spaces', ' value ', ' value '],
    ['of 64 KiB', 'x'.repeat(65_536), 'x'.repeat(65_536)],
    ['with a byte-order mark', '\ufeffvalue', '\ufeffvalue'],
  ])('is read %s', (_, content, value) => expect(openFile(fileWith(content)).value('S')).toBe(value));

  it('is found from the folder of the policy', () => {
    const path = fileWith('value');
    expect(openFile(path.slice(folder.length + 1)).value('S')).toBe('value');
    expect(openFile('./x/../'.concat(path.slice(folder.length + 1))).value('S')).toBe('value');
  });

  test.each<[string, () => string, string]>([
    ['missing', () => join(folder, 'nothing'), 'the secret `S` cannot be read'],
    ['empty', () => fileWith(''), 'the secret `S` is empty'],
    ['a line break', () => fileWith('\n'), 'the secret `S` is empty'],
    ['too long', () => fileWith('x'.repeat(65_537)), 'the secret `S` is too long'],
    ['no UTF-8', () => fileWith(new Uint8Array([0x73, 0x65, 0xff, 0x63])), 'the secret `S` is no text'],
    ['a folder', () => folder, 'the secret `S` is not in a regular file'],
  ])('that is %s is unavailable', (_, make, message) => expect(refusalOf(openFile(make())).message).toBe(message));

  it.skipIf(isWindows)('that is a pipe or a device is unavailable, and waits for nobody', () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', ['-m', '600', pipe]);
    for (const path of [pipe, '/dev/zero']) {
      expect(refusalOf(openFile(path)).message).toBe('the secret `S` is not in a regular file');
    }
  });

  it.skipIf(isWindows).each([0o604, 0o644, 0o602, 0o620])('that has the mode %o is refused with what to do', (mode) => {
    const { message, help } = refusalOf(openFile(fileWith('hidden', mode)));
    expect(message).toBe('the secret `S` is in a file with rights for others');
    expect(help).toBe('take them away: `chmod o-rw,g-w` on its file');
  });

  it.skipIf(isWindows).each([0o400, 0o600, 0o440, 0o640])('may have the mode %o', (mode) => {
    expect(openFile(fileWith('value', mode)).value('S')).toBe('value');
  });

  it.skipIf(isWindows)('is found behind a link, whose target is what is checked', () => {
    const link = join(folder, 'link');
    symlinkSync(fileWith('value'), link);
    expect(openFile(link).value('S')).toBe('value');
    const other = join(folder, 'link-to-open');
    symlinkSync(fileWith('value', 0o644), other);
    expect(refusalOf(openFile(other)).message).toContain('rights for others');
  });

  it('is read again when it has changed, also with its old time and size', () => {
    const path = fileWith('old-value');
    const store = openFile(path);
    expect(store.value('S')).toBe('old-value');
    utimesSync(path, 1000, 1000);
    expect(store.value('S')).toBe('old-value');
    const next = fileWith('new-value');
    utimesSync(next, 1000, 1000);
    renameSync(next, path);
    expect(store.value('S')).toBe('new-value');
    expect(store.known()).toEqual(['old-value', 'new-value']);
  });

  it('is not kept when it was taken away, or opened to others', () => {
    const path = fileWith('value');
    const store = openFile(path);
    expect(store.value('S')).toBe('value');
    if (!isWindows) {
      chmodSync(path, 0o644);
      expect(() => store.value('S')).toThrow('rights for others');
      chmodSync(path, 0o600);
      expect(store.value('S')).toBe('value');
    }
    rmSync(path);
    expect(() => store.value('S')).toThrow('the secret `S` cannot be read');
    mkdirSync(path);
    expect(() => store.value('S')).toThrow('the secret `S` is not in a regular file');
  });
});

describe('the store', () => {
  it('has what the policy names, and nothing else', () => {
    const store = openEnv({ V: 'value', OTHER: 'hidden' });
    for (const name of ['OTHER', 'V', 's', '__proto__', 'S\n', '']) {
      const error = thrownBy(() => store.value(name));
      expect([error.code, error.help]).toEqual(['capability/unavailable', 'add it to `secrets`']);
      expect(error.message).toMatch(/^the secret `.*` is not in the policy$/);
    }
  });

  it('remembers a bounded number of values of each', () => {
    const env = { V: '' };
    const store = openEnv(env);
    for (let n = 0; n < 40; n++) {
      env.V = `value-${n}`;
      store.value('S');
      store.value('S');
    }
    expect(store.known()).toEqual(Array.from({ length: 16 }, (_, n) => `value-${24 + n}`));
  });

  it('has no part of a value or path in its errors (AU-13)', () => {
    const bad = [fileWith('hidden-value', 0o644), fileWith(`hidden-value${'x'.repeat(65_536)}`), join(folder, 'hidden-value')];
    for (const path of bad) {
      if (isWindows && path === bad[0]) continue;
      const { message, help, data, stack } = refusalOf(openFile(path));
      expect(JSON.stringify([message, help, data, stack])).not.toContain('hidden');
      expect(JSON.stringify([message, help, data])).not.toContain(folder);
    }
  });
});
