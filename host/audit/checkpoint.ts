import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { appendFile, chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../runtime/index.ts';
import { readRegularFile } from '../regular-file.ts';
import type { ChainEnd } from './chain.ts';
import { openSigningKeys } from './keys.ts';

/**
 * A signed sentence: "at this instant, the trail had this record at this place". The chain alone shows that no record was changed while those
 * after it stayed; it cannot show that the last ones were cut off, or that all were written anew. A checkpoint that is kept where the
 * trail's writer cannot reach it (a file elsewhere, a printout) shows both, up to its record.
 */
export interface Checkpoint {
  /** The last record that it vouches for, and with it all before. */
  readonly seq: number;
  /** That record's link, 64 hex digits. */
  readonly link: string;
  /** When it was signed, milliseconds since 1970, by the signer's clock. */
  readonly at: number;
  /** First 16 hex digits of SHA-256 over the public key's DER (SPKI). */
  readonly keyId: string;
  /** Ed25519, base64, over `signedBytes`. */
  readonly signature: string;
}

const DOMAIN = 'cellblock/checkpoint/1';
const CHECKPOINT_BYTES_MAX = 4096;

/** The checkpoints that a trail keeps of itself, one JSON object a line, below its folder. */
export const CHECKPOINTS_NAME = 'checkpoints.jsonl';

/** What is signed: domain, seq, link and instant, each with its length before it (`22:cellblock/checkpoint/1`, ...), as bytes of ASCII. */
export function signedBytes({ seq, link, at }: Pick<Checkpoint, 'seq' | 'link' | 'at'>): Uint8Array {
  const parts = [DOMAIN, String(seq), link, String(at)];
  return Buffer.from(parts.map((part) => `${part.length}:${part}`).join(''), 'latin1');
}

/** First 16 hex digits of SHA-256 over the key's DER. */
export function keyIdOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16);
}

/** @param privateKey - Ed25519. @param at - milliseconds since 1970. */
export function signCheckpoint(end: ChainEnd, at: number, privateKey: KeyObject): Checkpoint {
  const said = { seq: end.seq, link: end.link, at };
  const keyId = keyIdOf(createPublicKey(privateKey));
  return { ...said, keyId, signature: sign(null, signedBytes(said), privateKey).toString('base64') };
}

/** Whether the key signed it. What it says of a trail is for `verifyTrail` to look at. */
export function isSignedBy(checkpoint: Checkpoint, publicKey: KeyObject): boolean {
  return verify(null, signedBytes(checkpoint), publicKey, Buffer.from(checkpoint.signature, 'base64'));
}

/** One line of JSON, without LF. */
export function checkpointText({ seq, link, at, keyId, signature }: Checkpoint): string {
  return JSON.stringify({ kind: 'checkpoint', format: 1, seq, link, at, keyId, signature });
}

/**
 * Reads what `checkpointText` wrote.
 *
 * @returns undefined for anything else.
 */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  let value: { readonly [field: string]: unknown };
  try {
    value = JSON.parse(text) as typeof value;
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Object.keys(value).join() !== 'kind,format,seq,link,at,keyId,signature')
    return undefined;
  const { kind, format, seq, link, at, keyId, signature } = value;
  if (kind !== 'checkpoint' || format !== 1 || !isCount(seq) || seq === 0 || !isCount(at)) return undefined;
  if (!isText(link, /^[0-9a-f]{64}$/) || !isText(keyId, /^[0-9a-f]{16}$/) || !isText(signature, /^[A-Za-z0-9+/]{86}==$/))
    return undefined;
  return { seq, link, at, keyId, signature };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown, shape: RegExp): value is string => typeof value === 'string' && shape.test(value);

/** @throws CodedError `usage/unreadable-file`, `usage/invalid-argument`. */
export async function readCheckpointFile(path: string): Promise<Checkpoint> {
  const bytes = await readRegularFile(path, CHECKPOINT_BYTES_MAX).catch((cause: unknown) => {
    throw new CodedError('usage/unreadable-file', 'the checkpoint file cannot be read', { cause });
  });
  const checkpoint = bytes.length > CHECKPOINT_BYTES_MAX ? undefined : parseCheckpoint(bytes.toString('utf8').trim());
  if (checkpoint !== undefined) return checkpoint;
  throw new CodedError('usage/invalid-argument', 'the file is no checkpoint', {
    help: 'it is what `cellblock audit checkpoint --out FILE` wrote',
  });
}

/**
 * Signs where a trail is, with the trail's own key, which is made at its first use, and keeps the checkpoint in the trail's folder, too.
 *
 * @param end - as `verifyTrail` found it: what was not verified must not be vouched for.
 * @throws CodedError `audit/unreadable`.
 */
export async function makeCheckpoint(folder: string, end: ChainEnd, at: number): Promise<Checkpoint> {
  const checkpoint = signCheckpoint(end, at, openSigningKeys(folder).privateKey);
  const path = join(folder, CHECKPOINTS_NAME);
  await appendFile(path, `${checkpointText(checkpoint)}\n`, { mode: 0o600, flush: true })
    .then(() => chmod(path, 0o600))
    .catch((cause: unknown) => {
      throw new CodedError('audit/unreadable', 'the checkpoint cannot be kept in the folder of the trail', { cause });
    });
  return checkpoint;
}

/** A checkpoint of the trail's own file; undefined for a line that is none. */
export interface KeptCheckpoint {
  readonly line: number;
  readonly checkpoint: Checkpoint | undefined;
}

/** Bytes of the file, some 300 a checkpoint: more than a century of hourly ones. */
const KEPT_BYTES_MAX = 256 * 1024 * 1024;

/**
 * The checkpoints that a trail keeps of itself, by the record that they vouch for. A last line without LF is left out: it was being written.
 *
 * @throws CodedError `audit/unreadable`.
 */
export async function readKeptCheckpoints(folder: string): Promise<readonly KeptCheckpoint[]> {
  const text = await readFile(join(folder, CHECKPOINTS_NAME), 'utf8').catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new CodedError('audit/unreadable', 'the checkpoints of the trail cannot be read', { cause });
  });
  if (text.length > KEPT_BYTES_MAX) throw new CodedError('audit/unreadable', 'the trail has too many checkpoints');
  const kept = text
    .split('\n')
    .slice(0, -1)
    .map((line, index) => ({ line: index + 1, checkpoint: parseCheckpoint(line) }));
  return kept.sort((a, b) => (a.checkpoint?.seq ?? 0) - (b.checkpoint?.seq ?? 0));
}
