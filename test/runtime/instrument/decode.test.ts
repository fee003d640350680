import { describe, expect, it } from 'vitest';
import { BODY, FlowTape, MARK } from '../../../runtime/instrument/flow-tape.ts';
import { MNEMONICS } from '../../../runtime/instrument/opcodes.ts';
import { code, moduleOf, repeated } from '../../hostile/fuel-bytes.ts';
import { HAS_TRY_TABLE } from './program.ts';
import { type Decoded, decoded } from './tape-of.ts';

/** The entries of a tape, one line each: operation, cost with the straight run before it, and argument. */
function lines({ tape }: Decoded): string[] {
  return Array.from({ length: tape.length }, (_, at) => {
    const argument = tape.args[at] === BODY ? 'body' : tape.args[at];
    return `${MNEMONICS.get(tape.ops[at] as number)} ${tape.costs[at]} ${argument}`; // an entry
  });
}

const func = (body: string): string => `(module (memory 1) (tag) (func (param i32) ${body}))`;

/** The marks of what opens a block, in the order of the code. */
function marksOf(body: string): number[] {
  const { tape } = decoded(func(body));
  const opens = /^(block|loop|if|try|try_table)$/;
  const all = Array.from({ length: tape.length }, (_, at) => at);
  return all.filter((at) => opens.test(MNEMONICS.get(tape.ops[at] as number) ?? '')).map((at) => tape.marks[at] as number);
}

describe('the tape', () => {
  it('keeps control flow, with the cost of the straight run before it, and nothing else', () => {
    const code = decoded(
      func('(block (drop (i32.add (local.get 0) (i32.const 1))) (br_if 0 (local.get 0))) (drop (i32.const 1))'),
    );
    expect(lines(code)).toEqual(['block 0 0', 'br_if 5 0', 'end 0 0', 'end 1 body']);
  });

  it('says of an `end`, `else` and `catch` which entry opened the block', () => {
    const text = lines(decoded(func('(if (local.get 0) (then) (else (block))) (try (do) (catch 0) (catch_all))')));
    expect(text).toEqual([
      'if 2 0',
      'else 0 0',
      'block 0 0',
      'end 0 2',
      'end 0 0',
      'try 0 0',
      'catch 0 5',
      'catch_all 0 5',
      'end 0 5',
      'end 0 body',
    ]);
  });

  it('knows where each instruction is', () => {
    const { tape } = decoded(func('(drop (i32.const 1000)) (block (br 0))'));
    const [block = 0] = tape.starts;
    expect([...tape.starts.subarray(0, 4)]).toEqual([block, block + 2, block + 4, block + 5]);
    expect([...tape.ends.subarray(0, 4)]).toEqual([block + 2, block + 4, block + 5, block + 6]);
  });

  it('lists the labels of a table, the default last', () => {
    const { tape } = decoded(func('(block (block (br_table 1 0 2 1 (local.get 0))))'));
    const list = tape.args[2] as number; // after the two blocks
    expect([...tape.lists.subarray(list, list + 5)]).toEqual([4, 1, 0, 2, 1]);
  });

  it('marks what branches lead to, and from where they cannot be charged', () => {
    const bare = MARK.branch | MARK.bareEdge;
    expect(marksOf('(block) (loop)')).toEqual([0, 0]);
    expect(marksOf('(loop (br 0)) (loop (br_if 0 (local.get 0)))')).toEqual([MARK.branch, MARK.branch]);
    expect(marksOf('(block (loop (br 1)))')).toEqual([MARK.branch, 0]);
    expect(marksOf('(block (block (block (br_table 0 2 (local.get 0)))))')).toEqual([bare, 0, bare]);
  });

  it.runIf(HAS_TRY_TABLE)('reads the labels of clauses from outside their `try_table`', () => {
    expect(marksOf('(block (block (try_table (catch 0 0) (catch_all 1))))')).toEqual([11, 11, 0]); // branch, bare edge, handler
  });

  it('charges constant lengths with the code around them, and keeps all others', () => {
    const fill = (length: string) => lines(decoded(func(`(memory.fill (i32.const 0) (i32.const 0) ${length})`)));
    expect(fill('(i32.const 1)')).toEqual(['end 5 body']);
    expect(fill('(i32.const 63)')).toEqual(['end 67 body']);
    expect(fill('(i32.const 64)')).toEqual(['end 68 body']);
    expect(fill('(i32.const 4096)')).toEqual(['end 4100 body']);
    expect(fill('(i32.const 4097)')).toEqual(['memory.fill 4 0', 'end 0 body']);
    expect(fill('(i32.const -1)')).toEqual(['memory.fill 4 0', 'end 0 body']);
    expect(fill('(i32.const -64)')).toEqual(['memory.fill 4 0', 'end 0 body']);
    expect(fill('(local.get 0)')).toEqual(['memory.fill 4 0', 'end 0 body']);
    expect(fill('(block (result i32) (i32.const 1))')).toEqual(['block 2 1', 'end 1 0', 'memory.fill 1 0', 'end 0 body']);
  });

  it('keeps the cost of a run that no entry alone can hold', () => {
    const fill = [0x41, 0x80, 0x20, 0xfc, 0x0b, 0]; // by 4096
    const count = 600_000;
    const { tape } = decoded(moduleOf([{ code: code([0], repeated(count, ...fill), [0x02, 0x40, 0x0b, 0x0b]) }])); // dead
    const costs = [...tape.costs.subarray(0, tape.length)];
    expect(costs.reduce((sum, cost) => sum + cost, 0)).toBe(count * (1 + 1 + 4096));
    expect([...tape.ops.subarray(0, tape.length)]).toEqual([0x00, 0x01, 0x01, 0x02, 0x0b, 0x0b]);
    expect([tape.args[4], tape.args[5]]).toEqual([3, BODY]);
  });

  it('notes globals only where they are renumbered', () => {
    const text = '(module (global (mut i32) (i32.const 0)) (func (global.set 0 (global.get 0))))';
    expect(lines(decoded(text))).toEqual(['end 2 body']);
    expect(lines(decoded(text, 'exact', true))).toEqual(['global.get 1 0', 'global.set 1 0', 'end 0 body']);
  });

  it('notes whose address is taken, and that exceptions are handled', () => {
    const { decoder } = decoded('(module (func) (func (drop (ref.func 0))) (elem declare func 0))');
    expect([...decoder.taken, decoder.handlesExceptions]).toEqual([1, 0, false]);
    expect(decoded(func('(try (do) (catch_all))')).decoder.handlesExceptions).toBe(true);
  });

  it('grows with everything on it', () => {
    const tape = new FlowTape();
    for (let at = 0; at < 10_000; at += 1) {
      tape.push(at % 200, at, at + 2, at + 1, at + 3);
      tape.pushList(at);
    }
    const at = 4095; // the last before it grows
    expect([tape.ops[at], tape.starts[at], tape.costs[at]]).toEqual([95, at, at + 1]);
    expect([tape.ends[at], tape.args[at], tape.lists[at], tape.length, tape.listsLength]).toEqual([
      at + 2,
      at + 3,
      at,
      10_000,
      10_000,
    ]);
  });
});
