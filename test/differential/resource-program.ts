import fc from 'fast-check';
import { pick } from './arbitrary.ts';

/*
 * A random program over handles of one resource of the host's: what the guest does, step by step. Every handle that it gets
 * has a slot of its own, so a step can also use a handle that was dropped or passed on before.
 */

export type ResourceStep =
  /** Functions that give one handle; `seed` is a number, or the length of a text. */
  | { readonly op: 'new' | 'make' | 'give'; readonly seed: number; readonly into: number }
  /** Functions that borrow. `slots` are as many as the function takes, or any number for `looks`. */
  | { readonly op: 'value' | 'merge' | 'total' | 'look' | 'looks'; readonly slots: readonly number[] }
  | { readonly op: 'split'; readonly slot: number; readonly into: number }
  /** The second one is owned. */
  | { readonly op: 'absorb'; readonly slots: readonly [number, number] }
  | { readonly op: 'consume' | 'drop'; readonly slot: number }
  /** The first one is owned and comes back; `laps` borrows before it owns. */
  | { readonly op: 'swap' | 'laps'; readonly slots: readonly [number, number]; readonly into: number }
  | { readonly op: 'many'; readonly slots: readonly number[]; readonly into: readonly number[] }
  | { readonly op: 'maybe'; readonly slot: number | undefined; readonly into: number }
  | { readonly op: 'attempt'; readonly slot: number; readonly ok: boolean; readonly into: number };

export interface ResourceProgram {
  readonly seed: number;
  readonly steps: readonly ResourceStep[];
  /** Number of slots. */
  readonly slots: number;
}

interface Dice {
  readonly op: number;
  readonly seed: number;
  readonly pick: readonly [number, number, number];
  readonly stale: boolean;
}

const STEPS_MAX = 24;
const arbDice: fc.Arbitrary<Dice> = fc.record({
  op: fc.nat({ max: 1000 }),
  seed: fc.nat({ max: 200 }),
  pick: fc.tuple(fc.nat({ max: 1000 }), fc.nat({ max: 1000 }), fc.nat({ max: 1000 })),
  stale: fc.nat({ max: 60 }).map((roll) => roll === 0),
});

export function resourceProgram(seed: number): ResourceProgram {
  const [rolls] = pick(fc.array(arbDice, { minLength: 4, maxLength: STEPS_MAX, size: 'max' }), seed, 1);
  const choice = new Choice();
  return { seed, steps: rolls!.map((dice) => choice.step(dice)), slots: choice.slots };
}

/** Turns dice into steps, keeping track of which slots hold a handle. */
class Choice {
  slots = 0;
  readonly #live: number[] = [];
  readonly #gone: number[] = [];

  step(dice: Dice): ResourceStep {
    if (this.#live.length < 2)
      return { op: (['new', 'make', 'give'] as const)[dice.op % 3]!, seed: dice.seed, into: this.#fill() };
    const [a, b] = [this.#pick(dice, 0), this.#pick(dice, 1)];
    const makers: readonly (() => ResourceStep)[] = [
      () => ({ op: (['new', 'make', 'give'] as const)[dice.seed % 3]!, seed: dice.seed, into: this.#fill() }),
      () => ({ op: 'value', slots: [a] }),
      () => ({ op: (['merge', 'total'] as const)[dice.seed % 2]!, slots: [a, b] }),
      () => ({ op: 'look', slots: [a] }),
      () => ({ op: 'looks', slots: this.#several(dice) }),
      () => ({ op: 'split', slot: a, into: this.#fill() }),
      () => ({ op: 'absorb', slots: [a, this.#take(this.#other(a, dice))] }),
      () => ({ op: 'consume', slot: this.#take(a) }),
      () => ({ op: 'drop', slot: this.#take(a) }),
      () => ({
        op: (['swap', 'laps'] as const)[dice.seed % 2]!,
        slots: [this.#take(a), this.#other(a, dice)],
        into: this.#fill(),
      }),
      () => this.#many(dice),
      () => ({ op: 'maybe', slot: dice.seed % 3 === 0 ? undefined : this.#take(a), into: this.#fill(dice.seed % 3 === 0) }),
      () => ({ op: 'attempt', slot: this.#take(a), ok: dice.seed % 2 === 0, into: this.#fill() }),
    ];
    return makers[dice.op % makers.length]!();
  }

  #many(dice: Dice): ResourceStep {
    const slots = [...new Set(this.#several(dice))];
    for (const slot of slots) this.#take(slot);
    return { op: 'many', slots, into: slots.map(() => this.#fill()) };
  }

  #several(dice: Dice): number[] {
    return dice.pick.slice(0, dice.seed % 4).map((roll) => this.#live[roll % this.#live.length]!);
  }

  /** Most often another slot than `slot`: the same one twice traps in most functions. */
  #other(slot: number, dice: Dice): number {
    const others = this.#live.filter((one) => one !== slot);
    return dice.stale || others.length === 0 ? slot : others[dice.pick[2] % others.length]!;
  }

  #pick(dice: Dice, at: 0 | 1): number {
    const from = dice.stale && this.#gone.length > 0 ? this.#gone : this.#live;
    return from[dice.pick[at] % from.length]!;
  }

  #fill(empty = false): number {
    (empty ? this.#gone : this.#live).push(this.slots);
    return this.slots++;
  }

  #take(slot: number): number {
    const at = this.#live.indexOf(slot);
    if (at >= 0) this.#live.splice(at, 1);
    this.#gone.push(slot);
    return slot;
  }
}
