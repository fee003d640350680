import { resolve } from 'node:path';
import type { z } from 'zod';
import { CodedError } from '../../runtime/index.ts';
import { NOT_A_FILE, readRegularFile } from '../regular-file.ts';
import { buildPolicy } from './build.ts';
import { splitEntry } from './names.ts';
import type { Policy } from './policy.ts';
import { printable, quote, quoteList } from './quote.ts';
import { type PolicyDocument, policySchema } from './schema.ts';
import { formatPath, invalidDocument, type PolicyIssue, Source } from './source.ts';
import { locate, readYaml, type YamlDocument } from './yaml.ts';

/** Bytes of a policy file: 1 MiB, about 10,000 tools. Enforced before anything is parsed. */
export const POLICY_BYTES_MAX = 1_048_576;

export interface PolicyOptions {
  /** Capabilities that exist here. Default none, so that every grant is refused. */
  readonly knownGrants?: ReadonlySet<string>;
}

/**
 * Reads and checks a policy file.
 *
 * @param path - absolute, or relative to the current folder. A regular file (or a link to one) of UTF-8, at most 1 MiB.
 * @throws CodedError `policy/missing` when it cannot be read, `policy/invalid-document` when it cannot be used. There is no
 *   other ending: a policy that is not whole is no policy.
 */
export async function loadPolicy(path: string, options: PolicyOptions = {}): Promise<Policy> {
  const bytes = await readBytes(path);
  if (bytes.length > POLICY_BYTES_MAX) throw tooLarge(path);
  return parsePolicy(decodeUtf8(bytes, path), path, options);
}

/**
 * Checks the text of a policy file.
 *
 * @param filePath - where the text comes from; components are found from its folder. Nothing is read.
 * @throws CodedError `policy/invalid-document`; the message is `file:line:column: place: reason` for the first issue, and
 *   `data.issues` (`PolicyIssue[]`) has all of the stage that failed: syntax, then shape, then references.
 */
export function parsePolicy(text: string, filePath: string, options: PolicyOptions = {}): Policy {
  if (text.length > POLICY_BYTES_MAX || Buffer.byteLength(text) > POLICY_BYTES_MAX) throw tooLarge(filePath);
  const source = new Source(text, filePath);
  const lone = text.search(/\p{Surrogate}/u);
  if (lone >= 0) throw invalidDocument(source, [source.issue(lone, '', 'the file is not valid Unicode')]);
  const yaml = guarded(source, () => readYaml(source));
  const checked = policySchema.safeParse(yaml.data);
  if (!checked.success) {
    throw invalidDocument(
      source,
      checked.error.issues.flatMap((issue) => shapeIssues(issue, yaml, source)),
    );
  }
  const unresolved = referenceIssues(checked.data, options.knownGrants ?? new Set(), yaml, source);
  if (unresolved.length > 0) throw invalidDocument(source, unresolved);
  return buildPolicy(source, yaml, checked.data, resolve(filePath));
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

function tooLarge(path: string): CodedError {
  const source = new Source('', path);
  return invalidDocument(source, [source.issue(0, '', `the file is larger than ${POLICY_BYTES_MAX} bytes`)]);
}

/** A parser that throws something of its own has met a file that we do not understand, so the file is refused. */
function guarded<Value>(source: Source, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw invalidDocument(source, [source.issue(0, '', 'the file cannot be parsed')], error);
  }
}

function shapeIssues(issue: z.core.$ZodIssue, yaml: YamlDocument, source: Source): PolicyIssue[] {
  const at = (path: readonly PropertyKey[], byKey: boolean, message: string): PolicyIssue => {
    const place = locate(yaml.root, path);
    return source.issue(byKey ? place.keyOffset : place.offset, formatPath(path), message);
  };
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => at([...issue.path, key], true, `unknown field; ${issue.message}`));
  }
  if (issue.code === 'invalid_key') return [at(issue.path, true, issue.issues[0]?.message ?? issue.message)];
  return [at(issue.path, false, issue.message)];
}

function referenceIssues(
  document: PolicyDocument,
  knownGrants: ReadonlySet<string>,
  yaml: YamlDocument,
  source: Source,
): PolicyIssue[] {
  const issues: PolicyIssue[] = [];
  const report = (path: readonly PropertyKey[], message: string): void => {
    issues.push(source.issue(locate(yaml.root, path).offset, formatPath(path), message));
  };
  for (const [name, tool] of Object.entries(document.tools)) {
    tool.grants?.forEach((grant, index) => {
      if (knownGrants.has(grant)) return;
      report(
        ['tools', name, 'grants', index],
        `unknown capability ${quote(grant)}; known here: ${quoteList([...knownGrants].sort())}`,
      );
    });
  }
  for (const [name, agent] of Object.entries(document.agents)) {
    agent.tools.forEach((entry, index) => {
      const message = entryProblem(document, entry);
      if (message !== undefined) report(['agents', name, 'tools', index], message);
    });
  }
  return issues;
}

function entryProblem(document: PolicyDocument, entry: string): string | undefined {
  const { tool: name, functionName } = splitEntry(entry);
  const tool = Object.hasOwn(document.tools, name) ? document.tools[name] : undefined;
  if (!tool) return `unknown tool ${quote(name)}; tools here: ${quoteList(Object.keys(document.tools).sort())}`;
  if (functionName === undefined || tool.functions.includes(functionName)) return undefined;
  return `tool ${quote(name)} offers no function ${quote(functionName)}; it offers: ${quoteList(tool.functions)}`;
}
