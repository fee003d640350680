import { type CompileCost, callCost, HEIGHTS } from './compile-cost.ts';
import type { CostModel } from './costs.ts';
import { invalid } from './faults.ts';
import { BLOCK_TYPE_FIRST, BODY, FlowTape, MARK } from './flow-tape.ts';
import { checkCount, MODULE_LIMITS } from './module-limits.ts';
import { FLOW_OP, flagTable, IMMEDIATE, IMMEDIATES, OP } from './opcodes.ts';
import type { ModuleReader } from './reader.ts';
import { refused } from './refused-opcodes.ts';
import { type Arity, type IndexSpaces, readIndex, readRefType, readTypeIndex, readValueType } from './spaces.ts';

/** Lengths up to this, if constant, are charged with the code around them; longer ones are charged and checked apart. */
const CONSTANT_LENGTH_MAX = 4096;

const NO_VALUES: Arity = { params: 0, results: 0 };
const ONE_RESULT: Arity = { params: 0, results: 1 };

const OPENS = flagTable([OP.block, OP.loop, OP.if, OP.try, OP.tryTable]);
const MEMORY_BULK = flagTable([OP.memoryInit, OP.memoryCopy, OP.memoryFill]);
const GROWS = flagTable([OP.memoryGrow, OP.tableGrow]);
/** What goes on to the tape: control flow, calls, and what rewriting changes. Globals only where they are renumbered. */
const NOTED = flagTable([
  ...Object.values(FLOW_OP),
  ...[OP.memoryGrow, OP.tableGrow, OP.memoryInit, OP.memoryCopy, OP.memoryFill, OP.tableInit, OP.tableCopy, OP.tableFill],
]);

/** Instructions with at most one integer or memory access behind them, of which nothing matters here. */
const QUIET = quietTable();

/** Reads the immediates of an instruction. @returns what the tape keeps of them. */
type ReadImmediate = (reader: ModuleReader, decoder: Decoder) => number;

/**
 * Decodes instruction sequences of one module on to `tape`.
 *
 * Knows the format and the index spaces, not the types of values: what it lets pass may still be invalid, so that the
 * engine's own validation of the original has to follow.
 */
export class Decoder {
  readonly tape = new FlowTape();
  readonly spaces: IndexSpaces;
  /** By function: 1 where its address is taken by `ref.func`, an element segment, an export or `start`. */
  readonly taken: Uint8Array;
  /** True once code handles exceptions: then a call may leave what follows it undone. */
  handlesExceptions = false;
  /** Entries of all `br_table` instructions so far. */
  branchTargets = 0;
  readonly #model: CostModel;
  readonly #compileCost: CompileCost;
  readonly #renumbersGlobals: boolean;
  /** Labels in scope, the body's own included. */
  depth = 0;
  /** By depth: the entry that opened the block, and how many values a branch to its label carries. */
  readonly #opened = new Uint32Array(MODULE_LIMITS.nestingMax + 2);
  readonly #carried = new Uint32Array(MODULE_LIMITS.nestingMax + 2);

  constructor(spaces: IndexSpaces, model: CostModel, compileCost: CompileCost, renumbersGlobals: boolean) {
    this.spaces = spaces;
    this.taken = new Uint8Array(spaces.functions.length);
    this.#model = model;
    this.#compileCost = compileCost;
    this.#renumbersGlobals = renumbersGlobals;
  }

  /**
   * Decodes a function's body or a constant expression, up to the `end` that closes it.
   *
   * @param results - how many values the body returns. @returns the number of instructions.
   * @throws CodedError `component/unsupported-instruction` (`data.opcode`, `data.offset`), `component/unsupported`,
   * `component/invalid-core-module` or `component/too-large`.
   */
  decode(reader: ModuleReader, results: number): number {
    const { bytes } = reader;
    const { costOf } = this.#model;
    this.depth = 0;
    this.#open(BODY, results);
    let instructions = 0;
    let cost = 0;
    let height = 0;
    let constant = -1; // where the immediate of the last instruction starts, if that was `i32.const`
    while (this.depth > 0) {
      const start = reader.position;
      const op = readOpcode(reader);
      instructions += 1;
      cost += costOf[op] as number; // `readOpcode` stays inside the tables
      height += HEIGHTS[op] as number;
      if (QUIET[op] === 1) {
        // Most instructions: nothing in them matters here, and the engine will check them.
        if (IMMEDIATES[op] !== IMMEDIATE.none) this.#skip(reader, op);
        constant = op === OP.i32Const ? start + 1 : -1;
      } else {
        const value = this.#immediate(reader, IMMEDIATES[op] as number);
        const paid = this.#constantCost(bytes, op, constant, start);
        constant = -1;
        cost += paid;
        if (paid > 0 && MEMORY_BULK[op] === 1) this.#compileCost.addBulk(height);
        else if (NOTED[op] === 1 || (this.#renumbersGlobals && isOwnGlobal(op, value, this.spaces))) {
          this.#note(reader, op, start, value, cost, height);
          if (paid > 0) this.tape.marks[this.tape.length - 1] = MARK.paid;
          cost = 0;
          height = 0;
        }
      }
      if (reader.position > reader.end) throw invalid(reader.end, 'unexpected end');
    }
    return instructions;
  }

  #skip(reader: ModuleReader, op: number): void {
    const position = skipImmediate(reader.bytes, reader.position, op);
    if (position >= 0) reader.position = position;
    else this.#immediate(reader, IMMEDIATES[op] as number); // of the table
  }

  #immediate(reader: ModuleReader, kind: number): number {
    return kind === IMMEDIATE.none ? 0 : (READERS[kind] as ReadImmediate)(reader, this); // one for each kind
  }

  /** What a bulk operation or growth costs by a constant that stands directly before it; 0 where there is none. */
  #constantCost(bytes: Uint8Array, op: number, constant: number, start: number): number {
    const { bytesPerUnit, constantGrow } = this.#model.charges;
    if (MEMORY_BULK[op] === 1) return Math.ceil(constantBefore(bytes, constant, start, CONSTANT_LENGTH_MAX) / bytesPerUnit);
    return GROWS[op] === 1 ? constantBefore(bytes, constant, start, constantGrow) : 0;
  }

  /** Puts an instruction on the tape, and follows what it does to the nesting. */
  #note(reader: ModuleReader, op: number, start: number, value: number, run: number, height: number): void {
    const { tape } = this;
    const moved = this.#moved(op, value);
    const at = tape.push(op, start, run + this.#extra(op, value), height);
    tape.ends[at] = reader.position;
    tape.args[at] = value;
    if (OPENS[op] === 1) {
      const type = this.#blockType(value);
      if (op === OP.try || op === OP.tryTable) this.handlesExceptions = true;
      this.#open(at, op === OP.loop ? type.params : type.results);
    } else if (op === OP.end || op === OP.delegate) {
      this.depth -= 1;
      tape.args[at] = this.#opened[this.depth] as number; // was opened
    } else if (op === OP.else || op === OP.catch || op === OP.catchAll) tape.args[at] = this.#opened[this.depth - 1] as number;
    this.#compileCost.add(tape, at, moved);
  }

  #open(opener: number, carried: number): void {
    this.#opened[this.depth] = opener;
    this.#carried[this.depth] = carried;
    this.depth += 1;
    if (this.depth > MODULE_LIMITS.nestingMax) checkCount('nestingMax', this.depth, 'a function');
  }

  /** What moving values costs the compiler. */
  #moved(op: number, value: number): number {
    switch (op) {
      case OP.br:
      case OP.brIf:
        return this.carriedBy(value);
      case OP.return:
        return this.#carried[0] as number; // the body's own label is always open
      case OP.call:
      case OP.returnCall:
        return callCost(this.spaces.types[this.spaces.functions[value] as number] as Arity); // the index was checked
      case OP.callIndirect:
      case OP.returnCallIndirect:
        return callCost(this.spaces.types[value] as Arity); // the same
      default:
        return 0;
    }
  }

  /** What an instruction costs beside its opcode: moving values takes time in proportion; few stay in registers. */
  #extra(op: number, value: number): number {
    switch (op) {
      case OP.br:
      case OP.brIf:
        return this.#carry(this.carriedBy(value));
      case OP.brTable:
        return this.#carry(this.carriedBy(this.tape.lists[value + 1] as number)); // it has a default label at least
      case OP.return:
        return this.#carry(this.#carried[0] as number); // the body's own label is always open
      case OP.call:
      case OP.returnCall:
        return this.#call(this.spaces.functions[value] as number, value < this.spaces.importedFunctions); // index was checked
      case OP.callIndirect:
      case OP.returnCallIndirect:
        return this.#call(value, false);
      default:
        return 0;
    }
  }

  /** Notes that a branch leads to a label. */
  mark(label: number, mark: number): void {
    const opener = this.#opened[this.depth - 1 - label] as number; // the label was checked
    if (opener !== BODY) this.tape.marks[opener] = (this.tape.marks[opener] as number) | mark; // an entry of the tape
  }

  /** How many values a branch to a label carries. */
  carriedBy(label: number): number {
    return this.#carried[this.depth - 1 - label] as number; // the label was checked
  }

  #call(type: number, imported: boolean): number {
    const { params, results } = this.spaces.types[type] as Arity; // the index was checked
    return this.#carry(params) + this.#carry(results) + (imported ? this.#model.charges.importedCall : 0);
  }

  #carry(values: number): number {
    return Math.trunc(values / this.#model.charges.valuesPerUnit);
  }

  #blockType(value: number): Arity {
    if (value < BLOCK_TYPE_FIRST) return value === 0 ? NO_VALUES : ONE_RESULT;
    return this.spaces.types[value - BLOCK_TYPE_FIRST] as Arity; // the index was checked
  }
}

function quietTable(): Uint8Array {
  const quiet: readonly number[] = [IMMEDIATE.none, IMMEDIATE.index, IMMEDIATE.i32, IMMEDIATE.i64, IMMEDIATE.memarg];
  return IMMEDIATES.map((kind, op) => (quiet.includes(kind) && NOTED[op] === 0 ? 1 : 0));
}

function isOwnGlobal(op: number, index: number, spaces: IndexSpaces): boolean {
  return (op === OP.globalGet || op === OP.globalSet) && index >= spaces.importedGlobals;
}

/**
 * Steps over the immediate of an instruction of `QUIET`. Nothing is checked: past the end there are no more bytes, which ends
 * the loop, and the engine's validation finds numbers that are too long.
 *
 * @returns where it ends, or -1 for a memory access that has to be read with care.
 */
function skipImmediate(bytes: Uint8Array, from: number, op: number): number {
  let position = from;
  if (IMMEDIATES[op] === IMMEDIATE.memarg && (bytes[position++] as number) >= 0x40) return -1; // if not in range, not more
  while ((bytes[position++] as number) >= 0x80);
  return position;
}

/** @returns the value of the `i32.const` whose immediate ends where an instruction starts, if it is 0 to `max`; else 0. */
function constantBefore(bytes: Uint8Array, from: number, to: number, max: number): number {
  if (from < 0 || to - from > 2) return 0; // two bytes reach 8191
  const low = bytes[from] as number; // inside an instruction that was read
  const value = to - from === 1 ? low : (low & 0x7f) | ((bytes[from + 1] as number) << 7);
  const negative = (to - from === 1 ? low & 0x40 : (bytes[from + 1] as number) & 0x40) !== 0;
  return negative || value > max ? 0 : value;
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

const READERS: readonly (ReadImmediate | undefined)[] = readersByKind({
  blockType: (reader, { spaces }) => readBlockType(reader, spaces),
  label: (reader, decoder) => readLabel(reader, decoder, MARK.branch),
  labels: (reader, decoder) => {
    const { tape } = decoder;
    const count = reader.count('labels') + 1; // and the default
    decoder.branchTargets += count;
    checkCount('branchTargetsMax', decoder.branchTargets);
    const list = tape.listsLength;
    tape.pushList(count);
    for (let at = 0; at < count; at += 1) tape.pushList(readLabel(reader, decoder, MARK.branch | MARK.bareEdge));
    return list;
  },
  func: (reader, { spaces }) => readIndex(reader, spaces.functions.length, 'function'),
  funcRef: (reader, { spaces, taken }) => {
    const index = readIndex(reader, spaces.functions.length, 'function');
    taken[index] = 1;
    return index;
  },
  callIndirect: (reader, { spaces }) => {
    const type = readTypeIndex(reader, spaces);
    readIndex(reader, spaces.tables.length, 'table');
    return type;
  },
  index: (reader) => reader.u32(),
  global: (reader, { spaces }) => readIndex(reader, spaces.globals, 'global'),
  table: (reader, { spaces }) => readIndex(reader, spaces.tables.length, 'table'),
  memarg: (reader, { spaces }) => readMemarg(reader, spaces),
  memargLane: (reader, { spaces }) => {
    readMemarg(reader, spaces);
    return reader.skip(1);
  },
  memory: (reader, { spaces }) => readIndex(reader, spaces.memories, 'memory'),
  i32: (reader) => reader.skipSigned(5),
  i64: (reader) => reader.skipSigned(10),
  bytes4: (reader) => reader.skip(4),
  bytes8: (reader) => reader.skip(8),
  bytes16: (reader) => reader.skip(16),
  lane: (reader) => reader.skip(1),
  indexMemory: (reader, { spaces }) => {
    reader.u32();
    return readIndex(reader, spaces.memories, 'memory');
  },
  twoMemories: (reader, { spaces }) => {
    readIndex(reader, spaces.memories, 'memory');
    return readIndex(reader, spaces.memories, 'memory');
  },
  indexTable: (reader, { spaces }) => {
    reader.u32();
    return readIndex(reader, spaces.tables.length, 'table');
  },
  twoTables: (reader, { spaces }) => {
    readIndex(reader, spaces.tables.length, 'table');
    return readIndex(reader, spaces.tables.length, 'table');
  },
  refType: (reader) => readRefType(reader),
  selectTypes: (reader) => {
    const count = reader.count('types');
    for (let at = 0; at < count; at += 1) readValueType(reader);
    return count;
  },
  tryTable: (reader, decoder) => readTryTable(reader, decoder),
});

function readLabel(reader: ModuleReader, decoder: Decoder, mark: number): number {
  const label = readIndex(reader, decoder.depth, 'label');
  decoder.mark(label, mark);
  return label;
}

function readBlockType(reader: ModuleReader, spaces: IndexSpaces): number {
  const first = reader.position < reader.end ? (reader.bytes[reader.position] as number) : 0; // in range, so defined
  if (first === 0x40) return reader.skip(1);
  // A type index is a non-negative LEB128 integer; a value type is one negative byte.
  if (first >= 0x40 && first < 0x80) {
    readValueType(reader);
    return 1;
  }
  return BLOCK_TYPE_FIRST + readTypeIndex(reader, spaces);
}

/** Bit 6 of the alignment says that a memory index follows (multi-memory); offsets have 32 bits, as memories have. */
function readMemarg(reader: ModuleReader, spaces: IndexSpaces): number {
  const align = reader.u32();
  if (align >= 0x40) {
    if (align >= 0x80) throw invalid(reader.position, 'malformed memory access');
    readIndex(reader, spaces.memories, 'memory');
  }
  return reader.u32();
}

/** The labels of the clauses count from outside the block that the instruction opens. */
function readTryTable(reader: ModuleReader, decoder: Decoder): number {
  const { tape, spaces } = decoder;
  const type = readBlockType(reader, spaces);
  const count = reader.count('clauses');
  tape.clauses.set(tape.length, tape.listsLength);
  tape.pushList(count);
  for (let at = 0; at < count; at += 1) {
    const offset = reader.position;
    const clause = reader.byte();
    if (clause > 3) throw invalid(offset, `unknown catch clause 0x${clause.toString(16)}`);
    if (clause < 2) reader.u32();
    tape.pushList(readLabel(reader, decoder, MARK.branch | MARK.bareEdge | MARK.handler));
  }
  return type;
}

function readersByKind(readers: Record<Exclude<keyof typeof IMMEDIATE, 'none'>, ReadImmediate>): (ReadImmediate | undefined)[] {
  const byKind: (ReadImmediate | undefined)[] = [];
  for (const [name, read] of Object.entries(readers)) byKind[IMMEDIATE[name as keyof typeof IMMEDIATE]] = read; // keys of the record above
  return byKind;
}
