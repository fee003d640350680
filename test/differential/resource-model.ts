import type { Thing, Things } from './resource-host.ts';
import type { ResourceProgram, ResourceStep } from './resource-program.ts';

/*
 * What a program over handles does by the specification: the host is called directly, handles are looked up in a table as
 * CanonicalABI.md has it (`Table`, `lift_own`, `lift_borrow`, `canon_resource_drop`). The guest notes every number and every
 * new handle that it gets.
 */

/** Why the specification traps: a handle is not in the table, or is lent to the call that would take it. */
export type Trap = 'unknown' | 'lent';

class TrapError extends Error {
  readonly trap: Trap;

  constructor(trap: Trap) {
    super(trap);
    this.trap = trap;
  }
}

/** @returns how the program traps, if it does. The log of the host has what happened until then. */
export function runModel(program: ResourceProgram, host: Things): Trap | undefined {
  const model = new Model(host, program.slots);
  try {
    for (const step of program.steps) model.step(step);
    return undefined;
  } catch (error) {
    if (error instanceof TrapError) return error.trap;
    throw error;
  }
}

class Model {
  readonly #host: Things;
  /** The guest's slots: handle indices, 0 where it got none. */
  readonly #slots: number[];
  readonly #table: (Thing | undefined)[] = [undefined];
  readonly #free: number[] = [];

  constructor(host: Things, slots: number) {
    this.#host = host;
    this.#slots = Array.from({ length: slots }, () => 0);
  }

  step(step: ResourceStep): void {
    const host = this.#host;
    switch (step.op) {
      case 'new':
        return this.#put(step.into, new host.Thing(step.seed));
      case 'make':
        return this.#put(step.into, host.Thing.make('x'.repeat(step.seed)));
      case 'give':
        return this.#put(step.into, host.give(step.seed));
      case 'value':
      case 'merge':
      case 'total':
      case 'look':
      case 'looks':
        return host.note(
          this.#borrowing(
            step.op,
            step.slots.map((slot) => this.#get(slot)),
          ),
        );
      case 'split':
        return this.#put(step.into, this.#get(step.slot).split());
      case 'absorb': {
        const self = this.#get(step.slots[0]);
        return host.note(self.absorb(this.#remove(step.slots[1], step.slots[0])));
      }
      case 'consume':
        return host.note(host.consume(this.#remove(step.slot)));
      case 'drop':
        return this.#remove(step.slot)[Symbol.dispose]();
      case 'swap': {
        const it = this.#remove(step.slots[0]);
        return this.#put(step.into, host.swap(it, this.#get(step.slots[1])));
      }
      case 'laps': {
        const other = this.#get(step.slots[1]);
        return this.#put(step.into, host.laps(other, this.#remove(step.slots[0], step.slots[1])));
      }
      case 'many':
        return this.#putAll(step.into, host.many(step.slots.map((slot) => this.#remove(slot))));
      case 'maybe': {
        const answer = host.maybe(step.slot === undefined ? undefined : this.#remove(step.slot));
        return answer === undefined ? undefined : this.#put(step.into, answer);
      }
      case 'attempt':
        return this.#attempt(step.into, this.#remove(step.slot), step.ok);
    }
  }

  #attempt(into: number, it: Thing, ok: boolean): void {
    let answer: Thing;
    try {
      answer = this.#host.attempt(it, ok);
    } catch (err) {
      answer = err as Thing; // what it throws is the err payload
    }
    this.#put(into, answer);
  }

  #borrowing(op: 'value' | 'merge' | 'total' | 'look' | 'looks', them: readonly Thing[]): number {
    const [a, b] = them as [Thing, Thing]; // as many as the function takes
    switch (op) {
      case 'value':
        return a.value();
      case 'merge':
        return a.merge(b);
      case 'total':
        return this.#host.Thing.total(a, b);
      case 'look':
        return this.#host.look(a);
      case 'looks':
        return this.#host.looks(them);
    }
  }

  /** All come in before the guest notes the first. */
  #putAll(into: readonly number[], them: readonly Thing[]): void {
    const handles = them.map((it) => this.#add(it));
    for (const [at, handle] of handles.entries()) {
      this.#slots[into[at]!] = handle;
      this.#host.note(handle);
    }
  }

  #put(into: number, it: Thing): void {
    this.#putAll([into], [it]);
  }

  #add(it: Thing): number {
    const handle = this.#free.pop() ?? this.#table.length;
    this.#table[handle] = it;
    return handle;
  }

  #get(slot: number): Thing {
    const found = this.#table[this.#slots[slot]!];
    if (found === undefined) throw new TrapError('unknown');
    return found;
  }

  /** @param lent - a slot that the same call borrows from. */
  #remove(slot: number, lent?: number): Thing {
    const found = this.#get(slot);
    const handle = this.#slots[slot]!;
    if (lent !== undefined && this.#slots[lent] === handle) throw new TrapError('lent');
    this.#table[handle] = undefined;
    this.#free.push(handle);
    return found;
  }
}
