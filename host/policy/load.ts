import { resolve } from 'node:path';
import { CodedError } from '../../runtime/index.ts';
import { NOT_A_FILE, readRegularFile } from '../regular-file.ts';
import { buildPolicy } from './build.ts';
import { ceilingIssues, type PlacedCeiling } from './ceiling.ts';
import { POLICY_BYTES_MAX, readDocument, tooLarge } from './document.ts';
import type { Policy } from './policy.ts';
import { printable } from './quote.ts';
import { referenceIssues } from './references.ts';
import { ceilingFileSchema } from './rule-schema.ts';
import { policySchema } from './schema.ts';
import type { NamesInScope } from './scope-names.ts';
import { readScopes, type ScopeSchemas } from './scopes.ts';
import { invalidDocument, Source } from './source.ts';

export interface PolicyOptions {
  /** Capabilities that exist here; `any` for those who run nothing. Default none, so that every grant is refused. */
  readonly knownGrants?: ReadonlySet<string> | 'any' | undefined;
  /** What grants may say beside the names of `knownGrants`. Default none, so that every scope is refused, or with `any` kept as it is written. */
  readonly scopeSchemas?: ScopeSchemas | undefined;
  /** What scopes name that the policy must have: secrets, tools, channels, approvers. Default nothing. */
  readonly namesInScope?: NamesInScope | undefined;
  /**
   * Path of a ceiling in a file of its own, `{version: 1, ceiling: {...}}`, which may belong to somebody else than the policy file. It holds
   * beside the policy's own.
   */
  readonly ceilingFile?: string | undefined;
  /** The text of `ceilingFile`, for `parsePolicy`, which reads nothing. */
  readonly ceilingText?: string | undefined;
}

/**
 * Reads and checks a policy file, and the ceiling's file if there is one.
 *
 * @param path - absolute, or relative to the current folder. A regular file (or a link to one) of UTF-8, at most 1 MiB; so is the ceiling's.
 * @throws CodedError `policy/missing` when it cannot be read, `policy/invalid-document` when it cannot be used. There is no
 *   other ending: a policy that is not whole is no policy.
 */
export async function loadPolicy(path: string, options: PolicyOptions = {}): Promise<Policy> {
  const { ceilingFile } = options;
  const text = await readText(path);
  if (ceilingFile === undefined) return parsePolicy(text, path, options);
  return parsePolicy(text, path, { ...options, ceilingText: await readText(ceilingFile) });
}

/**
 * Checks the text of a policy file.
 *
 * @param filePath - where the text comes from; components are found from its folder. Nothing is read.
 * @throws CodedError `policy/invalid-document`; the message is `file:line:column: place: reason` for the first issue, and
 *   `data.issues` (`PolicyIssue[]`) has all of the stage that failed: syntax, then shape, then references, then the ceiling. Of two files,
 *   the issues of one. `usage/invalid-argument` for a `ceilingFile` without its text, or the reverse.
 */
export function parsePolicy(text: string, filePath: string, options: PolicyOptions = {}): Policy {
  const document = readDocument(text, filePath, policySchema);
  const ceilings = ceilingsOf(options);
  if (document.data.ceiling !== undefined) ceilings.push({ document, ceiling: document.data.ceiling, isApart: false });
  const { knownGrants = new Set(), scopeSchemas: schemas = new Map(), namesInScope: namesIn = () => ({}) } = options;
  const unresolved = referenceIssues(document, ceilings, knownGrants);
  for (const [{ source }, issues] of unresolved) throw invalidDocument(source, issues);
  const scopes = readScopes(document, ceilings, { schemas, namesIn, keepsUnknown: knownGrants === 'any' });
  for (const [{ source }, issues] of scopes.issues) throw invalidDocument(source, issues);
  const above = ceilings.flatMap((ceiling) => ceilingIssues(document, ceiling));
  if (above.length > 0) throw invalidDocument(document.source, above);
  return buildPolicy(document, ceilings, scopes, resolve(filePath));
}

function ceilingsOf({ ceilingFile, ceilingText }: PolicyOptions): PlacedCeiling[] {
  if (ceilingFile === undefined && ceilingText === undefined) return [];
  // To go on without a ceiling that somebody asked for would open what it closes.
  if (ceilingFile === undefined || ceilingText === undefined) {
    throw new CodedError('usage/invalid-argument', '`ceilingFile` and `ceilingText` go together where nothing is read');
  }
  const document = readDocument(ceilingText, ceilingFile, ceilingFileSchema);
  return [{ document, ceiling: document.data.ceiling, isApart: true }];
}

async function readText(path: string): Promise<string> {
  const bytes = await readBytes(path);
  if (bytes.length > POLICY_BYTES_MAX) throw tooLarge(path);
  return decodeUtf8(bytes, path);
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readRegularFile(path, POLICY_BYTES_MAX);
  } catch (error) {
    // The system's code only: its message repeats the path unescaped.
    const code = (error as { code?: unknown } | null)?.code;
    if (code === NOT_A_FILE) throw missing(path, 'it is not a regular file');
    throw missing(path, typeof code === 'string' ? code : 'unknown reason', error);
  }
}

function missing(path: string, reason: string, cause?: unknown): CodedError {
  return new CodedError('policy/missing', `the policy file \`${printable(path, 256)}\` cannot be read: ${printable(reason)}`, {
    data: { file: path, reason },
    help: 'nothing runs without a policy; name a file that exists and can be read',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** @returns the text with its byte-order mark, if any, so that the text's digest is that of the bytes. */
function decodeUtf8(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    // Decode again with replacement characters; the first one that the bytes do not have stands where they are wrong.
    const lossy = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    const back = Buffer.from(lossy, 'utf8');
    const wrong = back.findIndex((byte, index) => byte !== bytes[index]);
    const source = new Source(lossy, path);
    const offset = wrong < 0 ? 0 : new TextDecoder('utf-8', { ignoreBOM: true }).decode(back.subarray(0, wrong)).length;
    throw invalidDocument(source, [source.issue(offset, '', 'the file is not valid UTF-8')], cause);
  }
}
