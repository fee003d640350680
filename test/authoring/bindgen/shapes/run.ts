import { encodeParams } from '../../../../runtime/value/index.ts';
import { type Contender, type Ending, functionType, type Instance, type Subject, WIDE } from '../../../differential/sides.ts';
import type { ShapesCall } from './cases.ts';
import { named, type Seen, shapesHost } from './host.ts';

/** A component of the world in the hands of one contender: one instance for all calls, until one fails. */
export class ShapesRun {
  readonly #subject: Subject;
  readonly #contender: Contender;
  #seen: Seen = { mirrored: [], things: [] };
  #instance: Instance | undefined;

  constructor(subject: Subject, contender: Contender) {
    this.#subject = subject;
    this.#contender = contender;
  }

  /** @returns how the call ended, and what the host saw of it. */
  call({ within, name, params }: ShapesCall): { readonly ending: Ending; readonly seen: Seen } {
    // A program counts its things from 0: no other may have left any.
    if (within === 'driver') this.#instance = undefined;
    if (this.#instance === undefined) this.#seen = { mirrored: [], things: [] };
    this.#instance ??= this.#subject.instantiate(
      this.#contender,
      shapesHost(this.#subject.component, this.#contender, this.#seen),
    );
    this.#seen.mirrored.length = 0;
    this.#seen.things.length = 0;
    const type = functionType(this.#subject.component.exports, named(within), name);
    const ending = this.#instance.call(named(within), name, encodeParams(params, type.params, WIDE));
    if ('what' in ending) this.#instance = undefined; // not to be used again
    return { ending, seen: { mirrored: [...this.#seen.mirrored], things: [...this.#seen.things] } };
  }
}
