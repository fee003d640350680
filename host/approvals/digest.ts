import { createHash } from 'node:crypto';
import { CodedError, isWellFormed, type PlainJson } from '../../runtime/index.ts';
import type { ApprovalSubject, CallQuestion } from '../audit/entries.ts';
import { canonicalJson } from './canonical-json.ts';

/*
 * What an approval is bound to, as bytes: the domain, then each field in a fixed order. A text is its length in bytes (4, big
 * endian) and its UTF-8; an optional one has a byte before it, 0 for absent, 1 for present; a list is its count (4) and its texts; a map
 * its count, then name and value of each, sorted by name. No two different subjects have the same bytes.
 */

type FieldKind = 'text' | 'optional' | 'list' | 'map';

/** In the order of the encoding. A field that is added to the type has to be added here, or this does not compile. */
const FIELDS = {
  agent: 'text',
  tool: 'text',
  function: 'text',
  component: 'text',
  parametersDigest: 'text',
  session: 'optional',
  grants: 'list',
  limits: 'map',
  policy: 'text',
  justification: 'optional',
  source: 'optional',
} as const satisfies Required<{ readonly [Name in keyof Omit<ApprovalSubject, 'question'>]: FieldKind }>;

type FieldName = keyof typeof FIELDS;

const APPROVAL_DOMAIN = 'cellblock/approval/1';
/** Questions of running calls have a domain of their own: none has the digest of a call, or the other way round. */
const QUESTION_DOMAIN = 'cellblock/question/1';
const SHAPE_DOMAIN = 'cellblock/shape/1';

/** Parts of the subject that a shape does not bind: its parameters are bound one by one, the words of the agent not at all. */
const NOT_IN_SHAPE: ReadonlySet<FieldName> = new Set(['parametersDigest', 'justification', 'source']);

/**
 * Digest of exactly one call, as a human was asked about it: any other component, parameter, limit, session, policy or word of the agent has
 * another digest.
 *
 * @returns `sha256:` and 64 lower-case hex digits.
 * Thread: any. Pure.
 */
export function approvalDigest(subject: ApprovalSubject): string {
  return sha256(approvalPreimage(subject));
}

/** The bytes that `approvalDigest` hashes. */
export function approvalPreimage(subject: ApprovalSubject): Uint8Array {
  const { question } = subject;
  if (question === undefined) return bytesOf([...textParts(APPROVAL_DOMAIN), ...subjectParts(subject, new Set())]);
  return bytesOf([...textParts(QUESTION_DOMAIN), ...subjectParts(subject, new Set()), ...questionParts(question)]);
}

function questionParts({ audit, writer, text, details }: CallQuestion): Uint8Array[] {
  return [...textParts(audit), ...textParts(writer), ...textParts(text), ...fieldParts('optional', details)];
}

/**
 * Digest of a family of calls: the subject without justification and source, and all parameters but the free ones.
 *
 * @param parameters - an object, one member for each parameter; secrets are keyed digests as in the trail.
 * @param free - names of parameters that may differ, each of them once.
 * @throws CodedError `usage/invalid-argument` when the parameters are no object, so that there is nothing to bind by name.
 */
export function shapeDigest(subject: ApprovalSubject, parameters: PlainJson, free: readonly string[]): string {
  return sha256(shapePreimage(subject, parameters, free));
}

/** The bytes that `shapeDigest` hashes. */
export function shapePreimage(subject: ApprovalSubject, parameters: PlainJson, free: readonly string[]): Uint8Array {
  if (subject.question !== undefined) throw new CodedError('usage/invalid-argument', 'a question of a call has no shape');
  if (!isObject(parameters)) throw new CodedError('usage/invalid-argument', 'a shape needs parameters with names');
  const bound = Object.entries(parameters).filter(([name]) => !free.includes(name));
  return bytesOf([
    ...textParts(SHAPE_DOMAIN),
    ...subjectParts(subject, NOT_IN_SHAPE),
    ...textParts(canonicalJson(Object.fromEntries(bound))),
    ...listParts([...free].sort()),
  ]);
}

/** True for parameters by name. */
export function isObject(json: PlainJson): json is { readonly [name: string]: PlainJson } {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function subjectParts(subject: ApprovalSubject, without: ReadonlySet<FieldName>): Uint8Array[] {
  const names = (Object.keys(FIELDS) as FieldName[]).filter((name) => !without.has(name));
  return names.flatMap((name) => fieldParts(FIELDS[name], subject[name]));
}

function fieldParts(kind: FieldKind, value: ApprovalSubject[FieldName]): Uint8Array[] {
  if (kind === 'optional') return value === undefined ? [Uint8Array.of(0)] : [Uint8Array.of(1), ...textParts(value)];
  if (kind === 'text') return textParts(value);
  return kind === 'list' ? listParts(value) : mapParts(value);
}

/** Values come from typed code and from the trail: what is not of its type is refused, never turned into text. */
function textParts(value: unknown): Uint8Array[] {
  if (typeof value !== 'string') throw notBound();
  const bytes = utf8(value);
  return [uint32(bytes.length), bytes];
}

function listParts(value: unknown): Uint8Array[] {
  if (!Array.isArray(value)) throw notBound();
  return [uint32(value.length), ...value.flatMap(textParts)];
}

function mapParts(value: unknown): Uint8Array[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notBound();
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return [uint32(entries.length), ...entries.flatMap(([name, item]) => [...textParts(name), ...textParts(item)])];
}

function notBound(): CodedError {
  return new CodedError('internal/invariant', 'a subject of an approval has a field of another type');
}

/** UTF-8, in which a lone surrogate keeps its own three bytes (WTF-8): an encoder that replaces it would let two texts be one. */
function utf8(text: string): Uint8Array {
  if (isWellFormed(text)) return Buffer.from(text, 'utf8');
  return Buffer.concat([...text].map((char) => (isWellFormed(char) ? Buffer.from(char, 'utf8') : surrogateBytes(char))));
}

function surrogateBytes(char: string): Uint8Array {
  const unit = char.charCodeAt(0);
  return Uint8Array.of(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f));
}

function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function bytesOf(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
