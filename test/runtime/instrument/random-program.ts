import fc from 'fast-check';
import { type Body, type Exceptions, lowerProgram, type Statement } from './lowering.ts';
import { ARITIES, HAS_TRY_TABLE, type Program } from './program.ts';

const arity = fc.constantFrom(...ARITIES);
const bit = fc.nat(9);
const kind = <T extends string>(...kinds: T[]): fc.Arbitrary<T> => fc.constantFrom(...kinds);

const { body } = fc.letrec<{ body: Body; statement: Statement }>((tie) => ({
  body: fc.array(tie('statement'), { minLength: 1, maxLength: 4, size: 'max', depthIdentifier: 'program' }),
  statement: fc.oneof(
    { depthIdentifier: 'program', depthSize: 'large', maxDepth: 4, withCrossShrink: true },
    fc.record({
      kind: kind('work'),
      by: fc.nat(1000),
      how: kind('mix', 'divide', 'store', 'nop'),
      times: fc.constantFrom(1, 1, 1, 10, 100),
    }),
    fc.record({
      kind: kind('bulk'),
      op: kind('memory.fill', 'memory.copy', 'memory.init', 'table.fill', 'table.copy'),
      length: fc.nat(300),
      variable: fc.boolean(),
    }),
    fc.record({ kind: kind('grow'), by: fc.nat(2) }),
    fc.record({ kind: kind('host') }),
    {
      weight: 3,
      arbitrary: fc.record({
        kind: kind('leave'),
        how: kind('br', 'br_if', 'br_if', 'br_table', 'return', 'rethrow'),
        pick: fc.nat(9),
        bit,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: kind('call'),
        how: kind('call', 'indirect', 'tail', 'tail indirect'),
        pick: fc.nat(4),
        deeper: fc.boolean(),
      }),
    },
    fc.record({ kind: kind('throw'), tag: fc.nat(1), bit }),
    fc.record({ kind: kind('trap'), bit, body: tie('body') }),
    { weight: 2, arbitrary: fc.record({ kind: kind('over', 'block'), body: tie('body'), arity }) },
    { weight: 2, arbitrary: fc.record({ kind: kind('if'), bit, arity, arm: tie('body'), other: fc.option(tie('body')) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: kind('loop'),
        times: fc.integer({ min: 1, max: 3 }),
        arity,
        continues: fc.boolean(),
        body: tie('body'),
      }),
    },
    fc.record({ kind: kind('try'), arity, body: tie('body'), handler: tie('body'), how: fc.nat(9) }),
  ),
}));

/** Programs that end, for which see `lowerProgram`. */
export const programs: fc.Arbitrary<Program> = fc
  .tuple(
    fc.array(fc.record({ guarded: fc.boolean(), inTable: fc.boolean(), body }), { minLength: 1, maxLength: 5, size: 'max' }),
    HAS_TRY_TABLE ? kind<Exceptions>('none', 'old', 'new') : kind<Exceptions>('none', 'old'),
  )
  .map(([sketches, exceptions]) => lowerProgram(sketches, exceptions));
