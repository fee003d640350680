import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import {
  checkpointText,
  isSignedBy,
  keyIdOf,
  makeCheckpoint,
  parseCheckpoint,
  readCheckpointFile,
  signCheckpoint,
} from '../../../host/audit/checkpoint.ts';
import { openRedactionKey, openSigningKeys, parsePublicKey, readPublicKey } from '../../../host/audit/keys.ts';
import { segmentName } from '../../../host/audit/segment-reader.ts';
import { verifyTrail } from '../../../host/audit/verify.ts';
import { SAMPLE, T0, writeTrail } from '../../support/trails.ts';

const root = mkdtempSync(join(tmpdir(), 'checkpoint-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folder: string;
let count = 0;
beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(folder);
});

describe('keys', () => {
  it('are made once, for the operator alone, and are the same afterwards', () => {
    const redaction = openRedactionKey(folder);
    const { publicKey } = openSigningKeys(folder);
    expect(redaction).toHaveLength(32);
    expect(openRedactionKey(folder)).toEqual(redaction);
    expect(keyIdOf(openSigningKeys(folder).publicKey)).toBe(keyIdOf(publicKey));
    expect(keyIdOf(readPublicKey(folder)!)).toBe(keyIdOf(publicKey));
    expect(readdirSync(join(folder, 'keys')).sort()).toEqual(['checkpoint.key', 'checkpoint.pub', 'redaction.key']);
    expect(statSync(join(folder, 'keys')).mode & 0o777).toBe(0o700);
    for (const name of ['checkpoint.key', 'redaction.key']) expect(statSync(join(folder, 'keys', name)).mode & 0o777).toBe(0o600);
  });

  it('are others in another trail', () => {
    expect(openRedactionKey(folder)).not.toEqual(openRedactionKey(join(folder, 'other')));
    expect(keyIdOf(openSigningKeys(folder).publicKey)).not.toBe(keyIdOf(openSigningKeys(join(folder, 'other')).publicKey));
  });

  it.each([
    ['can be read by others', (path: string) => chmodSync(path, 0o640)],
    ['is damaged', (path: string) => writeFileSync(path, 'abc')],
    ['is empty', (path: string) => writeFileSync(path, '')],
    [
      'is a link to elsewhere',
      (path: string) => {
        writeFileSync(`${path}.real`, readFileSync(path), { mode: 0o600 });
        rmSync(path);
        symlinkSync(`${path}.real`, path);
      },
    ],
    [
      'is a folder',
      (path: string) => {
        rmSync(path);
        mkdirSync(path, { mode: 0o700 });
      },
    ],
  ])('are refused when the file %s', (_, damage) => {
    openRedactionKey(folder);
    openSigningKeys(folder);
    for (const name of ['redaction.key', 'checkpoint.key']) damage(join(folder, 'keys', name));
    expect(() => openRedactionKey(folder)).toThrow(expect.objectContaining({ code: 'audit/unreadable' }));
    expect(() => openSigningKeys(folder)).toThrow(expect.objectContaining({ code: 'audit/unreadable' }));
  });

  it('are refused when the public half is not that of the private one', () => {
    openSigningKeys(folder);
    openSigningKeys(join(folder, 'other'));
    writeFileSync(join(folder, 'keys', 'checkpoint.pub'), readFileSync(join(folder, 'other', 'keys', 'checkpoint.pub')));
    expect(() => openSigningKeys(folder)).toThrow(expect.objectContaining({ code: 'audit/unreadable' }));
  });

  it('are refused when they are of another kind, or private where a public one is due', () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(() => parsePublicKey(other.publicKey.export({ type: 'spki', format: 'pem' }) as string, 'k')).toThrow(
      '`k` is no Ed25519 key',
    );
    const { privateKey } = generateKeyPairSync('ed25519');
    expect(() => parsePublicKey(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, 'k')).toThrow(/private key/);
    expect(() => parsePublicKey('hello', 'k')).toThrow('`k` is no key in PEM');
  });
});

describe('a checkpoint', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const signed = signCheckpoint({ seq: 7, link: 'ab'.repeat(32) }, T0, privateKey);

  it('comes back from its text, and holds under its key', () => {
    expect(parseCheckpoint(checkpointText(signed))).toEqual(signed);
    expect(isSignedBy(signed, publicKey)).toBe(true);
    expect(signed.keyId).toBe(keyIdOf(createPublicKey(privateKey)));
  });

  it.each([{ seq: 8 }, { link: 'ac'.repeat(32) }, { at: T0 + 1 }, { signature: `A${signed.signature.slice(1)}` }])(
    'does not hold with %j',
    (change) => {
      expect(isSignedBy({ ...signed, ...change }, publicKey)).toBe(false);
      expect(isSignedBy(signed, generateKeyPairSync('ed25519').publicKey)).toBe(false);
    },
  );

  it.each([
    '',
    '{}',
    'null',
    '[]',
    '7',
    checkpointText(signed).replace('"format":1', '"format":2'),
    checkpointText(signed).replace('"seq":7', '"seq":7.5'),
    checkpointText(signed).replace('"seq":7', '"seq":0'),
    checkpointText(signed).replace('{', '{"more":1,'),
    checkpointText({ ...signed, link: 'x' }),
    checkpointText({ ...signed, signature: 'short' }),
  ])('is not %s', (text) => {
    expect(parseCheckpoint(text)).toBeUndefined();
  });

  it('is read from a file, and not from another', async () => {
    const path = join(folder, 'c');
    writeFileSync(path, `${checkpointText(signed)}\n`);
    expect(await readCheckpointFile(path)).toEqual(signed);
    writeFileSync(path, 'x');
    await expect(readCheckpointFile(path)).rejects.toMatchObject({ code: 'usage/invalid-argument' });
    await expect(readCheckpointFile(folder)).rejects.toMatchObject({ code: 'usage/unreadable-file' });
  });
});

describe('a trail with checkpoints', () => {
  const [first, second, third] = SAMPLE;

  it('is right as long as it only grows', async () => {
    const early = await makeCheckpoint(folder, writeTrail(folder, [first!]), T0);
    const late = await makeCheckpoint(folder, writeTrail(folder, [first!, second!]), T0 + 1);
    writeTrail(folder, SAMPLE);
    const publicKey = readPublicKey(folder)!;
    expect(await verifyTrail(folder)).toMatchObject({ ok: true, checkpoints: 2 });
    expect(await verifyTrail(folder, { publicKey, anchor: early })).toMatchObject({
      ok: true,
      checkpoints: 3,
      anchoredSeq: early.seq,
    });
    expect(await verifyTrail(folder, { publicKey, anchor: late })).toMatchObject({ ok: true, anchoredSeq: late.seq });
    rmSync(join(folder, segmentName(1)));
    // The early one vouches for the record before the first that is left.
    const partial = { publicKey, partial: true };
    expect(await verifyTrail(folder, { ...partial, anchor: late })).toMatchObject({
      ok: true,
      checkpoints: 3,
      anchoredSeq: late.seq,
    });
    rmSync(join(folder, segmentName(2)));
    const rest = await verifyTrail(folder, { ...partial, anchor: early });
    expect(rest).toMatchObject({ ok: true, checkpoints: 1 });
    expect(rest).not.toHaveProperty('anchoredSeq');
  });

  it('shows by one kept elsewhere that records were cut off, even with everything in the folder', async () => {
    const anchor = await makeCheckpoint(folder, writeTrail(folder, SAMPLE), T0);
    rmSync(join(folder, 'checkpoints.jsonl'));
    rmSync(join(folder, segmentName(3)));
    expect(await verifyTrail(folder)).toMatchObject({ ok: true });
    expect(await verifyTrail(folder, { anchor })).toMatchObject({
      ok: false,
      seq: 15,
      file: 'trail/000002.jsonl',
      line: 6,
      why: 'is missing: the checkpoint that was given vouches for records up to 25, and the trail ends with 14',
    });
  });

  it('shows by its own that records were cut off', async () => {
    await makeCheckpoint(folder, writeTrail(folder, SAMPLE), T0);
    rmSync(join(folder, segmentName(3)));
    expect(await verifyTrail(folder)).toMatchObject({ ok: false, seq: 15 });
  });

  it('shows that all was written anew from some record on, and that it is another trail', async () => {
    const anchor = await makeCheckpoint(folder, writeTrail(folder, [first!, second!]), T0);
    rmSync(join(folder, 'checkpoints.jsonl'));
    writeTrail(folder, [first!, second!.slice(0, 2), third!.slice(0, 1)]);
    expect(await verifyTrail(folder)).toMatchObject({ ok: true });
    expect(await verifyTrail(folder, { anchor })).toMatchObject({
      ok: false,
      seq: 14,
      why: expect.stringContaining('written anew'),
    });
  });

  it('does not believe a checkpoint that the given key did not sign, though all else is right', async () => {
    const head = writeTrail(folder, SAMPLE);
    const anchor = await makeCheckpoint(folder, head, T0);
    const publicKey = generateKeyPairSync('ed25519').publicKey;
    expect(await verifyTrail(folder, { publicKey, anchor })).toMatchObject({
      ok: false,
      seq: 25,
      file: 'checkpoints.jsonl',
      line: 1,
    });
    rmSync(join(folder, 'checkpoints.jsonl'));
    expect(await verifyTrail(folder, { publicKey, anchor })).toMatchObject({
      ok: false,
      seq: 25,
      file: 'the checkpoint that was given',
    });
    rmSync(join(folder, 'keys'), { recursive: true });
    expect(await verifyTrail(folder, { anchor })).toMatchObject({
      ok: false,
      why: expect.stringContaining('public key is not there'),
    });
  });

  it('does not believe a damaged one of its own, and does not mind one that is being written', async () => {
    await makeCheckpoint(folder, writeTrail(folder, SAMPLE), T0);
    appendFileSync(join(folder, 'checkpoints.jsonl'), '{"kind":"check');
    expect(await verifyTrail(folder)).toMatchObject({ ok: true, checkpoints: 1 });
    appendFileSync(join(folder, 'checkpoints.jsonl'), '\n');
    expect(await verifyTrail(folder)).toMatchObject({ ok: false, file: 'checkpoints.jsonl', line: 2 });
  });
});
