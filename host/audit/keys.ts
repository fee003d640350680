import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '../../runtime/index.ts';

/* The secrets of one trail, in `keys/` of its folder (0700), made at their first use. Whoever may read them is the operator. */

const KEY_BYTES_MAX = 4096;
const REDACTION_KEY_BYTES = 32;

/** The file with the public key of a trail, which an operator keeps elsewhere, too. */
export const publicKeyPath = (folder: string): string => join(folder, 'keys', 'checkpoint.pub');

/**
 * The key that redaction's digests are made with: 32 bytes. Losing it loses only the comparing of secrets.
 *
 * @throws CodedError `audit/unreadable` where it is damaged, open to others, or can neither be read nor made.
 */
export function openRedactionKey(folder: string): Uint8Array {
  const text = openKey(folder, 'redaction.key', () => `${randomBytes(REDACTION_KEY_BYTES).toString('hex')}\n`);
  if (/^[0-9a-f]{64}\n?$/.test(text)) return Buffer.from(text.trim(), 'hex');
  throw unreadable('the key `redaction.key` of the trail is damaged');
}

/** An Ed25519 key pair of node:crypto. */
export interface SigningKeys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/**
 * The key that signs checkpoints (`checkpoint.key`, PKCS #8 in PEM); its public half lies beside it in `checkpoint.pub` (SPKI in PEM).
 *
 * @throws CodedError `audit/unreadable`, as above.
 */
export function openSigningKeys(folder: string): SigningKeys {
  const pem = openKey(folder, 'checkpoint.key', () => {
    return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  });
  const privateKey = parsed(() => createPrivateKey(pem), 'checkpoint.key');
  const publicKey = createPublicKey(privateKey);
  makeOnce(folder, 'checkpoint.pub', publicKey.export({ type: 'spki', format: 'pem' }) as string, 0o644);
  if (!readPublicKey(folder)?.equals(publicKey)) throw unreadable('`checkpoint.pub` is not the public half of `checkpoint.key`');
  return { privateKey, publicKey };
}

/**
 * The public key that lies in the trail's folder, without making one.
 *
 * @returns undefined where the trail never had a signed checkpoint.
 * @throws CodedError `audit/unreadable`.
 */
export function readPublicKey(folder: string): KeyObject | undefined {
  const pem = readKey(publicKeyPath(folder), 'checkpoint.pub');
  return pem === undefined ? undefined : parsePublicKey(pem, 'checkpoint.pub');
}

/** @throws CodedError `audit/unreadable` for anything but an Ed25519 public key in PEM. */
export function parsePublicKey(pem: string, name: string): KeyObject {
  if (pem.includes('PRIVATE KEY'))
    throw unreadable(`\`${name}\` is a private key; what verifies needs only the public one, \`checkpoint.pub\``);
  return parsed(() => createPublicKey(pem), name);
}

function parsed(parse: () => KeyObject, name: string): KeyObject {
  let key: KeyObject;
  try {
    key = parse();
  } catch (cause) {
    throw unreadable(`\`${name}\` is no key in PEM`, cause);
  }
  if (key.asymmetricKeyType !== 'ed25519') throw unreadable(`\`${name}\` is no Ed25519 key`);
  return key;
}

function openKey(folder: string, name: string, make: () => string): string {
  const path = join(folder, 'keys', name);
  const found = readKey(path, name, true);
  if (found !== undefined) return found;
  makeOnce(folder, name, make(), 0o600);
  // Another process may have been first: then its key is the key.
  const made = readKey(path, name, true);
  if (made === undefined) throw unreadable(`the key \`${name}\` of the trail cannot be made`);
  return made;
}

/** Makes the file whole or not at all: written beside, made durable, then linked to its name unless that is taken. */
function makeOnce(folder: string, name: string, text: string, mode: number): void {
  const keys = join(folder, 'keys');
  const draft = join(keys, `.${name}.${randomBytes(8).toString('hex')}`);
  try {
    mkdirSync(keys, { recursive: true, mode: 0o700 });
    const file = openSync(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
    try {
      fchmodSync(file, mode);
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    linkSync(draft, join(keys, name));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST')
      throw unreadable(`the key \`${name}\` of the trail cannot be made`, cause);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Undefined where there is no such file. A private key that others may read is none: it is refused, as ssh does. */
function readKey(path: string, name: string, isPrivate = false): string | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unreadable(`the key \`${name}\` of the trail cannot be read`, cause);
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile() || stat.size > KEY_BYTES_MAX) throw unreadable(`\`${name}\` of the trail is no key file`);
    if (isPrivate && process.platform !== 'win32' && (stat.mode & 0o077) !== 0) {
      throw unreadable(
        `the key \`${name}\` of the trail can be read by others`,
        undefined,
        'make a new one if others may have read it; else `chmod 600`',
      );
    }
    const bytes = Buffer.alloc(KEY_BYTES_MAX);
    return bytes.toString('utf8', 0, readSync(file, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(file);
  }
}

function unreadable(message: string, cause?: unknown, help?: string): CodedError {
  return new CodedError('audit/unreadable', message, {
    ...(cause === undefined ? {} : { cause }),
    ...(help === undefined ? {} : { help }),
  });
}
