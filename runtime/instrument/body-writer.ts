import { ACTION, type ChargePlan } from './charge-plan.ts';
import { BLOCK_TYPE_FIRST, type FlowTape, MARK } from './flow-tape.ts';
import type { Helpers, MeterGlobals } from './helpers.ts';
import { checkCount, MODULE_LIMITS } from './module-limits.ts';
import { flagTable, GROW_OPS, MEMORY_BULK_OPS, OP, OPENS, TABLE_BULK_OPS } from './opcodes.ts';
import type { Arity, IndexSpaces } from './spaces.ts';
import { TOUCHES } from './touching.ts';
import type { ByteWriter } from './writer.ts';

/** After these nothing goes on to the next instruction. */
const ENDS_FLOW = flagTable([OP.br, OP.brTable, OP.return, OP.unreachable, OP.throw, OP.rethrow, OP.throwRef]);

/** Before these the counter has to be in the local of a nest, since other ways lead here or part here. */
const PARTS = flagTable([
  ...[OP.loop, OP.if, OP.else, OP.end, OP.br, OP.brIf, OP.brTable],
  ...[OP.try, OP.catch, OP.catchAll, OP.delegate, OP.tryTable],
]);

/** Instructions that rewriting changes, wherever they stand. */
const CHANGED = flagTable([OP.globalGet, OP.globalSet, ...GROW_OPS, ...MEMORY_BULK_OPS, ...TABLE_BULK_OPS]);

const I32 = 0x7f;
const I64 = 0x7e;
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;
const GLOBAL_GET = 0x23;
const GLOBAL_SET = 0x24;
const EMPTY = 0x40;

/** Where one body is in the module, and on the tape. */
export interface BodyPlace {
  /** Offset of its declarations of locals, and of its first instruction. */
  readonly begin: number;
  readonly code: number;
  /** Entries of the tape. */
  readonly from: number;
  readonly to: number;
  /** Parameters and locals. */
  readonly locals: number;
  readonly results: number;
  /** Whether the counter is kept in a local somewhere. */
  readonly hasNest: boolean;
}

/**
 * Writes bodies with their planned charges; renumbers globals, and routes bulk operations and growth through helpers.
 *
 * Inside a nest the counter is in a local, and goes back to the global on each way out.
 */
export class BodyWriter {
  readonly #tape: FlowTape;
  readonly #spaces: IndexSpaces;
  readonly #globals: MeterGlobals;
  readonly #helpers: Helpers;
  /** How many values a branch to each open label carries. */
  readonly #carried = new Uint32Array(MODULE_LIMITS.nestingMax + 2);
  #plan: ChargePlan | undefined;
  #out: ByteWriter | undefined;
  #depth = 0;
  /** Depth of the loop whose nest is open, or -1. */
  #nest = -1;
  /** In a nest: true while the counter is in its global, after a call, and not yet in the local again. */
  #stale = false;
  /** Indices of the two locals that a body may get: the counter, and a condition. */
  #fuelLocal = 0;
  #conditionLocal = 0;
  #hasFuelLocal = false;
  #needsCondition = false;

  constructor(tape: FlowTape, spaces: IndexSpaces, globals: MeterGlobals, helpers: Helpers) {
    this.#tape = tape;
    this.#spaces = spaces;
    this.#globals = globals;
    this.#helpers = helpers;
  }

  /** Writes one body, its length apart. @param entry - fuel charged where it begins. */
  write(bytes: Uint8Array, place: BodyPlace, plan: ChargePlan, entry: number, checked: boolean, out: ByteWriter): void {
    this.#plan = plan;
    this.#out = out;
    this.#hasFuelLocal = place.hasNest;
    this.#fuelLocal = place.locals;
    this.#conditionLocal = place.locals + (this.#hasFuelLocal ? 1 : 0);
    this.#needsCondition = false;
    const start = out.length;
    this.#body(bytes, place, entry, checked, false);
    if (!this.#needsCondition) return;
    out.length = start; // seldom: now known to need one more local
    this.#body(bytes, place, entry, checked, true);
  }

  /** Copies instructions without charges, as in a constant expression. */
  copy(bytes: Uint8Array, start: number, from: number, to: number, out: ByteWriter): void {
    let copied = start;
    for (let at = from; at < to; at += 1) {
      out.copy(bytes, copied, this.#tape.starts[at]);
      copied = this.#tape.starts[at] as number; // an entry of the tape
      if (this.#replace(at, this.#tape.ops[at] as number, out)) copied = this.#tape.ends[at] as number; // the same
    }
    out.copy(bytes, copied, this.#tape.ends[to - 1]);
  }

  get #planned(): ChargePlan {
    return this.#plan as ChargePlan; // set by `write`, as is the writer
  }

  #body(bytes: Uint8Array, place: BodyPlace, entry: number, checked: boolean, condition: boolean): void {
    const out = this.#out as ByteWriter;
    this.#locals(bytes, place, condition, out);
    if (entry > 0) this.#charge(entry, checked, out);
    this.#depth = 1;
    this.#nest = -1;
    this.#stale = false;
    this.#carried[0] = place.results;
    const copied = this.#instructions(bytes, place, out);
    out.copy(bytes, copied, this.#tape.ends[place.to - 1]);
  }

  /**
   * Writes a body's instructions up to the last that is changed. @returns the offset from which on they are to be copied.
   *
   * Nothing comes after the loop: Node 20 compiles such code while the loop runs, and falls back after it in every body.
   */
  #instructions(bytes: Uint8Array, place: BodyPlace, out: ByteWriter): number {
    let copied = place.code;
    const { starts, ends, ops } = this.#tape;
    const { actions } = this.#planned;
    for (let at = place.from; at < place.to; at += 1) {
      const op = ops[at] as number; // an entry of the tape, as below
      if (actions[at] === 0 && this.#passes(at, op)) continue; // copied later, together with what follows
      out.copy(bytes, copied, starts[at]);
      copied = starts[at] as number;
      if (this.#before(at, op, out)) copied = ends[at] as number;
      else out.copy(bytes, copied, ends[at]);
      copied = ends[at] as number;
      this.#after(at, op, out);
    }
    return copied;
  }

  /** Follows the nesting at an instruction without a planned action. @returns true when it needs nothing else. */
  #passes(at: number, op: number): boolean {
    if (CHANGED[op] === 1 || this.#nest >= 0) return false;
    if (OPENS[op] === 1) this.#open(at, op);
    else if (op === OP.end || op === OP.delegate) this.#depth -= 1;
    return true;
  }

  /** Copies the declarations of locals, with ours behind them. */
  #locals(bytes: Uint8Array, { begin, code, locals }: BodyPlace, condition: boolean, out: ByteWriter): void {
    const more = (this.#hasFuelLocal ? 1 : 0) + (condition ? 1 : 0);
    let groups = 0;
    let position = begin;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[position++] as number; // read before
      groups += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    checkCount('functionLocalsMax', locals + more, 'a function with the locals of its charges');
    out.u32(groups + more);
    out.copy(bytes, position, code);
    if (this.#hasFuelLocal) out.copy(Uint8Array.of(1, I64));
    if (condition) out.copy(Uint8Array.of(1, I32));
  }

  /** Writes what comes before an instruction. @returns true when that takes the instruction's place. */
  #before(at: number, op: number, out: ByteWriter): boolean {
    const action = this.#planned.actions[at] as number; // an entry of the tape
    if (this.#stale && PARTS[op] === 1 && (action !== 0 || !this.#endsNest(op))) this.#refresh(out);
    switch (op) {
      case OP.loop:
        if ((action & ACTION.nest) !== 0 && this.#nest < 0) this.#beginNest(out);
        return false;
      case OP.brIf:
        return this.#branch(at, action, out);
      case OP.br:
        if (this.#turns(at, action)) return this.#turn(at, this.#tape.args[at] as number, out); // an entry of the tape
        if ((action & ACTION.edge) !== 0) this.#chargeEdge(at, action, out);
        if (this.#leaves(this.#tape.args[at] as number)) this.#flush(out); // an entry of the tape
        return false;
      case OP.brTable:
        if (this.#anyLeaves(this.#tape.args[at] as number)) this.#flush(out); // the same
        return false;
      case OP.return:
      case OP.returnCall:
      case OP.unreachable:
        if (this.#nest >= 0 && !this.#stale) this.#flush(out);
        this.#stale = false; // nothing goes on from here
        return false;
      case OP.end:
        if ((action & ACTION.edge) === 0) return false;
        out.byte(OP.else); // this `if` had none, so that its values pass unchanged
        this.#chargeEdge(at, action, out);
        return false;
      default:
        if (this.#nest >= 0 && !this.#stale && this.#touches(at, op)) this.#flush(out);
        return this.#replace(at, op, out);
    }
  }

  /** Whether an instruction in a nest needs the counter in its global. */
  #touches(at: number, op: number): boolean {
    if (op === OP.call) {
      const callee = (this.#tape.args[at] as number) - this.#spaces.importedFunctions; // an entry of the tape
      return callee < 0 || this.#planned.touches[callee] === 1;
    }
    return TOUCHES[op] === 1;
  }

  /** Writes what comes after an instruction, and follows the nesting. */
  #after(at: number, op: number, out: ByteWriter): void {
    if (OPENS[op] === 1) this.#open(at, op);
    else if (op === OP.end || op === OP.delegate) this.#depth -= 1;
    if (this.#nest >= 0 && this.#touches(at, op)) this.#stale = op !== OP.returnCallIndirect;
    const action = this.#planned.actions[at] as number; // an entry of the tape
    if (this.#stale && action !== 0) this.#refresh(out);
    const check = (action & ACTION.check) !== 0;
    if ((action & ACTION.charge) !== 0)
      this.#charge(this.#planned.amounts[at] as number, check, out); // the same
    else if (check) this.#check(out);
    if (this.#depth !== this.#nest) return;
    const previous = this.#tape.ops[at - 1] as number; // the loop itself at least
    const reached = ENDS_FLOW[previous] === 0 || this.#tape.ends[at - 1] !== this.#tape.starts[at];
    if ((reached && !this.#stale) || action !== 0) this.#flush(out);
    this.#stale = false;
    this.#nest = -1;
  }

  /** Whether an `end` is that of the nest's loop, to which only the way through its body leads. */
  #endsNest(op: number): boolean {
    return op === OP.end && this.#depth - 1 === this.#nest;
  }

  /** Loads the local anew, where the last call has changed the counter. */
  #refresh(out: ByteWriter): void {
    this.#reload(out);
    this.#stale = false;
  }

  #open(at: number, op: number): void {
    const type = this.#tape.args[at] as number; // an entry of the tape
    let carried = type;
    if (type >= BLOCK_TYPE_FIRST) {
      const { params, results } = this.#spaces.types[type - BLOCK_TYPE_FIRST] as Arity; // the decoder checked the index
      carried = op === OP.loop ? params : results;
    } else if (op === OP.loop) carried = 0;
    this.#carried[this.#depth] = carried;
    this.#depth += 1;
  }

  #beginNest(out: ByteWriter): void {
    this.#nest = this.#depth;
    this.#reload(out);
  }

  #reload(out: ByteWriter): void {
    this.#global(GLOBAL_GET, out);
    this.#local(LOCAL_SET, out);
  }

  /** A `br_if` whose taken way pays something, or leaves the nest. */
  #branch(at: number, action: number, out: ByteWriter): boolean {
    const label = this.#tape.args[at] as number; // an entry of the tape
    const leaves = this.#leaves(label);
    const pays = (action & ACTION.edge) !== 0;
    if (!leaves && !pays) return false;
    const bare = this.#carried[this.#depth - 1 - label] === 0;
    if (bare && this.#turns(at, action)) {
      out.byte(OP.if);
      out.byte(EMPTY);
      this.#turn(at, label + 1, out);
      out.byte(OP.end);
      return true;
    }
    if (!bare) this.#condition(LOCAL_TEE, out);
    out.byte(OP.if);
    out.byte(EMPTY);
    if (pays) this.#chargeEdge(at, action, out);
    if (leaves) this.#flush(out);
    if (bare) {
      out.instruction(OP.br, label + 1);
    }
    out.byte(OP.end);
    if (bare) return true;
    this.#condition(LOCAL_GET, out);
    return false;
  }

  /** Whether a branch is charged and checked, and stays where the counter is. */
  #turns(at: number, action: number): boolean {
    return (action & ACTION.edgeCheck) !== 0 && !this.#leaves(this.#tape.args[at] as number); // an entry of the tape
  }

  /** Charges, and branches if fuel is left; else traps. One branch for both, in the place of the guest's. */
  #turn(at: number, label: number, out: ByteWriter): true {
    const inNest = this.#nest >= 0;
    const fuel = this.#planned.edges[at] as number; // an entry of the tape
    if (fuel > 0) this.#take(fuel, inNest, true, out);
    else if (inNest) this.#local(LOCAL_GET, out);
    if (!inNest) this.#global(GLOBAL_GET, out);
    out.copy(NOT_BELOW_ZERO);
    out.instruction(OP.brIf, label);
    if (inNest) this.#flush(out);
    out.byte(OP.unreachable);
    return true;
  }

  #leaves(label: number): boolean {
    return this.#nest >= 0 && this.#depth - 1 - label < this.#nest;
  }

  #anyLeaves(list: number): boolean {
    if (this.#nest < 0) return false;
    const { lists } = this.#tape;
    const count = lists[list] as number; // the decoder wrote it
    for (let at = list + 1; at <= list + count; at += 1) if (this.#leaves(lists[at] as number)) return true; // the same
    return false;
  }

  #chargeEdge(at: number, action: number, out: ByteWriter): void {
    this.#charge(this.#planned.edges[at] as number, (action & ACTION.edgeCheck) !== 0, out);
  }

  #charge(fuel: number, checked: boolean, out: ByteWriter): void {
    const inNest = this.#nest >= 0;
    if (fuel > 0) this.#take(fuel, inNest, checked, out);
    else if (checked && inNest) this.#local(LOCAL_GET, out);
    if (!checked) return;
    if (!inNest) this.#global(GLOBAL_GET, out);
    this.#trapBelowZero(inNest, out);
  }

  /** Takes fuel from the counter, which stays on the stack if it is a local that is `kept`. */
  #take(fuel: number, inNest: boolean, kept: boolean, out: ByteWriter): void {
    if (inNest) this.#local(LOCAL_GET, out);
    else this.#global(GLOBAL_GET, out);
    out.byte(0x42); // i64.const
    out.positive(fuel);
    out.byte(0x7d); // i64.sub
    if (inNest) this.#local(kept ? LOCAL_TEE : LOCAL_SET, out);
    else this.#global(GLOBAL_SET, out);
  }

  #check(out: ByteWriter): void {
    this.#charge(0, true, out);
  }

  /** With the counter on the stack: traps if it is below 0. By `unreachable`, since wasm cannot catch that. */
  #trapBelowZero(inNest: boolean, out: ByteWriter): void {
    out.copy(TEST);
    if (inNest) this.#flush(out);
    out.copy(TRAP);
  }

  #flush(out: ByteWriter): void {
    this.#local(LOCAL_GET, out);
    this.#global(GLOBAL_SET, out);
  }

  #local(op: number, out: ByteWriter): void {
    out.instruction(op, this.#fuelLocal);
  }

  #global(op: number, out: ByteWriter): void {
    out.instruction(op, this.#globals.fuel);
  }

  #condition(op: number, out: ByteWriter): void {
    this.#needsCondition = true;
    out.instruction(op, this.#conditionLocal);
  }

  /** @returns true when the instruction was replaced, false when it still has to be copied. */
  #replace(at: number, op: number, out: ByteWriter): boolean {
    const arg = this.#tape.args[at] as number; // an entry of the tape
    switch (op) {
      case OP.globalGet:
      case OP.globalSet:
        out.instruction(op, arg + this.#globals.added);
        return true;
      case OP.memoryGrow:
        this.#call(this.#helpers.use(this.#isPaid(at) ? 'memory.grow.paid' : 'memory.grow', arg), out);
        return true;
      case OP.tableGrow:
        this.#call(this.#helpers.use(this.#isPaid(at) ? 'table.grow.paid' : 'table.grow', arg), out);
        return true;
      case OP.memoryInit:
      case OP.memoryCopy:
      case OP.memoryFill:
        this.#call(this.#helpers.use('bytes'), out);
        return false;
      case OP.tableInit:
      case OP.tableCopy:
      case OP.tableFill:
        this.#call(this.#helpers.use('elements'), out);
        return false;
      default:
        return false;
    }
  }

  #isPaid(at: number): boolean {
    return ((this.#tape.marks[at] as number) & MARK.paid) !== 0; // an entry of the tape
  }

  #call(index: number, out: ByteWriter): void {
    out.instruction(OP.call, index);
  }
}

/** i64.const 0, i64.ge_s. */
const NOT_BELOW_ZERO = Uint8Array.of(0x42, 0, 0x59);
/** i64.const 0, i64.lt_s, if; and what follows it. */
const TEST = Uint8Array.of(0x42, 0, 0x53, 0x04, EMPTY);
const TRAP = Uint8Array.of(0x00, 0x0b);
