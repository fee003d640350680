import { CodedError } from '../../error.ts';

/** Says where the value went: a result or between components, or the arguments of a host call. */
export type BudgetCode = 'limit/result' | 'limit/host-calls';

/** What one value that leaves the guest may have in all, whatever overlaps in its memory. */
export interface BudgetLimits {
  /** Text and bytes of `list<u8>`, in bytes of the guest's memory. */
  readonly bytesMax: number;
  /** List elements, record fields and tuple items. */
  readonly elementsMax: number;
}

/** Takes fuel for bytes that cross; throws when there is none left. */
export type ChargeFuel = (units: number) => void;

/**
 * Bounds what is built on the host for values of the guest. It is charged before anything is made, so a length that the
 * guest made up costs nothing. Starts anew for each crossing: the results of a call, the arguments of one host call.
 */
export class Budget {
  #bytesLeft = 0;
  #elementsLeft = 0;
  #limits: BudgetLimits = { bytesMax: 0, elementsMax: 0 };
  #code: BudgetCode = 'limit/result';
  readonly #chargeFuel: ChargeFuel | undefined;

  /** @param chargeFuel - one unit for each byte that crosses; absent where nothing is metered. */
  constructor(chargeFuel?: ChargeFuel) {
    this.#chargeFuel = chargeFuel;
  }

  /** @param code - what is thrown beyond the limits. */
  start(limits: BudgetLimits, code: BudgetCode): void {
    this.#limits = limits;
    this.#code = code;
    this.#bytesLeft = limits.bytesMax;
    this.#elementsLeft = limits.elementsMax;
  }

  /** Takes fuel for so many bytes that cross in either direction. @throws whatever says that there is none left. */
  chargeCrossing(bytes: number): void {
    if (bytes > 0) this.#chargeFuel?.(bytes);
  }

  /** Takes fuel for what was built since the start. @throws as `chargeCrossing`. */
  chargeBuilt(): void {
    const { bytesMax, elementsMax } = this.#limits;
    this.chargeCrossing(bytesMax - this.#bytesLeft + ELEMENT_BYTES * (elementsMax - this.#elementsLeft));
  }

  /** @throws CodedError by the code that it was started with. */
  chargeBytes(bytes: number): void {
    this.#bytesLeft -= bytes;
    if (this.#bytesLeft < 0) throw tooLarge(this.#code, 'bytesMax', this.#limits.bytesMax, 'bytes of text and byte lists');
  }

  /** @throws CodedError by the code that it was started with. */
  chargeElements(count: number): void {
    this.#elementsLeft -= count;
    if (this.#elementsLeft < 0) throw tooLarge(this.#code, 'elementsMax', this.#limits.elementsMax, 'elements');
  }
}

/** What an element, a field or an item is charged as. */
const ELEMENT_BYTES = 8;

function tooLarge(code: BudgetCode, limit: string, max: number, what: string): CodedError {
  return new CodedError(code, `the guest passed a value with more than ${max} ${what}`, { data: { limit, max } });
}
