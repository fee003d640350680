import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { decideAccess, loadPolicy, POLICY_BYTES_MAX, parsePolicy } from '../../../host/policy/index.ts';
import { EXAMPLE, exampleWith, GRANTS, parse, thrownBy } from './fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'cellblock-policy-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('a policy that is whole', () => {
  test('has limits in plain units', () => {
    expect(parse(EXAMPLE).tools.get('redact')?.limits).toEqual({
      fuelMax: 200_000_000n,
      memoryPagesMax: 1024,
      tableElementsMax: 10_000,
      timeoutMsMax: 2000,
      resultBytesMax: 1_048_576,
      stdioBytesMax: 65_536,
    });
  });

  test('leaves limits and grants that are not written absent', () => {
    const tool = parse(EXAMPLE).tools.get('crash-summary');
    expect(Object.keys(tool?.limits ?? { wrong: 1 })).toEqual([]);
    expect(tool?.grants).toEqual([]);
    expect(tool && 'componentDigest' in tool).toBe(false);
  });

  test('finds components from the folder of the policy file', () => {
    const { tools } = parse(EXAMPLE);
    expect(tools.get('redact')?.componentPath).toBe('/etc/cells/tools/redact/redact.wasm');
    expect(tools.get('crash-summary')?.componentPath).toBe('/etc/common/crash-summary.wasm');
    expect(parse(exampleWith('tools/redact/redact.wasm', '/opt/redact.wasm')).tools.get('redact')?.componentPath).toBe(
      '/opt/redact.wasm',
    );
  });

  test('keeps pin, functions and grants as written', () => {
    const { tools } = parse(EXAMPLE);
    expect(tools.get('redact')?.componentDigest).toBe(`sha256:${'0123456789abcdef'.repeat(4)}`);
    expect(tools.get('redact')?.grants).toEqual(['log']);
    expect(tools.get('crash-summary')?.functions).toEqual(['summarise', 'group-by-pod', 'cellblock:samples/crash@0.1.0#reset']);
  });

  test('knows the line of every rule', () => {
    const policy = parse(EXAMPLE);
    expect(policy.rules).toEqual({ tools: 'tools (cellblock.yaml:2)', agents: 'agents (cellblock.yaml:21)' });
    expect(policy.tools.get('crash-summary')?.rules).toEqual({
      tool: 'tools.crash-summary (cellblock.yaml:15)',
      functions: 'tools.crash-summary.functions (cellblock.yaml:17)',
      byFunction: new Map([
        ['summarise', 'tools.crash-summary.functions[0] (cellblock.yaml:18)'],
        ['group-by-pod', 'tools.crash-summary.functions[1] (cellblock.yaml:19)'],
        ['cellblock:samples/crash@0.1.0#reset', 'tools.crash-summary.functions[2] (cellblock.yaml:20)'],
      ]),
    });
    expect(policy.agents.get('on-call')?.access.get('crash-summary')?.whole).toBe('agents.on-call.tools[0] (cellblock.yaml:26)');
  });

  test('carries the digest of its bytes, so that any change makes another version', () => {
    const digest = `sha256:${createHash('sha256').update(EXAMPLE).digest('hex')}`;
    expect(parse(EXAMPLE).digest).toBe(digest);
    expect(parse(`${EXAMPLE}# a comment\n`).digest).not.toBe(digest);
  });

  test('cannot be changed through its values', () => {
    const tool = parse(EXAMPLE).tools.get('redact')!;
    expect(() => (tool.grants as string[]).push('clock')).toThrow(TypeError);
    expect(() => Object.assign(tool.limits, { fuelMax: 1n })).toThrow(TypeError);
  });

  test('reads `yes`, `on` and `1:30` as text, as YAML 1.2 does', () => {
    const policy = parse('version: 1\ntools: {no: {component: 1:30, functions: [yes, on, y]}}\nagents: {off: {tools: [no.yes]}}');
    expect(policy.tools.get('no')).toMatchObject({ functions: ['yes', 'on', 'y'], componentPath: '/etc/cells/1:30' });
    expect(decideAccess(policy, { agent: 'off', toolName: 'no.yes' }).effect).toBe('allow');
  });

  test('may allow nothing, when it says so (WA-02)', () => {
    const policy = parse('version: 1\ntools: {}\nagents: {}\n');
    expect(policy.tools.size + policy.agents.size).toBe(0);
    expect(decideAccess(policy, { agent: 'triage', toolName: 'redact' })).toMatchObject({
      effect: 'deny',
      code: 'denied/no-policy-for-agent',
    });
  });

  test('takes names of JavaScript members as plain names (PO-02)', () => {
    const policy = parse(
      'version: 1\ntools: {}\nagents: {toString: {tools: []}, valueOf: {tools: []}, hasOwnProperty: {tools: []}}',
    );
    expect([...policy.agents.keys()]).toEqual(['toString', 'valueOf', 'hasOwnProperty']);
  });

  test('is the same with a byte-order mark or CRLF, but for its digest', () => {
    for (const text of [`\ufeff${EXAMPLE}`, EXAMPLE.replaceAll('\n', '\r\n')]) {
      const { digest, ...policy } = parse(text);
      const { digest: plain, ...expected } = parse(EXAMPLE);
      expect(policy).toEqual(expected);
      expect(digest).not.toBe(plain);
    }
  });

  test('knows no capability unless it is told', () => {
    expect(thrownBy(() => parsePolicy(EXAMPLE, 'cellblock.yaml')).message).toBe(
      'cellblock.yaml:7:14: tools.redact.grants[0]: unknown capability `log`; known here: none',
    );
  });
});

describe('reading the file (PO-10)', () => {
  test('gives the same as parsing its text, from an absolute or relative path', async () => {
    const path = file('cellblock.yaml', EXAMPLE);
    const expected = parsePolicy(EXAMPLE, path, { knownGrants: GRANTS });
    expect(await loadPolicy(path, { knownGrants: GRANTS })).toEqual(expected);
    expect(await loadPolicy(relative(process.cwd(), path), { knownGrants: GRANTS })).toEqual(expected);
    const digest = createHash('sha256').update(EXAMPLE).digest('hex');
    expect(expected.digest).toBe(`sha256:${digest}`);
  });

  test('follows a link, and starts at the folder of the link', async () => {
    const target = file('target.yaml', EXAMPLE);
    const link = join(folder, 'linked.yaml');
    symlinkSync(target, link);
    expect((await loadPolicy(link, { knownGrants: GRANTS })).file).toBe(link);
  });

  test('a file that is not there', async () => {
    const path = join(folder, 'absent.yaml');
    await expect(loadPolicy(path)).rejects.toMatchObject({
      code: 'policy/missing',
      message: `the policy file \`${path}\` cannot be read: ENOENT`,
      help: 'nothing runs without a policy; name a file that exists and can be read',
    });
  });

  // Root may read everything, so a file without permissions would not fail there; a path through a file always does.
  test('a path that cannot be walked', async () => {
    await expect(loadPolicy(join(file('plain', ''), 'cellblock.yaml'))).rejects.toMatchObject({
      code: 'policy/missing',
      data: { reason: 'ENOTDIR' },
    });
  });

  test.runIf(process.getuid?.() !== 0)('a file without read permission', async () => {
    const path = file('secret.yaml', EXAMPLE);
    execFileSync('chmod', ['000', path]);
    await expect(loadPolicy(path)).rejects.toMatchObject({ code: 'policy/missing', data: { reason: 'EACCES' } });
  });

  test('a folder', async () => {
    await expect(loadPolicy(folder)).rejects.toMatchObject({
      code: 'policy/missing',
      message: `the policy file \`${folder}\` cannot be read: it is not a regular file`,
    });
  });

  test.skipIf(process.platform === 'win32')('a named pipe, without waiting for a writer', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    await expect(loadPolicy(path)).rejects.toMatchObject({
      code: 'policy/missing',
      data: { reason: 'it is not a regular file' },
    });
  });

  test('a path that the system does not take', async () => {
    await expect(loadPolicy('a\0b')).rejects.toMatchObject({
      code: 'policy/missing',
      message: 'the policy file `a\\u{0}b` cannot be read: ERR_INVALID_ARG_VALUE',
    });
  });

  test('bytes that are not UTF-8, by their place', async () => {
    const path = file('latin1.yaml', Buffer.from('version: 1\n# caf\u00e9 \n', 'latin1'));
    await expect(loadPolicy(path)).rejects.toMatchObject({
      code: 'policy/invalid-document',
      message: 'latin1.yaml:2:6: the file is not valid UTF-8',
    });
    const late = file('late.yaml', Buffer.concat([Buffer.from('# é\ufffd😀'), Buffer.from([0xff])]));
    await expect(loadPolicy(late)).rejects.toMatchObject({ message: 'late.yaml:1:7: the file is not valid UTF-8' });
  });

  test('a file above the size limit, and not one at it', async () => {
    const pad = (bytes: number) => `${EXAMPLE}${'#'.repeat(bytes - EXAMPLE.length)}`;
    const fits = await loadPolicy(file('fits.yaml', pad(POLICY_BYTES_MAX)), { knownGrants: GRANTS });
    expect(fits.tools.size).toBe(2);
    const message = 'large.yaml:1:1: the file is larger than 1048576 bytes';
    await expect(loadPolicy(file('large.yaml', pad(POLICY_BYTES_MAX + 1)))).rejects.toMatchObject({
      code: 'policy/invalid-document',
      message,
    });
    expect(thrownBy(() => parsePolicy(`# ${'é'.repeat(POLICY_BYTES_MAX / 2)}`, 'large.yaml')).message).toBe(message);
  });
});
