import { describe, expect, it } from 'vitest';
import { instrument } from '../../../runtime/instrument/index.ts';
import { IMMEDIATE, IMMEDIATES, MNEMONICS, OPCODES_END } from '../../../runtime/instrument/opcodes.ts';
import { thrownBy } from '../value/thrown-by.ts';
import { toWat } from './guest.ts';
import { decoded } from './tape-of.ts';

/** Immediates that wabt can read for each kind; all refer to item 0. */
const SAMPLES: Readonly<Record<string, readonly number[]>> = {
  none: [],
  blockType: [0x40],
  label: [0],
  labels: [1, 0, 0],
  func: [0],
  funcRef: [0],
  callIndirect: [0, 0],
  index: [0],
  global: [0],
  table: [0],
  memarg: [0, 0],
  memargLane: [0, 0, 0],
  memory: [0],
  i32: [0],
  i64: [0],
  bytes4: [0, 0, 0, 0],
  bytes8: [0, 0, 0, 0, 0, 0, 0, 0],
  bytes16: new Array(16).fill(0),
  lane: [0],
  indexMemory: [0, 0],
  twoMemories: [0, 0],
  indexTable: [0, 0],
  twoTables: [0, 0],
  refType: [0x70],
  selectTypes: [1, 0x7f],
};

const ZERO = [0x80, 0x80, 0x80, 0x80, 0];

/** Longer forms of the same: padded, with the highest bits, or with the memory named. */
const LONG_SAMPLES: Readonly<Record<string, readonly (readonly number[])[]>> = {
  index: [ZERO],
  func: [ZERO],
  funcRef: [ZERO],
  global: [ZERO],
  table: [ZERO],
  memory: [ZERO],
  memarg: [
    [2, ...ZERO],
    [0x82, 0x80, 0, 0],
    [0x42, 0, ...ZERO],
    [0x42, ...ZERO, 0],
  ],
  memargLane: [[0x40, ...ZERO, ...ZERO, 0x0b]],
  i32: [[0xff, 0xff, 0xff, 0xff, 0x7f], [0xbf, 0x7f], [0x40]],
  i64: [new Array(9).fill(0xff).concat(0x7f), [0xbf, 0x7f], [0x40]],
  bytes4: [[0x0b, 0xff, 0x0b, 0x80]],
  bytes8: [new Array(8).fill(0x0b)],
  bytes16: [new Array(16).fill(0xff)],
  lane: [[0x0b]],
  selectTypes: [[2, 0x7f, 0x7e]],
};

const kindName = (opcode: number): string =>
  Object.entries(IMMEDIATE).find(([, kind]) => kind === IMMEDIATES[opcode])?.[0] ?? 'missing';

const section = (id: number, ...content: number[]): number[] => [id, content.length, ...content];

/** A module with one of everything whose one function holds these bytes. */
function moduleWith(code: readonly number[]): Uint8Array {
  const body = [0, ...code, 0x0b];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 1, 0x60, 0, 0),
    ...section(3, 1, 0),
    ...section(4, 1, 0x70, 0, 1),
    ...section(5, 1, 0, 1),
    ...section(13, 1, 0, 0),
    ...section(6, 1, 0x7f, 1, 0x41, 0, 0x0b),
    ...section(9, 1, 1, 0, 1, 0),
    ...section(12, 1),
    ...section(10, 1, body.length, ...body),
    ...section(11, 1, 1, 1, 0),
  ]);
}

function encoded(opcode: number): number[] {
  if (opcode < 0x100) return [opcode];
  const code = opcode & 0xff;
  return [opcode < 0x200 ? 0xfc : 0xfd, ...(code < 0x80 ? [code] : [code, 1])];
}

describe('the opcode table', () => {
  it('has every instruction of the standard up to SIMD, tail calls and exceptions', () => {
    expect(MNEMONICS.size).toBe(193 + 18 + 236);
  });

  it('agrees with wabt on the mnemonic and the length of every instruction', () => {
    const differences: string[] = [];
    for (const [opcode, mnemonic] of MNEMONICS) {
      // These need a block around them, or wabt has no text for them yet.
      if (/^(else|end|try|catch|catch_all|delegate|rethrow|block|loop|if|try_table|throw_ref)$/.test(mnemonic)) continue;
      // A `nop` behind shows that neither side took a byte too many or too few.
      const text = toWat(moduleWith([...encoded(opcode), ...(SAMPLES[kindName(opcode)] ?? []), 0x01]));
      const [first, second] = text.split('(func ')[1]?.split('\n').slice(1) ?? [];
      const found = first?.trim().replace(/\)+$/, '').split(' ')[0];
      if (found !== mnemonic || !second?.includes('nop'))
        differences.push(`${opcode.toString(16)}: ${mnemonic}, wabt: ${first} ${second}`);
    }
    expect(differences).toEqual([]);
  });

  it('is read by the decoder with these lengths, and with every longer form of an immediate', () => {
    for (const [opcode, mnemonic] of MNEMONICS) {
      if (/^(else|end|try|catch|catch_all|delegate|rethrow|block|loop|if|try_table)$/.test(mnemonic)) continue;
      const kind = kindName(opcode);
      for (const immediate of [SAMPLES[kind] ?? [], ...(LONG_SAMPLES[kind] ?? [])]) {
        // It, the `nop` behind it, and the `end`.
        const { instructions } = decoded(moduleWith([...encoded(opcode), ...immediate, 0x01]));
        expect([mnemonic, immediate, instructions]).toEqual([mnemonic, immediate, [3]]);
      }
    }
  });

  it('refuses every opcode that it does not have, by a typed error at the right byte', () => {
    const offset = moduleWith([]).length - 7; // the `end` and the data section follow
    for (let opcode = 0; opcode < OPCODES_END; opcode += 1) {
      if (MNEMONICS.has(opcode)) continue;
      if (opcode >= 0xfb && opcode <= 0xfe) continue; // prefixes, below
      const error = thrownBy(() => instrument(moduleWith([...encoded(opcode), 0, 0, 0, 0])));
      expect([opcode, error.code]).toEqual([opcode, 'component/unsupported-instruction']);
      expect(error.data.offset).toBe(offset);
    }
  });

  it.each([
    [[0xfb, 0x00, 0x00], 'struct.new'],
    [[0xfb, 0x1c], 'ref.i31'],
    [[0xfe, 0x00, 2, 0], 'memory.atomic.notify'],
    [[0xfe, 0x03, 0], 'atomic.fence'],
    [[0xfe, 0x1e, 2, 0], 'i32.atomic.rmw.add'],
    [[0xfe, 0x4e, 2, 0], 'i64.atomic.rmw32.cmpxchg_u'],
    [[0xfd, 0x80, 0x02], 'i8x16.relaxed_swizzle'],
    [[0xfd, 0x93, 0x02], 'i32x4.relaxed_dot_i8x16_i7x16_add_s'],
    [[0x14, 0], 'call_ref'],
    [[0xd4], 'ref.as_non_null'],
    [[0xe3, 0, 0], 'resume'],
    [[0xfc, 0x13], 'i64.add128'],
    [[0xff], 'opcode 0xff'],
    [[0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f], 'opcode 0xfc 0xffffffff'],
  ])('names the refused instruction %j as %s', (code, mnemonic) => {
    const error = thrownBy(() => instrument(moduleWith(code)));
    expect(error.code).toBe('component/unsupported-instruction');
    expect(error.data.mnemonic).toBe(mnemonic);
    expect(error.message).toMatch(/^core module: the instruction `.*` at byte \d+ is not supported$/);
  });
});
