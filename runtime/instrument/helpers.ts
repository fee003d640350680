import type { Charges } from './costs.ts';
import type { IndexSpaces } from './spaces.ts';
import type { ByteWriter } from './writer.ts';

/** Indices of the meter's three globals in the rewritten module. */
export interface MeterGlobals {
  readonly fuel: number;
  readonly pages: number;
  readonly elements: number;
  /** By how much the indices of the module's own globals rise: the meter's, where they are imported. */
  readonly added: 0 | 3;
}

/** How many globals the meter has. */
export const METER_GLOBALS = 3;

const I32 = 0x7f;

/** What a helper function does. `index` is that of the memory or table. */
type Helper = { readonly kind: 'bytes' | 'elements' | 'charge' } | { readonly kind: GrowKind; readonly index: number };

/** Growing, charged by what was got; or paid for already. */
type GrowKind = 'memory.grow' | 'table.grow' | 'memory.grow.paid' | 'table.grow.paid';

/**
 * The functions that are appended to a module, made when code first needs them: one that charges a length in bytes,
 * one that charges a length in elements (both give the length back, so that they can stand before the operation), one for
 * growing each memory and table, and one by which the host charges.
 *
 * They and their types come last, so that no function or type index of the module changes.
 */
export class Helpers {
  readonly #spaces: IndexSpaces;
  readonly #globals: MeterGlobals;
  readonly #charges: Charges;
  readonly #helpers: Helper[] = [];
  readonly #indices = new Map<string, number>();
  #empty = 0;
  /** Types to append, in binary form without the leading 0x60, and their indices. */
  readonly #types = new Map<string, { readonly index: number; readonly params: readonly number[] }>();

  constructor(spaces: IndexSpaces, globals: MeterGlobals, charges: Charges) {
    this.#spaces = spaces;
    this.#globals = globals;
    this.#charges = charges;
  }

  /** Number of functions to append. */
  get count(): number {
    return this.#helpers.length + this.#empty;
  }

  /** What each helper does, in their order. */
  get kinds(): readonly Helper['kind'][] {
    return this.#helpers.map(({ kind }) => kind);
  }

  /** Appends so many functions that nobody calls, behind the helpers; see `inlining.ts`. */
  pad(functions: number): void {
    this.#empty = functions;
  }

  /** @returns the function index of a helper, which from now on will be there. */
  use(kind: Helper['kind'], index = 0): number {
    const key = `${kind} ${index}`;
    let found = this.#indices.get(key);
    if (found === undefined) {
      found = this.#spaces.functions.length + this.#helpers.length;
      this.#indices.set(key, found);
      const helper: Helper = isGrow(kind) ? { kind, index } : { kind };
      this.#helpers.push(helper);
      this.#typeOf(helper);
    }
    return found;
  }

  /** Number of types to append. */
  get typeCount(): number {
    return this.#types.size;
  }

  writeTypes(out: ByteWriter): void {
    for (const { params } of this.#types.values()) out.copy(Uint8Array.of(0x60, params.length, ...params, 1, I32));
  }

  writeFunctions(out: ByteWriter): void {
    for (const helper of this.#helpers) out.u32(this.#typeOf(helper));
    for (let at = 0; at < this.#empty; at += 1) out.byte(0); // the first type: the body fits any
  }

  writeBodies(out: ByteWriter): void {
    for (const helper of this.#helpers) {
      const mark = out.open();
      if (helper.kind === 'memory.grow' || helper.kind === 'memory.grow.paid')
        this.#writeMemoryGrow(out, helper.index, helper.kind);
      else if (helper.kind === 'table.grow' || helper.kind === 'table.grow.paid')
        this.#writeTableGrow(out, helper.index, helper.kind);
      else if (helper.kind === 'charge') this.#writeHostCharge(out);
      else this.#writeLength(out, helper.kind === 'bytes');
      out.close(mark);
    }
    for (let at = 0; at < this.#empty; at += 1) out.copy(EMPTY_FUNCTION);
  }

  #typeOf(helper: Helper): number {
    const params =
      isGrow(helper.kind) && helper.kind.startsWith('table')
        ? [this.#spaces.tables[(helper as { index: number }).index] as number, I32]
        : [I32]; // a table that code named
    const key = params.join();
    let type = this.#types.get(key);
    if (type === undefined) {
      type = { index: this.#spaces.types.length + this.#types.size, params };
      this.#types.set(key, type);
    }
    return type.index;
  }

  /** Charges before the operation and by what was asked for: one that is out of bounds pays too. */
  #writeLength(out: ByteWriter, isBytes: boolean): void {
    out.byte(0); // no locals
    const length = [0x20, 0, 0xad]; // local.get 0, i64.extend_i32_u
    const unit = this.#charges.bytesPerUnit;
    const roundedUp = unit === 1 ? [] : [0x42, ...signed(unit - 1), 0x7c, 0x42, ...signed(Math.log2(unit)), 0x88]; // + (unit - 1) >> log2(unit)
    const perElement = [0x42, ...signed(this.#charges.tableElement), 0x7e];
    this.#writeCharge(out, [...length, ...(isBytes ? roundedUp : perElement)]);
    out.copy(Uint8Array.of(0x20, 0, 0x0b)); // local.get 0, end
  }

  /**
   * fuel -= the number of units (unsigned), unless it is below 0 already. Answers 1 while fuel is left. No trap: a guest's
   * glue could take that for something else.
   */
  #writeHostCharge(out: ByteWriter): void {
    const fuel = leb(this.#globals.fuel);
    out.byte(0);
    out.copy(Uint8Array.of(0x23, ...fuel, 0x42, 0, 0x53, 0x04, 0x40, 0x41, 0, 0x0f, 0x0b));
    out.copy(Uint8Array.of(0x23, ...fuel, 0x20, 0, 0xad, 0x7d, 0x24, ...fuel, 0x23, ...fuel, 0x42, 0, 0x59, 0x0b));
  }

  /** Growing is charged by what was got, so that a refused grow answers -1 and never runs out of fuel. */
  #writeMemoryGrow(out: ByteWriter, memory: number, kind: GrowKind): void {
    this.#writeGrow(out, {
      budget: this.#globals.pages,
      cost: kind === 'memory.grow.paid' ? 0 : this.#charges.memoryPage,
      count: 0,
      grow: [0x20, 0, 0x40, ...leb(memory)],
    });
  }

  #writeTableGrow(out: ByteWriter, table: number, kind: GrowKind): void {
    const grow = [0x20, 0, 0x20, 1, 0xfc, 0x0f, ...leb(table)];
    this.#writeGrow(out, {
      budget: this.#globals.elements,
      cost: kind === 'table.grow.paid' ? 0 : this.#charges.tableElementGrown,
      count: 1,
      grow,
    });
  }

  /** @param count - the parameter that says by how much. */
  #writeGrow(out: ByteWriter, { budget, cost, count, grow }: Growth): void {
    const answer = count + 1; // one local, after the parameters
    const minusOne = [0x41, 0x7f];
    out.copy(Uint8Array.of(1, 1, I32));
    // if count > budget (unsigned): return -1. The host never sets a budget below 0, and it never falls below 0.
    out.copy(Uint8Array.of(0x20, count, 0x23, ...leb(budget), 0x4b, 0x04, 0x40, ...minusOne, 0x0f, 0x0b));
    // if (answer = grow) == -1: return -1
    out.copy(Uint8Array.of(...grow, 0x22, answer, ...minusOne, 0x46, 0x04, 0x40, ...minusOne, 0x0f, 0x0b));
    // budget -= count
    out.copy(Uint8Array.of(0x23, ...leb(budget), 0x20, count, 0x6b, 0x24, ...leb(budget)));
    if (cost > 0) this.#writeCharge(out, [0x20, count, 0xad, 0x42, ...signed(cost), 0x7e]);
    out.copy(Uint8Array.of(0x20, answer, 0x0b));
  }

  /** fuel -= what `amount` computes; trap below 0. */
  #writeCharge(out: ByteWriter, amount: readonly number[]): void {
    out.copy(Uint8Array.of(0x23, ...leb(this.#globals.fuel), ...amount, ...chargeTail(this.#globals.fuel)));
  }
}

/** A body with its length: no locals, unreachable, end. */
const EMPTY_FUNCTION = Uint8Array.of(3, 0, 0x00, 0x0b);

function isGrow(kind: Helper['kind']): kind is GrowKind {
  return kind.includes('grow');
}

interface Growth {
  readonly budget: number;
  readonly cost: number;
  readonly count: number;
  readonly grow: readonly number[];
}

/** What follows `global.get fuel` and the amount: take it, keep it, and trap below 0. */
function chargeTail(fuel: number): number[] {
  const at = leb(fuel);
  return [0x7d, 0x24, ...at, 0x23, ...at, 0x42, 0, 0x53, 0x04, 0x40, 0x00, 0x0b];
}

function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

function signed(value: number): number[] {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signed(value >>> 7)];
}
