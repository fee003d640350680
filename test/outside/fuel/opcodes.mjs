import { unsigned } from './bytes.mjs';

/**
 * The project's table of instructions, both ways.
 *
 * @param mnemonics - by dense opcode: one byte as it is, `0xfc n` as 0x100 + n, `0xfd n` as 0x200 + n.
 */
export class Opcodes {
  constructor(mnemonics) {
    this.mnemonics = mnemonics;
    this.numbers = new Map([...mnemonics].map(([number, name]) => [name, number]));
    // Two forms have one name; the plain one is meant.
    this.numbers.set('select', 0x1b);
  }

  /** The bytes of an instruction without its immediates. */
  encode(name) {
    const number = this.numbers.get(name);
    if (number === undefined) throw new Error(`there is no instruction ${name}`);
    if (number < 0x100) return [number];
    return number < 0x200 ? [0xfc, ...unsigned(number - 0x100)] : [0xfd, ...unsigned(number - 0x200)];
  }

  /** Takes an opcode. @returns its dense number. */
  read(reader) {
    const first = reader.byte();
    if (first === 0xfc) return 0x100 + reader.u32();
    return first === 0xfd ? 0x200 + reader.u32() : first;
  }
}

/** How the immediates of instructions are passed over, by their names; the first that fits. The rest have none. */
const IMMEDIATES = [
  [/^(block|loop|if|try)$/, (reader) => reader.skipLeb()],
  [/^try_table$/, skipTryTable],
  [/^br_table$/, (reader) => times(reader, reader.u32() + 1, 'skipLeb')],
  [/^(return_)?call_indirect$|^(table|memory)\.(copy|init)$/, (reader) => times(reader, 2, 'skipLeb')],
  [/\.(load|store)\w*_lane$/, (reader) => skipAccess(reader, 1)],
  [/\.(load|store)/, (reader) => skipAccess(reader, 0)],
  [/(extract|replace)_lane/, (reader) => times(reader, 1, 'byte')],
  [/^f32\.const$/, (reader) => times(reader, 4, 'byte')],
  [/^f64\.const$/, (reader) => times(reader, 8, 'byte')],
  [/^v128\.const$|^i8x16\.shuffle$/, (reader) => times(reader, 16, 'byte')],
  [/\.const$|^ref\.(null|func)$|^(local|global|memory|table|data|elem)\.|^br|^(return_)?call$/, (reader) => reader.skipLeb()],
  [/^(catch|throw|rethrow|delegate)$/, (reader) => reader.skipLeb()],
];

/** Passes over what follows an opcode. @param typed - for `select`, whether it is the form with types. */
export function skipImmediates(reader, name, typed) {
  if (name === 'select' && typed) reader.each(() => reader.byte());
  IMMEDIATES.find(([names]) => names.test(name))?.[1](reader);
}

function times(reader, count, method) {
  for (let left = count; left > 0; left -= 1) reader[method]();
}

function skipAccess(reader, lanes) {
  const alignment = reader.u32();
  if ((alignment & 0x40) !== 0) reader.skipLeb(); // the number of a memory
  reader.skipLeb();
  times(reader, lanes, 'byte');
}

function skipTryTable(reader) {
  reader.skipLeb();
  reader.each(() => {
    const kind = reader.byte();
    if (kind < 2) reader.skipLeb();
    reader.skipLeb();
  });
}
