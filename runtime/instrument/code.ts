import { BodyWriter } from './body-writer.ts';
import { type Bodies, walkCalls } from './call-graph.ts';
import { ACTION, ChargePlan } from './charge-plan.ts';
import { CompileCost } from './compile-cost.ts';
import type { CostModel } from './costs.ts';
import { Decoder } from './decode.ts';
import { invalid } from './faults.ts';
import type { Helpers, MeterGlobals } from './helpers.ts';
import { BodySizes } from './inlining.ts';
import { checkCount } from './module-limits.ts';
import { OP } from './opcodes.ts';
import type { Optimizations } from './optimizations.ts';
import { Placement } from './placement.ts';
import type { ModuleReader } from './reader.ts';
import { type Arity, type IndexSpaces, readValueType } from './spaces.ts';
import type { ByteWriter } from './writer.ts';

/** Bytes of code for each entry of the tape. Compilers make 7 to 25; where it is less, the tape grows. */
const BYTES_PER_ENTRY = 8;

/** How a module's code is to be charged. */
export interface CodeOptions {
  readonly model: CostModel;
  readonly optimizations: Optimizations;
  /** The counter is in its global at every call, for hooks there. */
  readonly callHooks: boolean;
}

/**
 * Rewrites the code of one module: decodes all bodies on to a tape, places charges from callees to callers, and writes the
 * bodies in their order. A body that needs no change is copied byte for byte.
 */
export class CodeRewriter {
  readonly #spaces: IndexSpaces;
  readonly #helpers: Helpers;
  readonly #options: CodeOptions;
  readonly #compileCost: CompileCost;
  readonly #decoder: Decoder;
  readonly #writer: BodyWriter;
  #placement: Placement | undefined;
  #locals = 0;

  constructor(spaces: IndexSpaces, globals: MeterGlobals, helpers: Helpers, options: CodeOptions) {
    this.#spaces = spaces;
    this.#helpers = helpers;
    this.#options = options;
    this.#compileCost = new CompileCost();
    this.#decoder = new Decoder(spaces, options.model, this.#compileCost, globals.added > 0);
    this.#writer = new BodyWriter(this.#decoder.tape, spaces, globals, helpers);
  }

  /** Notes that a function may be called by somebody whom this module does not know. */
  take(functionIndex: number): void {
    this.#decoder.taken[functionIndex] = 1;
  }

  /** Copies a constant expression, with the module's own globals renumbered. @returns its number of instructions. */
  constant(reader: ModuleReader, out: ByteWriter): number {
    const from = reader.position;
    const { tape } = this.#decoder;
    const first = tape.length;
    this.#compileCost.begin(1, 0);
    const end = endOfPlainConstant(reader);
    if (end >= 0) {
      this.#compileCost.close();
      reader.position = end;
      out.copy(reader.bytes, from, end);
      return 2;
    }
    const instructions = this.#decoder.decode(reader, 1);
    this.#writer.copy(reader.bytes, from, first, tape.length, out);
    tape.length = first;
    return instructions;
  }

  /** By body: fuel that its callers pay for its entry. Known once the code section was rewritten. */
  paidByCallers(): Float64Array {
    return this.#placement?.paidByCallers() ?? new Float64Array(0);
  }

  /** Rewrites the content of the code section, and appends the helpers' bodies. */
  section(reader: ModuleReader, out: ByteWriter): void {
    const offset = reader.position;
    const count = reader.position < reader.end ? reader.count('function bodies') : 0;
    const { functions, importedFunctions } = this.#spaces;
    if (count !== functions.length - importedFunctions)
      throw invalid(offset, `${count} function bodies for another number of functions`);
    const offsets = this.#decode(reader, count);
    const plan = this.#place(offsets);
    const bodies = out.length;
    const [plain, metered] = [new BodySizes(), new BodySizes()];
    for (let body = 0; body < count; body += 1) {
      plain.add(offsets.sizes[body] as number); // one for each body
      metered.add(this.#write(reader.bytes, offsets, body, plan, out));
    }
    if (this.#options.optimizations.inlining) this.#helpers.pad(metered.emptyFunctions(plain));
    this.#helpers.writeBodies(out);
    prepend(out, bodies, count + this.#helpers.count);
  }

  #decode(reader: ModuleReader, count: number): BodyOffsets {
    const numbers = (): Uint32Array => new Uint32Array(count + 1);
    const offsets: BodyOffsets = {
      count,
      firsts: numbers(),
      sizes: numbers(),
      begins: numbers(),
      codes: numbers(),
      locals: numbers(),
      changes: new Uint8Array(count),
    };
    const sectionEnd = reader.end;
    this.#decoder.tape.reserve(Math.trunc((sectionEnd - reader.position) / BYTES_PER_ENTRY));
    for (let body = 0; body < count; body += 1) {
      this.#decodeBody(reader, offsets, body, sectionEnd);
      reader.end = sectionEnd;
    }
    offsets.firsts[count] = this.#decoder.tape.length;
    return offsets;
  }

  #decodeBody(reader: ModuleReader, offsets: BodyOffsets, body: number, sectionEnd: number): void {
    const index = this.#spaces.importedFunctions + body;
    const size = reader.u32();
    checkCount('functionBytesMax', size, `function ${index}`);
    const begin = reader.position;
    if (size > sectionEnd - begin) throw invalid(begin, `function ${index} passes the end of the section`);
    reader.end = begin + size;
    const type = this.#typeOf(body);
    const locals = this.#readLocals(reader, type, index);
    offsets.sizes[body] = size;
    offsets.begins[body] = begin;
    offsets.codes[body] = reader.position;
    offsets.locals[body] = locals;
    offsets.firsts[body] = this.#decoder.tape.length;
    this.#compileCost.begin(type.results, type.params + locals);
    this.#decoder.changes = false;
    this.#decoder.decode(reader, type.results);
    offsets.changes[body] = this.#decoder.changes ? 1 : 0;
    if (reader.position !== reader.end) throw invalid(reader.position, `function ${index} goes on after its end`);
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

  #place(offsets: BodyOffsets): ChargePlan {
    const { tape, taken, handlesExceptions } = this.#decoder;
    const { importedFunctions } = this.#spaces;
    const plan = new ChargePlan(tape.length, offsets.count);
    const graph = walkCalls(tape, offsets, importedFunctions, taken);
    const entrances = { taken, importedFunctions, locals: offsets.locals, handlesExceptions };
    this.#placement = new Placement({ tape, bodies: offsets, graph, plan, entrances, ...this.#options });
    this.#placement.placeAll();
    if (this.#options.callHooks) plan.touches.fill(1);
    return plan;
  }

  /** @returns the body's new size in bytes. */
  #write(bytes: Uint8Array, offsets: BodyOffsets, body: number, plan: ChargePlan, out: ByteWriter): number {
    const [from, to] = [offsets.firsts[body] as number, offsets.firsts[body + 1] as number]; // one more than bodies
    const begin = offsets.begins[body] as number; // one for each body, as below
    const entry = plan.entries[body] as number;
    const mark = out.open();
    if (entry === 0 && plan.planned[body] === 0 && offsets.changes[body] === 0)
      out.copy(bytes, begin, this.#decoder.tape.ends[to - 1]);
    else {
      const type = this.#typeOf(body);
      const hasNest = ((plan.planned[body] as number) & ACTION.nest) !== 0;
      const locals = type.params + (offsets.locals[body] as number);
      const place = { begin, code: offsets.codes[body] as number, from, to, locals, results: type.results, hasNest };
      this.#writer.write(bytes, place, plan, entry, plan.entryChecks[body] === 1, out);
    }
    const size = out.close(mark);
    checkCount('functionBytesMax', size, `function ${this.#spaces.importedFunctions + body} with its charges`);
    return size;
  }

  #typeOf(body: number): Arity {
    const { types, functions, importedFunctions } = this.#spaces;
    return types[functions[importedFunctions + body] as number] as Arity; // both indices were checked
  }
}

/** Where the bodies of a module are: in its bytes and on the tape. By body. */
interface BodyOffsets extends Bodies {
  /** Offsets of the declarations of locals and of the first instruction. */
  readonly begins: Uint32Array;
  readonly codes: Uint32Array;
  /** Locals, without parameters. */
  readonly locals: Uint32Array;
  /** 1 where something has to be changed, charges aside. */
  readonly changes: Uint8Array;
}

/** @returns where a constant expression ends that is one `i32.const`, as nearly all are; else -1, also where it is damaged. */
function endOfPlainConstant({ bytes, position, end }: ModuleReader): number {
  if (bytes[position] !== OP.i32Const) return -1;
  let at = position + 1;
  while (at < end && (bytes[at] as number) >= 0x80) at += 1; // in range
  return at + 1 < end && bytes[at + 1] === OP.end ? at + 2 : -1;
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
