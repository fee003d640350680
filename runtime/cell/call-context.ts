import type { LogLine } from '../outcome.ts';
import type { HostCallContext } from './grants.ts';

/** Highest charge of one host call: all the fuel that a call can have. */
const CHARGE_MAX = 2n ** 62n;

/** What the host functions of one call are told. Built only for calls that call the trusted side; one for all of them. */
export class CallContext implements HostCallContext {
  readonly ref: string | undefined;
  readonly answerBytesMax: number;
  readonly log: (line: LogLine) => void;
  readonly #signal: () => AbortSignal;
  /** The most that can be left: what the call began with, less what it was told to pay. */
  #fuelLeftMax: bigint;
  #fuelLeft = 0n;
  #charge = 0n;

  /** @param fuelMax - units that the call began with. */
  constructor(
    signal: () => AbortSignal,
    log: (line: LogLine) => void,
    ref: string | undefined,
    answerBytesMax: number,
    fuelMax: bigint,
  ) {
    this.#signal = signal;
    this.log = log;
    this.ref = ref;
    this.answerBytesMax = answerBytesMax;
    this.#fuelLeftMax = fuelMax;
  }

  /** Of the host call that is being served. */
  get fuelLeft(): bigint {
    return this.#fuelLeft;
  }

  /**
   * What the worker says is left, as a host call begins.
   *
   * INVARIANT: it only ever gets less, whatever a worker says that is no longer ours: others work on the strength of this.
   */
  set fuelLeft(told: bigint) {
    if (told < this.#fuelLeftMax) this.#fuelLeftMax = told;
    this.#fuelLeft = this.#fuelLeftMax;
  }

  get signal(): AbortSignal {
    return this.#signal();
  }

  charge(units: bigint): void {
    const sum = this.#charge + (units > 0n ? units : 0n);
    this.#charge = sum < CHARGE_MAX ? sum : CHARGE_MAX;
  }

  /** What was charged since it was last asked. */
  takeCharge(): bigint {
    const charge = this.#charge;
    this.#charge = 0n;
    this.#fuelLeftMax = charge < this.#fuelLeftMax ? this.#fuelLeftMax - charge : 0n;
    return charge;
  }
}
