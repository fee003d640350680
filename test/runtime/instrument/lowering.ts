import type { ARITIES, Instruction, Program } from './program.ts';

type Arity = (typeof ARITIES)[number];

/** Statements that follow each other. */
export type Body = readonly Statement[];

/** A statement of a random program, before it has labels. It leaves the operand stack as it found it. */
export type Statement =
  | { readonly kind: 'work'; readonly by: number; readonly how: 'mix' | 'divide' | 'store' | 'nop'; readonly times: number }
  | { readonly kind: 'bulk'; readonly op: string; readonly length: number; readonly variable: boolean }
  | { readonly kind: 'grow'; readonly by: number }
  | { readonly kind: 'host' }
  | { readonly kind: 'over' | 'block'; readonly body: Body; readonly arity: Arity }
  | { readonly kind: 'if'; readonly bit: number; readonly arity: Arity; readonly arm: Body; readonly other: Body | null }
  | { readonly kind: 'loop'; readonly times: number; readonly arity: Arity; readonly continues: boolean; readonly body: Body }
  | {
      readonly kind: 'leave';
      readonly how: 'br' | 'br_if' | 'br_table' | 'return' | 'rethrow';
      readonly pick: number;
      readonly bit: number;
    }
  | {
      readonly kind: 'call';
      readonly how: 'call' | 'indirect' | 'tail' | 'tail indirect';
      readonly pick: number;
      readonly deeper: boolean;
    }
  | { readonly kind: 'try'; readonly arity: Arity; readonly body: Body; readonly handler: Body; readonly how: number }
  | { readonly kind: 'throw'; readonly tag: number; readonly bit: number }
  | { readonly kind: 'trap'; readonly bit: number; readonly body: Body };

/** Exceptions are caught by `try` or by `try_table`, never by both in one module; or not at all. */
export type Exceptions = 'none' | 'old' | 'new';

/** A function before lowering. `guarded`: it begins with the end of the recursion, and its calls need no guard. */
export interface Sketch {
  readonly guarded: boolean;
  readonly inTable: boolean;
  readonly body: Body;
}

/** The program of functions that end: each cycle of calls counts the parameter down, each loop counts a local. */
export function lowerProgram(sketches: readonly Sketch[], exceptions: Exceptions): Program {
  const taken = sketches.flatMap(({ inTable }, at) => (inTable ? [at] : []));
  const table = taken.length === 0 ? [0] : taken;
  const functions = sketches.map(({ guarded, body }, self) => {
    const scope = { labels: [], self, count: sketches.length, table, guarded, exceptions };
    return [...(guarded ? GUARD : []), ...lower(body, scope), 'global.get 0'];
  });
  return { functions, table };
}

const GUARD: readonly Instruction[] = ['local.get 0', 'i32.eqz', 'if 0 0', 'i32.const 1', 'return', 'end'];

/** What a branch may lead to. */
interface Label {
  readonly arity: Arity | 1;
  /** False for a loop whose start does not count. */
  readonly target: boolean;
  /** In it, `rethrow` has something to throw. */
  readonly handler?: boolean;
}

/** Of the function itself. */
const FUNCTION: Label = { arity: 1, target: true };

interface Scope {
  /** Innermost first. */
  readonly labels: readonly Label[];
  readonly self: number;
  readonly count: number;
  readonly table: readonly number[];
  readonly guarded: boolean;
  /** Where there are none, what would throw or catch does neither. The rewriter treats such modules differently. */
  readonly exceptions: Exceptions;
}

function lower(statements: Body, scope: Scope): Instruction[] {
  return statements.flatMap((one) => lowerOne(one, scope));
}

function inside(statements: Body, scope: Scope, ...labels: readonly Label[]): Instruction[] {
  return lower(statements, { ...scope, labels: [...labels, ...scope.labels] });
}

const push = (count: number): Instruction[] => Array.from({ length: count }, (_, at) => `i32.const ${at + 5}`);
/** Adds values on the stack to the global. */
const consume = (count: number): Instruction[] =>
  count === 0 ? [] : ['global.get 0', ...new Array<string>(count).fill('i32.add'), 'global.set 0'];
const test = (at: number): Instruction[] => ['global.get 0', `i32.const ${at}`, 'i32.shr_u', 'i32.const 1', 'i32.and'];

function lowerOne(one: Statement, scope: Scope): Instruction[] {
  switch (one.kind) {
    case 'work':
      return Array.from({ length: one.times }, () => WORK[one.how](one.by)).flat();
    case 'bulk':
      return bulk(one.op, one.variable ? ['global.get 0', 'i32.const 255', 'i32.and'] : [`i32.const ${one.length}`]);
    case 'grow':
      return [...(one.by === 2 ? test(0) : [`i32.const ${one.by}`]), 'memory.grow', ...consume(1)];
    case 'host':
      return ['global.get 0', 'host', 'global.set 0'];
    case 'over':
      return [...push(one.arity), ...lower(one.body, scope), ...consume(one.arity)];
    case 'block': {
      const inner = inside(one.body, scope, { arity: one.arity, target: true });
      return [`block 0 ${one.arity}`, ...inner, ...push(one.arity), 'end', ...consume(one.arity)];
    }
    case 'if':
      return lowerIf(one, scope);
    case 'loop':
      return lowerLoop(one, scope);
    case 'try':
      return lowerTry(one, scope);
    case 'throw':
      if (scope.exceptions === 'none') return ['nop'];
      return [...test(one.bit), 'if 0 0', ...(one.tag === 0 ? ['global.get 0'] : []), `throw ${one.tag}`, 'end'];
    case 'trap':
      // Whatever leads to a trap: it may still leave by an exception, a branch or a return.
      return [
        ...test(one.bit),
        ...test(one.bit + 1),
        'i32.and',
        'if 0 0',
        ...inside(one.body, scope, { arity: 0, target: true }),
        'unreachable',
        'end',
      ];
    case 'call':
      return lowerCall(one, scope);
    case 'leave':
      return one.how === 'rethrow' ? rethrow(one.pick, scope) : leave(one.how, one.pick, one.bit, scope);
  }
}

const WORK = {
  mix: (by) => ['global.get 0', 'i32.const 31', 'i32.mul', `i32.const ${by}`, 'i32.add', 'global.set 0'],
  divide: (by) => ['global.get 0', `i32.const ${by + 1}`, 'i32.div_u', 'global.set 0'],
  store: (by) => ['global.get 0', 'i32.const 255', 'i32.and', `i32.const ${by}`, 'i32.store8'],
  nop: () => ['nop', 'i32.const 1', 'drop'],
} satisfies Record<Extract<Statement, { kind: 'work' }>['how'], (by: number) => Instruction[]>;

function bulk(op: string, length: readonly Instruction[]): Instruction[] {
  if (op === 'memory.fill') return ['i32.const 40', 'i32.const 7', ...length, op];
  if (op === 'table.fill') return ['i32.const 2', 'ref.null extern', ...length, `${op} 1`];
  return ['i32.const 40', 'i32.const 9', ...length, op === 'memory.init' ? `${op} 0` : op === 'table.copy' ? `${op} 1 1` : op];
}

/** Without an `else`, the values that the block takes are those it gives. */
function lowerIf({ bit: at, arity: count, arm, other }: Extract<Statement, { kind: 'if' }>, scope: Scope): Instruction[] {
  const label = { arity: count, target: true };
  if (other === null)
    return [...push(count), ...test(at), `if ${count} ${count}`, ...inside(arm, scope, label), 'end', ...consume(count)];
  const arms = [...inside(arm, scope, label), ...push(count), 'else', ...inside(other, scope, label), ...push(count), 'end'];
  return [...test(at), `if 0 ${count}`, ...arms, ...consume(count)];
}

/** Either it counts at its start, where branches may lead, and is left through a block around it; or it counts at its end. */
function lowerLoop(
  { times, arity: count, continues, body: inner }: Extract<Statement, { kind: 'loop' }>,
  scope: Scope,
): Instruction[] {
  const counter = Math.min(scope.labels.length + 1, 12);
  const down = [`local.get ${counter}`, 'i32.const -1', 'i32.add', `local.tee ${counter}`];
  const label = { arity: count, target: continues };
  const first = [`i32.const ${times}`, `local.set ${counter}`];
  if (!continues)
    return [
      ...first,
      ...push(count),
      `loop ${count} ${count}`,
      ...inside(inner, scope, label),
      ...down,
      'br_if 0',
      'end',
      ...consume(count),
    ];
  const turn = [...down, 'i32.eqz', 'br_if 1', ...inside(inner, scope, label, { arity: count, target: true }), 'br 0'];
  return [...first, `block 0 ${count}`, ...push(count), `loop ${count} ${count}`, ...turn, 'end', 'end', ...consume(count)];
}

function lowerTry({ arity: count, body: inner, handler, how }: Extract<Statement, { kind: 'try' }>, scope: Scope): Instruction[] {
  const label = { arity: count, target: true };
  if (scope.exceptions === 'none') return lowerOne({ kind: 'block', arity: count, body: inner }, scope);
  if (scope.exceptions === 'new') return lowerTryTable(count, inner, how, scope);
  const begin = [`try 0 ${count}`, ...inside(inner, scope, label), ...push(count)];
  if (how > 7) return [...begin, `delegate ${how % (scope.labels.length + 1)}`, ...consume(count)];
  const caught = [...inside(handler, scope, { ...label, handler: true }), ...push(count)];
  const first = how % 2 === 0 ? ['catch 0', ...consume(1), ...caught] : ['catch 1', ...caught];
  return [...begin, ...first, ...(how > 3 ? ['catch_all', ...caught] : []), 'end', ...consume(count)];
}

/** Its clauses lead outwards, each to a label that takes what it gives: one value, or none. */
function lowerTryTable(count: Arity, inner: Body, how: number, scope: Scope): Instruction[] {
  const labels: readonly Label[] = [...scope.labels, FUNCTION];
  const fit = (values: number): number[] =>
    labels.flatMap(({ arity: given, target }, depth) => (target && given === values ? [depth] : []));
  const [none, one] = [fit(0), fit(1)];
  const clauses = [`catch:0:${one[how % one.length]}`]; // the function's own label at least
  if (none.length > 0 && how % 2 === 0) clauses.push(`catch:1:${none[how % none.length]}`);
  if (none.length > 0 && how > 3) clauses.push(`catch_all:${none[(how + 1) % none.length]}`);
  const body = inside(inner, scope, { arity: count, target: true });
  return [`try_table 0 ${count} ${clauses.join(' ')}`, ...body, ...push(count), 'end', ...consume(count)];
}

function rethrow(pick: number, { labels }: Scope): Instruction[] {
  const handlers = labels.flatMap(({ handler }, depth) => (handler === true ? [depth] : []));
  return handlers.length === 0 ? ['nop'] : [`rethrow ${handlers[pick % handlers.length]}`];
}

function leave(how: string, pick: number, at: number, { labels }: Scope): Instruction[] {
  const all: readonly Label[] = [...labels, FUNCTION];
  const targets = all.flatMap(({ target }, depth) => (target ? [depth] : []));
  const target = targets[pick % targets.length] as number; // the function's own label at least
  const { arity: count } = all[target] as Label;
  // Mostly under a condition, since nothing after it is reached otherwise.
  const [before, after, more] = at === 0 ? [[], [], 0] : [[...test(at), 'if 0 0'], ['end'], 1];
  if (how === 'return') return [...before, 'global.get 0', 'return', ...after];
  if (how === 'br') return [...before, ...push(count), `br ${target + more}`, ...after];
  if (how === 'br_if') return [...push(count), ...test(at), `br_if ${target}`, ...consume(count)];
  const alike = targets.filter((depth) => all[depth]?.arity === count);
  return [
    ...push(count),
    'global.get 0',
    `i32.const ${at}`,
    'i32.shr_u',
    'i32.const 3',
    'i32.and',
    `br_table ${alike.join(' ')} ${target}`,
  ];
}

/** Later functions may be called as deep as this one is; others only deeper, and as long as that is allowed. */
function lowerCall(
  { how, pick, deeper }: Extract<Statement, { kind: 'call' }>,
  { self, count, table, guarded }: Scope,
): Instruction[] {
  const later = count - self - 1;
  const indirect = how.endsWith('indirect');
  const sinks = deeper || later === 0 || indirect;
  const call = indirect
    ? [`i32.const ${pick % table.length}`, 'call_indirect']
    : [`call ${sinks ? pick % count : self + 1 + (pick % later)}`];
  const last = call.pop() as string; // just put there
  const [jump, after] = how.startsWith('tail') ? [`return_${last}`, []] : [last, consume(1)];
  const go = ['local.get 0', ...(sinks ? ['i32.const -1', 'i32.add'] : []), ...call, jump, ...after];
  return sinks && !guarded ? ['local.get 0', 'if 0 0', ...go, 'end'] : go;
}
