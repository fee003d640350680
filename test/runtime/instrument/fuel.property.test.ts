import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endOf, start, startPlain, wat } from './guest.ts';
import { type Instruction, interpret, type Program, textOf } from './program.ts';

/** A statement of a random program, before it has labels. */
type Statement =
  | { readonly kind: 'work'; readonly by: number }
  | { readonly kind: 'fill'; readonly bytes: number }
  | {
      readonly kind: 'block' | 'else';
      readonly body: readonly Statement[];
      readonly other: readonly Statement[];
      readonly bit: number;
    }
  | { readonly kind: 'loop'; readonly times: number; readonly body: readonly Statement[] }
  | { readonly kind: 'leave'; readonly how: 'br' | 'br_if' | 'br_table' | 'return'; readonly pick: number; readonly bit: number }
  | { readonly kind: 'call'; readonly pick: number };

const { body } = fc.letrec<{ body: Statement[]; statement: Statement }>((tie) => ({
  body: fc.array(tie('statement'), { maxLength: 4, depthIdentifier: 'program' }),
  statement: fc.oneof(
    { depthIdentifier: 'program', maxDepth: 4, withCrossShrink: true },
    fc.record({ kind: fc.constant('work' as const), by: fc.nat(1000) }),
    fc.record({ kind: fc.constant('fill' as const), bytes: fc.nat(300) }),
    fc.record({
      kind: fc.constant('leave' as const),
      how: fc.constantFrom('br', 'br_if', 'br_table', 'return'),
      pick: fc.nat(9),
      bit: fc.nat(9),
    }),
    fc.record({ kind: fc.constant('call' as const), pick: fc.nat(3) }),
    fc.record({ kind: fc.constantFrom('block', 'else'), body: tie('body'), other: tie('body'), bit: fc.nat(9) }),
    fc.record({ kind: fc.constant('loop' as const), times: fc.integer({ min: 1, max: 3 }), body: tie('body') }),
  ),
}));

const bit = (at: number): Instruction[] => ['global.get 0', `i32.const ${at}`, 'i32.shr_u', 'i32.const 1', 'i32.and'];

/** Branches go outwards to blocks only, and calls to later functions only, so that every program ends. */
function lower(statements: readonly Statement[], labels: readonly boolean[], self: number, functions: number): Instruction[] {
  const inner = (more: readonly Statement[], isBlock: boolean): Instruction[] =>
    lower(more, [isBlock, ...labels], self, functions);
  return statements.flatMap((one): Instruction[] => {
    switch (one.kind) {
      case 'work':
        return ['global.get 0', 'i32.const 31', 'i32.mul', `i32.const ${one.by}`, 'i32.add', 'global.set 0'];
      case 'fill':
        return ['i32.const 0', 'i32.const 7', `i32.const ${one.bytes}`, 'memory.fill'];
      case 'block':
        return ['block', ...inner(one.body, true), 'end'];
      case 'else':
        return [
          ...bit(one.bit),
          'if',
          ...inner(one.body, true),
          ...(one.bit % 2 ? ['else', ...inner(one.other, true)] : []),
          'end',
        ];
      case 'loop': {
        const counter = Math.min(labels.length, 9);
        const next = [`local.get ${counter}`, 'i32.const -1', 'i32.add', `local.tee ${counter}`, 'br_if 0'];
        return [`i32.const ${one.times}`, `local.set ${counter}`, 'loop', ...inner(one.body, false), ...next, 'end'];
      }
      case 'call':
        return self + 1 < functions ? [`call ${self + 1 + (one.pick % (functions - self - 1))}`] : ['nop'];
      default:
        return leave(one.how, one.pick, one.bit, labels);
    }
  });
}

function leave(how: string, pick: number, at: number, labels: readonly boolean[]): Instruction[] {
  const targets = [...labels.flatMap((isBlock, depth) => (isBlock ? [depth] : [])), labels.length];
  const target = targets[pick % targets.length] ?? labels.length;
  if (how === 'br_if') return [...bit(at), `br_if ${target}`];
  if (how === 'br_table') return [...bit(at), `br_table ${targets.join(' ')} ${target}`];
  return how === 'br' ? [`br ${target}`] : ['return'];
}

const programs: fc.Arbitrary<Program> = fc
  .array(body, { minLength: 1, maxLength: 4 })
  .map((bodies) => bodies.map((statements, at) => lower(statements, [], at, bodies.length)));

const globalOf = (exports: WebAssembly.Exports): unknown => (exports.x as WebAssembly.Global).value; // the program's global

describe('fuel by basic block', () => {
  it('equals what a naive interpreter counts instruction by instruction, and changes no result', () => {
    fc.assert(
      fc.property(programs, (program) => {
        const bytes = wat(textOf(program));
        const expected = interpret(program);
        const plain = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)));
        (plain.exports.run as () => void)(); // the entry of every program
        const guest = start(bytes);
        expect(guest.fuelOf('run')).toBe(BigInt(expected.fuel));
        expect(globalOf(guest.all)).toBe(expected.x);
        expect(globalOf(plain.exports)).toBe(expected.x);
      }),
      { numRuns: 400 },
    );
  });

  it('lets a program end with exactly the fuel it needs, and traps it with one unit less', () => {
    fc.assert(
      fc.property(programs, (program) => {
        const bytes = wat(textOf(program));
        const fuel = BigInt(interpret(program).fuel);
        const enough = start(bytes, { fuel });
        enough.exports.run?.();
        expect([enough.meter.fuelLeft, enough.meter.exhausted()]).toEqual([0n, false]);
        const short = start(bytes, { fuel: fuel - 1n });
        expect(endOf(() => short.exports.run?.())).toBe('unreachable');
        expect([short.meter.exhausted(), short.meter.fuelUsed()]).toEqual([true, fuel - 1n]);
      }),
      { numRuns: 150 },
    );
  });

  it('counts a recursive fib as the formula says', () => {
    const fib = `(module (func $fib (export "fib") (param i32) (result i32)
      (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
        (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2))))))))`;
    // Each call: entry 1, compare 3, if 1. A leaf: 1 more. Others: two calls of 3 and three operands each, one addition.
    const count = (n: number): number => (n < 2 ? 6 : 5 + 2 * (3 + 3) + 1 + count(n - 1) + count(n - 2));
    const guest = start(fib);
    expect(guest.exports.fib?.(15)).toBe(startPlain(fib).fib?.(15));
    for (const n of [0, 1, 2, 10, 15]) expect(guest.fuelOf('fib', n)).toBe(BigInt(count(n)));
  });
});
