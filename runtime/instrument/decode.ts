import { CodedError } from '../error.ts';
import { invalid } from './faults.ts';
import { checkCount, MODULE_LIMITS } from './module-limits.ts';
import { flagTable, IMMEDIATE, IMMEDIATES, OP } from './opcodes.ts';
import type { ModuleReader } from './reader.ts';
import { refusedName } from './refused-opcodes.ts';
import { type IndexSpaces, readIndex, readRefType, readTypeIndex, readValueType } from './spaces.ts';
import { Tape } from './tape.ts';

/** How a block type stands on the tape: 0 is empty, 1 is one result, 2 + n is type n. */
export const BLOCK_TYPE_FIRST = 2;

/** What an opcode does to the nesting, and whether rewriting must touch it. */
const OPENS = flagTable([OP.block, OP.loop, OP.if, OP.try, OP.tryTable]);
const CLOSES = flagTable([OP.end, OP.delegate]);
const BULK = [OP.memoryInit, OP.memoryCopy, OP.memoryFill, OP.tableInit, OP.tableCopy, OP.tableFill];
const EDITED = flagTable([OP.globalGet, OP.globalSet, OP.memoryGrow, OP.tableGrow, ...BULK]);

/** Reads the immediates of the instruction at `place` into the tape. */
type ReadImmediate = (reader: ModuleReader, decoder: Decoder, place: number) => void;

/**
 * Decodes instruction sequences of one module on to `tape`.
 *
 * Knows the format and the index spaces, not the types of values: what it lets pass may still be invalid, so that the
 * engine's own validation of the original has to follow.
 */
export class Decoder {
  readonly tape = new Tape();
  readonly spaces: IndexSpaces;
  /** Labels in scope, the body's own included. */
  depth = 0;
  /** Entries of all `br_table` instructions so far. */
  branchTargets = 0;

  constructor(spaces: IndexSpaces) {
    this.spaces = spaces;
  }

  /**
   * Decodes from the reader's position to the `end` that closes the sequence: a function's body or a constant
   * expression. Replaces what the tape held.
   *
   * @throws CodedError `component/unsupported-instruction` (`data.opcode`, `data.offset`), `component/unsupported`,
   * `component/invalid-core-module` or `component/too-large`.
   */
  decode(reader: ModuleReader): void {
    const { tape } = this;
    tape.clear();
    this.depth = 1;
    while (this.depth > 0) {
      const offset = reader.position;
      const op = readOpcode(reader);
      const place = tape.push(op, offset);
      const kind = IMMEDIATES[op] as number; // `readOpcode` stays inside the table
      if (kind !== IMMEDIATE.none) (READERS[kind] as ReadImmediate)(reader, this, place); // one for each kind
      if (OPENS[op] === 1) this.#open();
      else if (CLOSES[op] === 1) this.depth -= 1;
      else if (EDITED[op] === 1) tape.edits.push(place);
    }
    tape.at[tape.length] = reader.position;
  }

  #open(): void {
    this.depth += 1;
    if (this.depth > MODULE_LIMITS.nestingMax) checkCount('nestingMax', this.depth, 'a function');
  }
}

/** Takes an opcode. @returns its dense number, always one that the table allows. */
function readOpcode(reader: ModuleReader): number {
  const offset = reader.position;
  const byte = reader.byte();
  if (byte < 0xfb) {
    if (IMMEDIATES[byte] === 0) throw refused(offset, 0, byte);
    return byte;
  }
  if (byte === 0xff) throw refused(offset, 0, byte);
  const code = reader.u32();
  const op = byte === 0xfc ? 0x100 + code : 0x200 + code;
  if (code > 0xff || byte === 0xfb || byte === 0xfe || IMMEDIATES[op] === 0) throw refused(offset, byte, code);
  return op;
}

function refused(offset: number, prefix: number, code: number): CodedError {
  const name = refusedName(prefix, code);
  const opcode = prefix === 0 ? `0x${code.toString(16)}` : `0x${prefix.toString(16)} 0x${code.toString(16)}`;
  return new CodedError(
    'component/unsupported-instruction',
    `core module: the instruction \`${name}\` at byte ${offset} is not supported`,
    { data: { offset, opcode, mnemonic: name } },
  );
}

const READERS: readonly (ReadImmediate | undefined)[] = readersByKind({
  blockType: (reader, { tape, spaces }, place) => {
    tape.args[place] = readBlockType(reader, spaces);
  },
  label: (reader, { tape, depth }, place) => {
    tape.args[place] = readIndex(reader, depth, 'label');
  },
  labels: (reader, decoder, place) => {
    const { tape } = decoder;
    const count = reader.count('labels') + 1; // and the default
    decoder.branchTargets += count;
    checkCount('branchTargetsMax', decoder.branchTargets);
    tape.args[place] = tape.lists.length;
    tape.lists.push(count);
    for (let at = 0; at < count; at += 1) tape.lists.push(readIndex(reader, decoder.depth, 'label'));
  },
  func: (reader, { tape, spaces }, place) => {
    tape.args[place] = readIndex(reader, spaces.functions.length, 'function');
  },
  callIndirect: (reader, { tape, spaces }, place) => {
    tape.args[place] = readTypeIndex(reader, spaces);
    tape.seconds[place] = readIndex(reader, spaces.tables.length, 'table');
  },
  index: (reader, { tape }, place) => {
    tape.args[place] = reader.u32();
  },
  global: (reader, { tape, spaces }, place) => {
    tape.args[place] = readIndex(reader, spaces.globals, 'global');
  },
  table: (reader, { tape, spaces }, place) => {
    tape.args[place] = readIndex(reader, spaces.tables.length, 'table');
  },
  memarg: (reader, { spaces }) => readMemarg(reader, spaces),
  memargLane: (reader, { spaces }) => {
    readMemarg(reader, spaces);
    reader.skip(1);
  },
  memory: (reader, { tape, spaces }, place) => {
    tape.args[place] = readIndex(reader, spaces.memories, 'memory');
  },
  i32: (reader) => reader.skipSigned(5),
  i64: (reader) => reader.skipSigned(10),
  bytes4: (reader) => reader.skip(4),
  bytes8: (reader) => reader.skip(8),
  bytes16: (reader) => reader.skip(16),
  lane: (reader) => reader.skip(1),
  indexMemory: (reader, { spaces }) => {
    reader.u32();
    readIndex(reader, spaces.memories, 'memory');
  },
  twoMemories: (reader, { spaces }) => {
    readIndex(reader, spaces.memories, 'memory');
    readIndex(reader, spaces.memories, 'memory');
  },
  indexTable: (reader, { spaces }) => {
    reader.u32();
    readIndex(reader, spaces.tables.length, 'table');
  },
  twoTables: (reader, { spaces }) => {
    readIndex(reader, spaces.tables.length, 'table');
    readIndex(reader, spaces.tables.length, 'table');
  },
  refType: (reader) => {
    readRefType(reader);
  },
  selectTypes: (reader) => {
    const count = reader.count('types');
    for (let at = 0; at < count; at += 1) readValueType(reader);
  },
  tryTable: (reader, decoder, place) => readTryTable(reader, decoder, place),
});

function readBlockType(reader: ModuleReader, spaces: IndexSpaces): number {
  const first = reader.position < reader.end ? (reader.bytes[reader.position] as number) : 0; // in range, so defined
  if (first === 0x40) {
    reader.skip(1);
    return 0;
  }
  // A type index is a non-negative LEB128 integer; a value type is one negative byte.
  if (first >= 0x40 && first < 0x80) {
    readValueType(reader);
    return 1;
  }
  return BLOCK_TYPE_FIRST + readTypeIndex(reader, spaces);
}

/** Bit 6 of the alignment says that a memory index follows (multi-memory); offsets have 32 bits, as memories have. */
function readMemarg(reader: ModuleReader, spaces: IndexSpaces): void {
  const align = reader.u32();
  if (align >= 0x40) {
    if (align >= 0x80) throw invalid(reader.position, 'malformed memory access');
    readIndex(reader, spaces.memories, 'memory');
  }
  reader.u32();
}

/** The labels of the clauses count from outside the block that the instruction opens. */
function readTryTable(reader: ModuleReader, { tape, spaces, depth }: Decoder, place: number): void {
  tape.args[place] = readBlockType(reader, spaces);
  const count = reader.count('clauses');
  tape.seconds[place] = tape.lists.length;
  tape.lists.push(count);
  for (let at = 0; at < count; at += 1) {
    const offset = reader.position;
    const clause = reader.byte();
    if (clause > 3) throw invalid(offset, `unknown catch clause 0x${clause.toString(16)}`);
    if (clause < 2) reader.u32();
    tape.lists.push(readIndex(reader, depth, 'label'));
  }
}

function readersByKind(readers: Record<Exclude<keyof typeof IMMEDIATE, 'none'>, ReadImmediate>): (ReadImmediate | undefined)[] {
  const byKind: (ReadImmediate | undefined)[] = [];
  for (const [name, read] of Object.entries(readers)) byKind[IMMEDIATE[name as keyof typeof IMMEDIATE]] = read; // keys of the record above
  return byKind;
}
