import { Composer, type CST, isAlias, isMap, isScalar, isSeq, Lexer, type Node, type Pair, Parser, type YAMLMap } from 'yaml';
import { bareObject } from '../../runtime/index.ts';
import { printable, quote } from './quote.ts';
import { formatPath, invalidDocument, type PolicyIssue, type Source } from './source.ts';

/** The document as plain data (mappings have no prototype), and the tree that knows where each part of it stands. */
export interface YamlDocument {
  readonly data: unknown;
  readonly root: Node;
}

// Open collections while parsing. A policy nests 5 deep; the package recurses over nesting, and 3,000 levels make V8 abort
// the whole process (a regular expression compiled at the end of the stack), which no `catch` can stop.
const DEPTH_MAX = 64;

// Keys that mean something to JavaScript objects. They are legal YAML, and no tool or agent needs them.
const RESERVED_KEYS: ReadonlySet<string> = new Set(['__proto__', 'prototype', 'constructor']);

const COMPOSE = {
  version: '1.2',
  schema: 'core',
  strict: true,
  stringKeys: true,
  merge: false,
  prettyErrors: false,
  logLevel: 'silent',
  // Ours below does the same in linear time; the package compares all pairs of keys (20,000 keys: 3 s).
  uniqueKeys: false,
} as const;

/**
 * Parses a policy file's text as the plain part of YAML 1.2: one document; no aliases, anchors, tags, directives or merge
 * keys; every key once; numbers in decimal digits. What is left means the same to every reader, human or program.
 *
 * @param allowsFractions - numbers may be all that JSON calls a number.
 * @throws CodedError `policy/invalid-document`, with every issue of the first stage that found one.
 */
export function readYaml(source: Source, allowsFractions = false): YamlDocument {
  const tokens = parseTokens(source);
  const [document] = new Composer(COMPOSE).compose(tokens, true, source.text.length);
  const problems = [...(document?.errors ?? []), ...(document?.warnings ?? [])];
  if (problems.length > 0) {
    throw invalidDocument(
      source,
      problems.map((problem) => source.issue(problem.pos[0], '', syntaxMessage(problem.code, problem.message))),
    );
  }
  const root = document?.contents;
  if (!root || (isScalar(root) && root.value === null)) {
    throw invalidDocument(source, [source.issue(0, '', 'the file is empty')]);
  }
  const issues: PolicyIssue[] = [];
  const report: Report = (node, path, message) => {
    issues.push(source.issue(offsetOf(node), formatPath(path), message));
  };
  const data = toData(root, [], { report, numbers: allowsFractions ? JSON_NUMBER : DECIMAL_DIGITS });
  if (issues.length > 0) throw invalidDocument(source, issues);
  return { data, root };
}

/** @returns the concrete syntax of one document; throws before the nesting gets deep, and for anything beside it. */
function parseTokens(source: Source): CST.Token[] {
  const refuse = (offset: number, message: string) => invalidDocument(source, [source.issue(offset, '', message)]);
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(source.text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > DEPTH_MAX) throw refuse(parser.offset - lexeme.length, 'nested too deeply');
  }
  for (const token of parser.end()) tokens.push(token);
  const directive = tokens.find((token) => token.type === 'directive');
  if (directive) throw refuse(directive.offset, 'directives are not allowed');
  const second = tokens.filter((token) => token.type === 'document')[1];
  if (second) throw refuse(second.offset, 'only one document is allowed');
  return tokens;
}

type Report = (node: unknown, path: readonly PropertyKey[], message: string) => void;

const DECIMAL_DIGITS = /^-?(?:0|[1-9][0-9]*)$/;
const JSON_NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

/** What a tree becomes data by. */
interface Reading {
  readonly report: Report;
  /** The form of a number; others are refused. */
  readonly numbers: RegExp;
}

/** Plain data of one node. Whatever it reports makes the whole file invalid, so its value then does not matter. */
function toData(node: unknown, path: readonly PropertyKey[], reading: Reading): unknown {
  const { report, numbers } = reading;
  if (isAlias(node)) report(node, path, 'aliases are not allowed; write the value out');
  if (isScalar(node) || isMap(node) || isSeq(node)) {
    if (node.anchor !== undefined) report(node, path, 'anchors are not allowed');
    if (node.tag !== undefined) report(node, path, 'tags are not allowed');
  }
  if (isSeq(node)) return node.items.map((item, index) => toData(item, [...path, index], reading));
  if (isMap(node)) return mapToData(node, path, reading);
  if (!isScalar(node)) return null;
  if (typeof node.value === 'number' && !numbers.test(node.source ?? '')) {
    report(node, path, `expected a number in decimal digits, or text in quotes, got ${quote(node.source ?? '')}`);
  }
  return node.value;
}

function mapToData(map: YAMLMap, path: readonly PropertyKey[], reading: Reading): unknown {
  const { report } = reading;
  const data = bareObject<unknown>();
  for (const { key, value } of map.items) {
    if (!isScalar(key) || typeof key.value !== 'string') {
      report(key ?? map, path, 'expected a name as the key');
      continue;
    }
    const name = key.value;
    if (key.anchor !== undefined) report(key, [...path, name], 'anchors are not allowed');
    if (key.tag !== undefined) report(key, [...path, name], 'tags are not allowed');
    if (RESERVED_KEYS.has(name)) report(key, [...path, name], 'this key is reserved');
    if (Object.hasOwn(data, name)) report(key, [...path, name], 'this key is in the mapping twice');
    data[name] = toData(value, [...path, name], reading);
  }
  return data;
}

/** Where a part of the document stands. `missing`: it is not there, and `offset` is its nearest parent's. */
export interface Place {
  readonly offset: number;
  /** Offset of the key, for a member of a mapping; else that of the value. */
  readonly keyOffset: number;
  readonly missing: boolean;
}

/** Finds a path (keys and indices) in the tree. */
export function locate(root: Node, path: readonly PropertyKey[]): Place {
  let node: unknown = root;
  let place: Place = { offset: offsetOf(root), keyOffset: offsetOf(root), missing: false };
  for (const part of path) {
    const found = member(node, part);
    if (!found) return { offset: place.keyOffset, keyOffset: place.keyOffset, missing: true };
    node = found.value;
    const offset = offsetOf(found.value ?? found.key);
    place = { offset, keyOffset: found.key === undefined ? offset : offsetOf(found.key), missing: false };
  }
  return place;
}

function member(node: unknown, part: PropertyKey): { readonly key?: unknown; readonly value: unknown } | undefined {
  if (isMap(node)) return pairsOf(node).get(part);
  if (isSeq(node) && typeof part === 'number' && part < node.items.length) return { value: node.items[part] };
  return undefined;
}

// Every rule of a policy is located once, so a search through the pairs would be quadratic (6,000 tools: 30 s).
const pairIndexes = new WeakMap<YAMLMap, ReadonlyMap<unknown, Pair>>();

function pairsOf(map: YAMLMap): ReadonlyMap<unknown, Pair> {
  const known = pairIndexes.get(map);
  if (known) return known;
  const index = new Map(map.items.map((pair) => [isScalar(pair.key) ? pair.key.value : pair.key, pair]));
  pairIndexes.set(map, index);
  return index;
}

function offsetOf(node: unknown): number {
  return isAlias(node) || isScalar(node) || isMap(node) || isSeq(node) ? (node.range?.[0] ?? 0) : 0;
}

/** The package's words in our form: lower case, one line, no final stop, nothing unprintable. */
function syntaxMessage(code: string, message: string): string {
  if (code === 'NON_STRING_KEY') return 'expected a name as the key';
  const text = printable(message.replace(/\s+/g, ' ').replace(/\.$/, ''), 160);
  return `${text.slice(0, 1).toLowerCase()}${text.slice(1)}`;
}
