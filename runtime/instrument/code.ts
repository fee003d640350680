import { CompileCost } from './compile-cost.ts';
import { Decoder } from './decode.ts';
import { invalid } from './faults.ts';
import { chargeTail, type Helpers, METER_GLOBALS, type MeterGlobals } from './helpers.ts';
import { checkCount } from './module-limits.ts';
import { OP } from './opcodes.ts';
import { BlockPlacement, type ChargePlan } from './placement.ts';
import type { ModuleReader } from './reader.ts';
import { type Arity, type IndexSpaces, readValueType } from './spaces.ts';
import type { ByteWriter } from './writer.ts';

const NO_CHARGES: ChargePlan = { places: [], costs: [] };

/** Rewrites instruction sequences of one module: adds the planned charges, renumbers globals, routes bulk operations and growth. */
export class CodeRewriter {
  readonly #spaces: IndexSpaces;
  readonly #helpers: Helpers;
  readonly #decoder: Decoder;
  readonly #placement: BlockPlacement;
  readonly #compileCost: CompileCost;
  readonly #chargeHead: Uint8Array;
  readonly #chargeTail: Uint8Array;
  #locals = 0;

  constructor(spaces: IndexSpaces, globals: MeterGlobals, helpers: Helpers) {
    this.#spaces = spaces;
    this.#helpers = helpers;
    this.#decoder = new Decoder(spaces);
    this.#placement = new BlockPlacement(spaces);
    this.#compileCost = new CompileCost(spaces);
    const tail = chargeTail(globals.fuel);
    const index = tail.slice(2, tail.indexOf(0x23, 2)); // as `chargeTail` wrote it after global.set
    this.#chargeHead = Uint8Array.of(0x23, ...index, 0x42);
    this.#chargeTail = Uint8Array.from(tail);
  }

  /** Copies a constant expression, with the module's own globals renumbered. @returns its number of instructions. */
  constant(reader: ModuleReader, out: ByteWriter): number {
    const from = reader.position;
    this.#decoder.decode(reader);
    this.#write(reader.bytes, from, NO_CHARGES, out);
    return this.#decoder.tape.length;
  }

  /** Rewrites the content of the code section, and appends the helpers' bodies. */
  section(reader: ModuleReader, out: ByteWriter): void {
    const offset = reader.position;
    const count = reader.count('function bodies');
    const { functions, importedFunctions } = this.#spaces;
    if (count !== functions.length - importedFunctions)
      throw invalid(offset, `${count} function bodies for another number of functions`);
    const bodies = out.length;
    for (let at = 0; at < count; at += 1) this.#body(reader, importedFunctions + at, out);
    this.#helpers.writeBodies(out);
    prepend(out, bodies, count + this.#helpers.count);
  }

  #body(reader: ModuleReader, index: number, out: ByteWriter): void {
    const size = reader.u32();
    checkCount('functionBytesMax', size, `function ${index}`);
    const from = reader.position;
    const sectionEnd = reader.end;
    if (size > sectionEnd - from) throw invalid(from, `function ${index} passes the end of the section`);
    reader.end = from + size;
    const type = this.#spaces.types[this.#spaces.functions[index] as number] as Arity; // both indices were checked
    const locals = this.#readLocals(reader, type, index);
    this.#decoder.decode(reader);
    if (reader.position !== reader.end) throw invalid(reader.position, `function ${index} goes on after its end`);
    reader.end = sectionEnd;
    this.#compileCost.add(this.#decoder.tape, type, type.params + locals);
    const plan = this.#placement.place(this.#decoder.tape, type, locals);
    const mark = out.open();
    this.#write(reader.bytes, from, plan, out);
    checkCount('functionBytesMax', out.close(mark), `function ${index} with its charges`);
  }

  #readLocals(reader: ModuleReader, type: Arity, index: number): number {
    const groups = reader.count('groups of locals');
    let locals = 0;
    for (let at = 0; at < groups; at += 1) {
      locals += reader.u32();
      readValueType(reader);
    }
    checkCount('functionLocalsMax', type.params + locals, `function ${index}`);
    this.#locals += locals;
    checkCount('localsMax', this.#locals);
    return locals;
  }

  /** Copies the bytes from `from` to the end of the tape, and makes each change where it belongs. */
  #write(bytes: Uint8Array, from: number, plan: ChargePlan, out: ByteWriter): void {
    const { tape } = this.#decoder;
    const { edits } = tape;
    let copied = from;
    let point = 0;
    let edit = 0;
    while (point < plan.places.length || edit < edits.length) {
      const nextPoint = plan.places[point] ?? tape.length;
      const nextEdit = edits[edit] ?? tape.length;
      const place = Math.min(nextPoint, nextEdit);
      const offset = tape.at[place] as number; // a place on the tape
      out.copy(bytes, copied, offset);
      copied = offset;
      // A charge stands before the instruction, so also before the change of that instruction.
      if (nextPoint === place) this.#charge(plan.costs[point++] as number, out); // as long as `places`
      if (nextEdit === place) {
        edit += 1;
        if (this.#replace(place, out)) copied = tape.at[place + 1] as number; // the tape has one more offset than places
      }
    }
    out.copy(bytes, copied, tape.at[tape.length]);
  }

  #charge(cost: number, out: ByteWriter): void {
    out.copy(this.#chargeHead);
    out.positive(cost);
    out.copy(this.#chargeTail);
  }

  /** @returns true when the instruction was replaced, false when it still has to be copied. */
  #replace(place: number, out: ByteWriter): boolean {
    const { ops, args } = this.#decoder.tape;
    const op = ops[place] as number; // a place on the tape
    const arg = args[place] as number; // the same
    switch (op) {
      case OP.globalGet:
      case OP.globalSet:
        if (arg < this.#spaces.importedGlobals) return false;
        out.byte(op);
        out.u32(arg + METER_GLOBALS);
        return true;
      case OP.memoryGrow:
        this.#call(this.#helpers.use('memory.grow', arg), out);
        return true;
      case OP.tableGrow:
        this.#call(this.#helpers.use('table.grow', arg), out);
        return true;
      default:
        this.#call(this.#helpers.use(isMemoryOp(op) ? 'bytes' : 'elements'), out);
        return false;
    }
  }

  #call(index: number, out: ByteWriter): void {
    out.byte(OP.call);
    out.u32(index);
  }
}

function isMemoryOp(op: number): boolean {
  return op === OP.memoryInit || op === OP.memoryCopy || op === OP.memoryFill;
}

/** Puts the number of items in front of items that were written before their number was known. */
function prepend(out: ByteWriter, from: number, count: number): void {
  const end = out.length;
  out.u32(count);
  const size = out.length - end;
  const encoded = out.bytes.slice(end, out.length);
  out.bytes.copyWithin(from + size, from, end);
  out.bytes.set(encoded, from);
}
