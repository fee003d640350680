import { describe, expect, it } from 'vitest';
import { ACTION, ChargePlan } from '../../../runtime/instrument/charge-plan.ts';
import { LoopFacts } from '../../../runtime/instrument/loop-facts.ts';
import { OP } from '../../../runtime/instrument/opcodes.ts';
import { decoded } from './tape-of.ts';

/** What is known of the loops of one function, by their order. Calls touch the counter, and nothing else does. */
function factsOf(body: string, { nests = true, throwsCount = false } = {}) {
  const { tape, bodies } = decoded(`(module (tag) (memory 1) (func $other) (func (param i32) ${body}))`);
  const plan = new ChargePlan(tape.length, bodies.count);
  const facts = new LoopFacts(tape, plan, (at) => tape.ops[at] === OP.call || tape.ops[at] === OP.throw, throwsCount);
  const [, from = 0, to = 0] = bodies.firsts;
  const touched = facts.walk(from, to, nests);
  const loops = Array.from({ length: to - from }, (_, at) => from + at).filter((at) => tape.ops[at] === OP.loop);
  return {
    touched,
    loops: loops.map((at) => ({
      repeats: facts.isLoop(at),
      exits: facts.exitsOf(at),
      nest: plan.actions[at] === ACTION.nest,
    })),
  };
}

const CONDITION = '(local.get 0)';
const HERE = { depths: [], far: false };

describe('the facts of loops', () => {
  it('tell a loop that repeats from a block that is called one', () => {
    expect(factsOf('(loop (nop)) (loop (br_if 0 (local.get 0)))').loops.map(({ repeats }) => repeats)).toEqual([false, true]);
    expect(factsOf('(loop (block (br_table 1 0 (local.get 0))))').loops[0]?.repeats).toBe(true);
  });

  it('name the labels that a loop is left for, by depth from the function inwards, each once', () => {
    const exits = (body: string) => factsOf(body).loops.map((loop) => loop.exits);
    expect(exits(`(loop (br_if 0 ${CONDITION}))`)).toEqual([HERE]);
    expect(exits(`(block (loop (br_if 1 ${CONDITION}) (br_if 1 ${CONDITION}) (br 0)))`)).toEqual([{ depths: [1], far: false }]);
    expect(exits(`(loop (br_if 1 ${CONDITION}) (br 0))`)).toEqual([{ depths: [0], far: false }]); // the function's own label
    expect(exits(`(loop (block (br_if 0 ${CONDITION})) (br 0))`)).toEqual([HERE]); // stays inside
    expect(exits(`(block (loop (if ${CONDITION} (then (return))) (br_table 0 1 2 ${CONDITION})))`)).toEqual([
      { depths: [0, 1], far: false },
    ]);
  });

  it.each([
    ['return', '(return)'],
    ['a tail call', '(return_call $other)'],
    ['throw', '(throw 0)'],
  ])('take %s for a way out of the function', (_, leave) => {
    expect(factsOf(`(loop (if ${CONDITION} (then ${leave})) (br 0))`).loops[0]?.exits).toEqual({ depths: [0], far: false });
  });

  it('count a way out of several loops as one of the outermost, and far for those inside', () => {
    const [outer, inner] = factsOf(`(block (loop (loop (br_if 2 ${CONDITION}) (br 0)) (br 0)))`).loops;
    expect(outer?.exits).toEqual({ depths: [1], far: false });
    expect(inner?.exits).toEqual({ depths: [], far: true });
  });

  it('take the next turn of an outer loop for an exit of the inner one', () => {
    const [outer, inner] = factsOf(`(loop (loop (br_if 1 ${CONDITION}) (br 0)))`).loops;
    expect([outer?.exits, inner?.exits]).toEqual([HERE, { depths: [1], far: false }]);
  });

  it('keep four labels, and call the loop far beyond', () => {
    const exits = (count: number) => {
      const leave = Array.from({ length: count }, (_, at) => `(br_if ${at + 1} ${CONDITION})`).join(' ');
      return factsOf(`${'(block '.repeat(6)}(loop ${leave} (br 0))${')'.repeat(6)}`).loops[0]?.exits;
    };
    expect(exits(4)).toEqual({ depths: [6, 5, 4, 3], far: false });
    expect(exits(5)).toEqual({ depths: [6, 5, 4, 3], far: true });
  });

  it('call a loop far that may throw, where what an exception skips must not be paid for', () => {
    const exits = (throwsCount: boolean) => factsOf('(loop (call $other) (br 0))', { throwsCount }).loops[0]?.exits;
    expect([exits(false), exits(true)]).toEqual([HERE, { depths: [], far: true }]);
  });

  it('put the counter in a local where nothing in the loop touches it', () => {
    const nests = (body: string, options = {}) => factsOf(body, options).loops.map(({ nest }) => nest);
    expect(nests(`(loop (br_if 0 ${CONDITION}))`)).toEqual([true]);
    expect(nests(`(loop (call $other) (br_if 0 ${CONDITION}))`)).toEqual([false]);
    expect(nests(`(loop (br_if 0 ${CONDITION}))`, { nests: false })).toEqual([false]);
    expect(nests(`(loop (loop (br_if 0 ${CONDITION})) (call $other) (br_if 0 ${CONDITION}))`)).toEqual([false, true]);
    expect(nests(`(loop (loop (call $other) (br_if 0 ${CONDITION})) (br_if 0 ${CONDITION}))`)).toEqual([false, false]);
  });

  it('say whether the function touches the counter, inside loops or outside', () => {
    expect(factsOf('(nop)').touched).toBe(false);
    expect(factsOf('(call $other)').touched).toBe(true);
    expect(factsOf(`(loop (call $other) (br_if 0 ${CONDITION}))`).touched).toBe(true);
  });
});
