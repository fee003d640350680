import type { HostImports } from '../../../../runtime/bindings/bindings.ts';
import type { Component } from '../../../../runtime/component/types.ts';
import { encodeValue, type WitValue } from '../../../../runtime/value/index.ts';
import { hex } from '../../../differential/difference.ts';
import { type Contender, functionType, type HostFunction, hostImports, WIDE } from '../../../differential/sides.ts';

/*
 * The host of the world with every type shape: a mirror that gives back what it gets, and things that write down what is done to them.
 */

const PACKAGE = 'test:shapes';
const VERSION = '0.1.0';

/** The full name of an interface of the world. */
export function named(name: string): string {
  return `${PACKAGE}/${name}@${VERSION}`;
}

/** What a host saw, since it was last asked. */
export interface Seen {
  /** Canonical bytes of what the mirror got, as one value. */
  readonly mirrored: string[];
  /** What happened to the things. */
  readonly things: string[];
}

/** @returns the import object in the contender's form; it appends to `seen`. */
export function shapesHost(component: Component, contender: Contender, seen: Seen): HostImports {
  const mirror = component.imports.find(({ name }) => name === named('mirror'));
  const functions = new Map<string, HostFunction>();
  for (const item of mirror?.kind === 'interface' ? mirror.items : []) {
    if (item.kind === 'func') functions.set(item.name, mirrorOf(component, item.name, seen));
  }
  return { ...hostImports(contender, new Map([[named('mirror'), functions]])), [named('things')]: things(seen.things) };
}

function mirrorOf(component: Component, name: string, seen: Seen): HostFunction {
  const type = functionType(component.imports, named('mirror'), name);
  const call = (args: readonly WitValue[]): WitValue => {
    const value = args.length === 1 ? args[0]! : args;
    seen.mirrored.push(hex(encodeValue(value, type.result!, WIDE))); // the mirror's functions all have one
    return value;
  };
  return { type, call };
}

/** A thing of the host; `id` says in the log which one it is. */
interface Thing {
  readonly id: number;
  current: number;
  label: string;
}

/** Things as jco wants them, which says `err` by throwing. @param log - is appended to. */
function things(log: string[]) {
  let made = 0;
  let live = 0;
  const say = <T>(text: string, answer: T): T => {
    log.push(text);
    return answer;
  };
  class OneThing implements Thing {
    readonly id = made++;
    current: number;
    label = '';

    constructor(start: number) {
      this.current = start;
      live += 1;
      say(`#${this.id} = new(${start})`, undefined);
    }

    static make(name: string): OneThing {
      const thing = new OneThing(name.length);
      thing.label = name;
      return say(`make(${name})`, thing);
    }

    static checked(start: number): OneThing {
      if (start < 0) throw say(`checked(${start})`, 'below zero');
      return new OneThing(start);
    }

    static total(all: readonly OneThing[]): bigint {
      return say(
        `total(${all.map(({ id }) => `#${id}`)})`,
        all.reduce((sum, { current }) => sum + BigInt(current), 0n),
      );
    }

    value(): number {
      return say(`#${this.id}.value()`, this.current);
    }

    add(by: number): number {
      this.current = (this.current + by) | 0;
      return say(`#${this.id}.add(${by})`, this.current);
    }

    name(): string {
      return say(`#${this.id}.name()`, this.label);
    }

    rename(name: string): void {
      this.label = name;
      say(`#${this.id}.rename(${name})`, undefined);
    }

    absorb(other: OneThing): number {
      this.current = (this.current + other.current) | 0;
      say(`#${this.id}.absorb(#${other.id})`, undefined);
      other[Symbol.dispose]();
      return this.current;
    }

    compare(other: OneThing): number {
      return say(`#${this.id}.compare(#${other.id})`, Math.sign(this.current - other.current));
    }

    split(): OneThing {
      this.current >>= 1;
      const half = new OneThing((this.current + 1) | 0);
      half.label = this.label;
      return say(`#${this.id}.split()`, half);
    }

    [Symbol.dispose](): void {
      live -= 1;
      say(`#${this.id} dropped`, undefined);
    }
  }
  const ids = (all: readonly OneThing[]) => all.map(({ id }) => `#${id}`);
  return {
    Thing: OneThing,
    many: (starts: ArrayLike<number>) => Array.from(starts, (start) => new OneThing(start)),
    reverse: (all: readonly OneThing[]) => say(`reverse(${ids(all)})`, [...all].reverse()),
    maybe: (it?: OneThing) => say(`maybe(${it === undefined ? 'none' : `#${it.id}`})`, it),
    attempt(it: OneThing, ok: boolean): OneThing {
      say(`attempt(#${it.id}, ${ok})`, undefined);
      if (ok) return it;
      throw it;
    },
    hold: (label: string, it: OneThing) => say(`hold(${label}, #${it.id})`, { label, it }),
    release: ({ label, it }: { label: string; it: OneThing }) => say(`release(${label}, #${it.id})`, [label, it]),
    look: (it: OneThing) => say(`look(#${it.id})`, it.current),
    live: () => say('live()', live),
  };
}
