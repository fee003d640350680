import type { HostImports } from '../../runtime/bindings/bindings.ts';

export const THINGS = 'test:diff/things';

/** WIT of the interface that the host serves. */
export const THINGS_WIT = `interface things {
  resource thing {
    constructor(seed: u32);
    value: func() -> u32;
    merge: func(other: borrow<thing>) -> u32;
    split: func() -> thing;
    absorb: func(other: thing) -> u32;
    make: static func(name: string) -> thing;
    total: static func(a: borrow<thing>, b: borrow<thing>) -> u32;
  }
  look: func(it: borrow<thing>) -> u32;
  looks: func(them: list<borrow<thing>>) -> u32;
  give: func(seed: u32) -> thing;
  consume: func(it: thing) -> u32;
  swap: func(it: thing, other: borrow<thing>) -> thing;
  laps: func(other: borrow<thing>, it: thing) -> thing;
  many: func(them: list<thing>) -> list<thing>;
  maybe: func(it: option<thing>) -> option<thing>;
  attempt: func(it: thing, ok: bool) -> result<thing, thing>;
  note: func(what: u32);
}`;

/** What a resource of this host can do; `id` says which one it is, in the log. */
export interface Thing {
  readonly id: number;
  value(): number;
  merge(other: Thing): number;
  split(): Thing;
  absorb(other: Thing): number;
  [Symbol.dispose](): void;
}

export interface Things {
  readonly Thing: { new (seed: number): Thing; make(name: string): Thing; total(a: Thing, b: Thing): number };
  look(it: Thing): number;
  looks(them: readonly Thing[]): number;
  give(seed: number): Thing;
  consume(it: Thing): number;
  swap(it: Thing, other: Thing): Thing;
  laps(other: Thing, it: Thing): Thing;
  many(them: readonly Thing[]): Thing[];
  maybe(it: Thing | undefined): Thing | undefined;
  /** Throws the `err` payload, as jco wants it. */
  attempt(it: Thing, ok: boolean): Thing;
  note(what: number): void;
}

/** A host as jco wants one, that writes down all that is done to it. @param log - is appended to. */
export function things(log: string[]): Things {
  let made = 0;
  const say = (text: string): void => {
    log.push(text);
  };
  const said = <T>(text: string, answer: () => T): T => {
    say(text);
    return answer();
  };
  class OneThing implements Thing {
    readonly id = made++;
    #value: number;

    constructor(seed: number) {
      this.#value = seed;
      say(`#${this.id} = new(${seed})`);
    }

    static make(name: string): Thing {
      say(`make(${name})`);
      return new OneThing(name.length);
    }

    static total(a: Thing, b: Thing): number {
      say(`total(#${a.id}, #${b.id})`);
      return (a.value() + b.value()) >>> 0;
    }

    value(): number {
      say(`#${this.id}.value()`);
      return this.#value;
    }

    merge(other: Thing): number {
      say(`#${this.id}.merge(#${other.id})`);
      return (this.#value ^ other.value()) >>> 0;
    }

    split(): Thing {
      say(`#${this.id}.split()`);
      this.#value >>>= 1;
      return new OneThing(this.#value + 1);
    }

    absorb(other: Thing): number {
      say(`#${this.id}.absorb(#${other.id})`);
      this.#value = (this.#value + other.value()) >>> 0;
      return this.#value;
    }

    [Symbol.dispose](): void {
      say(`#${this.id} disposed`);
    }
  }
  return {
    Thing: OneThing,
    look: (it) => said(`look(#${it.id})`, () => it.value()),
    looks: (them) => said(`looks(${them.map(({ id }) => `#${id}`)})`, () => them.length),
    give: (seed) => said(`give(${seed})`, () => new OneThing(seed)),
    consume: (it) => said(`consume(#${it.id})`, () => it.value()),
    swap: (it, other) => said(`swap(#${it.id}, #${other.id})`, () => it),
    laps: (other, it) => said(`laps(#${other.id}, #${it.id})`, () => it),
    many: (them) => said(`many(${them.map(({ id }) => `#${id}`)})`, () => [...them].reverse()),
    maybe: (it) => said(`maybe(${it === undefined ? 'none' : `#${it.id}`})`, () => it),
    attempt(it, ok) {
      say(`attempt(#${it.id}, ${ok})`);
      if (ok) return it;
      throw it;
    },
    note: (what) => say(`note(${what})`),
  };
}

/** @param host - made by `things`. */
export function thingsImports(host: Things): HostImports {
  return { [THINGS]: host };
}
