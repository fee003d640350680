import { dirname } from 'node:path';
import { BUILT_IN, KNOWN_GRANTS, scopeSchemasOf } from '../../host/capabilities/index.ts';
import { limitsUnder } from '../../host/policy/ceiling.ts';
import {
  type Document,
  POLICY_BYTES_MAX,
  type PolicyIssue,
  readDocument,
  type Scopes,
  type ToolLimits,
} from '../../host/policy/index.ts';
import { quote, quoteList } from '../../host/policy/quote.ts';
import { readGrantScopes } from '../../host/policy/scopes.ts';
import { invalidDocument } from '../../host/policy/source.ts';
import { nearestName } from '../../host/policy-tools/nearest-name.ts';
import { readRegularFile } from '../../host/regular-file.ts';
import { CodedError, isCoded } from '../../runtime/index.ts';
import { type CasesDocument, casesSchema, type Mock, type ToolCase } from './schema.ts';

/** One case, ready to be run: everything that can be known without its component was checked. */
export interface PlacedCase {
  readonly spec: ToolCase;
  /** Place in the file, from 0. */
  readonly index: number;
  /** Line of the case, from 1. */
  readonly line: number;
  /** Names of capabilities that the tool gets. */
  readonly grants: readonly string[];
  readonly scopes: Scopes;
  readonly limits: ToolLimits;
  /** Lines of its mocks, from 1. */
  readonly mockLines: readonly number[];
}

/** One file of cases. */
export interface CaseFile {
  /** As it was given. */
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  readonly document: Document<CasesDocument>;
  readonly cases: readonly PlacedCase[];
}

/**
 * Reads and checks one file of cases.
 *
 * @throws CodedError `usage/unreadable-file`; `author/invalid-file`, with file, line and column of each issue.
 */
export async function readCaseFile(path: string): Promise<CaseFile> {
  const bytes = await readRegularFile(path, POLICY_BYTES_MAX).catch((cause: unknown) => {
    throw new CodedError('usage/unreadable-file', `the cases cannot be read: \`${path}\``, { cause });
  });
  return parseCaseFile(bytes.toString('utf8'), path);
}

/** The same for its text. @throws CodedError `author/invalid-file`. */
export function parseCaseFile(text: string, path: string): CaseFile {
  try {
    const document = readDocument(text, path, casesSchema, { allowsFractions: true });
    const issues: PolicyIssue[] = [];
    const cases = document.data.cases.map((spec, index) => placed(document, spec, index, issues));
    if (issues.length > 0) throw invalidDocument(document.source, issues);
    return { path, folder: dirname(path), text, document, cases };
  } catch (error) {
    if (!isCoded(error) || error.code !== 'policy/invalid-document') throw error;
    throw new CodedError('author/invalid-file', error.message, { data: error.data, cause: error });
  }
}

function placed(document: Document<CasesDocument>, spec: ToolCase, index: number, issues: PolicyIssue[]): PlacedCase {
  const refuse = (path: readonly PropertyKey[], message: string): void => {
    issues.push(document.issueAt(['cases', index, ...path], message));
  };
  const { grants = [], mocks = [], real = [] } = spec;
  if (document.data.cases.findIndex(({ name }) => name === spec.name) < index) refuse(['name'], 'another case has this name');
  for (const [at, { name }] of grants.entries()) {
    if (!KNOWN_GRANTS.has(name)) refuse(['grants', at], unknownName('capability', name, KNOWN_GRANTS));
  }
  const names = grants.map(({ name }) => name);
  const scopes = readGrantScopes(
    grants.filter(({ name }) => KNOWN_GRANTS.has(name)),
    scopeSchemasOf(),
    (path, message) => refuse(['grants', ...path], message),
  );
  for (const [at, name] of real.entries()) if (!names.includes(name)) refuse(['real', at], notGranted(name, names));
  for (const [at, mock] of mocks.entries()) {
    const fault = mockFault(mock, names, real);
    if (fault !== undefined) refuse(['mocks', at, 'function'], fault);
  }
  return {
    spec,
    index,
    line: document.lineOf(['cases', index]),
    grants: names,
    scopes,
    limits: limitsUnder(spec.limits ?? {}, []),
    mockLines: mocks.map((_, at) => document.lineOf(['cases', index, 'mocks', at])),
  };
}

/** A function of the host as a mock names it. */
export type MockedFunction =
  | { readonly capability: string; readonly name: string }
  | { readonly interface: string; readonly name: string };

/** @param text - of the form that the schema asks for. */
export function mockedFunction(text: string): MockedFunction {
  const hash = text.indexOf('#');
  if (hash >= 0) return { interface: text.slice(0, hash), name: text.slice(hash + 1) };
  const dot = text.indexOf('.');
  return { capability: text.slice(0, dot), name: text.slice(dot + 1) };
}

function mockFault({ function: text }: Mock, granted: readonly string[], real: readonly string[]): string | undefined {
  const mocked = mockedFunction(text);
  if ('interface' in mocked) return undefined;
  const { capability, name } = mocked;
  const entry = BUILT_IN.find((candidate) => candidate.name === capability);
  if (entry === undefined) return unknownName('capability', capability, KNOWN_GRANTS);
  if (!granted.includes(capability)) return notGranted(capability, granted);
  if (real.includes(capability)) return `${quote(capability)} is in \`real\`, so it serves the call itself`;
  if (['files', 'clock', 'random', 'config'].includes(capability)) {
    return `${quote(capability)} cannot be mocked; ${capability === 'files' ? 'name it in `real` and give it a folder' : 'its grant says what the tool gets'}`;
  }
  if (capability === 'http' && name !== 'send')
    return 'of `http` only `http.send` can be mocked: it stands for the network, for `wasi:http` too';
  return undefined;
}

function notGranted(name: string, granted: readonly string[]): string {
  return `${quote(name)} is not granted; \`grants\` of the case has ${quoteList(granted)}`;
}

function unknownName(what: string, name: string, known: Iterable<string>): string {
  const near = nearestName(name, known);
  return `there is no ${what} ${quote(name)}${near === undefined ? '' : `; did you mean ${quote(near)}?`}`;
}
