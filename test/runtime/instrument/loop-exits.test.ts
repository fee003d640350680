import { describe, expect, it } from 'vitest';
import { COST_MODELS } from '../../../runtime/instrument/index.ts';
import { MODELS, start, wat } from './guest.ts';
import { interpret } from './interpreter.ts';
import { HOST, type Instruction, type Program, textOf } from './program.ts';
import { expectSame, see } from './seen.ts';

/*
 * Every way out of a loop, or of two, with and without values, where the loop calls nothing, or something in some turns or in
 * all, inside a `try` or not. Chance seldom makes these; the counter may be in a local in each, and what follows the loop is
 * paid for before it.
 */

const WORK: readonly Instruction[] = ['global.get 0', 'i32.const 31', 'i32.mul', 'i32.const 7', 'i32.add', 'global.set 0'];
const work = (times: number): Instruction[] => Array.from({ length: times }, () => WORK).flat();
const push = (count: number): Instruction[] => Array.from({ length: count }, (_, at) => `i32.const ${at}`);
const consume = (count: number): Instruction[] => new Array<string>(count).fill('drop');

/** True in the turn whose number the parameter says. */
const NOW: readonly Instruction[] = ['local.get 0', 'i32.const -1', 'i32.add', 'local.tee 0', 'i32.eqz'];
const when = (...then: readonly Instruction[]): Instruction[] => [...NOW, 'if 0 0', ...then, 'end'];

/** @param out - label of the block around the loops, seen from the innermost loop. @param values - what that block gives. */
type Exit = (out: number, values: number) => readonly Instruction[];

const EXITS: Readonly<Record<string, Exit>> = {
  'its end': () => [...NOW, 'drop'],
  br: (out, values) => when(...push(values), `br ${out + 1}`),
  br_if: (out, values) => [...push(values), ...NOW, `br_if ${out}`, ...consume(values)],
  'a table': (out, values) => [
    `block 0 ${values}`,
    ...push(values),
    ...NOW,
    `br_table 0 ${out + 1} 0`,
    'end',
    ...consume(values),
  ],
  'the next turn, by a table': () => ['block 0 0', ...NOW, 'br_table 0 1 0', 'end'],
  'the next turn of the outer loop': (out) => when(`br ${out}`),
  return: () => when('i32.const 9', 'return'),
  'a tail call': () => when('local.get 1', 'return_call 1'),
  throw: () => when('throw 1'),
  'a call that throws': () => [...NOW, 'call 2', 'drop'],
  'a trap': () => when('unreachable'),
};

const CALLS: Readonly<Record<string, readonly Instruction[]>> = {
  nothing: [],
  'a function in some turns': ['global.get 0', 'i32.const 1', 'i32.and', 'if 0 0', 'i32.const 1', 'call 1', 'drop', 'end'],
  'a function in all turns': ['i32.const 1', 'call 1', 'drop'],
};

/** A loop of five turns, or two of three each. */
function loops(levels: number, turn: readonly Instruction[]): Instruction[] {
  const counter = levels;
  const inner = levels === 1 ? turn : [...loops(levels - 1, turn), ...work(2)];
  const down = [`local.get ${counter}`, 'i32.const -1', 'i32.add', `local.tee ${counter}`, 'br_if 0'];
  return [`i32.const ${levels === 1 ? 5 : 3}`, `local.set ${counter}`, 'loop 0 0', ...inner, ...down, 'end'];
}

function programOf(exit: Exit, calls: readonly Instruction[], levels: number, values: number, inTry: boolean): Program {
  const turn = [...work(1), ...calls, ...exit(levels, values), ...work(1)];
  const body = [`block 0 ${values}`, ...loops(levels, turn), ...work(9), ...push(values), 'end', ...consume(values), ...work(3)];
  const guarded = inTry ? ['try 0 0', ...body, 'catch_all', ...work(5), 'end'] : body;
  return {
    functions: [
      [...guarded, ...work(1), 'global.get 0'],
      [...work(2), 'local.get 0'],
      ['local.get 0', 'if 0 0', 'throw 1', 'end', ...work(1), 'i32.const 1'],
    ],
    table: [1],
  };
}

describe.each(Object.keys(EXITS))('loops that are left by %s', (exitName) => {
  it.each(Object.keys(CALLS))('and call %s', (callsName) => {
    for (const levels of [1, 2]) {
      for (const values of [0, 1, 8]) {
        for (const inTry of [false, true]) {
          const program = programOf(EXITS[exitName] as Exit, CALLS[callsName] ?? [], levels, values, inTry); // names of both
          expectCounted(program, `${levels} loops, ${values} values${inTry ? ', in a try' : ''}`);
        }
      }
    }
  });
});

function expectCounted(program: Program, what: string): void {
  const bytes = wat(textOf(program));
  for (const model of MODELS) {
    for (const argument of [1, 3, 5, 99]) {
      const expected = interpret(program, argument, 1);
      const guest = start(bytes, { model, imports: HOST });
      expectSame(see(guest.all, [program, argument, 1]), expected);
      if (expected.end.kind === 'trap') continue;
      const used = Number(guest.used());
      if (model === 'region') {
        expect([what, expected.cost.region <= 4 * used + 32]).toEqual([what, true]);
        expect([what, used <= 4 * expected.cost.region + COST_MODELS.region.tolerance.slack * expected.points]).toEqual([
          what,
          true,
        ]);
      } else if (expected.end.kind === 'value') expect([what, argument, used]).toEqual([what, argument, expected.cost.exact]);
    }
  }
}
