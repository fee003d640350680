import { type CompileCost, callCost, HEIGHTS } from './compile-cost.ts';
import type { Charges, CostModel } from './costs.ts';
import { invalid } from './faults.ts';
import { BLOCK_TYPE_FIRST, BODY, FlowTape, MARK, RUN_COST_MAX } from './flow-tape.ts';
import { checkCount, MODULE_LIMITS } from './module-limits.ts';
import { FLOW_OP, flagTable, GROW_OPS, IMMEDIATE, IMMEDIATES, MEMORY_BULK_OPS, OP, TABLE_BULK_OPS } from './opcodes.ts';
import type { ModuleReader } from './reader.ts';
import { refused } from './refused-opcodes.ts';
import { type Arity, type IndexSpaces, readIndex, readRefType, readTypeIndex, readValueType } from './spaces.ts';

/** Lengths up to this, if constant, are charged with the code around them; longer ones are charged and checked apart. */
const CONSTANT_LENGTH_MAX = 4096;

const NO_VALUES: Arity = { params: 0, results: 0 };
const ONE_RESULT: Arity = { params: 0, results: 1 };

const MEMORY_BULK = flagTable(MEMORY_BULK_OPS);
const GROWS = flagTable(GROW_OPS);
const FLOW = flagTable(Object.values(FLOW_OP));
/** What goes on to the tape beside control flow and calls, since rewriting changes it. */
const CHANGED = flagTable([...GROW_OPS, ...MEMORY_BULK_OPS, ...TABLE_BULK_OPS]);

/** How to step over an instruction of which nothing matters here but its cost; 0 for all others. */
const STEP = {
  /** Nothing follows. */
  none: 1,
  /** One integer. */
  integer: 2,
  /** A memory access, of the usual form. */
  access: 3,
  /** A small index of a global that is not renumbered. */
  global: 4,
  /** So many bytes more than this. */
  fixed: 5,
} as const;

/** Bytes that follow, by kind of immediate, where these are always as many; else 0. */
const FIXED_SIZES = fixedSizes();

const STEPS = stepTable();

/** Reads the immediates of an instruction. @returns what the tape keeps of them. */
type ReadImmediate = (reader: ModuleReader, decoder: Decoder) => number;

/**
 * Reads an instruction of control flow or a call, and follows what it does to the nesting and to `#extra`.
 *
 * @param run - change of the operand stack's height over the run before it. @returns what the tape keeps of it.
 */
type ReadFlow = (this: Decoder, reader: ModuleReader, op: number, run: number) => number;

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
  /** True once something was noted that rewriting changes wherever it stands; the caller resets it. */
  changes = false;
  readonly #charges: Charges;
  readonly #compileCost: CompileCost;
  readonly #renumbersGlobals: boolean;
  /** By dense opcode: cost, step and height, packed, so that most instructions need one look. See `factsOf`. */
  readonly #facts: Int32Array;
  /** Labels in scope, the body's own included. */
  depth = 0;
  /** By depth: the entry that opened the block, and how many values a branch to its label carries. */
  readonly #opened = new Uint32Array(MODULE_LIMITS.nestingMax + 2);
  readonly #carried = new Uint32Array(MODULE_LIMITS.nestingMax + 2);

  /** By opcode: how control flow and calls are read. Each apart, so that the engine compiles them one by one. */
  readonly #flowReaders: readonly ReadFlow[];
  /** What the instruction being read costs beside its opcode. */
  #extra = 0;

  constructor(spaces: IndexSpaces, model: CostModel, compileCost: CompileCost, renumbersGlobals: boolean) {
    this.spaces = spaces;
    this.taken = new Uint8Array(spaces.functions.length);
    this.#charges = model.charges;
    this.#compileCost = compileCost;
    this.#renumbersGlobals = renumbersGlobals;
    this.#facts = factsOf(model);
    this.#flowReaders = this.#readersOfFlow();
  }

  /**
   * Decodes a function's body or a constant expression, up to the `end` that closes it.
   *
   * @param results - how many values the body returns. @returns the number of instructions.
   * @throws CodedError `component/unsupported-instruction` (`data.opcode`, `data.offset`), `component/unsupported`,
   * `component/invalid-core-module` or `component/too-large`.
   */
  decode(reader: ModuleReader, results: number): number {
    const { bytes, end } = reader;
    const facts = this.#facts;
    const globals = Math.min(this.#renumbersGlobals ? this.spaces.importedGlobals : this.spaces.globals, 0x80);
    this.depth = 0;
    this.#open(BODY, results);
    let { position } = reader;
    let instructions = 0;
    let cost = 0;
    let height = 0;
    let previous = -1; // where the last instruction starts
    while (this.depth > 0) {
      if (position >= end) throw invalid(end, 'unexpected end');
      const start = position;
      let op = bytes[position++] as number; // in range
      if (op >= 0xfb) {
        reader.position = start;
        op = readLongOpcode(reader);
        position = reader.position;
      }
      const fact = facts[op] as number; // inside the tables, as are all dense numbers
      instructions += 1;
      cost += (fact >>> FACT_COST) & 0xffff;
      height += fact >> FACT_HEIGHT;
      const after = stepOver(bytes, position, fact & 0x1f, globals, end);
      if (after >= 0) position = after;
      else {
        reader.position = position;
        const paid =
          FLOW[op] === 1 ? this.#flow(reader, op, start, cost, height) : this.#read(reader, op, start, previous, cost, height);
        position = reader.position;
        cost = paid < 0 ? 0 : cost + paid;
        if (paid < 0) height = 0;
      }
      previous = start;
    }
    reader.position = position;
    return instructions;
  }

  /** Reads an instruction that is not control flow with care. @returns what it costs beside its opcode, or `NOTED`. */
  #read(reader: ModuleReader, op: number, start: number, previous: number, cost: number, height: number): number {
    const kind = IMMEDIATES[op] as number; // of the table
    if (kind === 0) throw refused(start, 0, op);
    const value = this.#immediate(reader, kind);
    if (CHANGED[op] === 0 && !(this.#renumbersGlobals && isOwnGlobal(op, value, this.spaces))) return 0;
    const paid = this.#constantCost(reader.bytes, op, previous, start);
    if (paid > 0 && MEMORY_BULK[op] === 1) {
      this.#compileCost.addBulk(height);
      return paid;
    }
    const at = this.tape.push(op, start, reader.position, this.#rest(start, cost) + paid, value);
    if (paid > 0) this.tape.marks[at] = MARK.paid;
    this.changes = true;
    this.#compileCost.addStraight(op, height);
    return NOTED;
  }

  #immediate(reader: ModuleReader, kind: number): number {
    const size = FIXED_SIZES[kind] as number; // of the table
    if (size === 0) return (READERS[kind] as ReadImmediate)(reader, this); // one for each kind that may come here
    reader.skip(size);
    return 0;
  }

  /** What a bulk operation or growth costs by a constant that stands directly before it; 0 where there is none. */
  #constantCost(bytes: Uint8Array, op: number, previous: number, start: number): number {
    const { bytesPerUnit, constantGrow } = this.#charges;
    if (MEMORY_BULK[op] === 1) return Math.ceil(constantBefore(bytes, previous, start, CONSTANT_LENGTH_MAX) / bytesPerUnit);
    return GROWS[op] === 1 ? constantBefore(bytes, previous, start, constantGrow) : 0;
  }

  /** Puts control flow or a call on the tape. */
  #flow(reader: ModuleReader, op: number, start: number, cost: number, height: number): typeof NOTED {
    this.#extra = 0;
    const rest = this.#rest(start, cost); // first, since what is read takes down the number of its entry
    const value = (this.#flowReaders[op] as ReadFlow).call(this, reader, op, height); // one for each
    this.tape.push(op, start, reader.position, rest + this.#extra, value);
    return NOTED;
  }

  #rest(start: number, cost: number): number {
    return cost > RUN_COST_MAX ? this.tape.pushRun(start, cost) : cost;
  }

  #readersOfFlow(): ReadFlow[] {
    const readers = new Array<ReadFlow>(OP.tryTable + 1).fill(this.#leave); // it is the last
    for (const op of [OP.block, OP.loop, OP.if, OP.try, OP.tryTable]) readers[op] = this.#opening;
    for (const op of [OP.else, OP.catch, OP.catchAll]) readers[op] = this.#part;
    for (const op of [OP.end, OP.delegate]) readers[op] = this.#close;
    for (const op of [OP.br, OP.brIf]) readers[op] = this.#branch;
    readers[OP.brTable] = this.#table;
    for (const op of [OP.call, OP.returnCall]) readers[op] = this.#call;
    for (const op of [OP.callIndirect, OP.returnCallIndirect]) readers[op] = this.#callIndirect;
    return readers;
  }

  #opening(reader: ModuleReader, op: number, run: number): number {
    const value = op === OP.tryTable ? readTryTable(reader, this) : readBlockType(reader, this.spaces);
    const type = this.#blockType(value);
    if (op === OP.try || op === OP.tryTable) this.handlesExceptions = true;
    this.#open(this.tape.length, op === OP.loop ? type.params : type.results);
    this.#compileCost.open(run, op === OP.if ? 1 : 0, type);
    return value;
  }

  #part(reader: ModuleReader, op: number): number {
    if (op === OP.catch) reader.u32();
    this.#compileCost.part(op === OP.else);
    return this.#opened[this.depth - 1] as number; // an open block
  }

  #close(reader: ModuleReader, op: number): number {
    if (op === OP.delegate) readLabel(reader, this, MARK.branch);
    this.#compileCost.close();
    this.depth -= 1;
    return this.#opened[this.depth] as number; // was opened
  }

  #branch(reader: ModuleReader, op: number, run: number): number {
    const label = readLabel(reader, this, MARK.branch);
    const carried = this.carriedBy(label);
    this.#extra = this.#carry(carried);
    if (op === OP.brIf) this.#compileCost.branchIf(run, carried);
    else this.#compileCost.leave(carried);
    return label;
  }

  #table(reader: ModuleReader, _op: number, run: number): number {
    const list = readLabels(reader, this);
    const { lists } = this.tape;
    this.#extra = this.#carry(this.carriedBy(lists[list + 1] as number)); // it has a default label at least
    this.#compileCost.branchTable(run, lists[list] as number); // as above
    return list;
  }

  /** What nothing follows, branches aside. */
  #leave(reader: ModuleReader, op: number): number {
    const carried = op === OP.return ? (this.#carried[0] as number) : 0; // the body's own label is always open
    this.#extra = this.#carry(carried);
    this.#compileCost.leave(carried);
    if (op === OP.rethrow) return readLabel(reader, this, MARK.branch);
    return op === OP.throw ? reader.u32() : 0;
  }

  #call(reader: ModuleReader, op: number, run: number): number {
    const { functions, importedFunctions } = this.spaces;
    const callee = readIndex(reader, functions.length, 'function');
    this.#passCall(functions[callee] as number, op === OP.returnCall, run, 0); // the index was checked
    if (callee < importedFunctions) this.#extra += this.#charges.importedCall;
    return callee;
  }

  #callIndirect(reader: ModuleReader, op: number, run: number): number {
    const type = readTypeIndex(reader, this.spaces);
    readIndex(reader, this.spaces.tables.length, 'table');
    this.#passCall(type, op === OP.returnCallIndirect, run, 1);
    return type;
  }

  /** @param operands - what the instruction takes beside the parameters. */
  #passCall(index: number, isTail: boolean, run: number, operands: number): void {
    const type = this.spaces.types[index] as Arity; // the index was checked
    this.#extra = this.#carry(type.params) + this.#carry(type.results);
    if (isTail) this.#compileCost.leave(callCost(type));
    else this.#compileCost.call(run, operands, type);
  }

  #open(opener: number, carried: number): void {
    this.#opened[this.depth] = opener;
    this.#carried[this.depth] = carried;
    this.depth += 1;
    if (this.depth > MODULE_LIMITS.nestingMax) checkCount('nestingMax', this.depth, 'a function');
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

  /** Moving values takes time in proportion; few stay in registers. */
  #carry(values: number): number {
    const { valuesPerUnit } = this.#charges;
    return values < valuesPerUnit ? 0 : Math.trunc(values / valuesPerUnit);
  }

  #blockType(value: number): Arity {
    if (value < BLOCK_TYPE_FIRST) return value === 0 ? NO_VALUES : ONE_RESULT;
    return this.spaces.types[value - BLOCK_TYPE_FIRST] as Arity; // the index was checked
  }
}

/** Answer of what reads an instruction: the run before it ends with it, on the tape. */
const NOTED = -1;

/** Where the cost (16 bits) and the height (8 bits, signed) are in a fact; the step is in the lowest 5 bits. */
const FACT_COST = 8;
const FACT_HEIGHT = 24;

function factsOf({ costOf }: CostModel): Int32Array {
  return Int32Array.from(STEPS, (step, op) => {
    return step | ((costOf[op] as number) << FACT_COST) | ((HEIGHTS[op] as number) << FACT_HEIGHT); // tables of one length
  });
}

function fixedSizes(): Uint8Array {
  const sizes = new Uint8Array(Math.max(...Object.values(IMMEDIATE)) + 1);
  sizes[IMMEDIATE.lane] = 1;
  sizes[IMMEDIATE.bytes4] = 4;
  sizes[IMMEDIATE.bytes8] = 8;
  sizes[IMMEDIATE.bytes16] = 16;
  return sizes;
}

function stepTable(): Uint8Array {
  const steps = new Map<number, number>([
    [IMMEDIATE.none, STEP.none],
    [IMMEDIATE.index, STEP.integer],
    [IMMEDIATE.i32, STEP.integer],
    [IMMEDIATE.i64, STEP.integer],
    [IMMEDIATE.memarg, STEP.access],
    [IMMEDIATE.global, STEP.global],
  ]);
  FIXED_SIZES.forEach((size, kind) => {
    if (size > 0) steps.set(kind, STEP.fixed + size);
  });
  return IMMEDIATES.map((kind, op) => (FLOW[op] === 1 || CHANGED[op] === 1 ? 0 : (steps.get(kind) ?? 0)));
}

function isOwnGlobal(op: number, index: number, spaces: IndexSpaces): boolean {
  return (op === OP.globalGet || op === OP.globalSet) && index >= spaces.importedGlobals;
}

/**
 * Steps over what follows most opcodes. Integers are not checked: past the end there are no more bytes, which ends the loop,
 * and the engine's validation finds those that are too long.
 *
 * @param step - see `STEP`. @param globals - indices from here on, or from 128, have to be read with care.
 * @returns where it ends, or -1 for what has to be read with care.
 */
function stepOver(bytes: Uint8Array, from: number, step: number, globals: number, end: number): number {
  let position = from;
  if (step <= STEP.none) return step === 0 ? -1 : position;
  if (step === STEP.global) return (bytes[position] as number) < globals ? position + 1 : -1; // if not in range, not less
  if (step > STEP.fixed) {
    position += step - STEP.fixed;
    return position <= end ? position : -1;
  }
  if (step === STEP.access && (bytes[position++] as number) >= 0x40) return -1; // if not in range, not more
  while ((bytes[position++] as number) >= 0x80);
  return position;
}

/** @returns the value of the `i32.const` at `from`, if the next instruction starts at `to` and it is 0 to `max`; else 0. */
function constantBefore(bytes: Uint8Array, from: number, to: number, max: number): number {
  const length = to - from - 1;
  if (from < 0 || bytes[from] !== OP.i32Const || length > 2) return 0; // two bytes reach 8191
  const low = bytes[from + 1] as number; // inside an instruction that was read
  const value = length === 1 ? low : (low & 0x7f) | ((bytes[from + 2] as number) << 7);
  const negative = (length === 1 ? low & 0x40 : (bytes[from + 2] as number) & 0x40) !== 0;
  return negative || value > max ? 0 : value;
}

/** Takes an opcode of more than one byte. @returns its dense number, always one that the table allows. */
function readLongOpcode(reader: ModuleReader): number {
  const offset = reader.position;
  const byte = reader.byte();
  if (byte === 0xff) throw refused(offset, 0, byte);
  const code = reader.u32();
  const op = byte === 0xfc ? 0x100 + code : 0x200 + code;
  if (code > 0xff || byte === 0xfb || byte === 0xfe || IMMEDIATES[op] === 0) throw refused(offset, byte, code);
  return op;
}

/** For what is not control flow, and is not always stepped over. */
const READERS: readonly (ReadImmediate | undefined)[] = readersByKind({
  funcRef: (reader, { spaces, taken }) => {
    const index = readIndex(reader, spaces.functions.length, 'function');
    taken[index] = 1;
    return index;
  },
  global: (reader, { spaces }) => readIndex(reader, spaces.globals, 'global'),
  table: (reader, { spaces }) => readIndex(reader, spaces.tables.length, 'table'),
  memarg: (reader, { spaces }) => readMemarg(reader, spaces),
  memargLane: (reader, { spaces }) => {
    readMemarg(reader, spaces);
    reader.skip(1);
    return 0;
  },
  memory: (reader, { spaces }) => readIndex(reader, spaces.memories, 'memory'),
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
});

function readLabel(reader: ModuleReader, decoder: Decoder, mark: number): number {
  const label = readIndex(reader, decoder.depth, 'label');
  decoder.mark(label, mark);
  return label;
}

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

function readLabels(reader: ModuleReader, decoder: Decoder): number {
  const { tape } = decoder;
  const count = reader.count('labels') + 1; // and the default
  decoder.branchTargets += count;
  checkCount('branchTargetsMax', decoder.branchTargets);
  const list = tape.listsLength;
  tape.pushList(count);
  for (let at = 0; at < count; at += 1) tape.pushList(readLabel(reader, decoder, MARK.branch | MARK.bareEdge));
  return list;
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

type Immediate = keyof typeof IMMEDIATE;

function readersByKind(readers: Partial<Record<Immediate, ReadImmediate>>): (ReadImmediate | undefined)[] {
  const byKind: (ReadImmediate | undefined)[] = [];
  for (const [name, read] of Object.entries(readers)) byKind[IMMEDIATE[name as Immediate]] = read; // keys of the record above
  return byKind;
}
