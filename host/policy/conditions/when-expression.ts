import type { ASTNode } from '@marcbachmann/cel-js';
import { CodedError } from '../../../runtime/index.ts';
import { quote, quoteList } from '../quote.ts';

/** What is known about an expression before it is evaluated. */
export interface ExpressionFacts {
  /** Literal patterns of its `fits`. */
  readonly patterns: readonly string[];
  /** Its evaluation takes at most about (parts of the expression) x (size of the request) ^ degree steps. */
  readonly degree: number;
  /** Parts of the expression. */
  readonly size: number;
}

/** Comprehensions: they run their body once for each item. */
const QUANTIFIERS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter']);

/** Methods whose work is at most linear in their operands, and whose result is not larger. */
const METHODS: ReadonlySet<string> = new Set([
  'size',
  'startsWith',
  'endsWith',
  'contains',
  'trim',
  'fits',
  'at',
  'getFullYear',
  'getMonth',
  'getDate',
  'getDayOfMonth',
  'getDayOfWeek',
  'getHours',
  'getMinutes',
  'getSeconds',
  'getMilliseconds',
]);

const FUNCTIONS: ReadonlySet<string> = new Set([
  'size',
  'has',
  'int',
  'uint',
  'double',
  'string',
  'bool',
  'dyn',
  'type',
  'timestamp',
  'duration',
]);

/**
 * What is only for literals, and the form of those. The pattern of `fits` is compiled when the policy is loaded. The package reads a `duration` in a time
 * that is not linear, and a `timestamp` without `Z` or offset in the zone of the host.
 */
const LITERALS: Readonly<Record<string, { readonly form: RegExp; readonly what: string }>> = {
  fits: { form: /(?:)/, what: 'one pattern in quotes' },
  duration: {
    form: /^[+-]?(?:[0-9]{1,12}(?:\.[0-9]{1,9})?(?:h|ms|us|ns|m|s))+$/,
    what: 'one duration in quotes, such as `"1h30m"`',
  },
  timestamp: {
    form: /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,3})?(?:Z|[+-][0-9]{2}:[0-9]{2})$/,
    what: 'one time in quotes, such as `"2026-11-26T09:30:00Z"`',
  },
};

const HELP: Readonly<Record<string, string>> = {
  matches: '; `fits("pattern")` takes an RE2 pattern for the whole text',
  getDayOfYear: '; it depends on the time zone of the host',
};

/** Operators whose work grows with the smaller operand: equality of lists and records, order of texts. */
const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);

interface Walk {
  /** Collects the literal patterns. */
  readonly patterns: string[];
  /** Counts the parts. */
  readonly count: { parts: number };
  /**
   * Items of loops around of which no part is looped over: however often the other loops turn, all turns of an item's own loop together see each of its
   * parts once, so that work on them adds no degree.
   */
  readonly items: ReadonlySet<string>;
}

/**
 * Looks at every part of an expression.
 *
 * `map`, `join`, `split`, `cel.bind` and others are left out: nothing that an expression makes may be larger than the request and the
 * expression together, so that work stays bounded by the two. Zones of `now` are left out (`now.getHours("Europe/Berlin")`): the package takes a way
 * through the zone of the host, which is wrong in an hour that only the host's clock leaves out; a rule has `during`.
 *
 * @throws CodedError `usage/invalid-argument` for a function or method that is not among those above.
 */
export function checkExpression(root: ASTNode): ExpressionFacts {
  const patterns: string[] = [];
  const count = { parts: 0 };
  return { degree: degreeOf(root, { patterns, count, items: new Set() }), patterns, size: count.parts };
}

function degreeOf(node: ASTNode, walk: Walk): number {
  walk.count.parts++;
  switch (node.op) {
    case 'value':
    case 'id':
      return 0;
    case 'call':
      return degreeOfCall(node.args[0], undefined, node.args[1], walk);
    case 'rcall':
      return degreeOfCall(node.args[0], node.args[1], node.args[2], walk);
    case 'map':
      return highest(node.args.flat(), walk);
    case 'list':
    case '?:':
      return highest(node.args, walk);
    case '.':
    case '.?':
      return degreeOf(node.args[0], walk);
    case '!_':
    case '-_':
      return degreeOf(node.args, walk);
    default:
      return Math.max(isConstant(node.op, node.args, walk) ? 0 : 1, highest(node.args, walk));
  }
}

function highest(nodes: readonly ASTNode[], walk: Walk): number {
  return nodes.reduce((most, node) => Math.max(most, degreeOf(node, walk)), 0);
}

/** Whether an operator takes no more time than the expression has parts, or than an item of a loop has. */
function isConstant(op: string, [left, right]: readonly [ASTNode, ASTNode], walk: Walk): boolean {
  if (COMPARISONS.has(op)) return isSmall(left, walk) || isSmall(right, walk);
  if (op === 'in') return isSmall(right, walk);
  return op !== '+' || (isSmall(left, walk) && isSmall(right, walk));
}

/** A literal, a list of literals, or a part of an item. */
function isSmall(node: ASTNode, walk: Walk): boolean {
  if (node.op === 'list') return node.args.every((item) => item.op === 'value');
  return node.op === 'value' || itemOf(node, walk) !== undefined;
}

/** The item that the node is, or is a part of. */
function itemOf(node: ASTNode, walk: Walk): string | undefined {
  if (node.op === '.' || node.op === '[]') return itemOf(node.args[0], walk);
  return node.op === 'id' && walk.items.has(node.args) ? node.args : undefined;
}

function degreeOfCall(name: string, receiver: ASTNode | undefined, args: readonly ASTNode[], walk: Walk): number {
  if (receiver !== undefined && QUANTIFIERS.has(name)) return degreeOfLoop(receiver, args, walk);
  if (!(receiver === undefined ? FUNCTIONS : METHODS).has(name)) throw unknown(name, receiver !== undefined);
  if (Object.hasOwn(LITERALS, name)) readLiteral(name, args, walk.patterns);
  if (name.startsWith('get') && args.length > 0) {
    throw new CodedError('usage/invalid-argument', `\`${name}\` is for UTC alone: expected no zone; \`during\` has one`);
  }
  const operands = receiver === undefined ? args : [receiver, ...args];
  return Math.max(operands.every((operand) => isSmall(operand, walk)) ? 0 : 1, highest(operands, walk));
}

/** One turn of the body for each item; the list itself is made once. A loop over parts of an item adds to the turns of that item's own loop. */
function degreeOfLoop(list: ASTNode, args: readonly ASTNode[], walk: Walk): number {
  const [item, ...body] = args;
  const outer = itemOf(list, walk);
  const items = new Set(walk.items);
  if (outer !== undefined) items.delete(outer);
  if (item?.op === 'id') items.add(item.args);
  return Math.max((outer === undefined ? 1 : 0) + highest(body, { ...walk, items }), degreeOf(list, walk));
}

function readLiteral(name: string, args: readonly ASTNode[], patterns: string[]): void {
  const text = args.length === 1 && args[0]!.op === 'value' ? args[0]!.args : undefined;
  const { form, what } = LITERALS[name]!;
  if (typeof text !== 'string' || !form.test(text) || (name === 'timestamp' && Number.isNaN(Date.parse(text)))) {
    throw new CodedError('usage/invalid-argument', `expected ${what} for \`${name}\`: it is read when the policy is loaded`);
  }
  if (name === 'fits') patterns.push(text);
}

function unknown(name: string, isMethod: boolean): CodedError {
  const known = isMethod ? [...QUANTIFIERS, ...METHODS] : [...FUNCTIONS];
  const help = Object.hasOwn(HELP, name) ? HELP[name] : `; there are ${quoteList(known, known.length)}`;
  return new CodedError(
    'usage/invalid-argument',
    `an expression has no ${isMethod ? 'method' : 'function'} ${quote(name)} here${help}`,
  );
}
