import { parse } from 'yaml';
import type { Row, ToolSchema } from './rows.ts';

/** A value, or a piece of a pattern or expression, that a policy's conditions name. */
export interface Literal {
  /** Where it stands, such as `agents.assistant.tools.3.parameters.recipient.oneOf.0`. */
  readonly place: string;
  readonly text: string;
  /** It takes something away: part of a forbid rule, or of `deny` or `notOneOf` anywhere. */
  readonly denies: boolean;
}

/** Shorter pieces occur in everything, and say nothing. */
const PIECE_CHARS_MIN = 3;

/** All literals in the conditions of a policy's text, allow lists among them. Lengths, dates, names of rules are none. */
export function literalsOf(policyText: string): Literal[] {
  return rulesOf(parse(policyText), [], false).flatMap(({ node, path, forbids }) => [
    ...conditionLiterals(node.parameters, [...path, 'parameters'], forbids),
    ...(typeof node.when === 'string' ? celLiterals(node.when, [...path, 'when'].join('.'), forbids) : []),
  ]);
}

/** The literals that are in what attackers sent, and neither in a benign call of `benign` nor in a schema. */
export function attackOnly(
  literals: readonly Literal[],
  attacks: readonly Row[],
  benign: readonly Row[],
  schemas: readonly ToolSchema[],
): Literal[] {
  const inAttacks = leavesOf(attacks);
  const elsewhere = leavesOf([benign, schemas]);
  return literals.filter((literal) => occurs(literal.text, inAttacks) && !occurs(literal.text, elsewhere));
}

/** True for a literal that a row or schema has: as a part of a text, or as a number. */
export function occurs(text: string, leaves: readonly string[]): boolean {
  const sought = text.toLowerCase();
  const isNumber = /^-?[\d.]+$/.test(text);
  return leaves.some((leaf) => (isNumber ? leaf === text : leaf.toLowerCase().includes(sought)));
}

/** Every text and number in a value, as text; names of tasks are none. */
export function leavesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(leavesOf);
  if (typeof value !== 'object' || value === null) return [String(value)];
  return Object.entries(value).flatMap(([name, item]) => (name === 'task' || name === 'kind' ? [] : [name, ...leavesOf(item)]));
}

type Node = Readonly<Record<string, unknown>>;

interface Found {
  readonly node: Node;
  readonly path: readonly string[];
  readonly forbids: boolean;
}

/** Everything that has conditions, wherever it stands in the document. */
function rulesOf(value: unknown, path: readonly string[], inForbid: boolean): Found[] {
  if (typeof value !== 'object' || value === null) return [];
  const node = value as Node;
  const forbids = inForbid || node.effect === 'forbid';
  const own = 'parameters' in node || 'when' in node ? [{ node, path, forbids }] : [];
  return [...own, ...Object.entries(node).flatMap(([name, item]) => rulesOf(item, [...path, name], forbids))];
}

const VALUES = new Set(['equals', 'oneOf', 'notOneOf', 'min', 'max', 'within', 'hostname']);
const PATTERNS = new Set(['pattern', 'patterns', 'deny']);
const TAKES = new Set(['deny', 'notOneOf']);

function conditionLiterals(parameters: unknown, path: readonly string[], forbids: boolean): Literal[] {
  if (typeof parameters !== 'object' || parameters === null) return [];
  return Object.entries(parameters).flatMap(([name, conditions]) =>
    Object.entries(conditions as Node).flatMap(([condition, value]) => {
      const place = [...path, name, condition].join('.');
      const denies = forbids || TAKES.has(condition);
      const texts = [value].flat().map(String);
      if (VALUES.has(condition)) return texts.map((text) => ({ place, text, denies }));
      return PATTERNS.has(condition) ? texts.flatMap(piecesOf).map((text) => ({ place, text, denies })) : [];
    }),
  );
}

/** One token of RE2; a character in one of its groups stands for itself. */
const TOKEN =
  /\\[dDwWsSbBAzpP](?:\{[^}]*\})?|\\(.)|\[([^\]\\^])\]|\[(?:\\.|[^\]])*\]|\{\d+(?:,\d*)?\}|\(\?[^:()]*[:)]?|[.*+?|()^$]|./gsu;
const SYNTAX = /^(?:[.*+?|()^$]|\\|\[.|\{\d|\(\?)/;

/** The texts that a pattern takes as they are: `.*mark\.b.*` names `mark.b`. A class of one character is that character. */
function piecesOf(pattern: string): string[] {
  const plain = [...pattern.matchAll(TOKEN)].map(
    ([token, escaped, only]) => escaped ?? only ?? (SYNTAX.test(token) ? '\n' : token),
  );
  return plain
    .join('')
    .split('\n')
    .filter((piece) => piece.length >= PIECE_CHARS_MIN);
}

/** The strings and numbers of an expression. */
function celLiterals(expression: string, place: string, denies: boolean): Literal[] {
  const strings = [...expression.matchAll(/"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'/g)].map((match) => match[1] ?? match[2]!);
  const numbers = expression.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/g, '').match(/\b\d+(?:\.\d+)?\b/g) ?? [];
  // Names of parameters (`parameters["first-name"]`) pass as well: they are in the schemas.
  return [...strings, ...numbers].map((text) => ({ place, text, denies }));
}
