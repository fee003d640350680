import { CompileCost } from './compile-cost.ts';
import { COST_MODELS } from './costs.ts';
import { Decoder } from './decode.ts';
import { BODY, MARK } from './flow-tape.ts';
import { checkCount } from './module-limits.ts';
import { OP } from './opcodes.ts';
import { ModuleReader } from './reader.ts';
import { SECTION, SECTION_ORDER, scanSections } from './scan.ts';
import { type IndexSpaces, readFunctions, readTypes } from './spaces.ts';
import { ByteWriter } from './writer.ts';

/** What the host must know of a module whose calls are hooked; plain data. */
export interface CallHooks {
  /** Functions that the module had, the imported ones included; the helpers that charge for it come behind. */
  readonly functions: number;
  /** What each helper charges for, in their order. */
  readonly helpers: readonly string[];
  /** By function that the module defines: fuel that its callers pay for its entry. */
  readonly paidByCallers: Float64Array;
}

/** What of the first rewriting the second has to know. */
export interface MeteredModule {
  /** Index spaces of the module as it came. */
  readonly spaces: IndexSpaces;
  /** Index of the counter, a global of the rewritten module, and how many globals were added. */
  readonly fuel: number;
  /** Kinds of the helpers behind its functions. They are hooked like these, but for the host's own (`charge`). What is behind them is not. */
  readonly helpers: readonly string[];
}

/** Names under which a hooked module exports its table of hooks. */
export const CALL_HOOKS_EXPORT = 'cellblock:hooks';

/**
 * Places in that table.
 *
 * `enter(function, fuelLeft) -> depth`, as a function starts; `leave(depth, fuelLeft)`, as it ends; `tail(depth, fuelLeft)`, as it ends by a
 * call; `caught(depth, fuelLeft)`, where a function goes on after what it called ended by an exception. The fuel is an f64: exact up to 2^53.
 */
export const CALL_HOOK = { enter: 0, leave: 1, tail: 2, caught: 3 } as const;

const HOOKS = 4;
/** Types of hooks: that of `enter`, and that of the others. */
const HOOK_TYPES = 2;
const I32 = 0x7f;
const F64 = 0x7c;

/**
 * Makes a metered module tell of each call: at each function's start, and on each way out of it. A tail call leaves before it enters. A trap
 * tells nothing: whoever listens ends what is open.
 *
 * Hooks are called through a table of the module's own, so that no index shifts, and the counter stands where the metering put it: the
 * fuel of a call does not change. Placed behind the metering, so that a function's own charge for its entry comes after `enter`.
 *
 * @param bytes - a metered module. @returns new bytes.
 * @throws CodedError `component/too-large` where a function's body passes a limit by its hooks.
 */
export function hookCalls(bytes: Uint8Array, module: MeteredModule): Uint8Array {
  return new CallHooker(bytes, module).rewrite();
}

class CallHooker {
  readonly #bytes: Uint8Array;
  readonly #module: MeteredModule;
  readonly #spaces: IndexSpaces;
  readonly #scan;
  readonly #decoder: Decoder;
  /** By type: its results in binary form. */
  readonly #results: Uint8Array[] = [];
  /** Types of no parameters and several results, for blocks around bodies: by results, their index. */
  readonly #blockTypes = new Map<string, { readonly index: number; readonly results: Uint8Array }>();

  constructor(bytes: Uint8Array, module: MeteredModule) {
    const { spaces } = module;
    this.#bytes = bytes;
    this.#module = module;
    this.#scan = scanSections(bytes);
    this.#spaces = {
      ...spaces,
      types: [],
      functions: spaces.functions.slice(0, spaces.importedFunctions),
      globals: Number.MAX_SAFE_INTEGER, // validated with the original, and the meter's behind them
    };
    this.#read(SECTION.type, (reader) => readTypes(reader, this.#spaces));
    this.#read(SECTION.type, (reader) => this.#readResults(reader));
    this.#read(SECTION.function, (reader) => readFunctions(reader, this.#spaces));
    this.#decoder = new Decoder(this.#spaces, COST_MODELS.exact, new CompileCost(), false);
  }

  rewrite(): Uint8Array {
    const code = written((out) => this.#code(out)); // first, since it finds which types it needs
    const out = new ByteWriter(this.#bytes.length * 2);
    out.copy(this.#bytes, 0, 8);
    for (const id of SECTION_ORDER) {
      if (id === SECTION.type) this.#extended(out, id, HOOK_TYPES + this.#blockTypes.size, (to) => this.#types(to));
      else if (id === SECTION.table) this.#extended(out, id, 1, (to) => to.copy(Uint8Array.of(0x70, 1, HOOKS, HOOKS)));
      else if (id === SECTION.export) this.#extended(out, id, 1, (to) => this.#export(to));
      else if (id === SECTION.code && this.#scan.sections.has(id)) section(out, id, code);
      else this.#copied(out, id);
    }
    return out.bytes.slice(0, out.length);
  }

  #read(id: number, take: (reader: ModuleReader) => void): void {
    const span = this.#scan.sections.get(id);
    if (span !== undefined) take(new ModuleReader(this.#bytes, span.start, span.end));
  }

  #copied(out: ByteWriter, id: number): void {
    const span = this.#scan.sections.get(id);
    if (span !== undefined) section(out, id, this.#bytes.subarray(span.start, span.end));
  }

  /** A section with more items behind its own. */
  #extended(out: ByteWriter, id: number, more: number, write: (out: ByteWriter) => void): void {
    const content = written((to) => {
      const span = this.#scan.sections.get(id) ?? { start: 0, end: 0 };
      const reader = new ModuleReader(this.#bytes, span.start, span.end);
      to.u32((span.end > span.start ? reader.u32() : 0) + more);
      to.copy(this.#bytes, reader.position, span.end);
      write(to);
    });
    section(out, id, content);
  }

  #readResults(reader: ModuleReader): void {
    const count = reader.u32();
    for (let at = 0; at < count; at += 1) {
      reader.skip(1); // its form, which `readTypes` has checked
      reader.skip(reader.u32());
      this.#results.push(reader.name()); // value types are one byte each, so that their list reads like a name
    }
  }

  #types(out: ByteWriter): void {
    out.copy(Uint8Array.of(0x60, 2, I32, F64, 1, I32)); // of `enter`
    out.copy(Uint8Array.of(0x60, 2, I32, F64, 0)); // of the others
    for (const { results } of this.#blockTypes.values()) {
      out.copy(Uint8Array.of(0x60, 0));
      out.u32(results.length);
      out.copy(results);
    }
  }

  #export(out: ByteWriter): void {
    out.name(CALL_HOOKS_EXPORT);
    out.byte(1);
    out.u32(this.#spaces.tables.length);
  }

  #code(out: ByteWriter): void {
    this.#read(SECTION.code, (reader) => {
      const count = reader.u32();
      out.u32(count);
      for (let body = 0; body < count; body += 1) {
        const size = reader.u32();
        const end = reader.position + size;
        const index = this.#spaces.importedFunctions + body;
        const mark = out.open();
        if (this.#isHooked(index)) this.#body(new ModuleReader(this.#bytes, reader.position, end), index, out);
        else out.copy(this.#bytes, reader.position, end);
        checkCount('functionBytesMax', out.close(mark), `function ${index} with its hooks`);
        reader.position = end;
      }
    });
  }

  #isHooked(index: number): boolean {
    const { spaces, helpers } = this.#module;
    const helper = index - spaces.functions.length;
    return helper < 0 || (helper < helpers.length && helpers[helper] !== 'charge');
  }

  #body(reader: ModuleReader, index: number, out: ByteWriter): void {
    const type = this.#spaces.functions[index] as number; // every body has a function
    const { params, results } = this.#spaces.types[type] as { params: number; results: number }; // read with it
    const depth = params + this.#locals(reader, out);
    checkCount('functionLocalsMax', depth + 1, `function ${index} with its hooks`);
    out.byte(0x41); // i32.const
    out.positive(index);
    this.#hook(CALL_HOOK.enter, out);
    out.instruction(0x21, depth); // local.set
    out.byte(OP.block);
    this.#blockType(this.#results[type] as Uint8Array, out); // as above
    const { tape } = this.#decoder;
    tape.length = 0;
    tape.listsLength = 0;
    tape.clauses.clear();
    let copied = reader.position;
    this.#decoder.decode(reader, results);
    for (let at = 0; at < tape.length; at += 1) {
      const op = tape.ops[at] as number; // an entry of the tape, as below
      const [start, end] = [tape.starts[at] as number, tape.ends[at] as number];
      if (op === OP.return || op === OP.returnCall || op === OP.returnCallIndirect) {
        out.copy(this.#bytes, copied, start);
        copied = start;
        this.#hookAt(op === OP.return ? CALL_HOOK.leave : CALL_HOOK.tail, depth, out);
      } else if (this.#goesOnAfterException(at, op)) {
        out.copy(this.#bytes, copied, end);
        copied = end;
        this.#hookAt(CALL_HOOK.caught, depth, out);
      }
    }
    out.copy(this.#bytes, copied, reader.position); // its last `end` is now that of the block
    this.#hookAt(CALL_HOOK.leave, depth, out);
    out.byte(OP.end);
  }

  /** Whether what was thrown may lead to the point behind an entry of the tape. */
  #goesOnAfterException(at: number, op: number): boolean {
    if (op === OP.catch || op === OP.catchAll) return true;
    const { marks, args } = this.#decoder.tape;
    const leadsHere = (entry: number) => ((marks[entry] as number) & MARK.handler) !== 0; // an entry of the tape
    if (op === OP.loop) return leadsHere(at);
    if (op !== OP.end) return false;
    const opener = args[at] as number; // an entry of the tape
    return opener !== BODY && this.#decoder.tape.ops[opener] !== OP.loop && leadsHere(opener);
  }

  /** Copies the declarations of locals, with one more behind them. @returns how many there were. */
  #locals(reader: ModuleReader, out: ByteWriter): number {
    const groups = reader.u32();
    const from = reader.position;
    let locals = 0;
    for (let at = 0; at < groups; at += 1) {
      locals += reader.u32();
      reader.skip(1);
    }
    out.u32(groups + 1);
    out.copy(this.#bytes, from, reader.position);
    out.copy(Uint8Array.of(1, I32));
    return locals;
  }

  /** With its first argument on the stack: adds the second, and calls. */
  #hook(place: number, out: ByteWriter): void {
    out.instruction(OP.globalGet, this.#module.fuel);
    out.byte(0xb9); // f64.convert_i64_s
    out.copy(Uint8Array.of(0x41, place));
    out.instruction(OP.callIndirect, this.#spaces.types.length + (place === CALL_HOOK.enter ? 0 : 1));
    out.u32(this.#spaces.tables.length);
  }

  #hookAt(place: number, depth: number, out: ByteWriter): void {
    out.instruction(0x20, depth); // local.get
    this.#hook(place, out);
  }

  #blockType(results: Uint8Array, out: ByteWriter): void {
    if (results.length === 0) return out.byte(0x40);
    if (results.length === 1) return out.byte(results[0] as number); // tested
    const key = results.join();
    let type = this.#blockTypes.get(key);
    if (type === undefined) {
      type = { index: this.#spaces.types.length + HOOK_TYPES + this.#blockTypes.size, results };
      this.#blockTypes.set(key, type);
    }
    out.positive(type.index);
  }
}

function written(write: (out: ByteWriter) => void): Uint8Array {
  const out = new ByteWriter(0);
  write(out);
  return out.done();
}

function section(out: ByteWriter, id: number, content: Uint8Array): void {
  out.byte(id);
  out.u32(content.length);
  out.copy(content);
}
