import { describe, expect, it } from 'vitest';
import { instrument } from '../../runtime/instrument/index.ts';
import { compile, endOf, MODELS, start, startPlain, wat } from '../runtime/instrument/guest.ts';
import { thrownBy } from '../runtime/value/thrown-by.ts';
import { type Body, code, leb, moduleOf, repeated } from './fuel-bytes.ts';

/* Modules of a size or shape that could make the engine slow, or fail once they are rewritten. */

const END = [0x0b];
const BLOCK = [0x02, 0x40];
const LOOP = [0x03, 0x40];
const ZERO = [0x41, 0];
const NOP = 0x01;
const UNREACHABLE = 0x00;

const one = (...pieces: (Uint8Array | readonly number[])[]): Uint8Array => moduleOf([{ code: code(...pieces, END) }]);
const brIf = (label: number): number[] => [...ZERO, 0x0d, ...leb(label)];
const each = (count: number, piece: (at: number) => readonly number[]): Uint8Array =>
  code(Array.from({ length: count }, (_, at) => piece(at)).flat());

/** Milliseconds that work takes of processors, since the machine may be busy with something else. */
function timeOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

describe('what the engine would compile for minutes, deaf to everything, is refused at once', () => {
  const nothing: Body = { code: code(END) };
  const values = { params: 1000, results: 1000 };

  it.each([
    ['1,000,000 calls and 50,000 locals', moduleOf([{ locals: 50_000, code: code(repeated(1_000_000, 0x10, 1), END) }, nothing])],
    [
      '200,000 growths of memory and 50,000 locals',
      moduleOf([{ locals: 49_000, code: code(repeated(200_000, ...ZERO, 0x40, 0, 0x1a), END) }]),
    ],
    [
      '400,000 fills and 50,000 locals',
      moduleOf([{ locals: 49_000, code: code(repeated(400_000, ...ZERO, ...ZERO, ...ZERO, 0xfc, 0x0b, 0), END) }]),
    ],
    [
      '300,000 fills above 600,000 operands',
      moduleOf(
        [
          { code: code(repeated(600, 0x10, 1), repeated(300_000, 0x41, 0x80, 0x20, 0xfc, 0x0b, 0), END) },
          { type: 1, code: code(repeated(1000, ...ZERO), END) },
        ],
        [{}, { results: 1000 }],
      ),
    ],
    [
      '10,000 calls of a function with 1,000 parameters and results',
      moduleOf(
        [
          { code: code(repeated(1000, ...ZERO), repeated(10_000, 0x10, 1), repeated(1000, 0x1a), END) },
          {
            type: 1,
            code: code(
              each(1000, (at) => [0x20, ...leb(at)]),
              END,
            ),
          },
        ],
        [{}, values],
      ),
    ],
    [
      '1,000,000 dead returns of 1,000 values',
      moduleOf([{ code: code([UNREACHABLE], repeated(1_000_000, 0x0f), END) }], [{ results: 1000 }]),
    ],
    [
      '1,000,000 dead branches with 1,000 values',
      moduleOf([{ code: code([UNREACHABLE], repeated(1_000_000, 0x0c, 0), END) }], [{ results: 1000 }]),
    ],
    [
      '1,000,000 dead calls with 1,000 values',
      moduleOf(
        [{ code: code([UNREACHABLE], repeated(1_000_000, 0x10, 1), END) }, { type: 1, code: code(END) }],
        [{}, { params: 1000 }],
      ),
    ],
  ])('%s', (_, bytes) => {
    let error: unknown;
    expect(
      timeOf(() => {
        error = thrownBy(() => instrument(bytes));
      }),
    ).toBeLessThan(1000);
    expect(error).toMatchObject({ code: 'component/too-large', data: { limitName: 'compileValuesMax' } });
  });

  it('and what is only large still runs', () => {
    const bytes = moduleOf([{ locals: 1000, code: code(repeated(20_000, 0x10, 1), END) }, nothing]);
    for (const model of MODELS) expect(endOf(() => start(bytes, { model }).exports.run?.())).toBe('value undefined');
  });
});

describe.each(MODELS)('near the engine’s own limits a module works, or is refused by a typed error: %s', (model) => {
  /** Instruments and runs what V8 takes as it is. */
  function expectAlike(bytes: Uint8Array): void {
    const plain = endOf(() => startPlain(bytes).run?.());
    let guest: ReturnType<typeof start> | undefined;
    const error = endOf(() => {
      guest = start(bytes, { model });
    });
    if (guest === undefined) expect(error).toMatch(/more than \d+ \(`\w+Max`\)/);
    else expect(endOf(() => guest?.exports.run?.())).toBe(plain);
  }

  it.each([49_997, 49_998, 49_999, 50_000])('%s locals, a loop, and branches with values', (locals) => {
    expectAlike(
      moduleOf([{ locals, code: code(LOOP, brIf(0), END, [0x02, 0x7f], ZERO, brIf(0), [0x1a], ZERO, END, [0x1a], END) }]),
    );
  });

  it.each([99_990, 100_000])('%s exports', (count) => {
    const names = Array.from({ length: count }, (_, at) => `(export "e${at}" (func 0))`).join('');
    expectAlike(wat(`(module (memory 1) (func (export "run")) ${names.slice(0, names.lastIndexOf('(export'))})`));
  });

  it('a body of 7,654,321 bytes', () => {
    expectAlike(one(repeated(7_654_319, NOP)));
  });

  it('1,000 parameters and results, around a loop', () => {
    const copy = each(1000, (at) => [0x20, ...leb(at)]);
    const bytes = moduleOf(
      [
        { code: code(repeated(1000, ...ZERO), [0x10, 1], repeated(1000, 0x1a), END) },
        { type: 1, code: code(copy, [0x03, 1], brIf(0), END, END) },
      ],
      [{}, { params: 1000, results: 1000 }],
    );
    expectAlike(bytes);
  });

  it('65,520 ways of one table', () => {
    expectAlike(one(BLOCK, LOOP, [0x41, 0xff, 0xff, 0x03], [0x0e, ...leb(65_519)], repeated(65_519, 0), [1], END, END));
  });
});

describe('more than the machine has', () => {
  it('65,536 initial pages are refused for a budget below them, by number', () => {
    const error = thrownBy(() => start('(module (memory 65536))', { memoryPagesMax: 2048 }));
    expect(error).toMatchObject({ code: 'limit/memory', data: { limit: 2048, used: 65_536 } });
  });

  it('an array of 500 MB is refused with its type', () => {
    // (type (array i8)) (func (export "run") (drop (array.new 0 (i32.const 0) (i32.const 500000000))))
    const bytes = Uint8Array.from([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 7, 2, 0x5e, 0x78, 0, 0x60, 0, 0, 3, 2, 1, 1],
      ...[10, 16, 1, 14, 0, 0x41, 0, 0x41, 0x80, 0xca, 0xb5, 0xee, 1, 0xfb, 6, 0, 0x1a, 0x0b],
    ]);
    expect(thrownBy(() => instrument(bytes)).code).toBe('component/unsupported');
    const untyped = thrownBy(() => instrument(one(ZERO, ZERO, [0xfb, 6, 0, 0x1a])));
    expect(untyped).toMatchObject({ code: 'component/unsupported-instruction', data: { mnemonic: 'array.new' } });
  });

  it('and the process goes on', () => {
    expect(compile(instrument(one()).bytes)).toBeInstanceOf(WebAssembly.Module);
  });
});
